"""Plain tables: columns as wide as they must be, on any terminal and in any pipe.

In: a head and rows of text. Out: lines on standard output. (rich would cut cells to the
width of the terminal; an id or a reason that is cut is of no use.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows under their head."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    click.echo(click.style(_line(head, widths), bold=True))
    for row in rows:
        click.echo(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
