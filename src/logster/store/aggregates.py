"""What stands behind the pipe, as SQL: groups, steps of time, numbers.

In: a `Selection` and `Stats`. Out: a `Statement`; a row is the step, the groups, the numbers, then
the digits of numbers that no float holds.
Promise: a text of a stranger is a bound value, the name of a time zone too.

`count distinct` is exact up to some ten thousand values and within 1 % beyond (`uniq`); a
percentile is within 1 % of the exact one (`quantileDD`); both need the same memory however many
events there are. Reasons and figures: docs/decisions/005.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

from logster.event import NS_PER_S
from logster.query.number import FIRST_INEXACT, FIRST_SHORT
from logster.query.stats import percentile_of
from logster.query.tree import NAME_FIELDS, PROSE_FIELDS, TIME_FIELDS, Field
from logster.store.columns import COLUMNS, value_of_field
from logster.store.parameters import Parameters, Statement
from logster.store.properties import property_digits, property_number
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.query.stats import Aggregate, Stats
    from logster.store.selection import Selection

#: Groups when the question says no limit; a table on a screen.
DEFAULT_ROWS = 1_000
#: Lines of a chart when the question says no limit; more cannot be told apart.
DEFAULT_SERIES = 10
#: Rows of one answer with steps: about 3 MB of JSON.
MAX_POINTS = 50_000
#: A long text counts by its beginning, so that an answer stays small.
MAX_KEY_CHARACTERS = 1_000

#: What the sketch of a percentile holds, besides 0; a number beyond breaks the question.
MIN_OF_SKETCH, MAX_OF_SKETCH = 2.3e-308, 1.7e308

DAY_S = 86_400


def select_stats(
    selection: Selection,
    stats: Stats,
    *,
    zone: str = "UTC",
    has_extremes: bool = False,
    has_digits: bool = False,
) -> Statement:
    """The question; one row more than there may be, so that more are seen.

    With `has_extremes` all numbers leave out what is infinite, and percentiles what is next to it
    or to 0. With `has_digits` the smallest and largest come with the digits that a float has not.
    """
    parameters = Parameters()
    where = selection.conditions(parameters)
    keys = [f"{_key(field, parameters)} AS k{n}" for n, field in enumerate(stats.by)]
    numbers = [
        f"{_number(part, parameters, has_extremes=has_extremes)} AS n{place}"
        for place, part in enumerate(stats.aggregates)
    ]
    digits = [
        f"{_digits(part, place, parameters)} AS d{place}"
        for place, part in enumerate(stats.aggregates)
        if has_digits and may_have_digits(part)
    ]
    key_names = [f"k{number}" for number in range(len(keys))]
    first = [numbers[0], *(part for part in digits if part.endswith(" AS d0"))]
    largest = [*(f"{part.rsplit(' AS ', 1)[1]} DESC" for part in first), *key_names]
    numbers += digits
    if stats.every_s is None:
        limit = parameters.bind(limit_of(stats) + 1, "UInt32")
        return Statement(
            _grouped(keys, numbers, where, key_names, largest, limit), parameters.values
        )
    if keys and (stats.limit is not None or stats.by != (Field("severity"),)):
        limit = parameters.bind(limit_of(stats), "UInt32")
        found = _grouped(keys, first, where, key_names, largest, limit)
        bare = [key.rsplit(" AS ", 1)[0] for key in keys]
        where = [*where, f"({', '.join(bare)}) IN (SELECT {', '.join(key_names)} FROM ({found}))"]
    step = f"{_step(stats.every_s, zone, parameters)} AS step"
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
        f"SELECT {', '.join([*keys, *numbers])} FROM {EVENTS.read} WHERE ({' AND '.join(where)})"
        f"{group} ORDER BY {', '.join(order)} LIMIT {limit}"
    )


def _key(field: Field, parameters: Parameters) -> str:
    """What events are grouped by; text is '' where there is none."""
    text = value_of_field(field, parameters)
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
        text = value_of_field(field, parameters)
        if field.is_property or field.name in (*NAME_FIELDS, *PROSE_FIELDS):
            return f"uniq(nullIf({text}, ''))"
        return f"uniq(nullIf({text}, 0))" if field.name == "issue" else f"uniq({text})"
    if is_time(field):
        return f"toUnixTimestamp64Nano({part.function}OrNull({COLUMNS[field.name]}))"
    number = (
        property_number(field, parameters)
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


def may_have_digits(part: Aggregate) -> bool:
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


def limit_of(stats: Stats) -> int:
    """How many groups an answer has at most."""
    return stats.limit or (DEFAULT_ROWS if stats.every_s is None else DEFAULT_SERIES)


def is_time(field: Field) -> bool:
    """Whether a field is an instant, whose first and last are instants too."""
    return not field.is_property and field.name in TIME_FIELDS
