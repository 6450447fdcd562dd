"""Characters as ranges of their numbers: no engine's own idea of a class matters."""

from __future__ import annotations

from typing import TypeAlias

#: The last character of Unicode.
LAST = 0x10FFFF

Range: TypeAlias = tuple[int, int]


def merge(ranges: list[Range]) -> tuple[Range, ...]:
    """The same characters in ranges that ascend and are apart."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """All other characters; `ranges` ascend and are apart."""
    gaps: list[Range] = []
    start = 0
    for low, high in ranges:
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    return (*gaps, (start, LAST)) if start <= LAST else tuple(gaps)


_DIGITS: tuple[Range, ...] = ((0x30, 0x39),)
_WORD: tuple[Range, ...] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: tuple[Range, ...] = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
#: What stands behind the backslash of a class, and its characters.
CLASSES = {
    "d": _DIGITS,
    "w": _WORD,
    "s": _SPACE,
    "D": complement(_DIGITS),
    "W": complement(_WORD),
    "S": complement(_SPACE),
}
