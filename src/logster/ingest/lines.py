"""Which lines of a body are events, for readers that fill whole columns.

In: room asked for, lines kept and refused, in order; the columns of those kept. Out: a `Reading`.
Promise: as that of `columns`, where the values are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.event import Rejection
from logster.ingest.columns import build_reading, too_many_events
from logster.ingest.parts import Parts, fills_part
from logster.ingest.protocol import oversize_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from logster.ingest.protocol import Limits, Reading


class Lines:
    """Those of one body; they count from 1."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts = Parts()
        self._expected = self._count = 0
        #: How large those of this part are that may be kept.
        self._held_bytes = 0
        self._begin()

    def _begin(self) -> None:
        """Begin a part of the body."""
        self._kept: list[int] = []
        self._rejections: list[Rejection] = []

    def expect(self, count: int) -> None:
        """Refuse more lines than a body may have, before any of them is made.

        Raises BodyTooLargeError.
        """
        self._expected += count
        if self._expected > self._limits.max_events:
            raise too_many_events(self._limits.max_events)

    def has_room(self, size: int) -> bool:
        """Whether the next line may have so many bytes; if not, it is rejected here.

        To be asked before anything is made of the line: its members may take fifty times that.
        """
        if size <= self._limits.max_message_bytes:
            self._held_bytes += size
            return True
        self._reject("too_large", oversize_text(self._limits.max_message_bytes))
        return False

    @property
    def is_full(self) -> bool:
        """Whether what is held is a part of its own, to be given to `end_part`."""
        return fills_part(self._held_bytes)

    def end_part(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Take the columns of the lines that were kept since the part began."""
        self._parts.add(self._read_part(columns), self._kept)
        self._held_bytes = 0
        self._begin()

    def keep(self) -> None:
        """The next line is an event."""
        self._count += 1
        self._kept.append(self._count)

    def reject(self, error: Exception) -> None:
        """The next line is none."""
        self._reject("syntax", f"It cannot be read: {error}.")

    def _reject(self, reason: str, sentence: str) -> None:
        self._count += 1
        faults = {"message": [sentence]}
        self._rejections.append(Rejection(line=self._count, reason=reason, faults=faults))

    def reading(self, columns: Mapping[str, Sequence[Any]]) -> Reading:
        """What came of all of them; `columns` are those of the lines of the last part."""
        return self._parts.join(self._read_part(columns), self._kept)

    def _read_part(self, columns: Mapping[str, Sequence[Any]]) -> Reading:
        return build_reading(columns, self._kept, self._rejections)
