"""What may be wrong with a search that found nothing: a field that no recent event has.

In: a `Selection` that found nothing, and the pipe behind it. Out: a `Hint`, when a name in them
is like one that is known.
Promise: never an error, because any name may be a property's; asked only when nothing was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError, StoreError
from logster.language import (
    FIELDS,
    Field,
    fields_in,
    near,
    render_field,
    replace_fields,
)
from logster.pipes import Stats, fields_of, parse_question, render_question, replace_stats_fields
from logster.store.question import Selection
from logster.store.summary import list_fields

if TYPE_CHECKING:
    from logster.store.engine import Engine


#: Names that are looked up: comparing one with all that are known takes milliseconds.
MAX_NAMES = 5
#: A longer name is none that somebody types.
MAX_CHARACTERS = 100


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, and the search with the other names; None when that would be none."""

    text: str
    filter: str | None
    elapsed_ms: float
    rows_read: int


async def find_hint(
    engine: Engine, selection: Selection, stats: Stats | None = None
) -> Hint | None:
    """Compare the properties that are asked for with those that events have."""
    named = [*fields_in(selection.filter), *(fields_of(stats) if stats else ())]
    asked = [
        field
        for field in dict.fromkeys(named)
        if field and field.is_property and len(field.name) <= MAX_CHARACTERS
    ][:MAX_NAMES]
    if not asked:
        return None
    # Up to the end of the search, not from its start: there may be no event in its time.
    recent = Selection(workspace=selection.workspace, until_ns=selection.until_ns)
    try:
        found = await list_fields(engine, recent)
    except StoreError:
        return None  # the search itself was answered
    known = {info.name: info.field for info in found.fields}
    known |= {name: Field(name) for name in FIELDS}
    meant: dict[Field, Field] = {}
    for field in asked:
        if not _is_among(field, known) and (other := near(field.name, known)):
            meant[field] = known[other]
    if not meant:
        return None
    sentences = [
        f"No recent event has `{render_field(field)}`; did you mean `{render_field(other)}`?"
        for field, other in meant.items()
    ]
    return Hint(
        text=" ".join(sentences),
        filter=_corrected(selection, stats, meant),
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )


def _is_among(field: Field, known: dict[str, Field]) -> bool:
    """Whether events have it, or it is an object on the way to what they have."""
    return any(
        other.is_property and (other == field or other.name.startswith(f"{field.name}."))
        for other in known.values()
    )


def _corrected(selection: Selection, stats: Stats | None, meant: dict[Field, Field]) -> str | None:
    """The search with the other names; what one field can be asked, another one cannot."""
    tree = replace_fields(selection.filter, meant)
    text = render_question(tree, stats and replace_stats_fields(stats, meant))
    try:
        return render_question(*parse_question(text))
    except QueryError:
        return None
