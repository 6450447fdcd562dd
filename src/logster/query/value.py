"""What an event has where a field looks, and the text of it.

In: a field and an event. Out: the value, and what patterns look at.
Promise: `store/properties` says the same in SQL. Objects, arrays and nulls have no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.query.number import text_of_number

if TYPE_CHECKING:
    from logster.event import Event
    from logster.query.tree import Field


def value_of(field: Field, event: Event) -> Any:
    """What the event has there; None for a property it has not."""
    value: Any
    if not field.is_property:
        value = getattr(event, field.name)
        return "" if value is None else value
    if field.name in event.properties:
        return event.properties[field.name]
    value = event.properties
    for name in field.name.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def text_of(value: Any) -> str | None:
    """A property's value as text; None for what has none: null, objects, lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of_number(value) if isinstance(value, int | float) else None
