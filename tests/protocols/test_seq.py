"""Seq's dialect: what its clients look at in an answer, and which form a body is in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from logster.errors import InvalidBodyError
from logster.event import Rejection, Severity
from logster.ingest.protocol import Reading, Receipt, Request
from logster.ingest.protocols.seq.dialect import PROTOCOL
from logster.ingest.routes import Routes
from support.native import rows
from support.recorded import LIMITS

ROUTES = Routes([PROTOCOL])
CLEF = b'{"@t":"2026-11-30T20:00:05Z","@mt":"Hello, {Name}","Name":"Ada"}'


def make_request(path: str = "/ingest/clef", query: str = "", **headers: str) -> Request:
    match = ROUTES.find(path, "POST")
    assert match
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="POST", path=path, query=query, uri=path, headers=named, route=match.route
    )


def read(body: bytes, path: str = "/ingest/clef", query: str = "", **headers: str) -> Reading:
    return PROTOCOL.read(body, make_request(path, query, **headers), LIMITS)


def read_one(body: bytes) -> dict[str, Any]:
    [event] = rows(read(body).columns)
    return event


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (None, b"null"),
        (Severity.TRACE, b'"Verbose"'),
        (Severity.DEBUG, b'"Debug"'),
        (Severity.INFO, b'"Information"'),
        (Severity.WARN, b'"Warning"'),
        (Severity.ERROR, b'"Error"'),
        (Severity.FATAL, b'"Fatal"'),
        (Severity.OFF, b'"Fatal"'),
    ],
)
def test_the_level_that_a_key_asks_for_is_told_as_serilog_looks_for_it(
    severity: Severity | None, level: bytes
) -> None:
    reply = PROTOCOL.reply(Receipt(ids=[1], minimum_severity=severity), make_request())

    assert reply.status == 201
    assert reply.body == b'{"MinimumLevelAccepted":' + level + b"}"


def test_a_batch_of_which_something_is_kept_is_not_sent_again() -> None:
    bad = Rejection(line=2, reason="syntax", faults={"message": ["It is bad."]})

    assert PROTOCOL.reply(Receipt(ids=[1], rejections=[bad]), make_request()).status == 201
    refused = PROTOCOL.reply(Receipt(ids=[], rejections=[bad]), make_request())
    assert refused.status == 400
    assert refused.body == b'{"Error":"Line 2: It is bad."}'


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("clef", {}),
        ("clef=true", {}),
        ("apiKey=K&clef=clef", {}),
        ("", {"content_type": "application/vnd.serilog.clef; charset=utf-8"}),
    ],
)
def test_lines_are_told_from_a_list_by_the_address_or_the_content_type(
    query: str, headers: dict[str, str]
) -> None:
    reading = read(CLEF, "/api/events/raw", query, **headers)

    assert reading.columns.message == ["Hello, Ada"]


def test_lines_where_a_list_is_expected_are_told_where_to_go() -> None:
    with pytest.raises(InvalidBodyError) as caught:
        read(CLEF, "/api/events/raw", "clef=no", content_type="application/json")

    assert b"/ingest/clef" in PROTOCOL.refuse(caught.value, make_request()).body


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        *(("Verbose", 0), ("t", 0), ("DEBUG", 1), ("dbg", 1), ("Information", 2), ("notice", 2)),
        *(("wrn", 3), ("Warning", 3), ("ERROR", 4), ("eror", 4), ("Fatal", 5), ("Critical", 5)),
        *(("panic", 5), ("emerg", 5), (50, 4)),
    ],
)
def test_levels_are_read_as_seq_s_own_tools_read_them(level: str | int, severity: int) -> None:
    line = msgspec.json.encode({"@t": "2026-11-30T20:00:05Z", "@m": "m", "@l": level})

    event = read_one(line)

    assert event["severity"] == severity
    assert event["properties"] is None


def test_a_name_that_is_escaped_does_not_hide_a_member_of_seq_s() -> None:
    event = read_one(b'{"@t":"2026-11-30T20:00:05Z","@m":"m","@i":"1a","@@i":2,"@@x":3}')

    assert event["properties"] == b'{"@i":"1a","@@i":2,"@x":3}'


def test_numbers_keep_their_digits() -> None:
    line = (
        b'{"@t":"2026-11-30T20:00:05Z","@mt":"{n} {x}","n":9007199254740993,"x":1.50,"far":1e400}'
    )

    assert read_one(line)["properties"] == b'{"n":9007199254740993,"x":1.50,"far":1e400}'
