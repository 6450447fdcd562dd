"""What to count in the events of a filter, and its text.

In: nothing; `pipes` and the store make it. Out: a frozen `Stats`, and how it is typed behind a
pipe. Knows no SQL: `store/aggregates` says the same in the engine's words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.query.render import render_field
from logster.query.tree import Field

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Columns of numbers in one answer.
MAX_AGGREGATES = 20
#: Fields to count by; every one multiplies the rows.
MAX_KEYS = 8
#: Rows of an answer without `every`; a longer list is an export.
MAX_ROWS = 10_000
#: Lines of a chart: groups of an answer with `every`.
MAX_SERIES = 100
#: A year: longer steps have one or two points.
MAX_EVERY_S = 366 * 86_400

#: What takes a number out of a field; percentiles are `p50`, `p99`, `p99.9`.
FUNCTIONS = ("sum", "avg", "min", "max")

#: Units of lengths of time, in seconds, the smallest first.
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PERCENTILE = re.compile(r"p([1-9]?\d(?:\.\d{1,3})?)", re.ASCII)


class Aggregate(msgspec.Struct, frozen=True):
    """One number of each group: `count`, or `distinct`, a function or percentile of a field."""

    function: str
    field: Field | None = None


class Stats(msgspec.Struct, frozen=True):
    """Numbers of the events in each group, and in each step of time.

    `limit` is how many groups there are at most, those with the largest first number.
    """

    aggregates: tuple[Aggregate, ...]
    by: tuple[Field, ...] = ()
    every_s: int | None = None
    limit: int | None = None


def render_stats(stats: Stats) -> str:
    """Write what stands behind the pipe."""
    parts = [", ".join(render_aggregate(part) for part in stats.aggregates)]
    if stats.by:
        parts.append("by " + ", ".join(render_field(field) for field in stats.by))
    if stats.every_s is not None:
        parts.append("every " + render_span(stats.every_s))
    if stats.limit is not None:
        parts.append(f"limit {stats.limit}")
    return " ".join(parts)


def render_aggregate(aggregate: Aggregate) -> str:
    """Write one number as it is asked for, which is also the name of its column."""
    if aggregate.field is None:
        return aggregate.function
    name = render_field(aggregate.field)
    if aggregate.function == "distinct":
        return f"count distinct {name}"
    return f"{aggregate.function}({name})"


def render_span(span_s: int) -> str:
    """Write a length of time in the largest unit that says it exactly."""
    unit = next(unit for unit in reversed(UNITS_S) if span_s % UNITS_S[unit] == 0)
    return f"{span_s // UNITS_S[unit]}{unit}"


def fields_of(stats: Stats) -> list[Field]:
    """What the numbers are taken from, and what they are counted by."""
    return [*(part.field for part in stats.aggregates if part.field), *stats.by]


def replace_stats_fields(stats: Stats, others: Mapping[Field, Field]) -> Stats:
    """The same numbers of other fields; `parse_question` may refuse the text of it."""
    return msgspec.structs.replace(
        stats,
        aggregates=tuple(
            Aggregate(part.function, part.field and others.get(part.field, part.field))
            for part in stats.aggregates
        ),
        by=tuple(others.get(field, field) for field in stats.by),
    )


def percentile_of(function: str) -> float | None:
    """The share of a percentile, 0.95 for `p95`; None for another function."""
    found = PERCENTILE.fullmatch(function)
    return float(found[1]) / 100 if found and float(found[1]) else None
