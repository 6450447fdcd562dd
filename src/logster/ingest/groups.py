"""Groups of events: a stream of Loki, a resource of OpenTelemetry with its scopes.

In: how many events a group has, and how many bytes it says once for all of them.
Promise: a small body does not grow without bounds when each event gets its group's share: a label
of a megabyte for a hundred thousand lines would be a hundred gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.errors import BodyTooLargeError

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits


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
