"""Stack traces: the lines that belong to the message before them.

In: rows. Out: rows, of which one may hold several lines. Promise: no line is lost or
moved; a pause in the input ends a message, since nobody knows whether more will come.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from logster.cli.sources import Row

#: Beyond these a stack trace is none.
MAX_JOINED_LINES = 1000

_CONTINUATION = re.compile(
    r"\s|at |Caused by|\.\.\. \d+ more|During handling of|The above exception", re.ASCII
)
_PYTHON_END = re.compile(r"[A-Za-z_][\w.]*(?::|$)", re.ASCII)


class TraceJoiner:
    """Knows whether a line belongs to the one before; it has to remember Python's tracebacks."""

    def __init__(self) -> None:
        self._in_traceback = False

    def continues(self, text: str) -> bool:
        """Tell whether `text` belongs to the line before."""
        if text.startswith("Traceback"):
            self._in_traceback = True
            return True
        if _CONTINUATION.match(text) or (self._in_traceback and not text):
            return True
        # The last line of a Python traceback, ValueError: …, is not indented.
        is_end = self._in_traceback and _PYTHON_END.match(text) is not None
        self._in_traceback = False
        return is_end


def join_rows(rows: Iterable[Row | None]) -> Iterator[Row | None]:
    """Join the rows of a stack trace to the row before; a pause ends the message."""
    joiner = TraceJoiner()
    held: list[Row] = []
    for row in rows:
        if held and not (row and _joins(joiner, held, row)):
            yield _joined(held)
            held = []
        if row is None:
            yield None
        else:
            held.append(row)
    if held:
        yield _joined(held)


def _joins(joiner: TraceJoiner, held: list[Row], row: Row) -> bool:
    if row.text is None or held[0].text is None:
        return False
    return (
        joiner.continues(row.text) and row.source == held[0].source and len(held) < MAX_JOINED_LINES
    )


def _joined(held: list[Row]) -> Row:
    if len(held) == 1:
        return held[0]
    return held[0]._replace(text="\n".join(row.text or "" for row in held))
