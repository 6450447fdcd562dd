"""A line of a log says its time and severity in many shapes; none of them may be misread."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.fields.line.read import read_line
from logster.fields.line.timestamp import Clock, read_time_value

CLOCK = Clock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC), UTC)
TRACE, DEBUG, INFO, WARN, ERROR, FATAL = range(6)

SHAPES = [
    ("2024-03-01T10:20:30Z started", "2024-03-01T10:20:30Z", None),
    ("2024-03-01T10:20:30.123456789Z ERROR x", "2024-03-01T10:20:30.123456789Z", ERROR),
    ("2024-03-01T10:20:30+02:00 WARN x", "2024-03-01T08:20:30Z", WARN),
    ("2024-03-01 10:20:30 -0530 x", "2024-03-01T15:50:30Z", None),
    ("2024-03-01 10:20:30.5 UTC [17] LOG:  x", "2024-03-01T10:20:30.5Z", None),
    ("2024-03-01 10:20:30,250 INFO [main] a.b.C: x", "2024-03-01T10:20:30.250Z", INFO),
    ("2024-03-01 10:20:30,250 - WARN  [w:1@2] - x", "2024-03-01T10:20:30.250Z", WARN),
    ("2024-03-01 10:20:30,250 - app - CRITICAL - x", "2024-03-01T10:20:30.250Z", FATAL),
    ("2024-03-01 10:20:30, Info                  CBS    x", "2024-03-01T10:20:30Z", INFO),
    ("[2024-03-01 10:20:30] prod.ERROR: x", "2024-03-01T10:20:30Z", None),
    ("[2024-03-01 10:20:30 +0000] [7] [WARNING] x", "2024-03-01T10:20:30Z", WARN),
    ("2024/03/01 10:20:30 [crit] 5#0: x", "2024-03-01T10:20:30Z", FATAL),
    ("2024/03/01 10:20:30 listening", "2024-03-01T10:20:30Z", None),
    ("api.log.2 2024-03-01 10:20:30.008 99 INFO api [r-1] x", "2024-03-01T10:20:30.008Z", INFO),
    ("2024-03-01T10:20:30.1Z stdout F hello", "2024-03-01T10:20:30.1Z", None),
    ("240301 102030 7 WARN dfs.Node$Part: x", "2024-03-01T10:20:30Z", WARN),
    ("24/03/01 10:20:30 INFO storage.Block: x", "2024-03-01T10:20:30Z", INFO),
    ("20240301 10:20:30 x", "2024-03-01T10:20:30Z", None),
    ("20240301T102030Z x", "2024-03-01T10:20:30Z", None),
    ("[Fri Mar 01 10:20:30 2024] [error] x", "2024-03-01T10:20:30Z", ERROR),
    (
        "[Fri Mar 01 10:20:30.123456 2024] [core:notice] [pid 1] x",
        "2024-03-01T10:20:30.123456Z",
        INFO,
    ),
    ("203.0.113.7 - anna [01/Mar/2024:10:20:30 +0100] GET /", "2024-03-01T09:20:30Z", None),
    ("Mar  1 10:20:30 host sshd[7]: Accepted key", "2026-03-01T10:20:30Z", None),
    ("Mar  1 10:20:30 host sshd[7]: error: no route", "2026-03-01T10:20:30Z", ERROR),
    ("<34>Mar  1 10:20:30 host su: failed", "2026-03-01T10:20:30Z", FATAL),
    ("<14>1 2024-03-01T10:20:30.003Z host app 1 ID47 - hi", "2024-03-01T10:20:30.003Z", INFO),
    ("I0301 10:20:30.123456 77 main.go:8] up", "2026-03-01T10:20:30.123456Z", INFO),
    ("E0301 10:20:30.123456 77 main.go:8] down", "2026-03-01T10:20:30.123456Z", ERROR),
    ("03-01 10:20:30.123  1702  2395 W Manager: slow", "2026-03-01T10:20:30.123Z", WARN),
    ("1709288430 x", "2024-03-01T10:20:30Z", None),
    ("1709288430.25 x", "2024-03-01T10:20:30.25Z", None),
    ("1709288430250 x", "2024-03-01T10:20:30.250Z", None),
    ("WARNING:root:disk is nearly full", None, WARN),
    ("error: cannot open file", None, ERROR),
    ("ERROR cannot open file", None, ERROR),
    ("Traceback (most recent call last):", None, ERROR),
    ("panic: runtime error: index out of range", None, FATAL),
    ("ts=oops level=warn free text", None, WARN),
]


@pytest.mark.parametrize(("text", "timestamp", "severity"), SHAPES)
def test_a_known_shape_gives_its_time_and_severity_and_keeps_the_line(text, timestamp, severity):
    line = read_line(text, CLOCK)

    assert (line.timestamp, line.severity, line.message) == (timestamp, severity, text)
    assert (line.fields, line.properties) == ({}, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no error was found, the warning lamp is off",
        "the INFO-desk of ERROR.com",
        "/var/log/ERROR.log was opened",
        "retry at 2024-03-01 10:20:30 and not before",
        "12345678901234567890 items",
        "4711 is a number",
        "2024-13-45 10:20:30 has no such month",
        "2024-02-30T10:20:30Z has no such day",
        "99:99:99 nothing",
        "Smarch 13 10:20:30 host x",
        "INFO_SERVICE started",
    ],
)
def test_prose_and_impossible_dates_say_nothing(text):
    line = read_line(text, CLOCK)

    assert (line.timestamp, line.severity, line.message) == (None, None, text)


def test_a_severity_far_behind_the_head_is_the_texts_own_word():
    text = "2024-03-01 10:20:30 " + "x" * 200 + " ERROR"

    assert read_line(text, CLOCK).severity is None


def test_the_first_severity_of_a_line_counts():
    assert read_line("2024-03-01 10:20:30 INFO state changed from [ERROR]", CLOCK).severity == INFO


def test_a_time_without_year_is_the_last_one_that_is_not_in_the_future():
    assert read_line("Nov 23 11:00:00 h x", CLOCK).timestamp == "2026-11-23T11:00:00Z"
    assert read_line("Dec 24 11:00:00 h x", CLOCK).timestamp == "2025-12-24T11:00:00Z"


def test_a_time_without_year_may_be_ahead_by_the_difference_of_clocks():
    assert read_line("Nov 24 11:00:00 h x", CLOCK).timestamp == "2026-11-24T11:00:00Z"


def test_the_29th_of_february_belongs_to_a_year_that_has_one():
    assert read_line("Feb 29 11:00:00 h x", CLOCK).timestamp == "2024-02-29T11:00:00Z"


def test_a_time_without_zone_is_in_the_zone_of_the_writer():
    clock = Clock(CLOCK.now, timezone(timedelta(hours=2)))

    assert read_line("2024-03-01 10:20:30 x", clock).timestamp == "2024-03-01T08:20:30Z"
    assert read_line("2024-03-01 10:20:30Z x", clock).timestamp == "2024-03-01T10:20:30Z"


def test_a_leap_second_is_the_second_before():
    assert read_line("2016-12-31T23:59:60Z x", CLOCK).timestamp == "2016-12-31T23:59:59Z"


def test_the_members_of_a_json_line_are_taken_and_the_rest_are_properties():
    line = read_line(
        '{"time":"2024-03-01T10:20:30Z","level":"warn","msg":"slow","logger":"db","ms":12.50}',
        CLOCK,
    )

    assert line.message == "slow"
    assert (line.timestamp, line.severity) == ("2024-03-01T10:20:30Z", WARN)
    assert line.fields == {"category": "db"}
    assert {name: bytes(value) for name, value in line.properties.items()} == {"ms": b"12.50"}


@pytest.mark.parametrize(
    ("text", "message", "severity"),
    [
        ('{"@t":"2024-03-01T10:20:30Z","@m":"hi","@l":"Error"}', "hi", ERROR),
        (
            '{"@timestamp":"2024-03-01T10:20:30.000Z","log.level":"DEBUG","message":"hi"}',
            "hi",
            DEBUG,
        ),
        ('{"level":50,"time":1709288430000,"msg":"hi"}', "hi", ERROR),
        ('{"Timestamp":"2024-03-01 10:20:30","Level":"Information","Message":"hi"}', "hi", INFO),
        (
            '{"log":"ERROR hi\\n","stream":"stderr","time":"2024-03-01T10:20:30Z"}',
            "ERROR hi",
            ERROR,
        ),
        (
            '{"asctime":"2024-03-01 10:20:30,000","levelname":"CRITICAL","message":"hi"}',
            "hi",
            FATAL,
        ),
    ],
)
def test_the_names_of_many_loggers_are_known(text, message, severity):
    line = read_line(text, CLOCK)

    assert (line.message, line.severity) == (message, severity)
    assert line.timestamp
    assert line.timestamp.startswith("2024-03-01T10:20:30")


def test_a_json_line_without_a_message_is_its_own_message():
    text = '{"level":"error","code":7}'

    line = read_line(text, CLOCK)

    assert (line.message, line.severity) == (text, ERROR)
    assert list(line.properties) == ["code"]


def test_a_value_that_its_member_cannot_hold_stays_a_property():
    line = read_line('{"msg":"hi","level":{"a":1},"time":"soon","user":7}', CLOCK)

    assert (line.timestamp, line.severity, line.fields) == (None, None, {})
    assert set(line.properties) == {"level", "time", "user"}


def test_of_two_names_for_one_member_the_surer_is_taken_and_the_other_is_kept():
    line = read_line('{"event":"b","message":"a"}', CLOCK)

    assert line.message == "a"
    assert set(line.properties) == {"event"}


def test_logfmt_is_taken_apart():
    line = read_line('ts=2024-03-01T10:20:30Z level=error msg="it \\"broke\\"" code=7', CLOCK)

    assert (line.message, line.severity) == ('it "broke"', ERROR)
    assert line.timestamp == "2024-03-01T10:20:30Z"
    assert line.properties == {"code": "7"}


@pytest.mark.parametrize("text", ["uid=0 euid=0 rhost=a", "msg=hi there", 'level=warn msg="open'])
def test_pairs_that_are_not_certainly_logfmt_stay_text(text):
    assert read_line(text, CLOCK).message == text
    assert read_line(text, CLOCK).properties == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1709288430, "2024-03-01T10:20:30Z"),
        (1709288430.5, "2024-03-01T10:20:30.5Z"),
        (1709288430250, "2024-03-01T10:20:30.250Z"),
        (1709288430250001, "2024-03-01T10:20:30.250001Z"),
        (1709288430250000001, "2024-03-01T10:20:30.250000001Z"),
        ("1709288430", "2024-03-01T10:20:30Z"),
        (True, None),
        (12, None),
        (float("nan"), None),
        ("2024-03-01T10:20:30Z and more", None),
        (None, None),
    ],
)
def test_an_instant_that_stands_alone(value, text):
    assert read_time_value(value, CLOCK) == text


HEADS = st.sampled_from([text for text, _, _ in SHAPES]).map(lambda text: text[:24])


@given(st.text() | st.tuples(HEADS, st.text()).map("".join))
def test_any_text_is_read_without_error_and_kept(text):
    line = read_line(text, CLOCK)

    is_taken_apart = bool(line.properties or line.fields or line.message in text)
    assert line.message == text or is_taken_apart
    assert line.severity is None or 0 <= line.severity <= 6


@given(st.text().filter(lambda text: not text.startswith("{") and "=" not in text))
def test_a_line_of_plain_text_is_its_message(text):
    assert read_line(text, CLOCK).message == text


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(["msg", "level", "time", "Message", "user", "@x"]) | st.text()


@given(st.dictionaries(NAMES, JSON_VALUES))
def test_nothing_of_a_json_line_is_lost(fields):
    line = read_line(json.dumps(fields), CLOCK)

    taken = len(line.fields) + (line.message != json.dumps(fields))
    taken += line.timestamp is not None
    taken += "level" in fields and "level" not in line.properties
    assert len(line.properties) + taken == len(fields)


def test_a_hostile_line_is_read_in_no_time():
    deep = '{"a":' + "[" * 100_000
    assert read_line(deep, CLOCK).message == deep
    for text in (
        "a=" * 50_000,
        'a="' + "\\" * 100_000,
        "[" * 100_000,
        " " * 100_000,
        "<1>" * 50_000,
    ):
        assert read_line(text, CLOCK).message == text


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2026-11-30 20:00:00 GMT+3 [1] LOG: a", "2026-11-30T17:00:00Z"),
        ("2026-11-30 20:00:00 UTC+02:00 b", "2026-11-30T18:00:00Z"),
        ("2026-11-30 20:00:00 GMT-0330 b", "2026-11-30T23:30:00Z"),
        ("2026-11-30 20:00:00 GMT b", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00.123 EST [1] ERROR: c", "2026-12-01T01:00:00.123Z"),
        ("2026-11-30 20:00:00 CEST x", "2026-11-30T18:00:00Z"),
        ("2026-11-30 20:00:00 MSK x", "2026-11-30T17:00:00Z"),
        ("2026-11-30 20:00:00 JST x", "2026-11-30T11:00:00Z"),
        ("2026-11-30 20:00:00UTC x", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00 (JST) x", "2026-11-30T11:00:00Z"),
        ("2026-11-30 20:00:00 America/New_York x", "2026-12-01T01:00:00Z"),
        ("2026-07-30 20:00:00 America/New_York x", "2026-07-31T00:00:00Z"),
        ("2026-11-30 08:00:00 PM d", "2026-11-30T20:00:00Z"),
        ("2026-11-30 12:00:00 AM d", "2026-11-30T00:00:00Z"),
        ("2026-11-30 12:00:00 pm d", "2026-11-30T12:00:00Z"),
        ("2026-11-30 08:00:00\u202fPM d", "2026-11-30T20:00:00Z"),
        ("2026-11-30 08:00:00PM d", "2026-11-30T20:00:00Z"),
        ("2026-11-30 08:00:00 p.m. EST d", "2026-12-01T01:00:00Z"),
        ("2026-11-30 08:00:00 PM +0100 d", "2026-11-30T19:00:00Z"),
        ("2026-11-30T20:00:00+01:00[Europe/Berlin] d", "2026-11-30T19:00:00Z"),
        ("Mon Nov 30 20:00:00 CET 2026 d", "2026-11-30T19:00:00Z"),
        ("Nov 22 20:00:00 JST: %SYS-5-CONFIG_I", "2026-11-22T11:00:00Z"),
        ("2026-11-30 20:00:00 -1500 items", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00 est prêt", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00 ESTIMATE", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00 Cart/Checkout failed", "2026-11-30T20:00:00Z"),
        ("2026-11-30 20:00:00 PMail started", "2026-11-30T20:00:00Z"),
    ],
)
def test_a_zone_in_words_and_the_half_of_the_day_are_part_of_the_time(text, timestamp):
    line = read_line(text, CLOCK)

    assert (line.timestamp, line.message) == (timestamp, text)


@pytest.mark.parametrize(
    "tail",
    [
        *("IST", "CST", "BST", "PST", "AST", "GST", "CDT", "SST", "(IST)", "CST [7]", "IST: x"),
        *("Europe/Nowhere", "Eastern Standard Time", "W. Europe Daylight Time", "GMT+25"),
        *("UTC+14:30", "am CST"),
    ],
)
def test_behind_a_zone_that_cannot_be_known_no_time_is_read(tail):
    assert read_line(f"2026-11-30 08:00:00 {tail} x", CLOCK).timestamp is None


@pytest.mark.parametrize("hour", ["00", "13"])
def test_an_hour_that_has_no_half_is_no_time(hour):
    assert read_line(f"2026-11-30 {hour}:00:00 PM x", CLOCK).timestamp is None


@pytest.mark.parametrize(
    ("text", "timestamp", "severity"),
    [
        (
            "\x1b[2m2026-11-30T20:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m shop: one",
            "2026-11-30T20:00:00Z",
            ERROR,
        ),
        ("[\x1b[31merror\x1b[39m] two", None, ERROR),
        (
            "2026-11-30 20:00:00 \x1b[1;33mWARN\x1b[0m \x1b[31mdeclined\x1b[0m",
            "2026-11-30T20:00:00Z",
            WARN,
        ),
        ("\x1b[38;5;196mFATAL\x1b[m\x1b[K out of memory", None, FATAL),
        ("\x1b]8;;https://example.org\x1b\\ERROR\x1b]8;;\x07 a link", None, ERROR),
    ],
)
def test_a_line_is_read_without_its_colours_and_keeps_them(text, timestamp, severity):
    line = read_line(text, CLOCK)

    assert (line.timestamp, line.severity, line.message) == (timestamp, severity, text)


def test_logfmt_and_json_in_colours_are_taken_apart_and_kept():
    text = "\x1b[36mlevel\x1b[0m=error \x1b[36mmsg\x1b[0m=gone code=7"

    line = read_line(text, CLOCK)

    assert (line.message, line.severity) == ("gone", ERROR)
    assert line.properties == {"code": "7", "OriginalMessage": text}
    assert read_line('\x1b[32m{"msg":"hi","level":"warn"}\x1b[0m', CLOCK).severity == WARN


def test_an_entry_of_the_journal_is_taken_apart():
    line = read_line(
        '{"__REALTIME_TIMESTAMP":"1796068800123456","PRIORITY":"3","MESSAGE":"disk failure",'
        '"_HOSTNAME":"srv1","__CURSOR":"s=1","SYSLOG_IDENTIFIER":"smartd","_PID":"7"}',
        CLOCK,
    )

    assert (line.message, line.severity) == ("disk failure", ERROR)
    assert line.timestamp == "2026-11-30T20:00:00.123456Z"
    assert line.fields == {"host": "srv1"}
    assert line.application == "smartd"
    assert line.properties == {"__CURSOR": "s=1", "SYSLOG_IDENTIFIER": "smartd", "_PID": "7"}


@pytest.mark.parametrize(
    ("priority", "severity"), list(zip("01234567", [5, 5, 5, 4, 3, 2, 2, 1], strict=True))
)
def test_the_priority_of_the_journal_is_syslogs(priority, severity):
    text = json.dumps({"__REALTIME_TIMESTAMP": "1", "MESSAGE": "x", "PRIORITY": priority})

    assert read_line(text, CLOCK).severity == severity
    assert read_line('{"msg":"x","priority":"3"}', CLOCK).severity is None


def test_bytes_of_the_journal_become_text():
    message = "\x1b[31mGrüße\x1b[0m".encode()
    entry = {"__REALTIME_TIMESTAMP": "1796068800123456", "MESSAGE": list(message), "X": [255, 10]}

    line = read_line(json.dumps(entry), CLOCK)

    assert line.message == "\x1b[31mGrüße\x1b[0m"
    assert line.properties == {"X": "\\xff\n"}


def test_an_entry_without_text_is_its_own_message():
    text = '{"__REALTIME_TIMESTAMP":"1796068800123456","MESSAGE":null,"_SYSTEMD_UNIT":"a.service"}'

    line = read_line(text, CLOCK)

    assert (line.message, line.application) == (text, "a")
    assert line.properties["MESSAGE"] is None


def test_the_template_of_clef_is_filled_when_there_is_no_message():
    text = '{"@t":"2026-11-30T20:00:00Z","@mt":"Hello {Name}, {n:000}","Name":"Ada","n":7}'

    line = read_line(text, CLOCK)

    assert line.message == "Hello Ada, 007"
    assert line.properties["@mt"] == "Hello {Name}, {n:000}"
    assert set(line.properties) == {"@mt", "Name", "n"}
    assert read_line('{"@mt":"Hello {Name}","@m":"Hi","Name":"Ada"}', CLOCK).message == "Hi"
    rendered = read_line('{"@mt":"{n:C}","@r":["$7"],"n":7}', CLOCK)
    assert rendered.message == "$7"
