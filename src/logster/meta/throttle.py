"""Failed log-ins: how often a name may fail before it must wait.

In: an email or an address. Out: nothing, or a refusal with the seconds to wait.
Promise: never more than `MAX_REMEMBERED` names are remembered.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import TYPE_CHECKING

from logster.errors import QuotaError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Failures one email may have before it must wait: ten tries forgive a bad memory.
MAX_FAILURES_OF_EMAIL = 10
#: One address may be an office full of people.
MAX_FAILURES_OF_ADDRESS = 50
FAILURES_WINDOW_S = 300.0
#: Emails and addresses remembered; the longest unseen is forgotten first.
MAX_REMEMBERED = 10_000


class Throttle:
    """How often each name failed in the last minutes; never more than `MAX_REMEMBERED` names."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        #: name -> (when its window began, failures since)
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def record(self, name: str) -> None:
        """Count one; raises QuotaError when it is one too many."""
        now = self._clock()
        began, count = self._counts.get(name, (now, 0))
        if now - began >= FAILURES_WINDOW_S:
            began, count = now, 0
        if count >= self._limit:
            wait_s = int(began + FAILURES_WINDOW_S - now) + 1
            raise QuotaError(
                f"Too many log-ins failed; try again in {wait_s} seconds.", retry_after_s=wait_s
            )
        self._counts[name] = (began, count + 1)
        self._counts.move_to_end(name)
        if len(self._counts) > MAX_REMEMBERED:
            self._counts.popitem(last=False)

    def take_back(self, name: str) -> None:
        """It was no failure after all."""
        began, count = self._counts.get(name, (0.0, 0))
        if count:
            self._counts[name] = (began, count - 1)

    def forget(self, name: str) -> None:
        """The right person came."""
        self._counts.pop(name, None)


def network_of(address: str) -> str:
    """The address as one household has it: an IPv6 customer owns a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if parsed.version == 4:  # noqa: PLR2004 - the name of the protocol
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
