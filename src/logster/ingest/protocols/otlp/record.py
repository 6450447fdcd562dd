"""Log records, however they were encoded: which of their values is which field of an event.

In: the records of a body, value by value. Out: the columns of events.
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

    Columns = dict[str, list[Any]]

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


class Records:
    """The records of a body, value by value; `bodies` are text, None, or what is nested."""

    def __init__(self) -> None:
        self.said: list[Record] = []
        self.origins: list[Origin] = []
        self.bodies: list[Any] = []
        self.attributes: list[dict[str, Any]] = []
        self.trace_ids: list[str] = []
        self.span_ids: list[str] = []


def add_extras(record: Record, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a record, and what few records say beside them."""
    extras: dict[str, Any] = {}
    if flags := record.flags:
        extras["trace_flags"] = flags
    if name := record.event_name:
        extras["event_name"] = name
    if dropped := record.dropped_attributes_count:
        extras["dropped_attributes_count"] = dropped
    time_ns, observed_ns = record.time_unix_nano, record.observed_time_unix_nano
    if observed_ns > time_ns + _LATE_NS and time_ns:
        extras["observed_time"] = render_instant(observed_ns)
    return join([attributes, extras]) if extras else attributes


def compose(records: Records) -> Columns:
    """The events that records are, column by column; what few have is looked at by itself."""
    said, origins, properties = records.said, records.origins, records.attributes
    read = [_severity_of(each.severity_number, each.severity_text) for each in said]
    columns: Columns = {
        "message": records.bodies,
        "severity": [severity for severity, _ in read],
        "timestamp": list(map(_instant_of, said)),
        "trace_id": [each or None for each in records.trace_ids],
        "span_id": [each or None for each in records.span_ids],
    }
    for name in {name for origin in set(origins) for name in origin.fields}:
        columns[name] = [origin.fields.get(name) for origin in origins]
    for index, attributes in enumerate(properties):
        if not _SPECIAL.isdisjoint(attributes):
            _put(columns, index, _take_special(attributes))
    for index, (body, (severity, beside)) in enumerate(zip(records.bodies, read, strict=True)):
        if severity is None or beside or not body or not isinstance(body, str):
            odd = _read_odd(columns, index, said[index], is_told=severity is not None or beside)
            properties[index] = join([properties[index], beside, odd])
    columns["properties"] = [
        origin.joined(attributes) for origin, attributes in zip(origins, properties, strict=True)
    ]
    return columns


def _read_odd(columns: Columns, index: int, record: Record, *, is_told: object) -> dict[str, Any]:
    """What a body says that is not text alone: its properties."""
    body = columns["message"][index]
    if not isinstance(body, str) or not body:
        exception = columns["exception"][index] if "exception" in columns else None
        columns["message"][index], nested = _message_of(record, body, exception)
        return nested
    if is_told:
        return {}
    # Without a severity, it is a line that a collector has only carried.
    known = {name for name, values in columns.items() if values[index] is not None}
    found = read_embedded(body, known | {"timestamp"}) or {}
    inner: dict[str, Any] = found.pop("properties", {})
    _put(columns, index, found)
    return inner


def _put(columns: Columns, index: int, fields: dict[str, Any]) -> None:
    """Give an event fields that few have."""
    for name, value in fields.items():
        if name not in columns:
            columns[name] = [None] * len(columns["message"])
        columns[name][index] = value


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


def _take_special(attributes: dict[str, Any]) -> dict[str, Any]:
    """`exception.*` as every error is kept, type and message in one; and the user."""
    fields: dict[str, Any] = {}
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
    return fields


def _message_of(record: Record, body: Any, exception: str | None) -> tuple[str, dict[str, Any]]:
    """The text of a record whose body is none, and the body when it says more."""
    if body is None or body == "":
        return record.event_name or exception or "", {}
    said = body.get("message") if isinstance(body, dict) else None
    text = said if isinstance(said, str) and said else msgspec.json.encode(body).decode()
    return text, {"body": body}


def finite(number: float) -> float | str:
    """A number; those that JSON has none for are their names, as in JSON of protobuf."""
    if isfinite(number):
        return number
    return "NaN" if isnan(number) else "Infinity" if number > 0 else "-Infinity"
