"""Lines of web servers' access logs say who asked for what, and how it went."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.fields.line.access import read_access
from logster.fields.line.read import read_line
from logster.fields.line.timestamp import Clock

CLOCK = Clock(datetime(2026, 11, 30, tzinfo=UTC), UTC)
COMMON = '203.0.113.7 - - [10/Oct/2026:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 2326'


def test_the_parts_of_a_line_have_the_names_of_opentelemetry():
    line = read_line(f'shop.example:443 {COMMON} "https://x/" "curl/8.1 \\"q\\"" 0.004', CLOCK)

    assert line.message.endswith(" 0.004")
    assert line.timestamp == "2026-10-10T20:55:36Z"
    assert line.fields == {}
    assert line.properties == {
        "server.address": "shop.example",
        "server.port": 443,
        "client.address": "203.0.113.7",
        "http.request.method": "GET",
        "url.path": "/a",
        "url.query": "b=1",
        "network.protocol.version": "1.1",
        "http.request.header.referer": "https://x/",
        "user_agent.original": 'curl/8.1 \\"q\\"',
        "http.response.status_code": 200,
        "http.response.body.size": 2326,
    }


@pytest.mark.parametrize(
    ("status", "severity"),
    [(101, None), (200, None), (304, None), (404, 3), (499, 3), (500, 4), (503, 4)],
)
def test_the_status_of_what_went_wrong_is_the_severity(status, severity):
    assert read_line(COMMON.replace(" 200 ", f" {status} "), CLOCK).severity == severity


@pytest.mark.parametrize(
    ("user", "field"), [("anna", "anna"), ("anna b", "anna b"), ("-", None), ("a@b.c", "a@b.c")]
)
def test_who_logged_in_is_the_user(user, field):
    assert read_line(COMMON.replace("- - ", f"- {user} "), CLOCK).fields.get("user") == field


@pytest.mark.parametrize(
    "request_line", ["-", "", r"\x16\x03\x01", "GET", "GET / FTP/1", r"G\"T / HTTP/1.1"]
)
def test_what_is_no_request_stays_in_the_message(request_line):
    line = read_line(COMMON.replace("GET /a?b=1 HTTP/1.1", request_line), CLOCK)

    assert set(line.properties) == {
        "client.address",
        "http.response.status_code",
        "http.response.body.size",
    }


@pytest.mark.parametrize(
    "text",
    [
        'x [y] "z" 200 1',
        COMMON.replace(" 200 ", " 2000 "),
        COMMON.replace(" 200 ", " ok "),
        COMMON + "ms",
        COMMON.replace('1.1"', "1.1"),
        COMMON.replace("203.0.113.7 - -", "-"),
    ],
)
def test_what_is_like_one_and_is_none_is_left_alone(text):
    assert read_access(text, CLOCK) is None
    assert read_line(text, CLOCK).properties == {}


@given(st.text('0- []"\\/: GET1.', max_size=200))
def test_any_line_is_read(text):
    assert read_line(f'1 - - [10/Oct/2026:13:55:36 +0000] "{text}', CLOCK).message


def test_a_line_that_is_made_to_hurt_takes_no_time():
    for text in ("a " * 50_000, '1 - - [10/Oct/2026:13:55:36 +0000] "' + '\\"' * 100_000):
        assert read_access(text + '] "', CLOCK) is None
