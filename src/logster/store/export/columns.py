"""The columns of a file: which there are, and their values as plain text.

In: names from a stranger. Out: `Column`s; SQL for the text of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError
from logster.event import TEXT_FIELDS
from logster.query.grammar import unquote_name
from logster.query.tree import Field
from logster.store.columns import COLUMNS, text_of_field
from logster.store.input import field_of
from logster.store.properties import member_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.store.parameters import Parameters

MAX_COLUMNS = 100
#: The order of the API's own events.
DEFAULT_COLUMNS = (
    *("id", "timestamp", "received_at", "severity"),
    *TEXT_FIELDS,
    *("properties", "protocol", "issue", "details"),
)
#: Columns that are no fields of the search language, and what stands for one that is empty.
PROPERTIES, DETAILS = Field("properties"), Field("details")
OBJECTS = {PROPERTIES: "{}", DETAILS: "null"}


class Column(msgspec.Struct, frozen=True):
    """A column of the file: its heading, and what it holds."""

    heading: str
    field: Field


def choose_columns(names: Sequence[str]) -> list[Column]:
    """The columns of these names, all when none are named; raises `QueryError`."""
    if len(names) > MAX_COLUMNS:
        raise QueryError(f"at most {MAX_COLUMNS} columns are possible, here are {len(names)}")
    fields = {
        unquote_name(name.strip()): _field_of_column(name) for name in names or DEFAULT_COLUMNS
    }
    return [Column(heading, field) for heading, field in fields.items()]


def _field_of_column(name: str) -> Field:
    """The field of a column; all properties together are a column too, and so are the details."""
    object_of = {each.name: each for each in OBJECTS}.get(name.strip().lower())
    return object_of or field_of(name)


def object_text(field: Field, empty: str) -> str:
    """The JSON of all properties, or of the details."""
    return f"if({field.name} = '', '{empty}', {one_line(field.name)})"


def plain_text(field: Field, parameters: Parameters) -> str:
    """A value as text: properties that are objects or lists as JSON."""
    if field in OBJECTS:
        return object_text(field, "{}" if field == PROPERTIES else "")
    if field.is_property:
        raw, name = member_of(field, parameters)
        return f"if(JSONType({raw}) = 'String', JSONExtractString({name}), {one_line(name)})"
    return text_of_field(field, parameters)


def is_absent(field: Field) -> str:
    """Whether the client did not send a text: '' is what it sent when its bit is set."""
    if field.name not in TEXT_FIELDS or field.name == "message":
        return "0"
    return f"{COLUMNS[field.name]} = '' AND NOT bitTest(blank, {TEXT_FIELDS.index(field.name)})"


def one_line(text: str) -> str:
    """JSON that a client wrote over several lines; inside its strings no line can end."""
    return f"replaceRegexpAll({text}, '[\\r\\n]+', ' ')"
