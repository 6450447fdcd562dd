"""Pipes in plain Python: the same answer as the engine's, from the same events."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logster.event import NS_PER_S, Severity
from logster.query.match import matches
from logster.query.number import exact_of, number_of
from logster.query.stats import Aggregate, Stats, percentile_of
from logster.query.tree import Field
from logster.query.value import text_of, value_of
from logster.store.aggregates import (
    DAY_S,
    DEFAULT_ROWS,
    DEFAULT_SERIES,
    MAX_KEY_CHARACTERS,
    MAX_OF_SKETCH,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.event import Event
    from logster.query.tree import Filter

#: How far an engine's percentile may be from the exact one.
PERCENTILE_ERROR = 0.0101

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Between:
    """A number that equals every number near those from `low` to `high`."""

    def __init__(self, low: float, high: float, error: float) -> None:
        self.low = low - abs(low) * error
        self.high = high + abs(high) * error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and self.low <= other <= self.high

    __hash__ = None  # type: ignore[assignment]  # equal to many, so never a key

    def __repr__(self) -> str:
        return f"{self.low}…{self.high}"


def evaluate(
    tree: Filter, stats: Stats, events: Sequence[Event], zone: str = "UTC"
) -> list[list[Any]]:
    """The rows of the answer."""
    found = [event for event in events if matches(tree, event)]
    grouped = _grouped(stats, found, lambda _: ())
    if stats.every_s is None:
        rows = [[*_shown(stats, keys), *numbers] for keys, numbers in grouped]
        if not stats.by and not rows:
            rows = [_numbers(stats, [])]
        return rows[: stats.limit or DEFAULT_ROWS]
    every_s = stats.every_s
    limit = stats.limit or (
        DEFAULT_SERIES if stats.by and stats.by != (Field("severity"),) else None
    )
    kept = {keys for keys, _ in grouped[:limit]}
    stepped = _grouped(
        stats,
        [event for event in found if _keys_of(stats, event) in kept],
        lambda event: (_step_of(every_s, event.timestamp, zone),),
    )
    stepped.sort(key=lambda row: row[0][0])
    return [[keys[0], *_shown(stats, keys[1:]), *numbers] for keys, numbers in stepped]


def _grouped(stats: Stats, events: list[Event], first: Any) -> list[tuple[Any, list[Any]]]:
    """Groups with their numbers, the largest first number first."""
    groups: dict[Any, list[Event]] = defaultdict(list)
    for event in events:
        groups[(*first(event), *_keys_of(stats, event))].append(event)
    rows = [(keys, _numbers(stats, members)) for keys, members in sorted(groups.items())]
    rows.sort(key=lambda row: -_size(row[1][0]))
    return rows


def _size(number: Any) -> float:
    if isinstance(number, Between):
        return number.low
    return -math.inf if number is None else number


def _keys_of(stats: Stats, event: Event) -> tuple[Any, ...]:
    return tuple(_key_of(field, event) for field in stats.by)


def _key_of(field: Field, event: Event) -> Any:
    value = value_of(field, event)
    if field.is_property:
        return (text_of(value) or "")[:MAX_KEY_CHARACTERS]
    return value[:MAX_KEY_CHARACTERS] if isinstance(value, str) else value


def _shown(stats: Stats, keys: tuple[Any, ...]) -> list[str | None]:
    return [_shown_key(field, key) for field, key in zip(stats.by, keys, strict=True)]


def _shown_key(field: Field, key: Any) -> str | None:
    if field == Field("severity"):
        return Severity(key).name.lower()
    return None if key == "" or (field == Field("issue") and key == 0) else str(key)


def _numbers(stats: Stats, events: list[Event]) -> list[Any]:
    return [_number_of(part, events) for part in stats.aggregates]


def _number_of(part: Aggregate, events: list[Event]) -> Any:
    if part.field is None:
        return len(events)
    values = [value_of(part.field, event) for event in events]
    if part.function == "distinct":
        texts = {text_of(value) for value in values} - {None, ""}
        return len(texts - {"0"} if part.field == Field("issue") else texts)
    if part.field.is_property:
        read = _kept_of if part.function in ("min", "max") else number_of
        values = [number for number in map(read, values) if number is not None]
    share = percentile_of(part.function)
    if share is not None:
        values = sorted(value for value in values if abs(value) < MAX_OF_SKETCH)
    if not values:
        return None
    if share is not None:
        place = share * (len(values) - 1)
        return Between(values[math.floor(place)], values[math.ceil(place)], PERCENTILE_ERROR)
    if part.function in ("min", "max"):
        return min(values) if part.function == "min" else max(values)
    total = math.fsum(values) / (len(values) if part.function == "avg" else 1)
    return Between(total, total, 1e-9)


def _kept_of(value: Any) -> int | float | None:
    """Whole numbers of 64 bits by their digits, all others as floats."""
    number = exact_of(value)
    return number if isinstance(number, int) and -(2**63) <= number < 2**64 else number_of(value)


def _step_of(every_s: int, timestamp: int, zone: str) -> int:
    if every_s % DAY_S:
        return timestamp // (every_s * NS_PER_S) * every_s * NS_PER_S
    place = ZoneInfo(zone)
    day = (_EPOCH + timedelta(seconds=timestamp // NS_PER_S)).astimezone(place).date()
    first = datetime(1970, 1, 1 if every_s // DAY_S % 7 else 5, tzinfo=UTC).date()
    days = (day - first).days // (every_s // DAY_S) * (every_s // DAY_S)
    start = datetime.combine(first + timedelta(days=days), datetime.min.time(), place)
    return (start - _EPOCH) // timedelta(seconds=1) * NS_PER_S
