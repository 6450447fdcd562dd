"""Plain tables: columns as wide as they must be, on any terminal and in any pipe.

In: a head and rows of text. Out: lines on standard output. (rich would cut cells to the
width of the terminal; an id or a reason that is cut is of no use.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from logster.cli.terminal import one_line, show

if TYPE_CHECKING:
    from collections.abc import Sequence


def show_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[bool] = ()
) -> None:
    """Print the rows under their head; `numbers` says which columns stand to the right."""
    head = list(map(one_line, head))
    rows = [list(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    signs = [">" if is_number else "<" for is_number in numbers or [False] * len(head)]
    forms = [f"{sign}{width}" for sign, width in zip(signs, widths, strict=True)]
    show(click.style(_line(head, forms), bold=True))
    for row in rows:
        show(_line(row, forms))


def _line(cells: Sequence[str], forms: Sequence[str]) -> str:
    padded = (format(cell, form) for cell, form in zip(cells, forms, strict=True))
    return "  ".join(padded).rstrip()
