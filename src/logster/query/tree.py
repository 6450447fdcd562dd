"""What a search is: a tree of conditions on fields.

In: nothing; `parse` and the store make it. Out: a frozen `Filter`, the fields it looks at, and
the same about other fields. Promise: no text and no SQL. `render` writes it, `match` says what it
means in memory, `store/conditions` says the same to the engine.

A name that is no field is a path into the properties: the member of exactly that name, else the
member reached by splitting at dots.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Fields of prose: searched by word; a plain word searches them all.
PROSE_FIELDS = ("message", "exception", "stack_trace")
#: Fields that hold a name: compared whole, upper and lower case are different.
NAME_FIELDS = (
    "template",
    "application",
    "category",
    "user",
    "host",
    "environment",
    "release",
    "trace_id",
    "span_id",
    "protocol",
)
#: Fields that hold a whole number.
NUMBER_FIELDS = ("severity", "id", "issue")
#: Fields that hold an instant.
TIME_FIELDS = ("timestamp", "received_at")
#: All of them; every other name is a property's.
FIELDS = (*NAME_FIELDS, *PROSE_FIELDS, *NUMBER_FIELDS, *TIME_FIELDS)

#: Before a name: it is a property, though a field has that name.
PROPERTY_MARK = "properties."
_FIELD_NAMES = {name.replace("_", ""): name for name in FIELDS}

Comparison: TypeAlias = Literal["<", "<=", ">", ">="]


class Field(msgspec.Struct, frozen=True):
    """Where to look: one of the fields above, or a path into the properties."""

    name: str
    is_property: bool = False


class Words(msgspec.Struct, frozen=True, tag=True):
    """A word or phrase, in one prose field or (None) in any of them."""

    text: str
    field: Field | None = None
    is_prefix: bool = False


class Equal(msgspec.Struct, frozen=True, tag=True):
    """The field has exactly this value."""

    field: Field
    value: str | int


class Prefix(msgspec.Struct, frozen=True, tag=True):
    """The field's text begins with this; upper and lower case are different."""

    field: Field
    text: str


class Glob(msgspec.Struct, frozen=True, tag=True):
    """These texts, with a `*` between each two of them, in any prose field (None) or one field.

    At least two; only the first and the last can be empty. A star at the end alone is a
    `Prefix`, or `Words` with `is_prefix`.
    """

    texts: tuple[str, ...]
    field: Field | None = None


class Regex(msgspec.Struct, frozen=True, tag=True):
    """An expression that `regex.parse_regex` takes, as typed, in any prose field or one field."""

    text: str
    field: Field | None = None
    is_any_case: bool = False


class Order(msgspec.Struct, frozen=True, tag=True):
    """The field is a number, or an instant in nanoseconds, on this side of the value."""

    field: Field
    comparison: Comparison
    value: int | float | Decimal


class Has(msgspec.Struct, frozen=True, tag=True):
    """The field is there, not null and not empty text."""

    field: Field


class And(msgspec.Struct, frozen=True, tag=True):
    """All of them; with none inside, every event."""

    filters: tuple[Filter, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """Any of them."""

    filters: tuple[Filter, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """Not this one; an event without the field matches."""

    filter: Filter


Filter: TypeAlias = Words | Equal | Prefix | Glob | Regex | Order | Has | And | Or | Not

#: The filter of an empty search.
EVERYTHING = And(())


def field_named(name: str) -> Field:
    """The field of this name (any case, with `_` or without), else the property."""
    field_name = _FIELD_NAMES.get(name.lower().replace("_", ""))
    if field_name is not None:
        return Field(field_name)
    if name.lower().startswith(PROPERTY_MARK):
        name = name[len(PROPERTY_MARK) :]
    return Field(name, is_property=True)


def is_prose(field: Field | None) -> bool:
    """Whether it is searched by word; None is any field of prose."""
    return field is None or (field.name in PROSE_FIELDS and not field.is_property)


def fields_in(tree: Filter) -> list[Field | None]:
    """What a filter looks at, each once, in their order; None for words anywhere."""
    match tree:
        case And(filters) | Or(filters):
            found = [field for part in filters for field in fields_in(part)]
        case Not(part):
            found = fields_in(part)
        case _:
            found = [tree.field]
    return list(dict.fromkeys(found))


def replace_fields(tree: Filter, others: Mapping[Field, Field]) -> Filter:
    """The same filter about other fields; `parse_filter` may refuse the text of it."""
    match tree:
        case And(filters):
            return And(tuple(replace_fields(part, others) for part in filters))
        case Or(filters):
            return Or(tuple(replace_fields(part, others) for part in filters))
        case Not(part):
            return Not(replace_fields(part, others))
        case _ if tree.field is not None and tree.field in others:
            return msgspec.structs.replace(tree, field=others[tree.field])
        case _:
            return tree


def parts_of(tree: Filter) -> tuple[Filter, ...]:
    """The filters right inside this one."""
    match tree:
        case And(filters) | Or(filters):
            return filters
        case Not(part):
            return (part,)
        case _:
            return ()
