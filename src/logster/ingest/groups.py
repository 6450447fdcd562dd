"""What is said once for many events: by a request, a stream of Loki, a resource of OpenTelemetry.

In: how many events a group has, and how many bytes it says once for all of them.
Promise: a small body does not grow without bounds when each event gets its group's share: a label
of a megabyte for a hundred thousand lines would be a hundred gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.errors import BodyTooLargeError, RefusedError

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits

#: What the head of a request says of each event may have so many characters: more than any name
#: of an application, an index or a tenant.
MAX_SAID_CHARACTERS = 1_000


def check_said(name: str, value: str) -> str:
    """What the head of a request says once for all of its events; raises RefusedError."""
    if len(value) > MAX_SAID_CHARACTERS:
        raise RefusedError(
            f"{name} has {len(value)} characters, and each event would have them; "
            f"at most {MAX_SAID_CHARACTERS} are taken."
        )
    return value


class Groups:
    """Those of one body."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0
        self._shared_bytes = 0

    def add(self, events: int, said_bytes: int) -> None:
        """Count a group; raises BodyTooLargeError for too many, or when too much is shared out."""
        self._count += 1
        self._shared_bytes += events * said_bytes
        if self._count > self._limits.max_events:
            raise BodyTooLargeError(
                f"The body has more than {self._limits.max_events} groups of events; send it in "
                "parts (an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
            )
        if self._shared_bytes > self._limits.max_batch_bytes:
            raise BodyTooLargeError(
                "What groups of events say once for all of their events is more than "
                f"{self._limits.max_batch_bytes} bytes when each event has it; send fewer events "
                "at a time, or say less of all (an operator may raise LOGSTER_MAX_BATCH_BYTES)."
            )
