"""The lines of a stack trace as one row, while they arrive.

In: rows. Out: rows, of which one may hold several lines. Promise: no line is lost or moved
(`fields/trace` says which belong together); a message waits no longer than `JOIN_WAIT_S` for more
of it, since nobody knows whether more will come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.fields.trace import Trace
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator


#: What is written in one go arrives in one look or two.
JOIN_WAIT_S = 1.0


class _Held(msgspec.Struct):
    """A message and what was joined to it so far."""

    rows: list[Row]
    trace: Trace
    grown_at: float

    def take(self, row: Row) -> bool:
        """Join a row; False when it is none of this message, or one that has no text."""
        if row.text is None or self.rows[0].text is None or not self.trace.take(row.text):
            return False
        self.rows.append(row)
        return True


class TraceJoiner:
    """Holds the last message of each source until it is known to be whole."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def add(self, row: Row, now: float) -> Iterator[Row]:
        """Take a row; give the messages that are whole by it."""
        if not row.number:  # no line: everything before it goes first
            yield from self.release()
            yield row
            return
        message = self._held.get(row.source)
        if message and message.take(row):
            message.grown_at = now
            return
        if message:
            yield from self._end(row.source, now)
            if row.source in self._held:  # what was in doubt is a message now, and may want it
                yield from self.add(row, now)
                return
        self._held[row.source] = _Held([row], Trace(row.text or ""), now)

    def due(self, now: float) -> Iterator[Row]:
        """Give what has waited long enough."""
        for source, message in list(self._held.items()):
            if now - message.grown_at >= JOIN_WAIT_S:
                yield from self._empty(source)

    def release(self) -> Iterator[Row]:
        """Give everything: no more will come."""
        for source in list(self._held):
            yield from self._empty(source)

    def _empty(self, source: str) -> Iterator[Row]:
        while source in self._held:
            yield from self._end(source, self._held[source].grown_at)

    def _end(self, source: str, now: float) -> Iterator[Row]:
        """End a message; what was in doubt begins again as messages of its own."""
        message = self._held.pop(source)
        certain = message.trace.certain
        yield _joined(message.rows[:certain])
        for row in message.rows[certain:]:
            yield from self.add(row, now)


def _joined(rows: list[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    return rows[0]._replace(text="\n".join(row.text or "" for row in rows), place=rows[-1].place)
