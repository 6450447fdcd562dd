"""How many events were found over time, and of which values of a field.

In: a `Selection` and a field. Out: a `Histogram`.
Promise: counts are exact and are those of `search` with the same selection.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from logster.event import NS_PER_MS, Severity
from logster.store.columns import SEVERITY, counted_text_of_field
from logster.store.input import check_range
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logster.query.tree import Field
    from logster.store.engine import Engine
    from logster.store.selection import Selection

DEFAULT_BUCKETS, MAX_BUCKETS = 60, 500
DEFAULT_TOP, MAX_TOP = 10, 100
#: A field with at most so many values among so many events is counted in one pass.
FEW_VALUES, EVENTS_FOR_FEW = 100, 10_000
#: Values by buckets that one pass may give; beyond, the top values are asked for first.
MAX_CELLS = 20_000
_SECOND_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
#: Widths people read at a glance; each divides a day or is whole days.
WIDTHS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(_SECOND_MS * count for count in (1, 2, 5, 10, 15, 30)),
    *(_MINUTE_MS * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR_MS * count for count in (1, 2, 3, 6, 12)),
    *(_DAY_MS * count for count in (1, 2, 7, 30, 365)),
)


#: Names of values, which have the places 1, 2, …; and place -> bucket number -> count.
_Named: TypeAlias = "tuple[list[str], Mapping[int, Mapping[int, int]]]"
#: The places of what has no name.
OTHER, MISSING = 0, -1


class Series(msgspec.Struct, frozen=True):
    """How many events of one value each bucket has.

    `kind` is "value", "other" (all values beyond the top) or "missing" (events without one).
    """

    name: str
    kind: str
    counts: list[int]


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by time: bucket `i` begins at `starts_ms[i]` and is `interval_ms` wide.

    Every bucket of the range is there, empty ones too. `since_ns` and `until_ns` are the range
    that was counted, None when there was nothing to count and no range was given.
    """

    interval_ms: int
    since_ns: int | None
    until_ns: int | None
    starts_ms: list[int]
    series: list[Series]
    total: int
    elapsed_ms: float
    rows_read: int


async def histogram(
    engine: Engine,
    selection: Selection,
    *,
    now_ns: int,
    split: Field = SEVERITY,
    buckets: int = DEFAULT_BUCKETS,
    top: int = DEFAULT_TOP,
) -> Histogram:
    """Count by time and by `split`; at most `buckets` buckets, aligned to their width (UTC)."""
    check_range("buckets", buckets, MAX_BUCKETS)
    check_range("top", top, MAX_TOP)
    meter = Meter(engine)
    since_ns, until_ns = await _range_of(meter, selection, now_ns)
    if since_ns is None or until_ns is None or since_ns >= until_ns:
        return _histogram(meter, (since_ns, until_ns), 0, [], [])
    width_ms = width_of(since_ns, until_ns, buckets)
    width_ns = width_ms * NS_PER_MS
    first, last = since_ns // width_ns, (until_ns - 1) // width_ns
    starts_ms = [number * width_ms for number in range(first, last + 1)]
    selection = selection.between(since_ns, until_ns)
    counted = _Counted(first, len(starts_ms))
    if split == SEVERITY:
        series = await _by_severity(meter, selection, width_ns, counted)
    else:
        series = await _by_value(meter, selection, width_ns, counted, (split, top))
    return _histogram(meter, (since_ns, until_ns), width_ms, starts_ms, series)


def width_of(since_ns: int, until_ns: int, buckets: int) -> int:
    """The narrowest width in ms of which at most `buckets` cover the range."""
    widest = WIDTHS_MS[-1]
    for width_ms in (*WIDTHS_MS, *(widest << step for step in range(1, 10))):
        width_ns = width_ms * NS_PER_MS
        if (until_ns - 1) // width_ns - since_ns // width_ns < buckets:
            return width_ms
    return widest << 10


class _Counted(msgspec.Struct, frozen=True):
    """Makes the counts of a series: the first bucket's number, and how many there are."""

    first: int
    length: int

    def counts(self, found: Mapping[int, int]) -> list[int]:
        return [found.get(self.first + place, 0) for place in range(self.length)]


async def _range_of(
    meter: Meter, selection: Selection, now_ns: int
) -> tuple[int | None, int | None]:
    """The range to show: what was asked for, and where nothing was, what the data have.

    From a given start it goes on to now, and further when events are there.
    """
    since_ns, until_ns = selection.since_ns, selection.until_ns
    if since_ns is not None:
        if until_ns is not None:
            return since_ns, until_ns
        # Only what is later than now can make it longer; all else need not be read.
        selection = selection.between(max(since_ns, now_ns), None)
    parameters = Parameters()
    ((count, oldest_ns, newest_ns),) = await meter.rows(
        "SELECT count(), toUnixTimestamp64Nano(min(timestamp)),"
        f" toUnixTimestamp64Nano(max(timestamp)) FROM {EVENTS.read}"
        f" WHERE {selection.where(parameters)}",
        parameters.values,
    )
    if since_ns is not None:
        return since_ns, max(now_ns, newest_ns + 1 if count else 0)
    if not count:
        return None, until_ns
    return oldest_ns, newest_ns + 1 if until_ns is None else until_ns


async def _by_severity(
    meter: Meter, selection: Selection, width_ns: int, counted: _Counted
) -> list[Series]:
    parameters = Parameters()
    found = await _count(meter, selection, (parameters, "severity"), width_ns)
    return [
        Series(Severity(number).name.lower(), "value", counted.counts(found[number]))
        for number in sorted(found)
    ]


async def _by_value(
    meter: Meter,
    selection: Selection,
    width_ns: int,
    counted: _Counted,
    split: tuple[Field, int],
) -> list[Series]:
    """The top values, the others together, and the events without one."""
    field, top = split
    if await _has_few_values(meter, selection, field):
        parameters = Parameters()
        key = (parameters, counted_text_of_field(field, parameters))
        # One more than there may be, so that more are seen.
        counts = await _count(meter, selection, key, width_ns, limit=MAX_CELLS + 1)
        if sum(map(len, counts.values())) <= MAX_CELLS:
            return _series(*_top_of(counts, top), counted)
    return _series(*await _top_first(meter, selection, width_ns, split), counted)


async def _has_few_values(meter: Meter, selection: Selection, field: Field) -> bool:
    """An estimate from the events that are found first: one pass is half the time of two."""
    parameters = Parameters()
    text = counted_text_of_field(field, parameters)
    ((count,),) = await meter.rows(
        f"SELECT uniq(value) FROM (SELECT {text} AS value FROM {EVENTS.read}"
        f" WHERE {selection.where(parameters)} LIMIT {EVENTS_FOR_FEW})",
        parameters.values,
    )
    return bool(count <= FEW_VALUES)


def _top_of(counts: dict[str, dict[int, int]], top: int) -> _Named:
    """The names of the top values, and what each place has in each bucket."""
    totals = {value: sum(buckets.values()) for value, buckets in counts.items() if value}
    names = sorted(totals, key=lambda value: (-totals[value], value))[:top]
    places = {name: place for place, name in enumerate(names, start=1)} | {"": MISSING}
    found: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for value, buckets in counts.items():
        found[places.get(value, OTHER)].update(buckets)
    return names, found


async def _top_first(
    meter: Meter, selection: Selection, width_ns: int, split: tuple[Field, int]
) -> _Named:
    """The top values by a question of their own, so that the other gives rows for these alone."""
    field, top = split
    parameters = Parameters()
    text = counted_text_of_field(field, parameters)
    rows = await meter.rows(
        f"SELECT {text} AS value FROM {EVENTS.read} WHERE {selection.where(parameters)}"
        f" GROUP BY value HAVING value != '' ORDER BY count() DESC, value LIMIT {top}",
        parameters.values,
    )
    names = [row[0] for row in rows]
    parameters = Parameters()
    known = parameters.bind(names, "Array(String)")
    text = counted_text_of_field(field, parameters)
    place = f"if(({text} AS value) = '', {MISSING}, toInt64(indexOf({known}, value)))"
    return names, await _count(meter, selection, (parameters, place), width_ns)


def _series(
    names: list[str], found: Mapping[int, Mapping[int, int]], counted: _Counted
) -> list[Series]:
    series = [
        Series(name, "value", counted.counts(found.get(number, {})))
        for number, name in enumerate(names, start=1)
    ]
    rest = ((OTHER, "other"), (MISSING, "missing"))
    return series + [
        Series("", kind, counted.counts(found[number])) for number, kind in rest if number in found
    ]


async def _count(
    meter: Meter,
    selection: Selection,
    key: tuple[Parameters, str],
    width_ns: int,
    *,
    limit: int | None = None,
) -> dict[Any, dict[int, int]]:
    """Key -> bucket number -> count."""
    parameters, expression = key
    rows = await meter.rows(
        f"SELECT {expression} AS key_of_series,"
        f" intDiv(toUnixTimestamp64Nano(timestamp), {width_ns}) AS bucket, count()"
        f" FROM {EVENTS.read} WHERE {selection.where(parameters)} GROUP BY key_of_series, bucket"
        + (f" LIMIT {limit}" if limit else ""),
        parameters.values,
    )
    found: dict[Any, dict[int, int]] = {}
    for number, bucket, count in rows:
        found.setdefault(number, {})[bucket] = count
    return found


def _histogram(
    meter: Meter,
    span: tuple[int | None, int | None],
    width_ms: int,
    starts_ms: list[int],
    series: list[Series],
) -> Histogram:
    return Histogram(
        interval_ms=width_ms,
        since_ns=span[0],
        until_ns=span[1],
        starts_ms=starts_ms,
        series=series,
        total=sum(sum(line.counts) for line in series),
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )
