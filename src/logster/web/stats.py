"""Numbers of events: GET /api/v1/stats.

In: a search with a pipe, and a time. Out: columns that say what they are, and rows.
Promise: as of every question, whatever is asked stays inside the viewer's workspace.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import time
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.errors import QueryError
from logster.event import render_instant
from logster.pipes import parse_question
from logster.store.engine import Engine
from logster.store.hint import Hint, find_hint
from logster.store.question import Selection
from logster.store.stats import StatsQuestion, Table, count
from logster.web.access import Viewer
from logster.web.shapes import AnswerShape, HintShape, parse_instant, shape_hint


class ColumnShape(msgspec.Struct, frozen=True, kw_only=True):
    """One column: `role` says where a chart puts it, `kind` how its values are written."""

    name: str
    kind: Literal["time", "text", "number"]
    role: Literal["step", "group", "number"]


class StatsShape(AnswerShape, frozen=True, kw_only=True):
    """A table: the step of time, then the groups, then the numbers; null where there is nothing.

    Steps without an event have no row. `every_s` is the length of a step. `has_more` says that
    there are more groups than the limit. `hint` is there, as with a page of events, when a column
    holds nothing at all.
    """

    columns: list[ColumnShape]
    rows: list[list[str | int | float | None]]
    every_s: int | None
    has_more: bool
    bytes_read: int
    hint: HintShape | None


@get("/stats", summary="Numbers")
async def show_stats(
    viewer: NamedDependency[Viewer],
    engine: NamedDependency[Engine],
    q: Annotated[
        str,
        QueryParameter(description="A search with a pipe: `severity>=error | count by user`."),
    ],
    since: Annotated[
        str, QueryParameter(description="ISO time, or how long ago: 15m, 2h, 7d.")
    ] = "",
    until: Annotated[str, QueryParameter(description="The same; the end of the time.")] = "",
    zone: Annotated[
        str, QueryParameter(description="Where days and weeks begin: Europe/Berlin.")
    ] = "UTC",
) -> StatsShape:
    """Count, sum and compare the events that match, by field and by time."""
    now_ns = time.time_ns()
    tree, stats = parse_question(q)
    if stats is None:
        raise QueryError("expected a pipe behind the search: | count by application", len(q))
    question = StatsQuestion(
        workspace=viewer.workspace,
        filter=tree,
        stats=stats,
        since_ns=parse_instant(since, now_ns) if since else None,
        until_ns=parse_instant(until, now_ns) if until else None,
        zone=zone,
    )
    table = await count(engine, question)
    hint = await _find_hint(engine, question) if _has_empty_column(table) else None
    return _shape(table, stats.every_s, hint)


async def _find_hint(engine: Engine, question: StatsQuestion) -> Hint | None:
    selection = Selection(
        workspace=question.workspace,
        filter=question.filter,
        since_ns=question.since_ns,
        until_ns=question.until_ns,
    )
    return await find_hint(engine, selection, question.stats)


def _has_empty_column(table: Table) -> bool:
    """Whether a name may be misspelt: a group or a number that no event has; or no event at all."""
    return any(
        all(row[place] in (None, 0) for row in table.rows) for place in range(len(table.columns))
    )


def _shape(table: Table, every_s: int | None, hint: Hint | None) -> StatsShape:
    return StatsShape(
        columns=[
            ColumnShape(name=column.name, kind=column.kind, role=column.role)
            for column in table.columns
        ],
        rows=[_shape_row(table, row) for row in table.rows],
        every_s=every_s,
        has_more=table.has_more,
        elapsed_ms=table.elapsed_ms + (hint.elapsed_ms if hint else 0),
        rows_read=table.rows_read + (hint.rows_read if hint else 0),
        bytes_read=table.bytes_read,
        hint=shape_hint(hint),
    )


def _shape_row(table: Table, row: list[Any]) -> list[str | int | float | None]:
    return [
        render_instant(value) if column.kind == "time" and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    ]
