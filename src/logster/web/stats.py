"""Numbers of events: GET /api/v1/stats.

In: a search with a pipe, and a time. Out: columns that say what they are, and rows.
Promise: as of every question, whatever is asked stays inside the caller's workspace.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.errors import QueryError
from logster.event import render_instant
from logster.query.moment import Clock
from logster.query.question import equals_in, parse_question
from logster.query.stats import Stats
from logster.store.engine import Engine
from logster.store.selection import Selection
from logster.store.stats import Table, count
from logster.store.suggestion import Suggestion, find_suggestion
from logster.track.aliases import Merged
from logster.web.access import Principal
from logster.web.selection import Since, Until, Wanted, select
from logster.web.shapes import AnswerShape, HintShape, shape_hint


class ColumnShape(msgspec.Struct, frozen=True, kw_only=True):
    """One column: `role` says where a chart puts it, `kind` how its values are written."""

    name: str
    kind: Literal["time", "text", "number"]
    role: Literal["step", "group", "number"]


class StatsShape(AnswerShape, frozen=True, kw_only=True):
    """A table: the step of time, then the groups, then the numbers; null where there is nothing.

    Steps without an event have no row. `every_s` is the length of a step. `has_more` says that
    there are more groups than the limit. `hint` is there, as with a page of events, when a column
    holds nothing at all. `notice` says how a sign was read that is none of ours.
    """

    columns: list[ColumnShape]
    rows: list[list[str | int | float | None]]
    every_s: int | None
    has_more: bool
    bytes_read: int
    hint: HintShape | None
    notice: str | None


@get("/stats", summary="Numbers")
async def show_stats(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    clock: NamedDependency[Clock],
    merged: NamedDependency[Merged],
    q: Annotated[
        str,
        QueryParameter(description="A search with a pipe: `severity>=error | count by user`."),
    ],
    since: Since = "",
    until: Until = "",
    hint: Wanted = True,
) -> StatsShape:
    """Count, sum and compare the events that match, by field and by time."""
    tree, stats = parse_question(q, clock.zone)
    if stats is None:
        raise QueryError("expected a pipe behind the search: | count by application", len(q))
    selection = select(principal, clock, tree, since, until, merged=merged)
    table = await count(engine, selection, stats, zone=str(clock.zone))
    found = await _find_suggestion(engine, selection, stats, table) if hint else None
    return _shape(table, stats.every_s, found, equals_in(q))


async def _find_suggestion(
    engine: Engine, selection: Selection, stats: Stats, table: Table
) -> Suggestion | None:
    if not _has_empty_column(table):
        return None
    is_empty = not any(value for row in table.rows for value in row)
    return await find_suggestion(engine, selection, stats, is_empty=is_empty)


def _has_empty_column(table: Table) -> bool:
    """Whether a name may be misspelt: a group or a number that no event has; or no event at all."""
    return any(
        all(row[place] in (None, 0) for row in table.rows) for place in range(len(table.columns))
    )


def _shape(
    table: Table, every_s: int | None, hint: Suggestion | None, notice: str | None
) -> StatsShape:
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
        notice=notice,
    )


def _shape_row(table: Table, row: list[Any]) -> list[str | int | float | None]:
    return [
        render_instant(value) if column.kind == "time" and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    ]
