"""What is wrong with a socket, said for as long as it lasts: losses, no key, too many connections.

In: what the socket has seen since the last look. Out: faults.
Promise: the numbers are in the metrics; here it is said that there are any, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.config import variable_of
from logster.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.faults import Faults

#: A loss is said for so long after the last one.
TOLD_S = 60.0

_MEND_LOSS = (
    'logster_events_total{outcome="lost"} has the count by reason. Of the reason buffer_full: '
    "raise the system's net.core.rmem_max (or let Logster have CAP_NET_ADMIN), start more workers, "
    "or let the senders use TCP. Of parts_missing: the network loses parts of large messages."
)


class Losses:
    """What one socket has to say."""

    def __init__(
        self,
        protocol: str,
        setting: str,
        place: str,
        why_closed: Callable[[], str],
        faults: Faults,
    ) -> None:
        """`why_closed` says why its key may not send, "" while it may."""
        self._protocol = protocol
        self._setting = variable_of(setting)
        self._place = place
        self._why_closed = why_closed
        self._faults = faults
        self._lost_at = float("-inf")

    def look(self, now: float, lost: int, *, is_full: bool = False) -> bool:
        """Say what there is to say; False while the key may not send."""
        if lost:
            self._lost_at = now
        self._tell("losses", self._loss() if now - self._lost_at < TOLD_S else None)
        self._tell("connections", self._crowd() if is_full else None)
        reason = self._why_closed()
        self._tell("key", self._closed(reason) if reason else None)
        return not reason

    def _tell(self, source: str, fault: Fault | None) -> None:
        source = f"{source} of {self._place}"
        if fault:
            self._faults.begin(source, fault)
        else:
            self._faults.end(source)

    def _loss(self) -> Fault:
        return self._fault("lost", f"Datagrams to {self._place} are lost", _MEND_LOSS)

    def _crowd(self) -> Fault:
        return self._fault(
            "connections",
            f"{self._place} has as many connections as it may; the next ones wait",
            "End those that are not needed, or raise the limit of open files of Logster.",
        )

    def _closed(self, reason: str) -> Fault:
        return self._fault(
            "key",
            f"{self._setting} at {self._place} takes nothing: {reason}",
            f"Name a key in {self._setting}, as HOST:PORT=NAME, and start the server again; a key "
            "that is named already opens the port as soon as there is one of that name.",
        )

    def _fault(self, cause: str, message: str, advice: str) -> Fault:
        return Fault(
            part=self._protocol, cause=cause, message=message, advice=advice, is_blocking=False
        )
