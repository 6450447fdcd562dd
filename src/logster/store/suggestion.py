"""What may be wrong with a search that found nothing: its names, its time, or how it was read.

In: a `Selection` that found nothing, and the pipe behind it. Out: a `Suggestion`, when a name in
them is like one that is known, when another reading finds something (`readings`), or when its
time cannot hold anything.
Promise: never an error, because any name may be a property's; asked only when nothing was found.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError, StoreError
from logster.query.parse import parse_filter
from logster.query.question import parse_question, render_question
from logster.query.render import render_field, render_filter
from logster.query.stats import Stats, fields_of, replace_stats_fields
from logster.query.tree import FIELDS, Field, Filter, fields_in, replace_fields
from logster.store.field_list import list_fields
from logster.store.meanings import other_fields
from logster.store.meter import Meter
from logster.store.readings import find_readings
from logster.store.selection import Selection

if TYPE_CHECKING:
    from logster.store.engine import Engine

#: Names that are looked up: comparing one with all that are known takes milliseconds.
MAX_NAMES = 5
#: A longer name is none that somebody types.
MAX_CHARACTERS = 100
#: What every event can have, by name.
OWN = {name: Field(name) for name in FIELDS}
NEAR = "As it is written it finds nothing; this is near, and finds something:"


class Offer(msgspec.Struct, frozen=True):
    """Another search, and how many events it finds in the same time."""

    filter: str
    count: int


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, a search that may be meant (None: no search can say it), and those that find."""

    text: str
    filter: str | None
    offers: list[Offer]
    elapsed_ms: float
    rows_read: int


async def find_suggestion(
    engine: Engine, selection: Selection, stats: Stats | None = None, *, is_empty: bool = True
) -> Suggestion | None:
    """Compare the names that are asked for with those that events have, and read it otherwise.

    `is_empty` tells that no event was found: then other readings are counted. Else only a
    column of numbers was empty, and a name may be wrong.
    """
    said = _mistake_of_time(selection)
    named = [*fields_in(selection.filter), *(fields_of(stats) if stats else ())]
    known, meter = {}, Meter(engine)
    if any(named):
        # Up to the end of the search, not from its start: there may be no event in its time.
        recent = Selection(workspace=selection.workspace, until_ns=selection.until_ns)
        with suppress(StoreError):  # the search itself was answered
            found = await list_fields(engine, recent)
            meter.add(found.elapsed_ms, found.rows_read)
            known = {info.name: info.field for info in found.fields}
    meant = _meant(named, known | OWN) if known else {}
    corrected = _corrected(selection.filter, meant)
    offers = []
    if named and is_empty and not said:
        readings = await find_readings(meter, selection, known | OWN, corrected)
        others = stats and replace_stats_fields(stats, meant)
        texts = [(_asked(reading.filter, others), reading.count) for reading in readings]
        offers = [Offer(text, count) for text, count in texts if text is not None]
    asked = _asked(corrected, stats and replace_stats_fields(stats, meant)) if meant else None
    is_offered = not offers or any(offer.filter == asked for offer in offers)
    said += [_sentence(*pair, is_offered=is_offered) for pair in meant.items()]
    if offers:
        said.append(NEAR)
    if not said:
        return None
    return Suggestion(
        text=" ".join(said),
        filter=asked if is_offered and asked else offers[0].filter if offers else None,
        offers=offers,
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


def _mistake_of_time(selection: Selection) -> list[str]:
    since_ns, until_ns = selection.since_ns, selection.until_ns
    if since_ns is None:
        return []
    if until_ns is not None and until_ns <= since_ns:
        return ["The time ends before it begins."]
    return ["The time begins in the future."] if since_ns > time.time_ns() else []


def _meant(named: list[Field | None], known: dict[str, Field]) -> dict[Field, Field]:
    """Each property that no recent event has, with the name it is most like."""
    asked = [
        field
        for field in dict.fromkeys(named)
        if field and field.is_property and len(field.name) <= MAX_CHARACTERS
    ][:MAX_NAMES]
    meant: dict[Field, Field] = {}
    for field in asked:
        if not _is_among(field, known) and (others := other_fields(field, known)):
            meant[field] = others[0]
    return meant


def _corrected(tree: Filter, meant: dict[Field, Field]) -> Filter:
    """The search with the other names, as the language reads it: of prose a value is a word."""
    other = replace_fields(tree, meant)
    try:
        return parse_filter(render_filter(other))
    except QueryError:
        return other


def _sentence(field: Field, other: Field, *, is_offered: bool) -> str:
    missing = f"No recent event has `{render_field(field)}`"
    return f"{missing}; did you mean `{render_field(other)}`?" if is_offered else f"{missing}."


def _is_among(field: Field, known: dict[str, Field]) -> bool:
    """Whether events have it, or it is an object on the way to what they have."""
    return any(
        other.is_property and (other == field or other.name.startswith(f"{field.name}."))
        for other in known.values()
    )


def _asked(tree: Filter, stats: Stats | None) -> str | None:
    """The text of a search; what one field can be asked, another one cannot."""
    text = render_question(tree, stats)
    try:
        return render_question(*parse_question(text))
    except QueryError:
        return None
