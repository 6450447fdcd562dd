"""What strangers ask for besides a search: names of fields, numbers of things.

In: a text, a number. Out: a `Field`, or `QueryError` that says what is possible.
"""

from __future__ import annotations

from logster.errors import QueryError
from logster.query.grammar import unquote_name
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.tree import PROSE_FIELDS, TIME_FIELDS, Field, field_named

#: Longer names are no names; each is a parameter of the SQL, and a heading for people.
MAX_FIELD_CHARACTERS = 500


def field_of(text: str) -> Field:
    """The field a name means, in quotes or without, as in a search; raises `QueryError`."""
    name = unquote_name(text.strip())
    if not name or len(name) > MAX_FIELD_CHARACTERS:
        raise QueryError(
            f"a field's name has 1 to {MAX_FIELD_CHARACTERS} characters, this one {len(name)}"
        )
    field = field_named(name)
    if field.is_property and field.name.count(".") >= MAX_PATH_DEPTH:
        raise QueryError(f"a property is at most {MAX_PATH_DEPTH} levels deep")
    return field


def countable_field_of(text: str) -> Field:
    """A field whose values can be counted: every one but prose and instants."""
    field = field_of(text)
    if field.is_property:
        return field
    if field.name in TIME_FIELDS:
        raise QueryError(
            f"{field.name} is an instant, nearly every event has its own; "
            "ask /api/v1/histogram for counts over time"
        )
    if field.name in PROSE_FIELDS:
        raise QueryError(
            f"{field.name} is prose, every event has its own; ask /api/v1/patterns for its shapes"
        )
    return field


def check_range(name: str, value: int, highest: int) -> None:
    """Refuse what is not 1 to `highest`."""
    if not 1 <= value <= highest:
        raise QueryError(f"{name} is {value}, it can be 1 to {highest}")
