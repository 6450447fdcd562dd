"""Lines of text: what the address says of all of them, and what comes of long and hostile ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest

from logster import zstd
from logster.errors import BodyTooLargeError, InvalidBodyError, MediaTypeError
from logster.event import Rejection
from logster.ingest.delivery import MAX_QUICK_PARTS
from logster.ingest.protocol import Limits, Reading, Receipt, Request
from logster.ingest.protocols.text import COMMON_FIELDS, MAX_EXPLAINED, PROTOCOL
from support.native import rows
from support.recorded import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

NOON_NS = 1_796_040_000_000_000_000  # 2026-11-30T12:00:00Z


def make_request(content_type: str = "", /, **said: str) -> Request:
    return Request(
        method="POST",
        path="/ingest/text",
        query=urlencode(said),
        uri="/ingest/text",
        headers={"content-type": content_type},
        received_at=NOON_NS,
    )


def read(body: bytes, limits: Limits = LIMITS, /, **said: str) -> Reading:
    return PROTOCOL.read(body, make_request(**said), limits)


def read_one(body: bytes, **said: str) -> dict[str, Any]:
    [event] = rows(read(body, **said).columns)
    return event


@pytest.mark.parametrize("name", COMMON_FIELDS)
def test_the_address_says_what_a_line_does_not(name: str) -> None:
    assert read_one(b"x", **{name: "theirs"})[name] == "theirs"
    if name != "application":
        line = msgspec.json.encode({"message": "m", name: "its own"})
        assert read_one(line, **{name.upper(): "theirs"})[name] == "its own"


def test_a_line_s_own_severity_comes_before_that_of_the_address() -> None:
    reading = read(b"INFO a\nb\n", severity="e")

    assert reading.columns.severity == [2, 4]


def test_the_year_of_a_time_is_that_of_its_arrival() -> None:
    assert read_one(b"Nov 30 11:59:00 web sshd[1]: hello")["timestamp"] == NOON_NS - 60 * 10**9


def test_a_zone_says_what_a_clock_without_one_means() -> None:
    line = b"2026-11-30 13:00:00 INFO hello"

    assert read_one(line, timezone="Europe/Berlin")["timestamp"] == NOON_NS
    assert read_one(line)["timestamp"] == NOON_NS + 3600 * 10**9


@pytest.mark.parametrize("said", [{"severity": "loud"}, {"timezone": "Europe/../etc"}])
def test_an_address_that_cannot_be_meant_is_refused_before_the_body(said: dict[str, str]) -> None:
    [(name, value)] = said.items()
    with pytest.raises(InvalidBodyError) as caught:
        (PROTOCOL.check or print)(make_request(**said))

    assert PROTOCOL.refuse(caught.value, make_request()).body.startswith(
        f"""{{"error":"{name} is '{value}'; give """.encode()
    )


def test_a_form_with_files_is_told_what_to_do() -> None:
    with pytest.raises(MediaTypeError, match="--data-binary"):
        (PROTOCOL.check or print)(make_request("multipart/form-data; boundary=x"))


def test_a_line_that_is_too_long_costs_itself() -> None:
    reading = read(b"a\n" + b"x" * 200 + b"\nb\n", Limits(max_events=10, max_message_bytes=100))

    assert reading.columns.message == ["a", "b"]
    assert reading.lines == [1, 3]
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [(2, "too_large")]


def test_a_line_knows_its_place_behind_a_stack_trace() -> None:
    trace = b"ERROR no\nTraceback (most recent call last):\n  File 'a.py'\nValueError: b\n\n"
    limits = Limits(max_events=10, max_message_bytes=100)
    reading = read(trace + b"x" * 200 + b"\nlast\n", limits)

    assert [bad.line for bad in reading.rejections] == [6]
    assert reading.lines == [1, 7]


def test_more_lines_than_a_batch_may_have_are_refused() -> None:
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        read(b"a\n" * 11, Limits(max_events=10, max_message_bytes=100))


def test_empty_lines_are_no_events_however_many() -> None:
    assert len(read(b"\n" * 1_000_000, Limits(max_events=10, max_message_bytes=100)).columns) == 0


def test_what_was_refused_is_told_up_to_a_point() -> None:
    bad = [Rejection(line=n, reason="too_large", faults={"m": ["No."]}) for n in range(1, 1000)]
    answer = msgspec.json.decode(
        PROTOCOL.reply(Receipt(ids=[1], rejections=bad), make_request()).body
    )

    assert answer["accepted"] == 1
    assert answer["rejected"][0] == {"line": 1, "error": "No."}
    assert len(answer["rejected"]) == MAX_EXPLAINED


@pytest.mark.parametrize("name", ["app", "Service", "q"])
def test_a_parameter_that_says_nothing_is_refused_with_those_that_do(name: str) -> None:
    for value in ("shop", ""):
        with pytest.raises(InvalidBodyError) as caught:
            (PROTOCOL.check or print)(make_request(**{name: value}))
        assert caught.value.sentence.startswith(f"{name}='{value}' says nothing here; the address")
        assert "application" in caught.value.sentence


@pytest.mark.parametrize("name", ["apikey", "ApiKey", "api_key", "sentry_key", "application"])
def test_what_the_address_may_say_is_taken_in_any_case(name: str) -> None:
    (PROTOCOL.check or print)(make_request(**{name: "x"}))


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_packed_file_is_opened_without_a_header(pack: Callable[[bytes], bytes]) -> None:
    assert read(pack(b"a\nb\n")).columns.message == ["a", "b"]
    asked = make_request()
    assert PROTOCOL.count_parts is not None
    assert PROTOCOL.count_parts(pack(b"a"), asked) > MAX_QUICK_PARTS  # in a thread


def test_a_packed_file_that_is_too_large_is_refused_by_its_setting() -> None:
    limits = Limits(max_events=10, max_message_bytes=100, max_batch_bytes=1000)
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_BYTES"):
        read(gzip.compress(b"a" * 2000), limits)


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (bz2.compress(b"a"), "bzip2"),
        (lzma.compress(b"a"), "xz"),
        (b"PK\x03\x04" + b"\0" * 40, "zip"),
    ],
)
def test_a_file_that_cannot_be_opened_is_refused_by_its_name(packed: bytes, name: str) -> None:
    with pytest.raises(MediaTypeError, match=f"packed with {name}; send text, or gzip or zstd"):
        read(packed)
