"""Loki's push: in JSON of both forms and in protobuf, one meaning."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from cramjam import snappy
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import (
    BodyTooLargeError,
    BodyUnreadableError,
    InvalidBodyError,
    UnauthorizedError,
)
from logster.event import NS_PER_S, Rejection, Severity
from logster.ingest.protocol import Limits, Reading, Receipt, Request
from logster.ingest.protocols.loki import dialect, protobuf_body
from logster.ingest.protocols.loki.labels import parse_labels
from support.examples import examples
from support.native import rows

LIMITS = Limits(max_events=100, max_message_bytes=1_000_000, max_batch_bytes=1_000_000)
TIME_NS = 1_795_435_200_123_456_789
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def request(media_type: str, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="POST",
        path=dialect.PUSH,
        query="",
        uri="",
        headers={"content-type": media_type, **named},
    )


def quoted(value: str) -> str:
    """A text as Go quotes it."""
    return json.dumps(value, ensure_ascii=False)


def labels_of(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={quoted(value)}" for name, value in labels.items()) + "}"


def to_protobuf(streams: Any) -> bytes:
    """Streams as Promtail packs them."""
    messages = protobuf_body.MESSAGES
    push = messages["PushRequest"]()
    for labels, lines in streams:
        stream = messages["Stream"](labels=labels if isinstance(labels, str) else labels_of(labels))
        for time_ns, line, *metadata in lines:
            entry = messages["Entry"](line=line)
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(time_ns, NS_PER_S)
            for name, value in (metadata[0] if metadata else {}).items():
                entry.metadata.add(name=name, value=value)
            stream.entries.append(entry.SerializeToString())
        push.streams.append(stream.SerializeToString())
    return bytes(snappy.compress_raw(push.SerializeToString()))


def to_json(streams: Any) -> bytes:
    return json.dumps(
        {
            "streams": [
                {"stream": labels, "values": [[str(time), *rest] for time, *rest in lines]}
                for labels, lines in streams
            ]
        }
    ).encode()


def events_of(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            name: json.loads(value) if isinstance(value, bytes) else value
            for name, value in event.items()
            if value is not None
        }
        for event in rows(reading.columns)
    ]


def read_both(streams: Any, **headers: str) -> list[dict[str, Any]]:
    """The events; both encodings have to mean the same."""
    of_json = dialect.read(to_json(streams), request(JSON, **headers), LIMITS)
    of_protobuf = dialect.read(to_protobuf(streams), request(PROTOBUF, **headers), LIMITS)
    assert (of_json.rejections, of_protobuf.rejections) == ([], [])
    assert events_of(of_json) == events_of(of_protobuf)
    return events_of(of_json)


def read_one(labels: Any, line: str, *metadata: Any, **headers: str) -> dict[str, Any]:
    (event,) = read_both([(labels, [(TIME_NS, line, *metadata)])], **headers)
    return event


def test_labels_become_fields_and_properties() -> None:
    labels = {"app": "shop", "env": "live", "level": "warn", "host": "web-1", "zone": "a"}
    assert read_one(labels, "slow") == {
        "message": "slow",
        "timestamp": TIME_NS,
        "severity": Severity.WARN,
        "application": "shop",
        "environment": "live",
        "host": "web-1",
        "properties": {"zone": "a"},
    }


def test_metadata_belongs_to_its_line() -> None:
    metadata = {"trace_id": "abc", "user": "ann", "pod": "p-1"}
    first, second = read_both([({"job": "cron"}, [(TIME_NS, "a", metadata), (TIME_NS + 1, "b")])])
    assert (first["trace_id"], first["user"], first["properties"]) == ("abc", "ann", {"pod": "p-1"})
    assert second.keys() == {"message", "timestamp", "severity", "application"}


def test_the_surest_name_of_an_application_is_taken() -> None:
    event = read_one({"job": "docker", "service_name": "shop", "container": "c1"}, "x")
    assert event["application"] == "shop"
    assert event["properties"] == {"job": "docker", "container": "c1"}


@pytest.mark.parametrize(
    ("labels", "line", "metadata", "severity"),
    [
        ({"level": "error"}, "x", {}, Severity.ERROR),
        ({}, "x", {"detected_level": "warn"}, Severity.WARN),
        ({"severity": "CRITICAL"}, "x", {}, Severity.FATAL),
        ({"level": "error"}, "x", {"level": "debug"}, Severity.ERROR),
        ({"level": "unknown"}, '{"level":30,"msg":"x"}', {}, Severity.INFO),
        ({}, '{"level":50,"msg":"x"}', {}, Severity.ERROR),
        ({}, "level=warn msg=x", {}, Severity.WARN),
        ({}, "2026-11-23T12:00:00Z ERROR no stock", {}, Severity.ERROR),
        ({}, "nothing to see", {}, Severity.INFO),
    ],
)
def test_the_severity_is_taken_from_where_it_is(
    labels: Any, line: str, metadata: Any, severity: Severity
) -> None:
    assert read_one(labels, line, metadata)["severity"] == severity


def test_json_in_a_line_becomes_properties_and_the_line_stays() -> None:
    line = '{"level":50,"time":1795435200123,"msg":"no stock","order":9007199254740993,"a":{"b":1}}'
    event = read_one({"app": "shop"}, line)
    assert event["message"] == line
    assert event["properties"] == {
        "time": 1795435200123,
        "msg": "no stock",
        "order": 9007199254740993,
        "a": {"b": 1},
    }


def test_logfmt_in_a_line_becomes_properties_and_the_line_stays() -> None:
    line = 'ts=2026-11-23T12:00:00Z level=error caller=a.go:7 msg="no stock"'
    event = read_one({"app": "shop"}, line + "\n")
    assert (event["message"], event["severity"]) == (line, Severity.ERROR)
    assert event["properties"] == {
        "ts": "2026-11-23T12:00:00Z",
        "caller": "a.go:7",
        "msg": "no stock",
    }


def test_what_is_said_twice_is_kept_twice() -> None:
    event = read_one({"app": "shop", "a": "1"}, '{"a":2,"level":"info"}', {"a": "3", "app": "x"})
    assert event["application"] == "shop"
    assert event["properties"] == {"a": ["1", "3", 2], "app": "x"}


def test_metadata_that_only_repeats_the_line_is_not_kept_twice() -> None:
    metadata = {"number": "9007199254740993", "a": '{"b":[1]}', "c": "x", "d": "other"}
    event = read_one({}, '{"number":9007199254740993,"a":{"b":[1]},"c":"x","d":"y"}', metadata)
    properties = {"number": 9007199254740993, "a": {"b": [1]}, "c": "x", "d": ["other", "y"]}
    assert event["properties"] == properties


def test_a_stack_trace_behind_a_message_is_one() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py", line 7\nValueError: no stock'
    event = read_one({"level": "error"}, f"failed\n{trace}\n")
    assert event["message"] == "failed"
    assert event["exception"] == "ValueError: no stock"
    assert event["stack_trace"] == trace


def test_the_tenant_is_a_property() -> None:
    assert read_one({}, "x", x_scope_orgid="team-a")["properties"] == {"tenant": "team-a"}


# --- labels as text --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{}", {}),
        (' { a = "b" } ', {"a": "b"}),
        ('{a="b",c="d",}', {"a": "b", "c": "d"}),
        ('{a="x, y={}", b="q\\"q"}', {"a": "x, y={}", "b": 'q"q'}),
        ('{a="\\n\\t\\\\\\u00e9\\U0001f600\\x41\\101"}', {"a": "\n\t\\é😀AA"}),
        ("{a=`raw\\n`}", {"a": "raw\\n"}),
        ('{a="\\ud800\\U7fffffff"}', {"a": "\ufffd\ufffd"}),
        ('{a="ü", service.name="s"}', {"a": "ü", "service.name": "s"}),
        ("", None),
        ('{a="b"', None),
        ("{a=b}", None),
        ('{a="b" c="d"}', None),
        ('{="b"}', None),
    ],
)
def test_labels_are_read_as_they_are_written_in_queries(text: str, labels: Any) -> None:
    assert parse_labels(text) == labels


def test_a_text_that_is_none_of_labels_is_kept() -> None:
    body = to_protobuf([("{oops", [(TIME_NS, "x")])])
    (event,) = events_of(dialect.read(body, request(PROTOBUF), LIMITS))
    assert (event["message"], event["properties"]) == ("x", {"labels": "{oops"})


def test_labels_are_read_in_linear_time() -> None:
    started = time.process_time()
    for text in ('{a="' + "\\" * 500_000 + "}", "{" + "a" * 500_000 + "}", '{a="b",' * 100_000):
        assert parse_labels(text) is None
    assert time.process_time() - started < 5


# --- JSON's own -----------------------------------------------------------------------------


def test_the_older_form_is_read() -> None:
    body = {
        "streams": [
            {
                "labels": '{app="shop", level="error"}',
                "entries": [
                    {"ts": "2026-11-23T12:00:00.123456789Z", "line": "old"},
                    {"ts": str(TIME_NS), "line": "older"},
                ],
            }
        ]
    }
    events = events_of(dialect.read(json.dumps(body).encode(), request(JSON), LIMITS))
    assert [event["message"] for event in events] == ["old", "older"]
    assert {event["timestamp"] for event in events} == {TIME_NS}
    assert {event["application"] for event in events} == {"shop"}


@pytest.mark.parametrize(
    "time", [TIME_NS, str(TIME_NS // 10**3), str(TIME_NS // 10**6), TIME_NS // 10**9]
)
def test_times_in_other_units_and_as_numbers_are_understood(time: Any) -> None:
    body = json.dumps({"streams": [{"stream": {}, "values": [[time, "x"]]}]}).encode()
    (event,) = events_of(dialect.read(body, request(JSON), LIMITS))
    assert event["timestamp"] // NS_PER_S == TIME_NS // NS_PER_S


def test_a_bad_line_costs_itself_only() -> None:
    values = [
        [str(TIME_NS), "good"],
        ["soon", "x"],
        [str(TIME_NS)],
        [str(TIME_NS), 7],
        [None, "x"],
        [str(TIME_NS), "x", []],
        "x",
        [str(TIME_NS), "a\ud83d"],
        ["-99999999999999999999", "x"],
    ]
    body = json.dumps({"streams": [{"stream": {}, "values": values}]}).encode()
    reading = dialect.read(body, request(JSON), LIMITS)
    assert reading.columns.message == ["good", "a\ufffd"]
    assert reading.lines == [1, 8]


def test_a_bad_line_in_protobuf_costs_itself_only() -> None:
    plain = bytes(
        snappy.decompress_raw(to_protobuf([({}, [(TIME_NS, "badd"), (TIME_NS, "good")])]))
    )
    body = bytes(snappy.compress_raw(plain.replace(b"badd", b"ba\xff\xfe")))
    reading = dialect.read(body, request(PROTOBUF), LIMITS)
    assert reading.columns.message == ["good"]
    assert [each.line for each in reading.rejections] == [1]


# --- hostile ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"\xff" * 20, b"\x05abc", b"\x04\x0c\xff\xff\xff\xff", b"\xff\x06\x00\x00sNaPpY", b"{}"],
)
def test_what_is_no_block_of_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises((BodyUnreadableError, InvalidBodyError)):
        dialect.read(body, request(PROTOBUF), LIMITS)


def test_a_block_that_says_it_is_too_large_is_refused_before_it_is_opened() -> None:
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_BYTES"):
        dialect.read(b"\xff\xff\xff\xff\x0f" + b"\xfe\x01\x00" * 10, request(PROTOBUF), LIMITS)
    with pytest.raises(BodyTooLargeError):
        dialect.read(bytes(snappy.compress_raw(b"\0" * 1_000_001)), request(PROTOBUF), LIMITS)


def test_a_body_whose_packing_is_told_twice_is_read() -> None:
    plain = bytes(snappy.decompress_raw(to_protobuf([({}, [(TIME_NS, "x")])])))
    reading = dialect.read(plain, request(PROTOBUF, content_encoding="snappy"), LIMITS)
    assert reading.columns.message == ["x"]


def test_labels_do_not_grow_with_their_lines() -> None:
    streams = [({"a": "x" * 50_000}, [(TIME_NS, "y")] * 50)]
    for body, media_type in ((to_json(streams), JSON), (to_protobuf(streams), PROTOBUF)):
        with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_BYTES"):
            dialect.read(body, request(media_type), LIMITS)


def test_more_lines_or_streams_than_a_batch_may_have_are_refused() -> None:
    many: list[Any] = [[({}, [(TIME_NS, "x")] * 101)], [({}, [])] * 101]
    for streams in many:
        for body, media_type in ((to_json(streams), JSON), (to_protobuf(streams), PROTOBUF)):
            with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
                dialect.read(body, request(media_type), LIMITS)


# --- answers -----------------------------------------------------------------------------------


def test_a_success_has_no_body() -> None:
    bad = Rejection(line=2, reason="syntax", faults={"message": ["It is none."]})
    for receipt in (Receipt(ids=[]), Receipt(ids=[1]), Receipt(ids=[1], rejections=[bad])):
        answer = dialect.reply(receipt, request(JSON))
        assert (answer.status, answer.body) == (204, b"")
    answer = dialect.reply(Receipt(ids=[], rejections=[bad]), request(JSON))
    assert (answer.status, answer.body) == (400, b"line 2: It is none.\n")


def test_a_refusal_is_a_line_of_text() -> None:
    answer = dialect.refuse(UnauthorizedError("A key is needed."), request(JSON))
    assert (answer.status, answer.body) == (401, b"A key is needed.\n")


# --- any bodies ----------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.sampled_from(["app", "level", "user", "a_b", "trace_id", "job", "message"])
LABELS = st.dictionaries(NAMES, TEXTS | st.sampled_from(["info", "ERROR"]), max_size=3)
LINES = st.one_of(
    TEXTS,
    st.dictionaries(NAMES | TEXTS, TEXTS | st.integers() | st.none(), max_size=3).map(json.dumps),
    st.from_regex(r"(\w{1,3}=\w{0,3} ?){1,3}", fullmatch=True),
)


@examples(1)
@given(
    st.lists(
        st.tuples(
            LABELS,
            st.lists(st.tuples(st.integers(10**18, 2 * 10**18), LINES, LABELS), max_size=3),
        ),
        max_size=3,
    )
)
def test_both_encodings_mean_the_same(streams: Any) -> None:
    events = read_both(streams)
    assert len(events) == sum(len(lines) for _, lines in streams)
