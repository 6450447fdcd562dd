"""One file that is read as it grows.

In: a descriptor, and where to begin. Out: rows with their places.
Promise: a row is given only from a file that still has, right before it, what was read
before; each piece is read together with the bytes before it, in one call, so that a file that
is emptied and filled anew between two looks is seen at whatever size it has by then.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from logster.follow.position import WINDOW_BYTES, FileId, Place, Position
from logster.follow.rows import Row, Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: One read; large enough to be fast.
CHUNK_BYTES = 256 * 1024
#: So much of one file, then the others have their turn.
TURN_BYTES = 4 * 1024 * 1024
#: A file that was written to so shortly before it was read may change once more without its
#: time of change telling so: the clock of a file system is coarse.
UNSURE_NS = 3_000_000_000


class Reader:
    """Reads what is added to one file."""

    def __init__(
        self,
        descriptor: int,
        source: str,
        *,
        begin: Position | None = None,
        default_encoding: str,
        on_undecodable: Callable[[str, int, str], None] | None = None,
    ) -> None:
        """`begin` is a position that is known to be in the file, or None for its head."""
        self.descriptor = descriptor
        self.source = source
        self.id = FileId.of(os.fstat(descriptor))
        #: Whether the file no longer has what was read: it was emptied, or written anew.
        self.is_rewritten = False
        #: Whether there is more to read at once.
        self.is_behind = False
        self._splitter = Splitter(
            source,
            encoding=begin.encoding if begin else None,
            default=default_encoding,
            offset=begin.offset if begin else 0,
            number=begin.line if begin else 0,
            on_undecodable=on_undecodable,
        )
        window = begin.window if begin else 0
        #: Where the next piece begins, and the bytes before it.
        self._head = begin.offset if begin else 0
        self._before = os.pread(descriptor, window, self._head - window) if window else b""
        self._seen: tuple[int, int, int] | None = None
        self._last = self._place_here(self._before)

    @property
    def encoding(self) -> str | None:
        """The encoding, once it is known."""
        return self._splitter.encoding

    @property
    def head(self) -> int:
        """How much was read, unfinished lines included."""
        return self._head

    @property
    def position(self) -> Position:
        """Behind the last line that was given."""
        return self._last.position

    @property
    def unfinished(self) -> bytes:
        """What there is of a line that has not ended."""
        return self._splitter.unfinished

    @property
    def has_unfinished(self) -> bool:
        """Whether a line has begun and not ended."""
        return self._splitter.has_unfinished

    @property
    def is_intact(self) -> bool:
        """Whether the file still has what was read last."""
        size = len(self._before)
        return os.pread(self.descriptor, size, self._head - size) == self._before

    @property
    def next_line(self) -> int:
        """The number of the line that is not yet given."""
        return self._splitter.number + 1

    def read(self) -> Iterator[Row]:
        """Give the lines that are new, a turn's worth of them."""
        self.is_behind = False
        stat = os.fstat(self.descriptor)
        seen = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if seen == self._seen:
            return
        is_sure = time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > UNSURE_NS
        left = TURN_BYTES
        while left > 0:
            overlap = len(self._before)
            data = os.pread(self.descriptor, overlap + CHUNK_BYTES, self._head - overlap)
            if data[:overlap] != self._before:
                self.is_rewritten = True
                return
            if len(data) == overlap:
                self._seen = seen if is_sure else None
                return
            yield from self._take(data, overlap)
            left -= len(data) - overlap
        self.is_behind = True

    def _take(self, data: bytes, overlap: int) -> Iterator[Row]:
        start = self._head - overlap
        self._head += len(data) - overlap
        self._before = data[-WINDOW_BYTES:]
        splitter = self._splitter
        for row in splitter.feed(data[overlap:]):
            place = Place(self, splitter.offset, row.number, data, splitter.offset - start)
            self._last = place
            yield Row(row.source, row.number, row.text, place)
        self._last = self._last.alone()

    def finish(self) -> Iterator[Row]:
        """Give the line that has not ended; nothing more will come."""
        for row in self._splitter.finish():
            place = None if self.is_rewritten else self._place_here(self._before)
            yield Row(row.source, row.number, row.text, place)

    def mark(self) -> Row:
        """No line, but the place where reading is."""
        return Row(self.source, 0, "", self._last)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)

    def _place_here(self, before: bytes) -> Place:
        return Place(self, self._splitter.offset, self._splitter.number, before, len(before))
