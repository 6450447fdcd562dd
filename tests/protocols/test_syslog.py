"""Syslog: what each kind of sender means, and that nothing of it is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import NS_PER_S, Severity
from logster.ingest.frames import Fault
from logster.ingest.protocol import Request, Route
from logster.ingest.protocols.syslog.message import FACILITIES, read_message
from logster.ingest.protocols.syslog.moment import read_moment
from logster.ingest.protocols.syslog.syslog import DIALECT, PROTOCOL
from support.examples import examples
from support.recorded import events_of
from support.sockets import (
    LIMITS,
    NOON,
    SENDER,
    read_cuts,
    read_datagrams,
    read_stream,
    request_of,
)

if TYPE_CHECKING:
    from logster.ingest.protocol import Reading

TWO_MINUTES_AGO = (int(NOON.timestamp()) - 120) * NS_PER_S


def event_of(sent: bytes | str, **options: Any) -> dict[str, Any]:
    """The only event of a datagram."""
    payload = sent.encode() if isinstance(sent, str) else sent
    reading = read_cuts(DIALECT, [payload], **options)
    assert reading.rejections == []
    (event,) = events_of(reading)
    return event


def test_rfc_5424():
    sent = (
        '<165>1 2026-12-01T11:58:00.000003Z web-1 shop 4711 ID47 [a@32473 iut="3"'
        ' s="x \\"y\\" \\\\ \\]z"][b n="1" n="2" n="3"][c] \ufeffPayment failed'
    )
    assert event_of(sent) == {
        "message": "Payment failed",
        "severity": Severity.INFO,
        "timestamp": TWO_MINUTES_AGO + 3000,
        "host": "web-1",
        "application": "shop",
        "properties": {
            "facility": "local4",
            "syslog_severity": "notice",
            "procid": "4711",
            "msgid": "ID47",
            "a@32473": {"iut": "3", "s": 'x "y" \\ ]z'},
            "b": {"n": ["1", "2", "3"]},
            "c": {},
        },
    }


def test_nil_values_are_not_there():
    assert event_of("<11>1 - - - - - - boom") == {
        "message": "boom",
        "severity": Severity.ERROR,
        "properties": {"facility": "user"},
    }
    assert event_of("<11>1 - - - - - -")["message"] == ""


def test_elements_that_are_none_stay_in_the_message():
    assert event_of('<11>1 - - - - - [a b="c] boom')["message"] == '[a b="c] boom'
    assert event_of('<11>1 - - - - - [a b="]"] boom')["properties"]["a"] == {"b": "]"}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("web-1 shop[4711]: hello", {"host": "web-1", "application": "shop", "procid": "4711"}),
        ("web-1 shop: hello", {"host": "web-1", "application": "shop"}),
        ("shop[4711]: hello", {"host": "192.0.2.7", "application": "shop", "procid": "4711"}),
        ("fe80::1 shop: hello", {"host": "fe80::1", "application": "shop"}),
        ("fw-1 hello", {"host": "fw-1"}),
        ("hello", {"host": "192.0.2.7"}),
        ("web-1 postfix/smtpd[9]: hello", {"host": "web-1", "application": "postfix/smtpd",
                                           "procid": "9"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("time", "fraction_ns"),
    [
        ("Dec  1 11:58:00", 0),
        ("Dec  1 11:58:00.25", 250_000_000),
        ("2026-12-01T12:58:00+01:00", 0),
        ("2026-12-01T11:58:00.000001Z", 1000),
    ],
)
def test_rfc_3164_and_what_rsyslog_sends(time: str, fraction_ns: int, rest: str, expected: Any):
    event = event_of(f"<13>{time} {rest}")
    assert event["message"] == "hello"
    assert event["timestamp"] == TWO_MINUTES_AGO + fraction_ns
    fields: dict[str, Any] = {
        name: event[name] for name in ("host", "application") if name in event
    }
    if "procid" in event["properties"]:
        fields["procid"] = event["properties"]["procid"]
    assert fields == expected


def test_a_time_without_a_year_is_the_last_one():
    day = timedelta(days=1)
    for moment in (NOON + day / 2, NOON - 300 * day, NOON - 363 * day):
        text = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}"
        assert read_moment(text, int(NOON.timestamp()) * NS_PER_S, "UTC") == (
            int(moment.timestamp()) * NS_PER_S
        )
    leap = read_moment("Feb 29 00:00:00", int(NOON.timestamp()) * NS_PER_S, "UTC")
    assert leap == int(datetime(2024, 2, 29, tzinfo=UTC).timestamp()) * NS_PER_S


def test_a_time_without_a_zone_has_that_of_the_setting():
    event = event_of("<13>Dec  1 13:58:00 web-1 shop: hello", zone="Europe/Helsinki")
    assert event["timestamp"] == TWO_MINUTES_AGO


@pytest.mark.parametrize("time", ["Feb 30 00:00:00", "Dec  1 25:00:00", "Foo  1 00:00:00"])
def test_a_time_that_is_none_is_kept(time: str):
    event = event_of(f"<13>{time} web-1 shop: hello")
    assert "timestamp" not in event
    assert event["properties"]["time"] == time
    bad = event_of("<13>1 2026-13-01T00:00:00Z web-1 shop - - - hello")
    assert bad["properties"]["time"] == "2026-13-01T00:00:00Z"


def test_pythons_handler_sends_a_priority_and_a_nul():
    assert event_of(b"<11>order 4711 failed\0") == {
        "message": "order 4711 failed",
        "severity": Severity.ERROR,
        "host": "192.0.2.7",
        "properties": {"facility": "user"},
    }


def test_a_stack_trace_behind_a_message():
    sent = b'<11>boom\nTraceback (most recent call last):\n  File "x", line 1\nKeyError: 7\0'
    event = event_of(sent)
    assert event["message"] == "boom"
    assert event["exception"] == "KeyError: 7"
    assert event["stack_trace"].startswith("Traceback")


def test_an_object_without_a_priority():
    sent = '{"level":50,"time":1796126280000,"msg":"boom","n":9007199254740993,"a":{"b":[1]}}'
    event = event_of(sent)
    assert event["message"] == sent
    assert event["severity"] == Severity.ERROR
    assert event["timestamp"] == TWO_MINUTES_AGO
    assert event["properties"] == {"msg": "boom", "n": 9007199254740993, "a": {"b": [1]}}


def test_an_object_in_a_message_knows_its_severity_better_than_a_relay():
    event = event_of('<14>1 2026-12-01T11:58:00Z web-1 shop - - - {"level":"error","order":7}')
    assert event["severity"] == Severity.ERROR
    assert event["properties"] == {"facility": "user", "syslog_severity": "info", "order": 7}
    logfmt = event_of("<14>1 - - - - - - level=warn msg=slow ms=3000")
    assert logfmt["severity"] == Severity.WARN
    assert logfmt["message"] == "level=warn msg=slow ms=3000"


def test_text_that_is_no_syslog_is_a_message():
    for sent in ("hello", "<999>hello", "<>hello", "<13 hello"):
        assert event_of(sent)["message"] == sent
    assert event_of("ERROR: no disk")["severity"] == Severity.ERROR


def test_letters_that_are_no_utf_8_are_those_of_windows():
    assert event_of(b"<13>gr\xfc\xdfe \x93x\x94 \x81")["message"] == "grüße “x” \x81"


def test_every_priority_has_its_facility_and_severity():
    for number in range(192):
        event = event_of(f"<{number}>x")
        assert event["properties"]["facility"] == FACILITIES[number // 8]
        assert event["severity"] == (5, 5, 5, 4, 3, 2, 2, 1)[number % 8]


def test_several_lines_of_one_datagram():
    reading = read_datagrams(DIALECT, b'{"msg":"a"}\n{"msg":"b"}\n{"msg":"c"}\n')
    assert len(reading.columns) == 3
    assert len(read_datagrams(DIALECT, b"<13>a\n<14>b\n").columns) == 2
    assert len(read_datagrams(DIALECT, b"<13>a\nb\n").columns) == 1


def test_each_bad_frame_is_one_rejection():
    reading = read_cuts(
        DIALECT,
        [b"<13>a", b"\0", Fault("cut_short", b"9 <13>"), b"<13>b", Fault("too_large", b"x")],
    )
    assert reading.columns.message == ["a", "b"]
    assert reading.lines == [1, 4]
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [
        (2, "empty"),
        (3, "cut_short"),
        (5, "too_large"),
    ]
    assert "1000000" in reading.rejections[2].faults["message"][0]


def by_http(body: bytes) -> Reading:
    route: Route = PROTOCOL.routes[0]
    request = Request(
        method="POST", path=route.path, query="", uri="", headers={}, route=route, received_at=1
    )
    return PROTOCOL.read(body, request, LIMITS)


def test_a_body_of_http_has_lengths_or_lines():
    assert by_http(b"7 <13>one5 <13>x").columns.message == ["one", "x"]
    assert by_http(b"<13>one\n<13>two\n").columns.message == ["one", "two"]


def test_the_framings_of_a_connection():
    assert read_stream(DIALECT, b"<11>a\nTraceback\0<11>b\0").columns.message == [
        "a\nTraceback",
        "b",
    ]


PARTS = st.sampled_from(
    [
        *(
            "<13>",
            "<192>",
            "<013>",
            "<11>1 ",
            "Dec  1 11:58:00",
            "Feb 30 11:58:00",
            "web-1",
            "shop",
        ),
        *("2026-12-01T11:58:00Z", "2026-13-01T11:58:00Z", "shop[7]:", "shop:", "-", " ", " ", " "),
        *(
            '[a b="c"]',
            '[a b="c',
            "[x]",
            "text",
            "a=b c=d",
            '{"a":1}',
            "\ufeff",
            "\n",
            "\x1e",
            "\\",
        ),
        *("<13>1 2026-12-01T11:58:00Z web-1 shop 7 - - ", "<13>Dec  1 11:58:00 web-1 shop[7]: "),
        *("\\nTraceback (most recent call last):\\n", "<13>2026-12-01T11:58:00Z web-1 shop: ", "é"),
    ]
)


@examples(20)
@given(texts=st.lists(st.lists(PARTS, max_size=9).map("".join), min_size=1, max_size=5))
def test_many_messages_mean_what_each_of_them_does(texts):
    together = read_cuts(DIALECT, [text.encode() for text in texts])
    apart = [read_cuts(DIALECT, [text.encode(), b"{}"]) for text in texts]
    assert events_of(together) == [event for each in apart for event in events_of(each)[:-1]]
    one_by_one = [
        read_message(text.rstrip("\r\n\0"), SENDER, request_of().received_at, "UTC")
        for text in texts
        if "\n" not in text and text.rstrip("\r\n\0")
    ]
    if all("\n" not in text for text in texts):
        found = [event["message"] for event in events_of(together)]
        assert found == [fields["message"] for fields in one_by_one]
        for event, fields in zip(events_of(together), one_by_one, strict=True):
            properties = event.get("properties", {})
            for name in ("severity", "host", "application"):
                assert event.get(name) == (
                    fields.get(name)
                    if name != "severity"
                    else 2
                    if fields.get(name) is None
                    else fields[name]
                )
            properties.pop("time", None)
            expected = json.loads(msgspec.json.encode(fields["properties"]))
            expected.pop("time", None)
            assert properties == expected
