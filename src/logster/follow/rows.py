r"""Bytes to rows, across the borders of chunks.

In: chunks as they are read. Out: `Row`s without their line's end, a byte order mark or NULs
around them. Promise: memory does not grow with the input; what is no text of its encoding
stays readable as \xe9 and is told; `offset` is always where the first line begins that was
not given yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from logster.follow.charset import MARKS, UTF_8, encoding_of, is_known, line_end_of, skip_hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.follow.position import Place

#: A longer line is no line of a log (the server takes 4 MiB a message, escapes included).
MAX_LINE_BYTES = 1024 * 1024


class Row(NamedTuple):
    """One line: where it stands, and its text without the line's end.

    `text` is None when the line was longer than `MAX_LINE_BYTES`. `place` is where its end
    is in a followed file, None where nobody wants to know. Number 0 is no line: it only says
    that everything before a place is known.
    """

    source: str
    number: int
    text: str | None
    place: Place | None = None


class Splitter:
    """Finds the lines of one file or stream, and turns them to text."""

    def __init__(
        self,
        source: str,
        *,
        encoding: str | None = None,
        default: str = UTF_8,
        offset: int = 0,
        number: int = 0,
        on_undecodable: Callable[[str, int, str], None] | None = None,
    ) -> None:
        """`encoding` None is found out, by its mark or as `default`."""
        self.source = source
        self.encoding = encoding
        self.offset = offset
        self.number = number
        self._default = default
        self._held = b""
        #: Bytes of the line at `offset` that are gone: a hole, or more than a line may have.
        self._dropped = 0
        self._is_too_long = False
        self._on_undecodable = on_undecodable

    @property
    def unfinished(self) -> bytes:
        """What there is of a line that has not ended, when all of it is still held."""
        return b"" if self._dropped else self._held

    @property
    def has_unfinished(self) -> bool:
        """Whether a line has begun and not ended."""
        has_text = self._held.strip(b"\0") and self._held not in MARKS
        return bool(has_text) or self._is_too_long

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """Give the lines that end in this chunk."""
        self._held += chunk
        if self.encoding is None and not self._find_encoding(is_whole=False):
            return
        end = line_end_of(self.encoding or UTF_8)
        *ended, self._held = _split(self._held, end)
        for line in ended:
            yield self._row(line, len(end))
        if len(self._held) > MAX_LINE_BYTES:
            self._drop()

    def finish(self) -> Iterator[Row]:
        """Give the last line, when the input ends without a line's end."""
        if self.encoding is None:
            self._find_encoding(is_whole=True)
            if b"\n" in self._held:  # too short to be sure before
                yield from self.feed(b"")
        if self.has_unfinished:
            line, self._held = self._held, b""
            yield self._row(line, 0)

    def _find_encoding(self, *, is_whole: bool) -> bool:
        before = len(self._held)
        self._held = skip_hole(self._held)
        self._dropped += before - len(self._held)
        if not is_whole and not is_known(self._held):
            return False
        self.encoding = encoding_of(self._held, self._default) or self._default
        return True

    def _drop(self) -> None:
        """Forget a line that is too long; one of NULs alone is a hole and no line."""
        self._is_too_long = self._is_too_long or bool(self._held.strip(b"\0"))
        kept = len(self._held) % 4  # so that wide characters stay whole
        self._dropped += len(self._held) - kept
        self._held = self._held[len(self._held) - kept :]

    def _row(self, line: bytes, end_bytes: int) -> Row:
        self.number += 1
        self.offset += self._dropped + len(line) + end_bytes
        is_too_long = self._is_too_long or len(line) > MAX_LINE_BYTES
        self._dropped, self._is_too_long = 0, False
        text = None if is_too_long else self._decoded(line)
        return Row(self.source, self.number, text)

    def _decoded(self, line: bytes) -> str:
        encoding = self.encoding or UTF_8
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            # Bytes that are no text stay readable as \xe9 rather than be lost.
            text = line.decode(encoding, "backslashreplace")
            if self._on_undecodable:
                self._on_undecodable(self.source, self.number, encoding)
        return text.lstrip("\ufeff\0").rstrip("\r\0")


def _split(data: bytes, end: bytes) -> list[bytes]:
    """Cut at line ends; those of wide characters stand at whole characters only."""
    width = len(end)
    if width == 1:
        return data.split(end)
    lines, start, at = [], 0, data.find(end)
    while at >= 0:
        if at % width:
            at = data.find(end, at + 1)
            continue
        lines.append(data[start:at])
        start = at + width
        at = data.find(end, start)
    lines.append(data[start:])
    return lines
