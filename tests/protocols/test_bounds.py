"""Events of many tiny members: what a decoder makes of them is never held for all of a body."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.ingest import parts
from logster.ingest.protocol import oversize_text
from logster.ingest.protocols.loki.protobuf_body import MESSAGES
from protocols.test_hostile_bodies import read
from support.recorded import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 20_000
SMALL = msgspec.structs.replace(LIMITS, max_message_bytes=MAX_BYTES)
TIME_NS = 1_796_068_806_000_000_000
SMALL_PART_BYTES = 32 * 1024
#: So much may be held beside the body and what comes of it, whatever the body's size.
MAX_PEAK = 60 * SMALL_PART_BYTES


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", SMALL_PART_BYTES)


def members_of(count: int) -> dict[str, int]:
    return {f"m{number}": 1 for number in range(count)}


def otlp_json(*counts: int) -> bytes:
    records = [
        {
            "body": {"stringValue": "x"},
            "attributes": [{"key": name, "value": {"intValue": 1}} for name in members_of(count)],
        }
        for count in counts
    ]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


def otlp_protobuf(*counts: int) -> bytes:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for count in counts:
        record = scope.log_records.add()
        record.body.string_value = "x"
        for name in members_of(count):
            record.attributes.add(key=name).value.int_value = 1
    return request.SerializeToString()


def loki_json(*counts: int) -> bytes:
    values = [[str(TIME_NS), "x", members_of(count)] for count in counts]
    return json.dumps({"streams": [{"stream": {"a": "b"}, "values": values}]}).encode()


def loki_protobuf(*counts: int) -> bytes:
    stream = MESSAGES["Stream"](labels="{}")
    for count in counts:
        entry = MESSAGES["Entry"](line="x")
        for name in members_of(count):
            entry.metadata.add(name=name, value="1")
        stream.entries.append(entry.SerializeToString())
    push = MESSAGES["PushRequest"](streams=[stream.SerializeToString()])
    return bytes(push.SerializeToString())


def objects(text: str = "message") -> Callable[..., list[bytes]]:
    def make(*counts: int) -> list[bytes]:
        return [
            json.dumps({text: "x", "@t": "2026-01-01T00:00:00Z"} | members_of(count)).encode()
            for count in counts
        ]

    return make


def listed(*counts: int) -> bytes:
    return b"[" + b",".join(objects()(*counts)) + b"]"


def on_lines(text: str, before: bytes = b"") -> Callable[..., bytes]:
    return lambda *counts: b"".join(before + line + b"\n" for line in objects(text)(*counts))


def seq_raw(*counts: int) -> bytes:
    events = [{"MessageTemplate": "x", "Properties": members_of(count)} for count in counts]
    return json.dumps({"Events": events}).encode()


def journal(*counts: int) -> bytes:
    entries = ("".join(f"{name.upper()}=1\n" for name in members_of(count)) for count in counts)
    return "\n".join(f"MESSAGE=x\n{entry}" for entry in entries).encode() + b"\n"


def sentry_logs(*counts: int) -> bytes:
    items = [
        {"body": "x", "level": "info", "attributes": {name: {"value": 1} for name in names}}
        for names in map(members_of, counts)
    ]
    return b'{}\n{"type":"log"}\n' + json.dumps({"items": items}).encode() + b"\n"


def syslog(*counts: int) -> bytes:
    texts = (" ".join(f"{name}=1" for name in members_of(count)) for count in counts)
    return "".join(f"<14>1 - - - - - - x=1 {text}\n" for text in texts).encode()


DIALECTS: dict[str, tuple[str, str, Callable[..., bytes]]] = {
    "otlp json": ("/v1/logs", "application/json", otlp_json),
    "otlp protobuf": ("/v1/logs", "application/x-protobuf", otlp_protobuf),
    "loki json": ("/loki/api/v1/push", "application/json", loki_json),
    "loki protobuf": ("/loki/api/v1/push", "application/x-protobuf", loki_protobuf),
    "seq raw": ("/api/events/raw", "application/json", seq_raw),
    "clef": ("/ingest/clef", "", on_lines("@m")),
    "datadog": ("/api/v2/logs", "application/json", listed),
    "datadog lines": ("/api/v2/logs", "application/json", on_lines("message")),
    "gelf": ("/gelf", "application/json", on_lines("short_message")),
    "journald": ("/upload", "", journal),
    "sentry logs": ("/api/1/envelope/", "", sentry_logs),
    "sentry events": ("/api/1/envelope/", "", on_lines("message", b'\n{"type":"event"}\n')),
    "bulk": ("/_bulk", "application/json", on_lines("message", b'{"create":{}}\n')),
    "bulk, mixed": ("/_bulk", "application/json", on_lines("message", b'\n{"index":{}}\n')),
    "syslog": ("/ingest/syslog", "text/plain", syslog),
    "text": ("/ingest/text", "text/plain", on_lines("message")),
    "reports": ("/ingest/reports", "application/reports+json", listed),
}
#: What stands behind the first line of an envelope is its header.
HEADERS = {"sentry events": b"{}"}
UNPACKED = {"content-encoding": "snappy"}
each_dialect = pytest.mark.parametrize("name", DIALECTS)


def body_of(name: str, *counts: int) -> bytes:
    return HEADERS.get(name, b"") + DIALECTS[name][2](*counts)


@each_dialect
def test_an_event_that_is_too_large_costs_itself_and_nothing_is_made_of_it(name: str) -> None:
    path, media_type, _ = DIALECTS[name]
    body = body_of(name, 3, 5_000, 7)
    reading = read(path, body, media_type, headers=UNPACKED, limits=SMALL)
    assert len(reading.columns) == 2
    (bad,) = reading.rejections
    assert (bad.reason, bad.faults) == ("too_large", {"message": [oversize_text(MAX_BYTES)]})


@each_dialect
def test_a_body_of_events_of_many_members_is_never_held_as_objects(name: str) -> None:
    path, media_type, _ = DIALECTS[name]
    body = body_of(name, *[400] * 150)
    read(path, body_of(name, 3), media_type, headers=UNPACKED)  # what is made once
    tracemalloc.start()
    try:
        reading = read(path, body, media_type, headers=UNPACKED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(reading.columns) == 150
    assert peak - 3 * len(body) < MAX_PEAK


@each_dialect
def test_the_parts_of_a_large_body_are_in_order(name: str) -> None:
    path, media_type, _ = DIALECTS[name]
    counts = [*range(100, 180), 5_000, *range(180, 200)]
    body = body_of(name, *counts)
    reading = read(path, body, media_type, headers=UNPACKED, limits=SMALL)
    assert [bad.reason for bad in reading.rejections] == ["too_large"]
    found = [len(msgspec.json.decode(each or b"{}")) for each in reading.columns.properties or ()]
    assert found == sorted(found)
    assert len(found) == len(counts) - 1 == len(reading.lines or ())
    assert reading.lines == sorted(reading.lines or ())
    assert reading.rejections[0].line not in (reading.lines or ())


@pytest.mark.parametrize("media_type", ["application/json", "application/x-protobuf"])
def test_what_is_said_once_belongs_to_the_size_of_each_record(media_type: str) -> None:
    pairs = {f"m{number}": 1 for number in range(2_000)}
    request = ExportLogsServiceRequest()
    for names in ((), pairs):
        group = request.resource_logs.add()
        for name in names:
            group.resource.attributes.add(key=name).value.int_value = 1
        for _ in range(2):
            group.scope_logs.add().log_records.add().body.string_value = "x"
    body = request.SerializeToString()
    if media_type == "application/json":
        attributes = [{"key": name, "value": {"intValue": 1}} for name in pairs]
        scopes = [{"logRecords": [{"body": {"stringValue": "x"}}]}] * 2
        group_of = {"resource": {"attributes": attributes}, "scopeLogs": scopes}
        body = json.dumps({"resourceLogs": [{"scopeLogs": scopes}, group_of]}).encode()
    reading = read("/v1/logs", body, media_type, limits=SMALL)
    assert len(reading.columns) == 2
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [
        (3, "too_large"),
        (4, "too_large"),
    ]


def test_labels_belong_to_the_size_of_each_line() -> None:
    labels = {f"m{number}": "1" for number in range(2_000)}
    values = [[str(TIME_NS), "x"]]
    streams = [{"stream": labels, "values": values}, {"stream": {}, "values": values}]
    body = json.dumps({"streams": streams})
    reading = read("/loki/api/v1/push", body, limits=SMALL)
    assert [bad.reason for bad in reading.rejections] == ["too_large"]
    assert len(reading.columns) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/logs", b"[" + b"1," * 400_000 + b"1]"),
        ("/api/1/envelope/", b'{}\n{"type":"log"}\n{"items":[' + b"1," * 400_000 + b"1]}\n"),
        ("/ingest/reports", b"[" + b"1," * 400_000 + b"1]"),
    ],
)
def test_items_are_counted_before_they_are_made(path: str, body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLargeError):
            read(path, body, limits=msgspec.structs.replace(LIMITS, max_events=1_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * len(body)


@pytest.mark.parametrize("path", ["/_bulk", "/api/v2/logs", "/gelf"])
def test_lines_that_are_too_many_are_not_held(path: str) -> None:
    body = b"{1\n" * 600_000
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLargeError):
            read(path, body, limits=msgspec.structs.replace(LIMITS, max_events=1_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * len(body)


def test_a_header_of_an_envelope_is_no_body() -> None:
    body = b'{"event_id":[' + b"1," * 100_000 + b"1]}\n"
    with pytest.raises(InvalidBodyError) as refused:
        read("/api/1/envelope/", body)
    assert "longer than" in refused.value.sentence


def test_parts_of_metadata_that_are_many_are_read_in_time() -> None:
    entry = b"\x0a\x02\x08\x01\x12\x01x" + b"\x1a\0" * 300_000
    stream = MESSAGES["Stream"](labels="{}", entries=[entry])
    body = MESSAGES["PushRequest"](streams=[stream.SerializeToString()]).SerializeToString()
    reading = read("/loki/api/v1/push", body, "application/x-protobuf", headers=UNPACKED)
    assert len(reading.columns) == 1
