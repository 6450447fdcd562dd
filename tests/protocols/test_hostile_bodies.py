"""Bodies that an attack has found: one bad event costs itself, and no body takes the worker."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from logster.errors import RefusedError
from logster.fields.template import render_template
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.protocols.sentry.dialect import refuse
from logster.ingest.routes import Routes
from support.readers import request_to
from support.recorded import LIMITS

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading

ROUTES = Routes(PROTOCOLS)
HUGE = "9" * 310
#: Generous: a busy machine must not fail a test, a quadratic reader must.
MAX_S = 3.0


def read(
    path: str,
    body: str | bytes,
    media_type: str = "application/json",
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    limits: Limits = LIMITS,
) -> Reading:
    match = ROUTES.find(path, "POST")
    assert match is not None
    request = msgspec.structs.replace(
        request_to(match.route, media_type), query=query, params=match.params
    )
    request = msgspec.structs.replace(request, headers={**request.headers, **(headers or {})})
    plain = body.encode() if isinstance(body, str) else body
    return match.protocol.read(plain, request, limits)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/_bulk",
            '{"index":{}}\n{"message":"good"}\n{"index":{}}\n{"message":"x","@timestamp":%s}\n',
        ),
        (
            "/loki/api/v1/push",
            '{"streams":[{"stream":{},"values":[["1796068806000000000","good"],[%s,"x"]]}]}',
        ),
        (
            "/api/events/raw",
            '{"Events":[{"MessageTemplate":"good"},{"MessageTemplate":"x","Timestamp":%s}]}',
        ),
        ("/ingest/clef", '{"@t":"2026-01-01T00:00:00Z","@m":"good"}\n{"@t":%s,"@m":"x"}\n'),
        ("/api/1/envelope/", '{}\n{"type":"event"}\n{"message":"good","timestamp":%s}\n'),
    ],
)
def test_a_time_beyond_all_numbers_costs_its_own_event_at_most(path: str, body: str) -> None:
    reading = read(path, body % HUGE)
    assert "good" in reading.columns.message


def test_what_is_no_text_in_a_group_of_datadog_costs_no_other_log() -> None:
    reading = read("/api/v2/logs", b'[{"message":"good"},{"message":"x","error":{"\xff":1}}]')
    assert "good" in reading.columns.message


@pytest.mark.parametrize(
    ("path", "body", "query", "headers"),
    [
        (
            "/loki/api/v1/push",
            '{"streams":[{"stream":{},"values":[["1","x"]]}]}',
            "",
            {"x-scope-orgid": "t" * 1001},
        ),
        (f"/{'i' * 1001}/_bulk", '{"index":{}}\n{"message":"x"}\n', "", {}),
        ("/ingest/text", "x\n", f"application={'a' * 1001}", {}),
        ("/api/v2/logs", '[{"message":"x"}]', f"ddtags={'a' * 1001}", {}),
        ("/api/v2/logs", '[{"message":"x"}]', f"service={'a' * 1001}", {}),
    ],
)
def test_what_a_head_says_of_all_events_has_a_bound(
    path: str, body: str, query: str, headers: dict[str, str]
) -> None:
    with pytest.raises(RefusedError, match="1001 characters"):
        read(path, body, query=query, headers=headers)


def test_scopes_without_records_are_not_written() -> None:
    said = {"key": "a", "value": {"stringValue": "x" * 1_000_000}}
    group = {"resource": {"attributes": [said]}, "scopeLogs": [{}] * 2_000}
    started = time.process_time()
    reading = read("/v1/logs", json.dumps({"resourceLogs": [group]}))
    assert len(reading.columns) == 0
    assert time.process_time() - started < MAX_S


def test_a_template_of_sentry_writes_a_value_only_where_there_is_room() -> None:
    entry = {"message": "%(a)s" * 2_000, "params": {"a": [0] * 100_000}}
    started = time.process_time()
    read("/api/1/store/", json.dumps({"logentry": entry}))
    assert time.process_time() - started < MAX_S


@pytest.mark.parametrize("hole", ["{a.x}", "{a,1001}"])
def test_a_template_looks_into_a_value_once(hole: str) -> None:
    value = msgspec.Raw(json.dumps({"z": [0] * 100_000}).encode())
    started = time.process_time()
    assert render_template(hole * 1_000, {"a": value}, (), 1_000_000).startswith(hole)
    assert time.process_time() - started < MAX_S


def test_lines_of_syslog_are_counted_while_they_are_read() -> None:
    few = msgspec.structs.replace(LIMITS, max_events=1_000)
    started = time.process_time()
    with pytest.raises(RefusedError, match="1000"):
        read("/ingest/syslog", "a\n" * 100_000, "text/plain", limits=few)
    assert time.process_time() - started < MAX_S


def test_two_events_of_one_envelope_are_two() -> None:
    first, second = "a" * 32, "b" * 32
    reading = read(
        "/api/1/envelope/",
        f'{{"event_id":"{first}"}}\n{{"type":"event"}}\n{{"message":"x"}}\n'
        f'{{"type":"event"}}\n{{"message":"y","event_id":"{second}"}}\n'
        '{"type":"feedback"}\n{"contexts":{"feedback":{"message":"z"}}}\n',
    )
    assert reading.identities == [first, second, None]


def test_documents_without_an_id_are_not_one() -> None:
    body = '{"index":{"_id":""}}\n{"message":"x"}\n' * 2
    assert not any(read("/_bulk", body).identities or ())


def test_a_refusal_of_sentry_has_no_control_characters_in_its_header() -> None:
    match = ROUTES.find("/api/1/envelope/", "POST")
    assert match is not None
    reply = refuse(RefusedError("a\0b\x1b\nc\u20ac"), request_to(match.route, ""))
    assert (b"x-sentry-error", b"a b  c?") in reply.headers
