"""OTLP in protobuf: `ExportLogsServiceRequest`.

In: bytes. Out: events; a record that cannot be read is a rejection.
Promise: records are counted before any of them is made, and are made one at a time.

Google's runtime parses, and its objects are asked for each value: 0.15 µs for one, 0.5 µs for
which of a oneof is set, so texts and numbers are asked for by themselves first. Decision 039 has
what else was measured.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from logster.errors import InvalidBodyError
from logster.ingest.groups import Groups
from logster.ingest.lines import Lines
from logster.ingest.properties import gather
from logster.ingest.protobuf import declare
from logster.ingest.protocols.otlp.origin import origin_of
from logster.ingest.protocols.otlp.record import Records, add_extras, compose, finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from logster.ingest.protocol import Limits, Reading
    from logster.ingest.protocols.otlp.origin import Origin

# The three levels around a record have one form: what is said once, and what is many.
_GROUPS = declare(
    "logster.otlp",
    {
        "Request": "repeated bytes groups = 1",
        "Group": "bytes head = 1; repeated bytes members = 2; string schema_url = 3",
    },
)
_Request, _Group = _GROUPS["Request"], _GROUPS["Group"]


def read_protobuf(body: bytes, limits: Limits) -> Reading:
    """The events and rejections of a body; raises InvalidBodyError when it is none of these."""
    lines, records = Lines(limits), Records()
    try:
        for texts, origin, said_bytes in _scopes_of(body, limits):
            lines.expect(len(texts))
            for text in texts:
                if not lines.has_room(said_bytes + len(text)):
                    continue
                try:
                    _read_record(LogRecord.FromString(text), origin, records)
                except DecodeError as error:
                    lines.reject(error)
                else:
                    lines.keep()
                if lines.is_full:
                    lines.end_part(compose(records))
                    records = Records()
    except DecodeError as error:
        told = f"The body is no ExportLogsServiceRequest in protobuf: {error}."
        raise InvalidBodyError({"body": [told]}, "syntax") from None
    return lines.reading(compose(records))


def _scopes_of(body: bytes, limits: Limits) -> Iterator[tuple[Any, Origin, int]]:
    """Each scope, its records as bytes, who sent them, and how many bytes say that.

    When these alone are more than an event may have, nothing is made of them.
    """
    groups = Groups(limits)
    most = limits.max_message_bytes
    for bytes_of_resource in _Request.FromString(body).groups:
        group = _Group.FromString(bytes_of_resource)
        groups.add(0, 0)
        resource = Resource.FromString(group.head if len(group.head) <= most else b"")
        of_resource = origin_of(
            _pairs_of(resource.attributes), group.schema_url, resource.dropped_attributes_count
        )
        for bytes_of_scope in group.members:
            scope = _Group.FromString(bytes_of_scope)
            said_bytes = len(group.head) + len(scope.head)
            groups.add(len(scope.members), said_bytes)
            if not scope.members:  # or what the resource says would be written for nobody
                continue
            head = InstrumentationScope.FromString(scope.head if said_bytes <= most else b"")
            yield (
                scope.members,
                of_resource.of_scope(
                    head.name,
                    head.version,
                    _pairs_of(head.attributes),
                    scope.schema_url,
                    head.dropped_attributes_count,
                ),
                said_bytes,
            )


def _read_record(record: LogRecord, origin: Origin, records: Records) -> None:
    pairs = record.attributes
    attributes: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        attributes[pair.key] = value.string_value or value.int_value or _value_of(value)
    if len(attributes) != len(pairs):
        attributes = gather(_pairs_of(pairs))
    body = record.body
    records.origins.append(origin)
    records.said.append(record)
    records.bodies.append(body.string_value or _value_of(body))
    records.attributes.append(add_extras(record, attributes))
    records.trace_ids.append(record.trace_id.hex())
    records.span_ids.append(record.span_id.hex())


def _pairs_of(pairs: Iterable[KeyValue]) -> Iterator[tuple[str, Any]]:
    return ((pair.key, _value_of(pair.value)) for pair in pairs)


def _value_of(value: AnyValue) -> Any:
    if number := value.double_value:
        return finite(number)
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "kvlist_value":
        return gather(_pairs_of(value.kvlist_value.values))
    if kind == "array_value":
        return [_value_of(each) for each in value.array_value.values]
    if kind == "bytes_value":
        return b64encode(value.bytes_value).decode()
    return getattr(value, kind)
