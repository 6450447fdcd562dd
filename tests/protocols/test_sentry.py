"""Sentry's dialect: envelopes, the members of events, and what is told to SDKs.

What real SDKs send is in `tests/corpus/sentry`; here is what a case of that form cannot say.
"""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import BodyTooLargeError, InvalidBodyError, QuotaError, SpoolFullError
from logster.ingest.protocol import Limits, Reading, Request
from logster.ingest.protocols.sentry.dialect import CRON, PROTOCOL, STORE, find_key
from logster.ingest.protocols.sentry.exceptions import MAX_CHAINED, read_chain
from logster.ingest.protocols.sentry.frames import MAX_INNER_FRAMES, MAX_OUTER_FRAMES
from logster.ingest.protocols.sentry.logentry import read_logentry
from logster.ingest.protocols.sentry.traceback import render_chain
from logster.ingest.routes import Routes
from support.readers import check_reading
from support.recorded import events_of, receipt_of

LIMITS = Limits(max_events=1000, max_message_bytes=1_000_000)
ENVELOPE = PROTOCOL.routes[0]
ID = "4c79f60c11214eb38604f4ae0781bfb2"


def request(route: Any = ENVELOPE, query: str = "", **params: str) -> Request:
    return Request(
        method="POST", path="/", query=query, uri="/", headers={}, route=route, params=params
    )


def read(body: bytes, route: Any = ENVELOPE, limits: Limits = LIMITS) -> Reading:
    return PROTOCOL.read(body, request(route), limits)


def envelope(*items: tuple[dict[str, Any], bytes], header: dict[str, Any] | None = None) -> bytes:
    lines = [json.dumps(header or {}).encode()]
    for head, payload in items:
        lines += [json.dumps(head).encode(), payload]
    return b"\n".join(lines) + b"\n"


def event_of(**members: Any) -> dict[str, Any]:
    """What becomes of an event."""
    reading = read(envelope(({"type": "event"}, json.dumps(members).encode())))
    check_reading(reading)
    (event,) = events_of(reading)
    return event


def traceback_of(platform: str, *values: dict[str, Any]) -> list[str]:
    chain = read_chain(msgspec.Raw(json.dumps({"values": values}).encode()))
    return render_chain(chain, platform).split("\n")


# --- envelopes ------------------------------------------------------------------------------


def test_the_id_of_the_envelope_is_the_event_s_with_dashes_or_without() -> None:
    dashed = f"{ID[:8]}-{ID[8:12]}-{ID[12:16]}-{ID[16:20]}-{ID[20:]}".upper()
    item = ({"type": "event"}, b'{"event_id":"%s","message":"x"}' % (b"0" * 32))
    for told in (ID, dashed):
        reading = read(envelope(item, header={"event_id": told}))
        assert reading.identities == [ID]
        reply = PROTOCOL.reply(receipt_of(reading), request())
        assert json.loads(reply.body) == {"id": ID}


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n\n"])
def test_a_payload_with_a_length_may_hold_line_feeds_and_end_in_any_way(end: bytes) -> None:
    payload = b'{"message":\n"x"}'
    body = b'{}\n{"type":"event","length":%d}\n%s%s' % (len(payload), payload, end)
    assert read(body).columns.message == ["x"]


@pytest.mark.parametrize("length", ["3", "-1", "1e30", '"16"', "true", "null", "[]", "9" * 30])
def test_a_length_that_cannot_be_is_not_believed(length: str) -> None:
    body = b'{}\n{"type":"event","length":%s}\n{"message":"x"}\n{"type":"session"}\n{}\n'
    reading = read(body % length.encode())
    assert (reading.columns.message, reading.skipped) == (["x"], {"session": 1})


def test_what_cannot_be_read_behind_an_item_costs_no_other() -> None:
    reading = read(b'{}\n{"type":"event"}\n{"message":"x"}\nno header\n{"type":"event"}\n{}\n')
    assert reading.columns.message == ["x"]
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [(2, "syntax")]


def test_an_event_that_is_too_large_costs_itself_only() -> None:
    large = b'{"message":"%s"}' % (b"x" * LIMITS.max_message_bytes)
    reading = read(envelope(({"type": "event"}, large), ({"type": "event"}, b'{"message":"x"}')))
    assert [bad.reason for bad in reading.rejections] == ["too_large"]
    assert reading.columns.message == ["x"]


@pytest.mark.parametrize("kind", ["event", "session", "nothing", "attachment"])
def test_items_without_an_end_are_refused(kind: str) -> None:
    item = ({"type": kind}, b"{}")
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        read(envelope(*[item] * (LIMITS.max_events + 1)))


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{", b"\xff", b"null"])
def test_what_is_no_envelope_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidBodyError):
        read(body)
    with pytest.raises(InvalidBodyError):
        read(body, STORE)


def test_the_key_is_found_in_the_header_of_an_envelope() -> None:
    header = b'{"event_id":"x","dsn":"https://lgs_key:secret@logs.example.com/7"}\n'
    assert find_key(header + b"{") == "lgs_key"
    for other in (b"", b"{}\n", b'{"dsn":5}\n', b'{"dsn":"https://[x"}\n', b'{"dsn":"a', b"[[["):
        assert find_key(other) is None


# --- answers --------------------------------------------------------------------------------


def test_every_answer_switches_off_what_is_not_kept() -> None:
    replies = [
        PROTOCOL.reply(receipt_of(read(b"{}\n")), request()),
        PROTOCOL.refuse(SpoolFullError("full", 7), request()),
        PROTOCOL.refuse(QuotaError("too much", 60), request()),
    ]
    limits = [dict(reply.headers)[b"x-sentry-rate-limits"].decode() for reply in replies]
    assert all("transaction;span;profile" in each for each in limits)
    assert not any("error" in each or "log_item" in each for each in limits)
    assert [each.startswith("60::key, ") for each in limits] == [False, False, True]


def test_an_envelope_of_which_nothing_is_kept_is_told_why() -> None:
    receipt = receipt_of(read(envelope(({"type": "event"}, b"{"))))
    reply = PROTOCOL.reply(receipt, request())
    assert reply.status == 400
    assert json.loads(reply.body)["detail"].startswith("The event cannot be read")


# --- check-ins --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "severity"), [("ok", 2), ("in_progress", 2), ("error", 4), ("missed", 4)]
)
def test_a_check_in_by_an_address_is_an_event(status: str, severity: int) -> None:
    asked = request(CRON, f"status={status}&duration=1.5", slug="nightly", key="lgs_k")
    (event,) = events_of(PROTOCOL.read(b"", asked, LIMITS))
    assert event["severity"] == severity
    assert event["properties"] == {
        "type": "check_in",
        "monitor_slug": "nightly",
        "status": status,
        "duration": 1.5,
    }
    assert PROTOCOL.credentials(asked) == "lgs_k"


# --- events ---------------------------------------------------------------------------------


def test_names_that_are_taken_keep_their_tags_together() -> None:
    event = event_of(
        message="x",
        transaction="/pay",
        tags={"transaction": "mine", "till": "7", "extra": "e"},
        extra={"till": 8, "count": 9},
    )
    assert event["properties"] == {
        "transaction": "/pay",
        "till": "7",
        "count": 9,
        "tags": {"transaction": "mine", "extra": "e"},
        "extra": {"till": 8},
    }


@pytest.mark.parametrize(
    ("user", "known"),
    [
        ({"id": 7, "email": "a@b"}, "7"),
        ({"email": "a@b", "ip_address": "{{auto}}"}, "a@b"),
        ({"ip_address": "192.0.2.1"}, "192.0.2.1"),
        ({"ip_address": "{{auto}}"}, None),
        ({}, None),
        ([1], None),
    ],
)
def test_a_user_is_known_by_the_surest_name(user: Any, known: str | None) -> None:
    assert event_of(message="x", user=user).get("user") == known


def test_an_event_says_what_was_raised_when_it_has_no_words() -> None:
    raised = {"type": "KeyError", "value": "'card'"}
    assert event_of(exception=raised)["message"] == "KeyError: 'card'"
    assert event_of(exception=[raised], message="pay")["message"] == "pay"
    assert "stack_trace" not in event_of(exception=[raised])
    assert event_of(tags={})["message"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
NAMES = (
    *("event_id", "timestamp", "level", "platform", "logger", "server_name", "release"),
    *("environment", "transaction", "message", "logentry", "exception", "threads", "stacktrace"),
    *("user", "request", "tags", "extra", "contexts", "breadcrumbs", "fingerprint", "sdk"),
)
PARTS = st.recursive(
    JSON,
    lambda inner: st.dictionaries(
        st.sampled_from(
            [
                *("values", "type", "value", "module", "stacktrace", "frames", "mechanism"),
                *("filename", "function", "lineno", "params", "formatted", "message", "trace"),
                *("source", "parent_id", "exception_id", "is_exception_group", "crashed"),
            ]
        ),
        inner | st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), PARTS))
def test_members_of_any_type_make_an_event_in_which_each_is_there(members: dict[str, Any]) -> None:
    event = event_of(**members)
    kept = event.get("properties", {}) | event.get("details", {})
    for name in ("breadcrumbs", "fingerprint", "platform", "transaction"):
        if members.get(name) not in (None, {}, []) and name not in event_names(members):
            assert kept[name] == members[name]


def event_names(members: dict[str, Any]) -> set[str]:
    """Names that tags and extra data may have, too."""
    return {
        name
        for field in ("tags", "extra")
        if isinstance(members.get(field), dict)
        for name in members[field]
    }


# --- text -----------------------------------------------------------------------------------


def test_a_template_is_filled_by_place_or_by_name() -> None:
    def filled(message: str, params: Any) -> str:
        raw = json.dumps({"message": message, "params": params}).encode()
        found = read_logentry(msgspec.Raw(raw))
        assert found is not None
        return found.message

    assert filled("%s of %d, 100%%", ["a", 7]) == "a of 7, 100%"
    assert filled("{1} {0} {}", ["a", "b"]) == "b a {}"
    assert filled("%(who)s {who} {what}", {"who": "Ada"}) == "Ada Ada {what}"
    assert filled("%999999999d", [7]) == "7"
    assert len(filled("{0}" * 10_000, ["x" * 10_000])) < 300_000


def test_more_frames_than_anybody_reads_are_left_out_in_the_middle() -> None:
    count = 10_000
    frames = [{"function": f"f{number}", "filename": "a.py"} for number in range(count)]
    lines = traceback_of("python", {"type": "RecursionError", "stacktrace": {"frames": frames}})
    assert len(lines) == 1 + MAX_OUTER_FRAMES + 1 + MAX_INNER_FRAMES + 1
    assert f"[{count - MAX_OUTER_FRAMES - MAX_INNER_FRAMES} frames are left out]" in "".join(lines)
    for platform in ("java", "node", "csharp", "php", "ruby", "go", "cocoa"):
        short = traceback_of(platform, {"type": "E", "stacktrace": {"frames": frames}})
        assert len(short) < 2 * (MAX_OUTER_FRAMES + MAX_INNER_FRAMES) + 10


def test_causes_that_go_in_a_circle_are_told_once() -> None:
    def raised(number: int, parent: int) -> dict[str, Any]:
        ids = {"exception_id": number, "parent_id": parent, "is_exception_group": True}
        return {"type": f"E{number}", "mechanism": {"source": "exceptions[0]", **ids}}

    lines = traceback_of("python", raised(0, 1), raised(1, 0), raised(2, 2))
    assert sorted(line.split("| E")[1][0] for line in lines if "| E" in line) == ["0", "1", "2"]


def test_the_outermost_of_very_many_exceptions_are_told() -> None:
    lines = traceback_of("java", *({"type": f"E{number}"} for number in range(1000)))
    assert (lines[0], len(lines)) == ("E999", MAX_CHAINED)


# --- amounts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        b'{"exception":{"values":[{"stacktrace":{"frames":[' + b"{}," * 300_000 + b"{}]}}]}}",
        b'{"breadcrumbs":[' + b"{}," * 300_000 + b"{}]}",
        b'{"tags":{' + b",".join(b'"%d":1' % each for each in range(90_000)) + b"}}",
        b'{"extra":' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
        b'{"exception":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"message":"' + b"\\ud800" * 100_000 + b'"}',
        b'{"exception":{"values":[' + b'{"type":"E"},' * 60_000 + b"{}]}}",
    ],
    ids=["frames", "breadcrumbs", "tags", "nested extra", "too deep", "halves", "chain"],
)
def test_amounts_without_an_end_are_read_in_bounded_time(payload: bytes) -> None:
    start = time.process_time()
    reading = read(envelope(({"type": "event"}, payload)))
    assert time.process_time() - start < 5
    check_reading(reading)
    assert len(reading.columns) + len(reading.rejections) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/0/", "/api/0/organizations/us/releases/v1/", "/api/0/projects/us/shop/releases/"]
)
async def test_sentry_s_own_api_is_answered_in_words_for_sentry_cli(path: str, method: str) -> None:
    match = Routes([PROTOCOL]).find(path, method)
    assert match is not None
    assert match.route.answer is not None
    answer = await match.route.answer(request(match.route))
    assert answer.status == 501
    assert "This is Logster" in json.loads(answer.body)["detail"]


def test_a_project_may_have_the_number_0() -> None:
    match = Routes([PROTOCOL]).find("/api/0/envelope/", "POST")
    assert match is not None
    assert match.is_intake
