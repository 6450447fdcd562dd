"""OTLP in JSON: protobuf's JSON form, but with ids in hexadecimal.

In: bytes. Out: events; a record that cannot be read is a rejection.
Promise: records are counted before any of them is made; members of other names are ignored, as
the protocol wants it; a whole number keeps all its digits, be it sent as text or as a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import InvalidBodyError
from logster.ingest.groups import Groups
from logster.ingest.json_items import read_items
from logster.ingest.json_text import replace_halves
from logster.ingest.lines import Lines
from logster.ingest.properties import gather
from logster.ingest.protocols.otlp.origin import origin_of
from logster.ingest.protocols.otlp.record import Records, add_extras, compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from logster.ingest.protocol import Limits, Reading
    from logster.ingest.protocols.otlp.origin import Origin

_DIGITS = re.compile(r"-?\d{1,20}", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]{1,64}", re.ASCII)
_SEVERITY = re.compile(r"SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?)")
_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


_ABSENT = msgspec.Raw(b"null")


class _Struct(msgspec.Struct, rename="camel", gc=False):
    """A message of protobuf in JSON; a member that is null is as good as absent."""


class _AnyValue(_Struct):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | float | str | None = None
    double_value: int | float | str | None = None
    bytes_value: str | None = None
    array_value: _ArrayValue | None = None
    kvlist_value: _KeyValueList | None = None


class _KeyValue(_Struct):
    key: str | None = None
    value: _AnyValue | None = None


class _ArrayValue(_Struct):
    values: list[_AnyValue | None] | None = None


class _KeyValueList(_Struct):
    values: list[_KeyValue] | None = None


class _Head(_Struct):
    """A resource, or a scope."""

    name: str | None = None
    version: str | None = None
    attributes: list[_KeyValue] | None = None
    dropped_attributes_count: int | str | None = None


class _LogRecord(_Struct):
    time_unix_nano: int | str | None = None
    observed_time_unix_nano: int | str | None = None
    severity_number: int | str | None = None
    severity_text: str | None = None
    body: _AnyValue | None = None
    attributes: list[_KeyValue] | None = None
    dropped_attributes_count: int | str | None = None
    flags: int | str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class _Record(msgspec.Struct):
    """The values of a record as protobuf has them."""

    time_unix_nano: int
    observed_time_unix_nano: int
    severity_number: int
    severity_text: str
    event_name: str
    flags: int
    dropped_attributes_count: int


class _ScopeLogs(_Struct):
    scope: msgspec.Raw = _ABSENT
    log_records: msgspec.Raw = _ABSENT
    schema_url: str | None = None


class _ResourceLogs(_Struct):
    resource: msgspec.Raw = _ABSENT
    scope_logs: msgspec.Raw = _ABSENT
    schema_url: str | None = None


class _Request(_Struct):
    resource_logs: msgspec.Raw = _ABSENT


_request = msgspec.json.Decoder(_Request)
_resource_logs = msgspec.json.Decoder(_ResourceLogs)
_scope_logs = msgspec.json.Decoder(_ScopeLogs)
_head = msgspec.json.Decoder(_Head | None)
_record = msgspec.json.Decoder(_LogRecord)


def read_json(body: bytes, limits: Limits) -> Reading:
    """The events and rejections of a body; raises InvalidBodyError when it is none of these."""
    lines, records = Lines(limits), Records()
    try:
        for texts, origin, said_bytes in _scopes_of(_decode(body), limits):
            lines.expect(len(texts))
            for text in texts:
                if not lines.has_room(said_bytes + len(text)):
                    continue
                try:
                    _read_record(_record.decode(text), origin, records)
                except (ValueError, RecursionError) as error:
                    lines.reject(error)
                else:
                    lines.keep()
                if lines.is_full:
                    lines.end_part(compose(records))
                    records = Records()
    except (ValueError, RecursionError) as error:
        told = f"The body is no ExportLogsServiceRequest in JSON: {error}."
        raise InvalidBodyError({"body": [told]}, "syntax") from None
    return lines.reading(compose(records))


def _decode(body: bytes) -> _Request:
    try:
        return _request.decode(body)
    except ValueError:
        return _request.decode(replace_halves(body))


def _scopes_of(
    request: _Request, limits: Limits
) -> Iterator[tuple[list[msgspec.Raw], Origin, int]]:
    """The records of each scope, who sent them, and how many bytes say that.

    When these alone are more than an event may have, nothing is made of them.
    """
    groups = Groups(limits)
    most = limits.max_message_bytes
    for text in read_items(request.resource_logs, limits):
        logs = _resource_logs.decode(text)
        groups.add(0, 0)
        resource_bytes = len(text) - len(logs.scope_logs)
        resource = _read_head(logs.resource if resource_bytes <= most else _ABSENT)
        of_resource = origin_of(
            _pairs_of(resource.attributes or ()),
            logs.schema_url or "",
            _whole(resource.dropped_attributes_count),
        )
        for scope_text in read_items(logs.scope_logs, limits):
            scope = _scope_logs.decode(scope_text)
            records = read_items(scope.log_records, limits)
            said_bytes = resource_bytes + len(scope_text) - len(scope.log_records)
            groups.add(len(records), said_bytes)
            if not records:  # or what the resource says would be written for nobody
                continue
            head = _read_head(scope.scope if said_bytes <= most else _ABSENT)
            yield (
                records,
                of_resource.of_scope(
                    head.name or "",
                    head.version or "",
                    _pairs_of(head.attributes or ()),
                    scope.schema_url or "",
                    _whole(head.dropped_attributes_count),
                ),
                said_bytes,
            )


def _read_head(text: msgspec.Raw) -> _Head:
    return _head.decode(text) or _Head()


def _read_record(said: _LogRecord, origin: Origin, records: Records) -> None:
    record = _Record(
        time_unix_nano=_whole(said.time_unix_nano),
        observed_time_unix_nano=_whole(said.observed_time_unix_nano),
        severity_number=_severity_of(said.severity_number),
        severity_text=said.severity_text or "",
        event_name=said.event_name or "",
        flags=_whole(said.flags),
        dropped_attributes_count=_whole(said.dropped_attributes_count),
    )
    body, attributes = _value_of(said.body), gather(_pairs_of(said.attributes or ()))
    records.origins.append(origin)
    records.said.append(record)
    records.bodies.append(body)
    records.attributes.append(add_extras(record, attributes))
    records.trace_ids.append(_id_of(said.trace_id))
    records.span_ids.append(_id_of(said.span_id))


def _pairs_of(pairs: Iterable[_KeyValue]) -> Iterator[tuple[str, Any]]:
    return ((pair.key or "", _value_of(pair.value)) for pair in pairs)


def _value_of(value: _AnyValue | None) -> Any:
    if value is None:
        return None
    if value.int_value is not None:
        return _integer_of(value.int_value)
    if value.kvlist_value is not None:
        return gather(_pairs_of(value.kvlist_value.values or ()))
    if value.array_value is not None:
        return [_value_of(each) for each in value.array_value.values or ()]
    flat = (value.string_value, value.double_value, value.bool_value, value.bytes_value)
    return next((each for each in flat if each is not None), None)


def _integer_of(said: float | str) -> float | str:
    """A whole number that was sent as text is one; any other text stays what it is."""
    return int(said) if isinstance(said, str) and _DIGITS.fullmatch(said) else said


def _whole(said: int | str | None) -> int:
    """A number of the protocol's own; raises ValueError when it is none."""
    if isinstance(said, str) and not _DIGITS.fullmatch(said):
        raise ValueError(f"{said[:40]!r} is no whole number")
    return int(said or 0)


def _severity_of(said: int | str | None) -> int:
    """A severity's number; its name is taken, too."""
    if isinstance(said, str) and (found := _SEVERITY.fullmatch(said)):
        return _NAMES.index(found[1]) * 4 + int(found[2] or 1)
    return 0 if said == "SEVERITY_NUMBER_UNSPECIFIED" else _whole(said)


def _id_of(said: str | None) -> str:
    """An id, as all are written; of one that is no hexadecimal number all is kept."""
    return said.lower() if said and _HEX.fullmatch(said) else said or ""
