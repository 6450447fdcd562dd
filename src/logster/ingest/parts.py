"""A large body is read in parts: what was read of one is text before the next one is made.

In: readings of parts, in order. Out: one reading of all.
Promise: of the small objects that a decoder makes of a body, up to fifty times its bytes, those of
one part are held at a time (decision 047).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.event import Columns
from logster.ingest.protocol import Reading

if TYPE_CHECKING:
    from logster.event import Rejection

#: A part is as large as this, or one event. Most bodies are one part.
PART_BYTES = 1024 * 1024


def fills_part(size: int) -> bool:
    """Whether events of so many bytes are to be a part of their own."""
    return size > PART_BYTES


class Parts:
    """The readings of the parts of one body."""

    def __init__(self) -> None:
        self._columns = Columns(message=[], severity=[])
        self._lines: list[int] = []
        self._identities: list[str | None] = []
        self._rejections: list[Rejection] = []

    def add(self, reading: Reading, lines: list[int]) -> None:
        """Take the next part; `lines` are those of its events, were they all good."""
        kept = lines if reading.lines is None else reading.lines
        self._lines += kept
        self._identities += reading.identities or [None] * len(kept)
        self._rejections += reading.rejections
        self._columns.extend(reading.columns)

    def join(self, reading: Reading, lines: list[int]) -> Reading:
        """All of them, with the last one."""
        if not (self._lines or self._rejections):  # nearly always
            return reading
        self.add(reading, lines)
        return self.joined()

    def joined(self) -> Reading:
        """All of them."""
        rejections = sorted(self._rejections, key=lambda rejection: rejection.line)
        return Reading(
            columns=self._columns,
            rejections=rejections,
            lines=self._lines if rejections else None,
            identities=self._identities if any(self._identities) else None,
        )
