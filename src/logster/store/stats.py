"""Numbers of events: what stands behind the pipe, asked of the engine.

In: a `Selection`, `Stats`, and the zone where days and weeks begin at midnight (shorter steps
are those of UTC).
Out: a `Table` whose columns say which is the time, which are groups, which are numbers.
Promise: rows and steps are bounded, and a question beyond them is refused by naming the
limit. What a number is: `store/aggregates`.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from logster.errors import QueryError, StoreError
from logster.event import NS_PER_S, Severity
from logster.query.number import FIRST_INEXACT, FIRST_SHORT
from logster.query.render import render_field
from logster.query.stats import render_aggregate, render_span
from logster.query.tree import Field
from logster.store.aggregates import (
    DAY_S,
    MAX_POINTS,
    is_time,
    limit_of,
    may_have_digits,
    select_stats,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.query.stats import Aggregate, Stats
    from logster.store.answer import Answer
    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: More steps than a screen has pixels in its width.
MAX_STEPS = 2_000
#: Infinite numbers as text; as null they would look like none.
_SAY_INFINITE = {"output_format_json_quote_denormals": 1}
#: ClickHouse's BAD_ARGUMENTS.
_BEYOND_SKETCH_CODE = 36

_SEVERITY_NAMES = {int(level): level.name.lower() for level in Severity}
_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, DAY_S, 7 * DAY_S)
_SELECT_ZONE = "SELECT count() FROM system.time_zones WHERE time_zone = {zone:String}"
#: The forms of names in the time zone database.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


class Column(msgspec.Struct, frozen=True):
    """One column; a time is nanoseconds since 1970."""

    name: str
    kind: Literal["time", "text", "number"]
    role: Literal["step", "group", "number"]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The step first, then the groups, then the numbers; None where there is nothing.

    Rows are in the order of time, then largest first number first. `has_more` says that
    there are more groups than the limit.
    """

    columns: list[Column]
    rows: list[list[Any]]
    has_more: bool
    elapsed_ms: float
    rows_read: int
    bytes_read: int


async def count(engine: Engine, selection: Selection, stats: Stats, *, zone: str = "UTC") -> Table:
    """Ask for the numbers; raises `QueryError` for what would be too many."""
    _check_steps(selection, stats)
    if zone != "UTC":
        await _check_zone(engine, zone)
    answer = await _ask(engine, selection, stats, zone)
    rows = [_read_row(stats, row) for row in answer.rows]
    has_more = False
    if stats.every_s is None:
        limit = limit_of(stats)
        has_more = len(rows) > limit
        rows = rows[:limit]
    else:
        _check_points(rows)
    return Table(
        columns=columns_of(stats),
        rows=rows,
        has_more=has_more,
        elapsed_ms=answer.elapsed_ms,
        rows_read=answer.rows_read,
        bytes_read=answer.bytes_read,
    )


def columns_of(stats: Stats) -> list[Column]:
    """The columns of the answer; each name is there once."""
    step = [] if stats.every_s is None else [Column("time", "time", "step")]
    numbers = [
        Column(render_aggregate(part), "time" if _gives_time(part) else "number", "number")
        for part in stats.aggregates
    ]
    taken = {column.name for column in (*step, *numbers)}
    groups = [
        Column("properties." * (name in taken) + name, "text", "group")
        for name in map(render_field, stats.by)
    ]
    return [*step, *groups, *numbers]


async def _ask(engine: Engine, selection: Selection, stats: Stats, zone: str) -> Answer:
    """Leaving out what is infinite costs a tenth, and digits as much as the rest of a question:
    only those who have such numbers pay, by a second question.
    """  # noqa: D205  one sentence
    statement = select_stats(selection, stats, zone=zone)
    try:
        answer = await engine.ask(statement.sql, statement.parameters, settings=_SAY_INFINITE)
    except StoreError as error:
        if error.code != _BEYOND_SKETCH_CODE:
            raise
        has_extremes = True
    else:
        numbers = _places_of_numbers(stats)
        has_extremes = any(isinstance(cell, str) for row in answer.rows for cell in row[numbers])
        if not (has_extremes or _has_large(stats, answer)):
            return answer
    statement = select_stats(
        selection, stats, zone=zone, has_extremes=has_extremes, has_digits=True
    )
    return await engine.ask(statement.sql, statement.parameters)


def _has_large(stats: Stats, answer: Answer) -> bool:
    """Whether a smallest or largest number is one of those that share a float."""
    first = _places_of_numbers(stats).start
    places = [place for place, part in enumerate(stats.aggregates, first) if may_have_digits(part)]
    return any(
        abs(row[place]) >= FIRST_INEXACT
        for row in answer.rows
        for place in places
        if row[place] is not None
    )


def _check_steps(selection: Selection, stats: Stats) -> None:
    """Refuse a chart of too many steps before it is counted, when its time is known."""
    every_s = stats.every_s
    if every_s is None or selection.since_ns is None:
        return
    until_ns = selection.until_ns or time.time_ns()
    steps = (until_ns - selection.since_ns) // (every_s * NS_PER_S)
    if steps > MAX_STEPS:
        enough = (step for step in _STEPS_S if steps * every_s <= step * MAX_STEPS)
        raise QueryError(
            f"every {render_span(every_s)} makes {steps:,} steps in this time, at most"
            f" {MAX_STEPS:,} are possible; every {render_span(next(enough, _STEPS_S[-1]))} would do"
        )


def _check_points(rows: list[list[Any]]) -> None:
    """The same for a time without a beginning, and for all groups together."""
    if len(rows) > MAX_POINTS or len({row[0] for row in rows}) > MAX_STEPS:
        raise QueryError(
            f"the answer has more than {MAX_STEPS:,} steps or {MAX_POINTS:,} rows; a longer"
            " `every`, a smaller `limit` or a shorter time (`since`) would do"
        )


async def _check_zone(engine: Engine, zone: str) -> None:
    """The engine knows the zones; it must not be the one who complains."""
    if _ZONE.fullmatch(zone):
        answer = await engine.ask(_SELECT_ZONE, {"zone": zone})
        if answer.rows[0][0]:
            return
    raise QueryError(f"{zone[:50]!r} is no time zone; UTC or Europe/Berlin would do")


def _places_of_numbers(stats: Stats) -> slice:
    first = len(stats.by) + (stats.every_s is not None)
    return slice(first, first + len(stats.aggregates))


def _read_row(stats: Stats, row: Sequence[Any]) -> list[Any]:
    numbers = _places_of_numbers(stats)
    read = list(row[: numbers.stop])
    for place, field in enumerate(stats.by, start=stats.every_s is not None):
        read[place] = _read_key(field, read[place])
    exact = iter(row[numbers.stop :])
    for place, part in enumerate(stats.aggregates, start=numbers.start):
        if may_have_digits(part):
            read[place] = _read_number(read[place], next(exact, None))
    return read


def _read_number(number: float | None, digits: str | int | None) -> float | None:
    """A number by its digits as far as 64 bits go, else the float that the engine wrote."""
    if digits is not None and -(2**63) <= int(digits) < FIRST_SHORT:
        return int(digits)
    return float(number) if number is not None and abs(number) >= FIRST_INEXACT else number


def _read_key(field: Field, value: Any) -> str | None:
    if field == Field("severity"):
        return _SEVERITY_NAMES.get(value, str(value))
    if field == Field("issue") and value == 0:
        return None
    return str(value) if value != "" else None


def _gives_time(part: Aggregate) -> bool:
    """The first and the last of instants are instants; how many there are is a number."""
    return part.function != "distinct" and part.field is not None and is_time(part.field)
