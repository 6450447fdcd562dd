"""Numbers of events: what stands behind the pipe, asked of the engine.

In: a `StatsQuestion` (whose workspace the caller has checked) and the engine.
Out: a `Table` whose columns say which is the time, which are groups, which are numbers.
Promise: rows and steps are bounded, and a question beyond them is refused by naming the
limit; a text of a stranger reaches the engine as a bound value only.

What a number is. `count distinct` is exact up to some ten thousand values and within 1 %
beyond (`uniq`); a percentile is within 1 % of the exact one (`quantileDD`); both need the same
memory however many events there are. Reasons and figures: docs/decisions/005.
"""

# ruff: noqa: S608  composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from logster.errors import QueryError, StoreError
from logster.event import NS_PER_S, Severity
from logster.query.number import FIRST_INEXACT, FIRST_SHORT
from logster.query.render import render_field
from logster.query.stats import Aggregate, Stats, percentile_of, render_aggregate, render_span
from logster.query.tree import EVERYTHING, NAME_FIELDS, PROSE_FIELDS, TIME_FIELDS, Field, Filter
from logster.store.property import property_digits
from logster.store.search import check_instants
from logster.store.select import (
    COLUMNS,
    Parameters,
    Statement,
    conditions,
    number_of_field,
    text_of_field,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.store.engine import Answer, Engine

#: Groups when the question says no limit; a table on a screen.
DEFAULT_ROWS = 1_000
#: Lines of a chart when the question says no limit; more cannot be told apart.
DEFAULT_SERIES = 10
#: More steps than a screen has pixels in its width.
MAX_STEPS = 2_000
#: Rows of one answer with steps: about 3 MB of JSON.
MAX_POINTS = 50_000
#: A long text counts by its beginning, so that an answer stays small.
MAX_KEY_CHARACTERS = 1_000

#: What the sketch of a percentile holds, besides 0; a number beyond breaks the question.
MIN_OF_SKETCH, MAX_OF_SKETCH = 2.3e-308, 1.7e308
#: Infinite numbers as text; as null they would look like none.
_SAY_INFINITE = {"output_format_json_quote_denormals": 1}
#: ClickHouse's BAD_ARGUMENTS.
_BEYOND_SKETCH_CODE = 36

DAY_S = 86_400
_SEVERITY_NAMES = {int(level): level.name.lower() for level in Severity}
_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, DAY_S, 7 * DAY_S)
#: The forms of names in the time zone database.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


class StatsQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What to count: events at or after `since_ns`, before `until_ns`.

    `zone` is where days and weeks begin at midnight; shorter steps are those of UTC.
    """

    workspace: int
    filter: Filter = EVERYTHING
    stats: Stats
    since_ns: int | None = None
    until_ns: int | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        check_instants(self.since_ns, self.until_ns)


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


async def count(engine: Engine, question: StatsQuestion) -> Table:
    """Ask for the numbers; raises `QueryError` for what would be too many."""
    stats = question.stats
    _check_steps(question)
    if question.zone != "UTC":
        await _check_zone(engine, question.zone)
    answer = await _ask(engine, question)
    rows = [_read_row(stats, row) for row in answer.rows]
    has_more = False
    if stats.every_s is None:
        limit = _limit(stats)
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


async def _ask(engine: Engine, question: StatsQuestion) -> Answer:
    """Leaving out what is infinite costs a tenth, and digits as much as the rest of a question:
    only those who have such numbers pay, by a second question.
    """  # noqa: D205  one sentence
    statement = select_stats(question)
    try:
        answer = await engine.ask(statement.sql, statement.parameters, settings=_SAY_INFINITE)
    except StoreError as error:
        if error.code != _BEYOND_SKETCH_CODE:
            raise
        has_extremes = True
    else:
        numbers = _places_of_numbers(question.stats)
        has_extremes = any(isinstance(cell, str) for row in answer.rows for cell in row[numbers])
        if not (has_extremes or _has_large(question.stats, answer)):
            return answer
    statement = select_stats(question, has_extremes=has_extremes, has_digits=True)
    return await engine.ask(statement.sql, statement.parameters)


def _has_large(stats: Stats, answer: Answer) -> bool:
    """Whether a smallest or largest number is one of those that share a float."""
    first = _places_of_numbers(stats).start
    places = [place for place, part in enumerate(stats.aggregates, first) if _has_digits(part)]
    return any(
        abs(row[place]) >= FIRST_INEXACT
        for row in answer.rows
        for place in places
        if row[place] is not None
    )


def select_stats(
    question: StatsQuestion, *, has_extremes: bool = False, has_digits: bool = False
) -> Statement:
    """One row more than there may be, so that more are seen.

    With `has_extremes` all numbers leave out what is infinite, and percentiles what is next to it
    or to 0. With `has_digits` the smallest and largest come with the digits that a float has not.
    """
    stats = question.stats
    parameters = Parameters()
    where = conditions(
        parameters,
        question.workspace,
        question.filter,
        since_ns=question.since_ns,
        until_ns=question.until_ns,
    )
    keys = [f"{_key(field, parameters)} AS k{n}" for n, field in enumerate(stats.by)]
    numbers = [
        f"{_number(part, parameters, has_extremes=has_extremes)} AS n{place}"
        for place, part in enumerate(stats.aggregates)
    ]
    digits = [
        f"{_digits(part, place, parameters)} AS d{place}"
        for place, part in enumerate(stats.aggregates)
        if has_digits and _has_digits(part)
    ]
    key_names = [f"k{number}" for number in range(len(keys))]
    first = [numbers[0], *(part for part in digits if part.endswith(" AS d0"))]
    largest = [*(f"{part.rsplit(' AS ', 1)[1]} DESC" for part in first), *key_names]
    numbers += digits
    if stats.every_s is None:
        limit = parameters.bind(_limit(stats) + 1, "UInt32")
        return Statement(
            _grouped(keys, numbers, where, key_names, largest, limit), parameters.values
        )
    if keys and (stats.limit is not None or stats.by != (Field("severity"),)):
        limit = parameters.bind(_limit(stats), "UInt32")
        found = _grouped(keys, first, where, key_names, largest, limit)
        bare = [key.rsplit(" AS ", 1)[0] for key in keys]
        where = [*where, f"({', '.join(bare)}) IN (SELECT {', '.join(key_names)} FROM ({found}))"]
    step = f"{_step(stats.every_s, question.zone, parameters)} AS step"
    limit = parameters.bind(MAX_POINTS + 1, "UInt32")
    return Statement(
        _grouped([step, *keys], numbers, where, ["step", *key_names], ["step", *largest], limit),
        parameters.values,
    )


def _grouped(
    keys: list[str],
    numbers: list[str],
    where: list[str],
    key_names: list[str],
    order: list[str],
    limit: str,
) -> str:
    group = f" GROUP BY {', '.join(key_names)}" if key_names else ""
    return (
        f"SELECT {', '.join([*keys, *numbers])} FROM events WHERE ({' AND '.join(where)})"
        f"{group} ORDER BY {', '.join(order)} LIMIT {limit}"
    )


def _key(field: Field, parameters: Parameters) -> str:
    """What events are grouped by; text is '' where there is none."""
    text = text_of_field(field, parameters)
    if field.is_property or field.name in PROSE_FIELDS:
        return f"leftUTF8({text}, {parameters.bind(MAX_KEY_CHARACTERS, 'UInt32')})"
    return text


def _number(  # noqa: PLR0911  # one answer per kind of number
    part: Aggregate, parameters: Parameters, *, has_extremes: bool
) -> str:
    """A number of each group; NULL when no event has one."""
    field = part.field
    if field is None:
        return "count()"
    if part.function == "distinct":
        text = text_of_field(field, parameters)
        if field.is_property or field.name in (*NAME_FIELDS, *PROSE_FIELDS):
            return f"uniq(nullIf({text}, ''))"
        return f"uniq(nullIf({text}, 0))" if field.name == "issue" else f"uniq({text})"
    if _is_time(field):
        return f"toUnixTimestamp64Nano({part.function}OrNull({COLUMNS[field.name]}))"
    number = (
        number_of_field(field, parameters)
        if field.is_property
        else f"toFloat64({COLUMNS[field.name]})"
    )
    share = percentile_of(part.function)
    if share is None:
        function = _FUNCTIONS[part.function]
        return (
            f"{function}If({number}, isFinite({number}))"
            if has_extremes
            else f"{function}({number})"
        )
    rank = f"0.01, {parameters.bind(share, 'Float64')}"
    if not has_extremes:
        return f"quantileDDOrNull({rank})({number})"
    return f"quantileDDOrNullIf({rank})({number}, {_fits(number)})"


def _fits(number: str) -> str:
    size = f"abs({number})"
    return f"({size} < {MAX_OF_SKETCH}) * (({size} > {MIN_OF_SKETCH}) + ({size} = 0)) > 0"


def _has_digits(part: Aggregate) -> bool:
    """Whether it is a number of one event, which may be a whole one that no float holds."""
    return part.function in ("min", "max") and part.field is not None and part.field.is_property


def _digits(part: Aggregate, place: int, parameters: Parameters) -> str:
    """The same number by its digits, where its float stands for several; else NULL.

    No number beyond these is the smallest or largest, when one of these is by its float.
    """
    assert part.field is not None
    digits = f"{part.function}OrNull({property_digits(part.field, parameters)})"
    size = f"abs(n{place})"
    return f"if({size} >= {FIRST_INEXACT} AND {size} <= {FIRST_SHORT}, {digits}, NULL)"


_FUNCTIONS = {"sum": "sumOrNull", "avg": "avgOrNull", "min": "minOrNull", "max": "maxOrNull"}


def _step(every_s: int, zone: str, parameters: Parameters) -> str:
    """The beginning of an event's step of time, in nanoseconds."""
    if every_s % DAY_S:
        every = parameters.bind(every_s * NS_PER_S, "Int64")
        return f"intDiv(toUnixTimestamp64Nano(timestamp), {every}) * {every}"
    place = parameters.bind(zone, "String")
    days, weeks = every_s // DAY_S, every_s // (7 * DAY_S)
    interval = (
        f"toIntervalDay({parameters.bind(days, 'UInt32')})"
        if days % 7
        else f"toIntervalWeek({parameters.bind(weeks, 'UInt32')})"
    )
    start = f"toStartOfInterval(timestamp, {interval}, {place})"
    return f"toUnixTimestamp64Nano(toDateTime64({start}, 9, {place}))"


def _limit(stats: Stats) -> int:
    return stats.limit or (DEFAULT_ROWS if stats.every_s is None else DEFAULT_SERIES)


def _check_steps(question: StatsQuestion) -> None:
    """Refuse a chart of too many steps before it is counted, when its time is known."""
    every_s = question.stats.every_s
    if every_s is None or question.since_ns is None:
        return
    until_ns = question.until_ns or time.time_ns()
    steps = (until_ns - question.since_ns) // (every_s * NS_PER_S)
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
        answer = await engine.ask(
            "SELECT count() FROM system.time_zones WHERE time_zone = {p1:String}", {"p1": zone}
        )
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
        if _has_digits(part):
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
    return part.function != "distinct" and part.field is not None and _is_time(part.field)


def _is_time(field: Field) -> bool:
    return not field.is_property and field.name in TIME_FIELDS
