"""A line, or a column, by its digits: a runtime prints a few of them, a stranger sends thousands.

In: digits. Out: a number. Promise: of more than any file has lines, the first are read; no text of
digits raises.
"""

from __future__ import annotations

#: More than any program has lines; Python itself reads no more than 4,300.
MAX_DIGITS = 9


def parse_digits(digits: str | None) -> int | None:
    """The number; None where there is none."""
    return int(digits[:MAX_DIGITS]) if digits else None
