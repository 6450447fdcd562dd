"""A log record, however it was encoded: which of its values is which field of an event.

In: the values of a record. Out: the fields of an event, as `Rows.add` takes them.
Promise: nothing is lost: what is no field is a property.
"""

from __future__ import annotations

import functools
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Protocol

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
#: Attributes of a record that are fields of ours.
_SPECIAL = frozenset({_STACK, _TYPE, _MESSAGE, *_USERS})
#: Who reads a file says when it was read: that is told when it was so long after the time.
_LATE_NS = NS_PER_S
#: Less is no time in nanoseconds: it counts in another unit (1973).
_FIRST_NS = 10**17
#: No logger has a longer word for a severity; what is longer is not remembered.
_MAX_WORD = 32
#: So many numbers have one name, the first of them is the usual one.
_STEP = 4


class Record(Protocol):
    """What protobuf's records and JSON's have in common; 0 and "" are as good as absent."""

    time_unix_nano: int
    observed_time_unix_nano: int
    severity_text: str
    event_name: str
    flags: int
    dropped_attributes_count: int

    @property
    def severity_number(self) -> int:
        """1 to 24; protobuf's class has a type of its own for it."""


def compose(
    record: Record,
    origin: Origin,
    *,
    body: Any,
    attributes: dict[str, Any],
    trace_id: str,
    span_id: str,
) -> dict[str, Any]:
    """The fields of the event that a record is; its `body` is text, None, or what is nested."""
    severity, beside = _severity_of(record.severity_number, record.severity_text)
    fields: dict[str, Any] = {
        **origin.fields,
        "severity": severity,
        "timestamp": _instant_of(record),
        "trace_id": trace_id or None,
        "span_id": span_id or None,
        "message": body,
    }
    if not _SPECIAL.isdisjoint(attributes):
        _take_special(attributes, fields)
    parts = [attributes, beside, _extras_of(record), origin.properties]
    if not body or not isinstance(body, str):
        fields["message"], nested = _message_of(record, body, fields)
        parts.append(nested)
    elif severity is None and not beside:
        parts.append(_read_text(body, fields))
    fields["properties"] = join(parts)
    return fields


def _severity_of(number: int, text: str) -> tuple[int | None, dict[str, Any]]:
    return (_read_usual_severity if len(text) <= _MAX_WORD else _read_severity)(number, text)


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


def _instant_of(record: Record) -> int | None:
    time_ns = record.time_unix_nano or record.observed_time_unix_nano
    if time_ns >= _FIRST_NS:
        return time_ns
    return time_ns * (unit_ns_of(time_ns) or 1) if time_ns else None


def _take_special(attributes: dict[str, Any], fields: dict[str, Any]) -> None:
    """`exception.*` as every error is kept, type and message in one; and the user."""
    for name in _USERS:
        if "user" not in fields and isinstance(attributes.get(name), str):
            fields["user"] = attributes.pop(name)
    if isinstance(attributes.get(_STACK), str):
        fields["stack_trace"] = attributes.pop(_STACK)
    said = [attributes.get(name) for name in (_TYPE, _MESSAGE)]
    if any(said) and all(isinstance(each, str) or each is None for each in said):
        for name in (_TYPE, _MESSAGE):
            attributes.pop(name, None)
        fields["exception"] = ": ".join(filter(None, said))


def _extras_of(record: Record) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if name := record.event_name:
        extras["event_name"] = name
    if flags := record.flags:
        extras["trace_flags"] = flags
    if dropped := record.dropped_attributes_count:
        extras["dropped_attributes_count"] = dropped
    observed_ns = record.observed_time_unix_nano
    if observed_ns > record.time_unix_nano + _LATE_NS and record.time_unix_nano:
        extras["observed_time"] = render_instant(observed_ns)
    return extras


def _message_of(record: Record, body: Any, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of a record whose body is none, and the body when it says more."""
    if body is None or body == "":
        return record.event_name or fields.get("exception") or "", {}
    said = body.get("message") if isinstance(body, dict) else None
    text = said if isinstance(said, str) and said else msgspec.json.encode(body).decode()
    return text, {"body": body}


#: Said by the protocol already: what a text says of them stays a property.
_KNOWN: frozenset[str] = frozenset({"timestamp"})


def _read_text(text: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A record without a severity is a line that a collector has only carried."""
    said = {name for name, value in fields.items() if value is not None}
    found = read_embedded(text, _KNOWN | said)
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
