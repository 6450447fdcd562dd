"""What the bytes of a file say: whether it is text, and where a position in it is.

In: a descriptor. Out: an answer; nothing is read on by it.
"""

from __future__ import annotations

import os

import msgspec

from logster.follow.charset import (
    MIN_SNIFF_BYTES,
    SNIFF_BYTES,
    encoding_of,
    line_end_of,
    skip_hole,
)
from logster.follow.position import WINDOW_BYTES, Position, digest_of
from logster.follow.rows import MAX_LINE_BYTES


def is_text(descriptor: int) -> bool:
    """Tell whether a file has lines in some encoding."""
    head = skip_hole(os.pread(descriptor, SNIFF_BYTES, 0))
    if not head:
        head = skip_hole(os.pread(descriptor, SNIFF_BYTES, _first_data(descriptor)))
        return bool(head) and encoding_of(head) is not None
    return len(head) < MIN_SNIFF_BYTES or encoding_of(head) is not None


def _first_data(descriptor: int) -> int:
    """Where a file with a hole at its head begins to have data, four bytes at a time."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_DATA) // MIN_SNIFF_BYTES * MIN_SNIFF_BYTES
    except OSError:  # nothing but a hole
        return 0


def position_at(descriptor: int, offset: int, origin: Position) -> Position:
    """A position in a file that was read as another one."""
    window = os.pread(descriptor, min(offset, WINDOW_BYTES), max(offset - WINDOW_BYTES, 0))
    return msgspec.structs.replace(
        origin, offset=offset, window=len(window), digest=digest_of(window)
    )


def position_at_end(descriptor: int, default: str) -> Position | None:
    """Behind the last line that has ended."""
    stat = os.fstat(descriptor)
    encoding = encoding_of(skip_hole(os.pread(descriptor, SNIFF_BYTES, 0)), default) or default
    end = line_end_of(encoding)
    start = max(stat.st_size - MAX_LINE_BYTES, 0) // MIN_SNIFF_BYTES * MIN_SNIFF_BYTES
    tail = os.pread(descriptor, stat.st_size - start, start)
    at = tail.rfind(end)
    while at >= 0 and at % len(end):
        at = tail.rfind(end, 0, at + len(end) - 1)
    if at < 0:
        return None
    nothing = Position(device=stat.st_dev, inode=stat.st_ino, offset=0, line=0, encoding=encoding)
    return position_at(descriptor, start + at + len(end), nothing)
