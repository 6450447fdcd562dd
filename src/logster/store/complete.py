"""Completion: the names and values that events really have, from the newest ones.

In: a `Gap` of a search and a workspace (which the caller has checked). Out: suggestions,
the most frequent first.
Promise: few rows are read, however many there are; every text is a bound value.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.fields.severity import SEVERITY_NAMES
from logster.query.complete import Gap
from logster.query.render import render_field, render_filter, render_value
from logster.query.tree import FIELDS, NAME_FIELDS, Field, Prefix
from logster.store.columns import value_of_field
from logster.store.parameters import Parameters
from logster.store.selection import Selection
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.query.complete import Gap
    from logster.store.engine import Engine

#: Enough for a list below a box.
MAX_SUGGESTIONS = 20
#: The newest events, in which names and values are looked for.
EVENTS_FOR_NAMES, EVENTS_FOR_VALUES = 2_000, 10_000
#: Of a longer value the beginning is suggested, with a star behind it.
MAX_VALUE_CHARACTERS = 200


class Completion(msgspec.Struct, frozen=True):
    """What may be put in place; `count` is how many of the newest events have it."""

    text: str
    count: int | None = None


async def complete(engine: Engine, workspace: int, gap: Gap) -> list[Completion]:
    """Fill a gap."""
    begun = gap.begun.lower()
    if gap.kind == "word":
        return [Completion(word) for word in gap.words if word.startswith(begun)]
    if gap.kind == "field":
        fields = [Completion(name + gap.behind) for name in FIELDS if name.startswith(begun)]
        properties = await _properties(engine, workspace, begun)
        return [
            *(Completion(render_field(field) + gap.behind, count) for field, count in properties),
            *fields,
        ][:MAX_SUGGESTIONS]
    if gap.field == Field("severity"):
        return [Completion(name) for name in SEVERITY_NAMES if name.startswith(begun)]
    if gap.field is None or not (gap.field.is_property or gap.field.name in NAME_FIELDS):
        return []
    values = await _values(engine, workspace, gap.field, begun)
    return [Completion(_render(gap.field, value), count) for value, count in values]


def _render(field: Field, value: str) -> str:
    """A value as it stands behind the colon."""
    if len(value) < MAX_VALUE_CHARACTERS:
        return render_value(field, value)
    return render_filter(Prefix(field, value))[len(render_field(field)) + 1 :]


async def _properties(engine: Engine, workspace: int, begun: str) -> list[tuple[Field, int]]:
    parameters = Parameters()
    newest = _newest("JSONExtractKeys(properties)", workspace, EVENTS_FOR_NAMES, parameters)
    found = await _most_frequent(
        engine, f"SELECT arrayJoin(text) AS text FROM ({newest})", begun, parameters
    )
    return [(Field(name, is_property=True), count) for name, count in found]


async def _values(
    engine: Engine, workspace: int, field: Field, begun: str
) -> list[tuple[str, int]]:
    parameters = Parameters()
    longest = parameters.bind(MAX_VALUE_CHARACTERS, "UInt32")
    text = f"leftUTF8({value_of_field(field, parameters)}, {longest})"
    newest = _newest(text, workspace, EVENTS_FOR_VALUES, parameters)
    return await _most_frequent(engine, newest, begun, parameters)


def _newest(expression: str, workspace: int, limit: int, parameters: Parameters) -> str:
    where = Selection(workspace=workspace).where_newest(parameters, limit)
    return (
        f"SELECT {expression} AS text FROM {EVENTS.read} WHERE {where}"
        f" ORDER BY timestamp DESC, id DESC LIMIT {parameters.bind(limit, 'UInt32')}"
    )


async def _most_frequent(
    engine: Engine, texts: str, begun: str, parameters: Parameters
) -> list[tuple[str, int]]:
    longest = parameters.bind(MAX_VALUE_CHARACTERS, "UInt32")
    answer = await engine.ask(
        f"SELECT text, count() AS found FROM ({texts})"
        f" WHERE text != '' AND lengthUTF8(text) <= {longest}"
        f" AND startsWith(lowerUTF8(text), {parameters.bind(begun, 'String')})"
        f" GROUP BY text ORDER BY found DESC, text"
        f" LIMIT {parameters.bind(MAX_SUGGESTIONS, 'UInt32')}",
        parameters.values,
    )
    return [(str(text), int(count)) for text, count in answer.rows]
