"""The most frequent values of fields, beside a list of events.

In: a `Selection` and the names of fields. Out: `Facets`.
Promise: counts are exact. A field is counted without the conditions that choose or exclude
values of it, so that the others can still be chosen; all other conditions hold for it too. Values
named by those conditions are among the answer, however rare they are.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError
from logster.event import Severity
from logster.query.render import render_field
from logster.query.tree import And, Equal, Field, Filter, Has, Not, Or, Prefix, fields_in
from logster.store.columns import MAX_VALUE_CHARACTERS, SEVERITY, counted_text_of_field
from logster.store.input import check_range
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from logster.store.engine import Engine
    from logster.store.selection import Selection

DEFAULT_FACETS = (
    "severity",
    "application",
    "category",
    "user",
    "host",
    "environment",
    "release",
)
DEFAULT_VALUES, MAX_VALUES = 10, 100
MAX_FACETS = 20
#: Values that conditions name and that are kept in the answer; a search has 200 terms at most.
MAX_NAMED = 200
#: What is looked for in values; nobody types more.
MAX_LOOKED_FOR_CHARACTERS = 200


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """The most frequent values of a field; `missing` events have none.

    `has_more`: there are values beyond these.
    """

    field: str
    values: list[tuple[str, int]]
    missing: int
    has_more: bool


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """Top values of several fields, and how many events the whole search finds."""

    facets: list[Facet]
    total: int
    elapsed_ms: float
    rows_read: int


async def facets(
    engine: Engine,
    selection: Selection,
    fields: Sequence[Field],
    *,
    limit: int = DEFAULT_VALUES,
    holding: str = "",
) -> Facets:
    """Count the values of `fields`: in one pass, and one more for each with conditions of its own.

    `holding` gives only values that hold this text, in upper or lower case; of one field.
    """
    check_range("limit", limit, MAX_VALUES)
    check_range("the number of fields", len(fields), MAX_FACETS)
    _check_holding(holding, fields)
    meter = Meter(engine)
    asked = _Asked(limit, holding)
    others = {field: _without_values(selection.filter, field) for field in fields}
    shared = [field for field in fields if others[field] == selection.filter]
    total, found = await _count(meter, selection, shared, asked)
    for field in fields:
        if field not in found:
            own = selection.with_filter(others[field])
            named = _values_named(selection.filter, field)
            _, counted = await _count(meter, own, [field], asked, named)
            found |= counted
    return Facets(
        facets=[found[field] for field in fields],
        total=total,
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


class _Asked(msgspec.Struct, frozen=True):
    """How many values of each field, and which."""

    limit: int
    holding: str


async def _count(
    meter: Meter,
    selection: Selection,
    fields: Sequence[Field],
    asked: _Asked,
    named: Sequence[str] = (),
) -> tuple[int, dict[Field, Facet]]:
    """All events, and the values of each field, in one pass; `named` are never cut off."""
    parameters = Parameters()
    if not fields:
        where = selection.where(parameters)
        ((total,),) = await meter.rows(
            f"SELECT count() FROM {EVENTS.read} WHERE {where}", parameters.values
        )
        return total, {}
    names = [f"f{place}" for place in range(len(fields))]
    texts = ", ".join(
        f"{counted_text_of_field(field, parameters)} AS {name}"
        for field, name in zip(fields, names, strict=True)
    )
    is_missing = " AND ".join(f"{name} = ''" for name in names)
    cut = [value[:MAX_VALUE_CHARACTERS] for value in named]
    is_named = f"has({parameters.bind(cut, 'Array(String)')}, {names[0]})"
    having = f" HAVING ({is_missing}) OR {_holds(asked, fields, parameters)}" * bool(asked.holding)
    # The row of the set () is the total. No limit cuts what is missing or named, as these come
    # first; one value more than wanted tells that there are more.
    rows = await meter.rows(
        f"SELECT grouping({', '.join(names)}) AS place, {', '.join(names)}, count() AS number"
        f" FROM (SELECT {texts} FROM {EVENTS.read} WHERE {selection.where(parameters)})"
        f" GROUP BY GROUPING SETS ((), {', '.join(f'({name})' for name in names)}){having}"
        f" ORDER BY ({is_missing}) DESC, {is_named} DESC, number DESC, {', '.join(names)}"
        f" LIMIT {asked.limit + 2 + len(named)} BY place",
        parameters.values,
    )
    # grouping() has a bit for each field, the first one highest; the set's own bit is 0.
    everything = (1 << len(fields)) - 1
    counted: dict[int, dict[str, int]] = {row[0]: {} for row in rows}
    for place, *values, number in rows:
        counted[place]["".join(values)] = number
    found = {
        field: _facet(
            field, counted.get(everything - (1 << (len(fields) - 1 - place)), {}), asked, named
        )
        for place, field in enumerate(fields)
    }
    return counted.get(everything, {}).get("", 0), found


def _holds(asked: _Asked, fields: Sequence[Field], parameters: Parameters) -> str:
    """Whether the value of the one field holds the text; severities go by their names."""
    text = asked.holding.lower()
    if fields[0] == SEVERITY:
        levels = [str(level.value) for level in Severity if text in level.name.lower()]
        return f"has({parameters.bind(levels, 'Array(String)')}, f0)"
    return f"position(lowerUTF8(f0), {parameters.bind(text, 'String')}) > 0"


def _facet(field: Field, counted: dict[str, int], asked: _Asked, named: Sequence[str]) -> Facet:
    """The most frequent of the counted values, and the named ones wherever they stand."""
    kept = {value[:MAX_VALUE_CHARACTERS] for value in named}
    values = {value: count for value, count in counted.items() if value}
    if not asked.holding:
        values |= {value: 0 for value in kept if value not in values}
    ranked = sorted(values, key=lambda value: (-values[value], value))
    given = [value for place, value in enumerate(ranked) if place < asked.limit or value in kept]
    return Facet(
        field=render_field(field),
        values=[(name_of_value(field, value), values[value]) for value in given],
        missing=counted.get("", 0),
        has_more=len(given) < len(ranked),
    )


def name_of_value(field: Field, value: str) -> str:
    """A value as people write it: severities by name."""
    return Severity(int(value)).name.lower() if field == SEVERITY else value


def _without_values(tree: Filter, field: Field) -> Filter:
    """The filter without what chooses or excludes values of this field, and must hold anyway.

    Ranges, patterns and `has:` stay: they say among which values to choose.
    """
    kept = tuple(part for part in _parts(tree) if not _chooses(part, field))
    if len(kept) == len(_parts(tree)):
        return tree
    return kept[0] if len(kept) == 1 else And(kept)


def _values_named(tree: Filter, field: Field) -> list[str]:
    chosen = [part for part in _parts(tree) if _chooses(part, field)]
    values = dict.fromkeys(value for part in chosen for value in _values_in(part) if value)
    return list(values)[:MAX_NAMED]


def _parts(tree: Filter) -> tuple[Filter, ...]:
    return tree.filters if isinstance(tree, And) else (tree,)


def _chooses(part: Filter, field: Field) -> bool:
    """`field:value`, `field:(one, other)`, or the opposite of one of them."""
    if isinstance(part, Not):
        return _chooses(part.filter, field)
    if isinstance(part, Or) and any(isinstance(each, Not | Or | Has) for each in part.filters):
        return False
    is_value = isinstance(part, Equal | Or) or _is_long_value(part)
    return is_value and fields_in(part) == [field]


def _is_long_value(part: Filter) -> bool:
    """All that begin with so many characters are counted as one value, and chosen by them."""
    return isinstance(part, Prefix) and len(part.text) >= MAX_VALUE_CHARACTERS


def _values_in(part: Filter) -> Iterator[str]:
    match part:
        case Equal(_, value):
            yield str(value)
        case Prefix(_, text) if _is_long_value(part):
            yield text
        case Not(inner):
            yield from _values_in(inner)
        case And(filters) | Or(filters):
            for each in filters:
                yield from _values_in(each)


def _check_holding(holding: str, fields: Sequence[Field]) -> None:
    if len(holding) > MAX_LOOKED_FOR_CHARACTERS:
        raise QueryError(
            f"the text to look for in values has {len(holding)} characters,"
            f" it can be at most {MAX_LOOKED_FOR_CHARACTERS} long"
        )
    if holding and len(fields) != 1:
        raise QueryError(
            f"a text is looked for in the values of one field, not of {len(fields)};"
            " ask for each field by itself"
        )
