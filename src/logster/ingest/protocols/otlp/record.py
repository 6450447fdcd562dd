"""A log record, however it was encoded: which of its values is which field of an event.

In: the values of a record. Out: the fields of an event, as `Rows.add` takes them.
Promise: nothing is lost: what is no field is a property.
"""

from __future__ import annotations

import functools
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import NS_PER_S, render_instant
from logster.fields.epoch import unit_ns_of
from logster.fields.line.embedded import read_embedded
from logster.fields.severity import severity_of, severity_of_otel
from logster.ingest.properties import join

if TYPE_CHECKING:
    from logster.ingest.protocols.otlp.origin import Origin

_STACK = "exception.stacktrace"
_TYPE, _MESSAGE = "exception.type", "exception.message"
_USERS = ("user.id", "enduser.id")
#: Who reads a file says when it was read: that is told when it was so long after the time.
_LATE_NS = NS_PER_S
#: No logger has a longer word for one; what is longer is not remembered.
_MAX_WORD = 32
#: So many numbers have one name, the first of them is the usual one.
_STEP = 4


class Record(msgspec.Struct, gc=False):
    """The values of a log record; `body` is text, None, or what was nested in it."""

    time_ns: int
    observed_ns: int
    number: int
    severity: str
    body: Any
    attributes: dict[str, Any]
    trace_id: str
    span_id: str
    event: str
    #: Its flags, and how many attributes its sender has dropped.
    flags: int
    dropped: int


def compose(record: Record, origin: Origin) -> dict[str, Any]:
    """The fields of the event that a record is."""
    properties, fields = record.attributes, dict(origin.fields)
    is_usual = len(record.severity) <= _MAX_WORD
    read = _read_usual_severity if is_usual else _read_severity
    severity, beside = read(record.number, record.severity)
    if severity is not None:
        fields["severity"] = severity
    if record.trace_id:
        fields["trace_id"] = record.trace_id
    if record.span_id:
        fields["span_id"] = record.span_id
    fields["timestamp"] = _instant_of(record.time_ns or record.observed_ns)
    if _STACK in properties or _MESSAGE in properties or _TYPE in properties:
        _take_exception(properties, fields)
    for name in _USERS:
        if name in properties and "user" not in fields and isinstance(properties[name], str):
            fields["user"] = properties.pop(name)
    message, nested = _message_of(record, fields)
    fields["message"] = message
    parts = [properties, beside, _extras_of(record), nested]
    if severity is None and not beside and isinstance(record.body, str):
        parts.append(_read_text(message, fields))
    parts.append(origin.properties)
    fields["properties"] = join([part for part in parts if part] or [{}])
    return fields


@functools.lru_cache(maxsize=512)
def _read_usual_severity(number: int, text: str) -> tuple[int | None, dict[str, Any]]:
    return _read_severity(number, text)


def _read_severity(number: int, text: str) -> tuple[int | None, dict[str, Any]]:
    """Our severity, and what of the client's own does not follow from it."""
    word = severity_of(text)
    severity = severity_of_otel(number)
    beside: dict[str, Any] = {}
    if number and (severity is None or number % _STEP != 1):  # INFO2, or a number of nobody's
        beside["severity_number"] = number
    if severity is None:
        severity = word
    if text and (word is None or word != severity):
        beside["severity_text"] = text
    return severity, beside


def _instant_of(time_ns: int) -> int | None:
    """A time in nanoseconds; one that is far too small for these counts in another unit."""
    if not time_ns:
        return None
    return time_ns * (unit_ns_of(time_ns) or 1)


def _take_exception(properties: dict[str, Any], fields: dict[str, Any]) -> None:
    """`exception.*` as every error is kept: type and message in one, and the stack trace."""
    stack = properties.get(_STACK)
    if isinstance(stack, str):
        fields["stack_trace"] = properties.pop(_STACK)
    said = [properties.get(name) for name in (_TYPE, _MESSAGE)]
    if all(isinstance(each, str) or each is None for each in said):
        for name in (_TYPE, _MESSAGE):
            properties.pop(name, None)
        text = ": ".join(filter(None, said))
        if text:
            fields["exception"] = text


def _extras_of(record: Record) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if record.event:
        extras["event_name"] = record.event
    if record.flags:
        extras["trace_flags"] = record.flags
    if record.dropped:
        extras["dropped_attributes_count"] = record.dropped
    if record.time_ns and abs(record.observed_ns - record.time_ns) >= _LATE_NS < record.observed_ns:
        extras["observed_time"] = render_instant(record.observed_ns)
    return extras


def _message_of(record: Record, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of a record, and its body when that is more than text."""
    body = record.body
    if isinstance(body, str) and body:
        return body, {}
    if not body and body is not False and body != 0:
        return record.event or fields.get("exception") or "", {"body": body} if body else {}
    said = body.get("message") if isinstance(body, dict) else None
    text = said if isinstance(said, str) and said else msgspec.json.encode(body).decode()
    return text, {"body": body}


#: Said by the protocol already: what a text says of them stays a property.
_KNOWN: frozenset[str] = frozenset({"timestamp"})


def _read_text(text: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A record without a severity is a line that a collector has only carried."""
    found = read_embedded(text, _KNOWN | fields.keys())
    if found is None:
        return {}
    properties: dict[str, Any] = found.pop("properties")
    fields.update(found)
    return properties


def finite(number: float) -> float | str:
    """A number; those that JSON has none for are their names, as in JSON of protobuf."""
    if isfinite(number):
        return number
    return "NaN" if isnan(number) else "Infinity" if number > 0 else "-Infinity"
