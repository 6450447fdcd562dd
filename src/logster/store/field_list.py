"""Which fields and properties events have, from the newest ones.

In: a `Selection`. Out: `Fields`, which say at how many events they looked.
Promise: few rows are read, however many there are.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import read_properties
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.render import render_field
from logster.query.tree import NAME_FIELDS, PROSE_FIELDS, Field
from logster.store.columns import COLUMNS, SEVERITY
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: Looking through properties costs this process about 8 µs an event.
FIELDS_SAMPLE = 2_000
#: Properties larger than this are not looked into: they would be the whole cost.
MAX_PROPERTIES_BYTES = 20_000
#: Different paths of one sample; clients that make names of values have no end of them.
MAX_PATHS = 2_000


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A field; `types` counts what kinds of values it had."""

    field: Field
    types: dict[str, int]
    count: int

    @property
    def name(self) -> str:
        """As it is typed in a search."""
        return render_field(self.field)


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the newest `looked_at` events, the most frequent first."""

    fields: list[FieldInfo]
    looked_at: int
    elapsed_ms: float
    rows_read: int


async def list_fields(
    engine: Engine, selection: Selection, *, sample: int = FIELDS_SAMPLE
) -> Fields:
    """Which fields the newest `sample` events have."""
    meter, parameters = Meter(engine), Parameters()
    own = [*PROSE_FIELDS, *NAME_FIELDS]
    flags = ", ".join(f"{COLUMNS[name]} != ''" for name in own)
    rows = await meter.rows(
        f"SELECT [{flags}, issue != 0],"
        f" if(length(properties) > {MAX_PROPERTIES_BYTES}, '', properties) FROM {EVENTS.read}"
        f" WHERE {selection.where_newest(parameters, sample)}"
        f" ORDER BY timestamp DESC, id DESC LIMIT {sample}",
        parameters.values,
    )
    found = [FieldInfo(field=SEVERITY, types={"severity": len(rows)}, count=len(rows))]
    present = [sum(column) for column in zip(*(row[0] for row in rows), strict=True)]
    for name, count in zip((*own, "issue"), present, strict=False):
        kind = "number" if name == "issue" else "text" if name in PROSE_FIELDS else "string"
        if count:
            found.append(FieldInfo(field=Field(name), types={kind: count}, count=count))
    found += _properties_in(row[1] for row in rows)
    found.sort(key=lambda info: (-info.count, info.field.is_property, info.name))
    return Fields(
        fields=found if rows else [],
        looked_at=len(rows),
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


def _properties_in(texts: Iterator[str]) -> list[FieldInfo]:
    counts: dict[str, Counter[str]] = {}
    for text in texts:
        if not text:
            continue
        for path, kind in _leaves(read_properties(text), "", 0):
            if path in counts or len(counts) < MAX_PATHS:
                counts.setdefault(path, Counter())[kind] += 1
    return [
        FieldInfo(
            field=Field(path, is_property=True),
            types=dict(kinds.most_common()),
            count=kinds.total(),
        )
        for path, kinds in counts.items()
    ]


def _leaves(value: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Paths of what is there (`has:path`), with the kind of value; objects by their members."""
    for name, member in value.items():
        place = f"{path}.{name}" if path else name
        if isinstance(member, dict) and depth + 1 < MAX_PATH_DEPTH:
            yield from _leaves(member, place, depth + 1)
        elif member not in (None, "", {}):
            yield place, _kind_of(member)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else "string"
