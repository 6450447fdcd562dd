"""OTLP's logs, in protobuf and in JSON: one meaning, whichever encoding a client chose."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from logster.errors import BodyTooLargeError, InvalidBodyError, MediaTypeError, QuotaError
from logster.event import Rejection, Severity
from logster.ingest.protocol import Limits, Reading, Receipt, Request
from logster.ingest.protocols.otlp import dialect
from logster.ingest.protocols.otlp.answers import refuse, reply
from support.examples import examples
from support.native import rows

LIMITS = Limits(max_events=100, max_message_bytes=1_000_000)
TIME_NS = 1_795_435_200_123_456_789
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def request(media_type: str) -> Request:
    return Request(
        method="POST", path="/v1/logs", query="", uri="", headers={"content-type": media_type}
    )


def any_value(value: Any) -> dict[str, Any]:
    """A value in JSON of OTLP."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs_of(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    return {} if value is None else {"stringValue": value}


def pairs_of(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": any_value(value)} for name, value in values.items()]


def body_of(
    *records: Any, resource: dict[str, Any] | None = None, scope: Any = None
) -> dict[str, Any]:
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": pairs_of(resource or {})},
                "scopeLogs": [{"scope": scope or {}, "logRecords": list(records)}],
            }
        ]
    }


def read_json(body: Any, limits: Limits = LIMITS) -> Reading:
    return dialect.read(json.dumps(body).encode(), request(JSON), limits)


def to_protobuf(body: Any) -> bytes:
    """The same in protobuf; ids are hexadecimal in JSON."""
    message = ExportLogsServiceRequest()
    for logs in body["resourceLogs"]:
        group = message.resource_logs.add()
        ParseDict({key: value for key, value in logs.items() if key != "scopeLogs"}, group)
        for scope in logs["scopeLogs"]:
            inner = group.scope_logs.add()
            ParseDict({key: value for key, value in scope.items() if key != "logRecords"}, inner)
            for said in scope["logRecords"]:
                record = inner.log_records.add()
                ids = {"traceId", "spanId"}
                ParseDict({key: value for key, value in said.items() if key not in ids}, record)
                record.trace_id = bytes.fromhex(said.get("traceId", ""))
                record.span_id = bytes.fromhex(said.get("spanId", ""))
    return message.SerializeToString()


def read_both(body: Any, limits: Limits = LIMITS) -> list[dict[str, Any]]:
    """The events of a body; both encodings have to mean the same."""
    readings = [
        read_json(body, limits),
        dialect.read(to_protobuf(body), request(PROTOBUF), limits),
    ]
    events = [
        [
            {
                name: json.loads(value) if isinstance(value, bytes) else value
                for name, value in event.items()
                if value is not None
            }
            for event in rows(reading.columns)
        ]
        for reading in readings
    ]
    assert [reading.rejections for reading in readings] == [[], []]
    assert events[0] == events[1]
    return events[0]


def read_one(record: dict[str, Any], **others: Any) -> dict[str, Any]:
    (event,) = read_both(body_of(record, **others))
    return event


def test_a_record_becomes_an_event() -> None:
    event = read_one(
        {
            "timeUnixNano": str(TIME_NS),
            "observedTimeUnixNano": str(TIME_NS + 1000),
            "severityNumber": 13,
            "severityText": "WARN",
            "body": {"stringValue": "slow"},
            "attributes": pairs_of(
                {"order": 2**53 + 1, "user.id": "ann", "ok": False, "none": None}
            ),
            "traceId": "5B8EFFF798038103D269B633813FC60C",
            "spanId": "eee19b7ec3c1b174",
        },
        resource={
            "service.name": "shop",
            "service.version": "1.2.3",
            "deployment.environment.name": "live",
            "host.name": "web-1",
            "process.pid": 7,
        },
        scope={"name": "shop.pay", "version": "2"},
    )
    assert event == {
        "message": "slow",
        "severity": Severity.WARN,
        "timestamp": TIME_NS,
        "application": "shop",
        "release": "1.2.3",
        "environment": "live",
        "host": "web-1",
        "category": "shop.pay",
        "user": "ann",
        "trace_id": "5b8efff798038103d269b633813fc60c",
        "span_id": "eee19b7ec3c1b174",
        "properties": {
            "order": 2**53 + 1,
            "ok": False,
            "none": None,
            "resource.process.pid": 7,
            "scope.version": "2",
        },
    }


def test_nested_values_stay_nested() -> None:
    value = {"city": "Ulm", "lines": [1, [], {}, {"deep": [None, 1.5]}], "empty": "", "zero": 0}
    assert read_one({"attributes": pairs_of({"value": value})})["properties"] == {"value": value}


def test_an_exception_is_kept_as_every_error_is() -> None:
    event = read_one(
        {
            "body": {"stringValue": "failed"},
            "attributes": pairs_of(
                {
                    "exception.type": "ValueError",
                    "exception.message": "no stock",
                    "exception.stacktrace": "Traceback …",
                    "exception.escaped": True,
                }
            ),
        }
    )
    assert event["exception"] == "ValueError: no stock"
    assert event["stack_trace"] == "Traceback …"
    assert event["properties"] == {"exception.escaped": True}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"eventName": "login"}, "login"),
        ({"attributes": pairs_of({"exception.message": "no stock"})}, "no stock"),
        ({"body": any_value({"message": "hello", "a": 1})}, "hello"),
        ({"body": any_value({"a": [1]})}, '{"a":[1]}'),
        ({"body": any_value([1, "b"])}, '[1,"b"]'),
        ({"body": any_value(7)}, "7"),
        ({"body": any_value(0)}, "0"),
        ({"body": any_value(False)}, "false"),
        ({}, ""),
    ],
)
def test_a_record_whose_body_is_no_text_has_a_message(record: Any, message: str) -> None:
    assert read_one(record)["message"] == message


def test_a_body_that_is_no_text_is_a_property() -> None:
    assert read_one({"body": any_value({"a": {"b": 1}})})["properties"] == {"body": {"a": {"b": 1}}}


@pytest.mark.parametrize(
    ("number", "text", "severity", "beside"),
    [
        (1, "", Severity.TRACE, {}),
        (8, "", Severity.DEBUG, {"severity_number": 8}),
        (9, "Information", Severity.INFO, {}),
        (17, "", Severity.ERROR, {}),
        (21, "CRITICAL", Severity.FATAL, {}),
        (9, "NOTE", Severity.INFO, {"severity_text": "NOTE"}),
        (0, "warning", Severity.WARN, {}),
        (0, "strange", Severity.INFO, {"severity_text": "strange"}),
        (0, "", Severity.INFO, {}),
        (99, "error", Severity.ERROR, {"severity_number": 99}),
    ],
)
def test_severities(number: int, text: str, severity: Severity, beside: Any) -> None:
    event = read_one({"severityNumber": number, "severityText": text})
    assert event["severity"] == severity
    assert event.get("properties", {}) == beside


def test_times_are_taken_from_where_there_is_one() -> None:
    late = TIME_NS + 5 * 10**9
    assert read_one({"observedTimeUnixNano": str(TIME_NS)})["timestamp"] == TIME_NS
    event = read_one({"timeUnixNano": str(TIME_NS), "observedTimeUnixNano": str(late)})
    assert event["properties"] == {"observed_time": "2026-11-23T12:00:05.123456789Z"}
    assert "timestamp" not in read_one({})


def test_a_time_in_another_unit_is_what_it_must_be() -> None:
    for unit in (10**9, 10**6, 10**3):
        event = read_one({"timeUnixNano": str(TIME_NS // unit)})
        assert event["timestamp"] == TIME_NS // unit * unit


def test_what_has_no_place_of_its_own_is_a_property() -> None:
    record = {
        "body": {"stringValue": "hello"},
        "flags": 1,
        "droppedAttributesCount": 3,
        "eventName": "greeting",
    }
    body = body_of(record, scope={"name": "s", "attributes": pairs_of({"kind": "x"})})
    body["resourceLogs"][0]["schemaUrl"] = "https://example.com/r"
    body["resourceLogs"][0]["scopeLogs"][0]["schemaUrl"] = "https://example.com/s"
    (event,) = read_both(body)
    assert event["properties"] == {
        "event_name": "greeting",
        "trace_flags": 1,
        "dropped_attributes_count": 3,
        "resource.schema_url": "https://example.com/r",
        "scope.kind": "x",
        "scope.schema_url": "https://example.com/s",
    }


def test_a_name_that_comes_twice_has_both_values() -> None:
    attributes = [*pairs_of({"a": 1}), *pairs_of({"a": [2]}), *pairs_of({"a": "x", "b": 0})]
    assert read_one({"attributes": attributes})["properties"] == {"a": [1, [2], "x"], "b": 0}


def test_names_of_resource_scope_and_record_do_not_meet() -> None:
    name = {"service.name": "other", "version": "9"}
    event = read_one(
        {"attributes": pairs_of({**name, "resource.version": "mine"})},
        resource={"version": "r", "service.name": "shop"},
        scope={"version": "s"},
    )
    assert event["application"] == "shop"
    assert event["properties"] == {
        **name,
        "resource.version": ["mine", "r"],
        "scope.version": "s",
    }


def test_a_line_that_was_only_carried_says_its_own_fields() -> None:
    line = '{"level":"error","msg":"no stock","order":7}'
    event = read_one(
        {"body": {"stringValue": line}, "attributes": pairs_of({"log.file.name": "a"})}
    )
    assert event["message"] == line
    assert event["severity"] == Severity.ERROR
    assert event["properties"] == {"log.file.name": "a", "msg": "no stock", "order": 7}
    told = read_one({"body": {"stringValue": line}, "severityNumber": 9})
    assert "properties" not in told


def test_numbers_that_json_has_not_are_their_names() -> None:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    for number in (float("nan"), float("inf"), float("-inf")):
        record.attributes.add(key="n").value.double_value = number
    record.attributes.add(key="b").value.bytes_value = b"\x00\xff"
    reading = dialect.read(message.SerializeToString(), request(PROTOBUF), LIMITS)
    (event,) = rows(reading.columns)
    assert json.loads(event["properties"]) == {"n": ["NaN", "Infinity", "-Infinity"], "b": "AP8="}
    as_json = MessageToDict(message)
    (event,) = rows(read_json(as_json).columns)
    assert json.loads(event["properties"]) == {"n": ["NaN", "Infinity", "-Infinity"], "b": "AP8="}


# --- JSON's own ---------------------------------------------------------------------------


def test_json_takes_numbers_as_numbers_and_names_of_severities() -> None:
    record = {
        "timeUnixNano": TIME_NS,
        "severityNumber": "SEVERITY_NUMBER_WARN2",
        "body": None,
        "attributes": [
            {"key": "a", "value": {"intValue": 2**53 + 1}},
            {"key": "b", "value": {"intValue": str(2**63 - 1)}},
            {"key": "c", "value": {"doubleValue": 5}},
            {"key": "d", "value": {"intValue": "many"}},
            {"key": "e"},
        ],
        "unknown": {"x": [1]},
    }
    (event,) = rows(read_json(body_of(record)).columns)
    assert event["timestamp"] == TIME_NS
    assert event["severity"] == Severity.WARN
    assert json.loads(event["properties"]) == {
        "a": 2**53 + 1,
        "b": 2**63 - 1,
        "c": 5,
        "d": "many",
        "e": None,
        "severity_number": 14,
    }


@pytest.mark.parametrize("body", [{}, {"resourceLogs": None}, {"resourceLogs": []}, body_of()])
def test_a_request_without_records_is_a_success(body: Any) -> None:
    reading = read_json(body)
    assert len(reading.columns) == 0
    assert reply(Receipt(ids=[]), request(JSON)).body == b"{}"


def test_an_empty_body_in_protobuf_is_a_success() -> None:
    assert len(dialect.read(b"", request(PROTOBUF), LIMITS).columns) == 0
    assert reply(Receipt(ids=[]), request(PROTOBUF)).body == b""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"resourceLogs":{}}', b"\xff"])
def test_what_is_no_request_in_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBodyError):
        dialect.read(body, request(JSON), LIMITS)


# --- a bad record costs itself only ---------------------------------------------------------


def test_a_bad_record_in_json_costs_itself_only() -> None:
    good = {"body": {"stringValue": "good"}}
    bad: list[Any] = [
        {"body": "text"},
        {"timeUnixNano": "soon"},
        {"attributes": {}},
        7,
    ]
    reading = read_json(body_of(good, *bad, good))
    assert [event["message"] for event in rows(reading.columns)] == ["good", "good"]
    assert reading.lines == [1, 6]
    assert [each.line for each in reading.rejections] == [2, 3, 4, 5]


def test_half_of_a_character_costs_nothing_else() -> None:
    reading = read_json(body_of({"body": {"stringValue": "a\ud83d b\\ud83d \U0001f600"}}))
    assert reading.columns.message == ["a\ufffd b\\ud83d \U0001f600"]


def test_a_bad_record_in_protobuf_costs_itself_only() -> None:
    message = ExportLogsServiceRequest()
    records = message.resource_logs.add().scope_logs.add().log_records
    for text in ("good", "badd", "good"):
        records.add().body.string_value = text
    body = message.SerializeToString().replace(b"badd", b"ba\xff\xfe")
    reading = dialect.read(body, request(PROTOBUF), LIMITS)
    assert [event["message"] for event in rows(reading.columns)] == ["good", "good"]
    assert [(each.line, each.reason) for each in reading.rejections] == [(2, "syntax")]


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_protobuf_that_is_cut_short_is_refused(cut: int) -> None:
    body = to_protobuf(body_of({"body": {"stringValue": "a" * 100}}, resource={"a": "b"}))
    with pytest.raises(InvalidBodyError):
        dialect.read(body[:-cut], request(PROTOBUF), LIMITS)


def test_more_records_than_a_batch_may_have_are_refused() -> None:
    many = body_of(*[{"body": {"stringValue": "x"}}] * 101)
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        read_json(many)
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        dialect.read(to_protobuf(many), request(PROTOBUF), LIMITS)


@pytest.mark.parametrize("body", [b"\x0a\x00" * 101, b"\x0a\xca\x01" + b"\x12\x00" * 101])
def test_more_groups_than_a_batch_may_have_are_refused(body: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        dialect.read(body, request(PROTOBUF), LIMITS)
    many: dict[str, Any] = {"resourceLogs": [{"scopeLogs": [{}] * 30}] * 30}
    with pytest.raises(BodyTooLargeError):
        read_json(many)


def test_values_nested_without_end_cost_their_record_only() -> None:
    value: dict[str, Any] = any_value("x")
    for _ in range(300):
        value = {"arrayValue": {"values": [value]}}
    text = json.dumps(body_of({"body": {"stringValue": "good"}}, {"body": value}))
    reading = dialect.read(text.encode(), request(JSON), LIMITS)
    assert len(reading.columns) == 1
    assert [each.line for each in reading.rejections] == [2]
    packed = b""
    for _ in range(20_000):  # an AnyValue that is an array of an AnyValue …
        if len(packed) > 60_000:
            break
        packed = _field(5, _field(1, packed))
    body = _field(1, _field(2, _field(2, _field(5, packed))))
    reading = dialect.read(body, request(PROTOBUF), LIMITS)
    assert [each.line for each in reading.rejections] == [1]


def _field(number: int, content: bytes) -> bytes:
    size, length = b"", len(content)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


# --- answers --------------------------------------------------------------------------------


def test_partial_success_says_how_many_and_why() -> None:
    bad = Rejection(line=2, reason="syntax", faults={"message": ["It is none."]})
    receipt = Receipt(ids=[1], rejections=[bad])
    response = ExportLogsServiceResponse.FromString(reply(receipt, request(PROTOBUF)).body)
    assert response.partial_success.rejected_log_records == 1
    assert response.partial_success.error_message == "Record 2: It is none."
    assert json.loads(reply(receipt, request(JSON)).body) == {
        "partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "Record 2: It is none."}
    }


def test_refusals_are_a_status_in_the_encoding_of_the_request() -> None:
    error = QuotaError("Too much.", 3)
    answer = refuse(error, request(JSON))
    assert answer.status == 429
    assert json.loads(answer.body) == {"code": 8, "message": "Too much."}
    answer = refuse(error, request(PROTOBUF))
    assert answer.headers == [(b"content-type", b"application/x-protobuf")]
    assert answer.body == b"\x08\x08\x12\x09Too much."


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types_are_refused_by_name(media_type: str) -> None:
    with pytest.raises(MediaTypeError, match=f"'{media_type}' is not read here"):
        dialect.check(request(media_type))


@pytest.mark.parametrize("media_type", ["application/grpc", "application/grpc+proto"])
def test_grpc_is_told_to_use_http(media_type: str) -> None:
    with pytest.raises(MediaTypeError, match="http/protobuf") as caught:
        dialect.check(request(media_type))
    answer = refuse(caught.value, request(media_type))
    assert (b"grpc-status", b"12") in answer.headers


# --- any bodies ------------------------------------------------------------------------------

TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["exception.type", "exception.message", "user.id", "a", "a.b"]) | TEXTS,
    VALUES,
    max_size=4,
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "timeUnixNano": st.integers(0, 2**64 - 1).map(str),
        "observedTimeUnixNano": st.integers(0, 2**64 - 1).map(str),
        "severityNumber": st.integers(-1, 30),
        "severityText": TEXTS | st.sampled_from(["warn", "ERROR"]),
        "body": VALUES.map(any_value),
        "attributes": ATTRIBUTES.map(pairs_of),
        "flags": st.integers(0, 2**32 - 1),
        "traceId": st.binary(max_size=16).map(bytes.hex),
        "eventName": TEXTS,
    },
)


@examples(1)
@given(records=st.lists(RECORDS, max_size=4), resource=ATTRIBUTES)
def test_both_encodings_mean_the_same(records: Any, resource: Any) -> None:
    events = read_both(body_of(*records, resource=resource))
    assert len(events) == len(records)
