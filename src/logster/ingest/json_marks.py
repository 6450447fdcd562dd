"""Brackets, commas and strings of JSON text, found in bulk: the items of an array, and the depth.

In: bytes. Out: an array's items as they stand, how many there are, or how deep brackets nest.
Promise: linear whatever the text is, in C and in pieces, so that other threads have their turn.
Nothing else is looked at: an item of `NaN`, `007` or bytes that are no letters is an item, for
its reader to refuse.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Looked at in one step; 30 times as much memory is taken for it.
_PIECE_BYTES = 1 << 20

_IS_QUOTE = bytes(code == ord('"') for code in range(256))
#: What a bracket adds to the depth, as signed bytes.
_STEP = bytes((code in b"[{") - (code in b"]}") & 0xFF for code in range(256))
_BLANKS = re.compile(rb"[ \t\n\r]*+")


class _Marks(msgspec.Struct):
    """What each byte of a piece is; `steps` are its brackets, `depths` the level behind it."""

    #: As many bytes, without what is escaped.
    plain: bytes
    is_outside: pa.Array
    steps: pa.Array
    depths: pa.Array


class _Piece(msgspec.Struct):
    """What a piece of the array holds of the array's own; positions count from its begin."""

    size: int
    commas: pa.Array
    #: Where an item's outermost bracket is.
    openings: pa.Array
    #: Behind the array's last bracket; None when it is further on.
    end: int | None


def measure_depth(text: bytes) -> int:
    """The deepest level of brackets."""
    return max((pc.max(marks.depths).as_py() for marks in _read_marks(text)), default=0)


def count_items(array: bytes, most: int) -> int:
    """How many items it has at the most; counts no further than one more than `most`."""
    count = 1
    for piece in _pieces(array):
        count += len(piece.commas)
        if count > most:
            break
    return min(count, most + 1)


def split_items(array: bytes) -> Iterable[bytes] | None:
    """The items, each made when it is asked for; None when brackets or commas do not hold."""
    commas: list[int] = []
    openings: list[int] = []
    position, end = 0, None
    for piece in _pieces(array):
        commas += pc.add(piece.commas, position).to_pylist()
        if len(openings) + len(piece.openings) > len(commas) + 1:
            return None  # a comma is missing, and perhaps millions are
        openings += pc.add(piece.openings, position).to_pylist()
        if piece.end is not None:
            end = position + piece.end
        position += piece.size
    if end is None or not _is_blank(array, end, len(array)):
        return None
    bounds = [array.index(b"["), *commas, end - 1]
    if not _is_one_each(openings, bounds):
        return None
    places = [(start + 1, stop) for start, stop in pairwise(bounds)]
    blanks = [_is_blank(array, *place) for place in places]
    if blanks == [True]:
        return []
    # Where nothing stands, a comma is too many.
    return None if any(blanks) else (array[start:stop] for start, stop in places)


def _is_blank(array: bytes, start: int, stop: int) -> bool:
    found = _BLANKS.match(array, start, stop)
    return found is not None and found.end() == stop


def _is_one_each(openings: list[int], bounds: list[int]) -> bool:
    """Whether no two brackets begin between two commas: else one is missing there."""
    stops = iter(bounds)
    stop = next(stops)
    for opening in openings:
        if opening < stop:
            return False
        while stop < opening:
            stop = next(stops)
    return True


def _pieces(array: bytes) -> Iterator[_Piece]:
    """The array piece by piece, up to its last bracket."""
    for marks in _read_marks(array):
        end = _find_end(marks)
        is_own = pc.and_(pc.equal(_bytes(marks.plain), ord(",")), marks.is_outside)
        commas = pc.indices_nonzero(pc.and_(is_own, pc.equal(marks.depths, 1)))
        is_opening = pc.and_(pc.equal(marks.steps, 1), pc.equal(marks.depths, 2))
        openings = pc.indices_nonzero(is_opening)
        if end is not None:
            commas = commas.filter(pc.less(commas, end))
            openings = openings.filter(pc.less(openings, end))
        yield _Piece(len(marks.plain), commas, openings, end)
        if end is not None:
            return


def _read_marks(text: bytes) -> Iterator[_Marks]:
    position, depth, inside = 0, 0, 0
    while position < len(text):
        plain = _cut(text, position)
        position += len(plain)
        if b"\\" in plain:  # an escaped quote closes nothing
            plain = plain.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
        quotes = pc.cumulative_sum(_bytes(plain.translate(_IS_QUOTE)).cast(pa.int32()), inside)
        is_outside = pc.equal(pc.bit_wise_and(quotes, 1), 0)
        # Not a constant of the module: pyarrow looks for pandas when it makes its first value.
        no_step = pa.scalar(0, pa.int8())
        steps = pc.if_else(is_outside, _bytes(plain.translate(_STEP)), no_step)
        depths = pc.cumulative_sum(steps.cast(pa.int32()), depth)
        yield _Marks(plain, is_outside, steps, depths)
        inside, depth = quotes[-1].as_py() & 1, depths[-1].as_py()


def _find_end(marks: _Marks) -> int | None:
    if pc.min(marks.depths).as_py() > 0:
        return None
    is_closing = pc.and_(pc.less_equal(marks.depths, 0), pc.equal(marks.steps, -1))
    found: int = pc.index(is_closing, True).as_py()
    return None if found < 0 else found + 1


def _cut(array: bytes, position: int) -> bytes:
    """The next piece; it does not end between a backslash and what that escapes."""
    text = array[position : position + _PIECE_BYTES]
    backslashes = len(text) - len(text.rstrip(b"\\"))
    return text[:-1] if backslashes % 2 and len(text) == _PIECE_BYTES else text


def _bytes(text: bytes) -> pa.Array:
    return pa.Array.from_buffers(pa.int8(), len(text), [None, pa.py_buffer(text)])
