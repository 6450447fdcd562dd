"""A line that has members: which of them is the message, the time, the severity, the user.

In: names and values of a line. Out: a `Line`, in which each value has the field that can hold it.
Promise: nothing is lost: what no field can hold is a property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.line.severity import read_severity
from logster.fields.line.timestamp import read_time_value
from logster.fields.severity import severity_of

if TYPE_CHECKING:
    from logster.fields.line.timestamp import Clock


class Line(msgspec.Struct, kw_only=True):
    """What a line says; None where it does not say."""

    message: str
    timestamp: str | None = None
    severity: int | None = None
    #: Any other field of an event, by its name: `host`, `stack_trace`.
    fields: dict[str, str] = {}
    properties: dict[str, Any] = {}
    #: Who wrote it, when the line says so surely.
    application: str | None = None


def compose(text: str, members: dict[str, Any], values: dict[str, Any], clock: Clock) -> Line:
    """Make the line; a member that its field can hold leaves the properties."""
    line = Line(message=text, fields={}, properties=members)
    for field, name in find_fields(members).items():
        if _fill(line, field, values[name], clock):
            del members[name]
    if line.severity is None and line.message is not text:
        line.severity = read_severity(line.message)
    return line


def _fill(line: Line, field: str, value: Any, clock: Clock) -> bool:
    """Give the line a field; False when the value is not one that the field can hold."""
    if field == "timestamp":
        line.timestamp = read_time_value(value, clock)
        return line.timestamp is not None
    if field == "severity":
        line.severity = severity_of(value)
        return line.severity is not None
    if not isinstance(value, str) or not value.strip():
        return False
    if field == "message":
        line.message = value.rstrip("\n")
    else:
        line.fields[field] = value
    return True
