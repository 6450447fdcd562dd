"""Which lines of a body are events, for readers that fill whole columns.

In: room asked for, lines kept and refused, in order; the columns of those kept. Out: a `Reading`.
Promise: as that of `columns`, where the values are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.event import Rejection
from logster.ingest.columns import build_reading, too_many_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from logster.ingest.protocol import Limits, Reading


class Lines:
    """Those of one body; they count from 1."""

    def __init__(self, limits: Limits) -> None:
        self._max_events = limits.max_events
        self._expected = self._count = 0
        self._kept: list[int] = []
        self._rejections: list[Rejection] = []

    def expect(self, count: int) -> None:
        """Refuse more lines than a body may have, before any of them is made.

        Raises BodyTooLargeError.
        """
        self._expected += count
        if self._expected > self._max_events:
            raise too_many_events(self._max_events)

    def keep(self) -> None:
        """The next line is an event."""
        self._count += 1
        self._kept.append(self._count)

    def reject(self, error: Exception) -> None:
        """The next line is none."""
        self._count += 1
        faults = {"message": [f"It cannot be read: {error}."]}
        self._rejections.append(Rejection(line=self._count, reason="syntax", faults=faults))

    def reading(self, columns: Mapping[str, Sequence[Any]]) -> Reading:
        """What came of all of them; `columns` have a value for each line that was kept."""
        return build_reading(columns, self._kept, self._rejections)
