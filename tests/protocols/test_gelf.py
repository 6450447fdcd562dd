"""GELF: what becomes of a document, by HTTP, in datagrams and in streams."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import InvalidBodyError
from logster.event import NS_PER_S, Severity
from logster.ingest.frames import Fault
from logster.ingest.protocol import Receipt, Request
from logster.ingest.protocols.gelf.chunks import MAGIC, MAX_HELD_BYTES, MAX_WAIT_S, Chunks
from logster.ingest.protocols.gelf.gelf import DIALECT, PROTOCOL
from support.examples import examples
from support.recorded import events_of
from support.sockets import LIMITS, read_cuts, read_datagrams, read_stream

if TYPE_CHECKING:
    from logster.ingest.protocol import Reading

TRACE = 'Traceback (most recent call last):\n  File "x", line 1\nKeyError: 7'


def document(**members: Any) -> bytes:
    return json.dumps({"version": "1.1", "short_message": "boom", **members}).encode()


def event_of(sent: bytes) -> dict[str, Any]:
    """The only event of a datagram."""
    reading = read_datagrams(DIALECT, sent)
    assert reading.rejections == []
    (event,) = events_of(reading)
    return event


def test_a_document():
    sent = document(
        host="web-1",
        timestamp=1796126280.25,
        level=3,
        _order=9007199254740993,
        _cart={"lines": [1, 2]},
        _application="shop",
        _user="ada",
        _logger_name="shop.cart",
        line=7,
        file="cart.py",
    )
    assert event_of(sent) == {
        "message": "boom",
        "severity": Severity.ERROR,
        "timestamp": 1796126280 * NS_PER_S + 250_000_000,
        "host": "web-1",
        "application": "shop",
        "category": "shop.cart",
        "user": "ada",
        "properties": {
            "order": 9007199254740993,
            "cart": {"lines": [1, 2]},
            "line": 7,
            "file": "cart.py",
        },
    }


def test_without_a_level_it_is_an_info_and_its_host_is_the_sender():
    event = event_of(document())
    assert (event["severity"], event["host"]) == (Severity.INFO, "192.0.2.7")


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4, 5, 6, 7])
def test_levels_are_those_of_syslog(level: int):
    expected = (5, 5, 5, 4, 3, 2, 2, 1)[level]
    assert event_of(document(level=level))["severity"] == expected
    assert event_of(document(level=str(level)))["severity"] == expected


def test_a_value_that_its_field_cannot_hold_is_a_property():
    event = event_of(document(level=99, timestamp="soon", host=7, _user=8, version="2"))
    assert event["properties"] == {
        "level": 99,
        "timestamp": "soon",
        "host": 7,
        "user": 8,
        "version": "2",
    }


def test_a_trace_as_the_long_message():
    event = event_of(document(full_message=TRACE))
    assert (event["exception"], event["stack_trace"]) == ("KeyError: 7", TRACE)
    assert "properties" not in event
    assert event_of(document(full_message="more of it"))["properties"] == {
        "full_message": "more of it"
    }
    assert "properties" not in event_of(document(full_message="boom"))


def test_an_exception_in_members_of_its_own():
    stack = "Error: declined\n    at pay (shop.js:1:2)"
    event = event_of(document(full_message=stack, _error_message="declined", _error_stack=stack))
    assert event["stack_trace"] == stack
    assert event["exception"] == "Error: declined"
    assert "properties" not in event


def test_an_additional_member_that_is_called_as_another_one_keeps_its_underscore():
    event = event_of(document(file="a", _file="b", __c=1, _=2))
    assert event["properties"] == {"file": "a", "_file": "b", "_c": 1, "_": 2}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b'{"host":"x"}', "missing_message"),
        (b'{"short_message":""}', "missing_message"),
        (b'{"short_message":7}', "missing_message"),
        (b"[1]", "syntax"),
        (b"{", "syntax"),
        (b"", "syntax"),
        (zlib.compress(b"{}")[:-3], "unreadable"),
        (gzip.compress(b" " * 2_000_000), "too_large"),
        (MAGIC + b"12345678", "chunk"),
        (MAGIC + b"12345678\x02\x02x", "chunk"),
        (MAGIC + b"12345678\x00\x00x", "chunk"),
        (MAGIC + b"12345678\x80\x81x", "chunk"),
    ],
)
def test_a_bad_document_is_one_rejection(sent: bytes, reason: str):
    reading = read_datagrams(DIALECT, document(), sent, document())
    assert len(reading.columns) == 2
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [(2, reason)]


def test_letters_that_are_no_utf_8_are_those_of_windows():
    event = event_of(b'{"short_message":"gr\xfc\xdfe","_a":{"b":"\xe4"}}')
    assert event["message"] == "grüße"
    assert event["properties"] == {"a": {"b": "ä"}}


def test_what_is_packed_is_told_by_its_first_bytes():
    for pack in (zlib.compress, gzip.compress, bytes):
        assert event_of(pack(document()))["message"] == "boom"


def test_documents_of_a_stream_end_with_a_nul_or_a_line():
    for delimiter in (b"\0", b"\n"):
        sent = document() + delimiter + document(level=3) + delimiter
        assert len(read_stream(DIALECT, sent).columns) == 2


def chunks_of(payload: bytes, count: int, identity: bytes = b"12345678") -> list[bytes]:
    size = -(-len(payload) // count)
    return [
        MAGIC + identity + bytes((number, count)) + payload[number * size : (number + 1) * size]
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 128])
def test_chunks_in_any_order_and_twice_are_one_document(count: int):
    chunks = chunks_of(zlib.compress(document(_text="x" * 100)), count)
    assert len(read_datagrams(DIALECT, *chunks).columns) == 1
    assert len(read_datagrams(DIALECT, *chunks[:-1], *reversed(chunks)).columns) == 1


def test_chunks_of_several_senders_are_not_mixed():
    chunks = Chunks()
    one, two = (chunks_of(document(_n=number), 2) for number in (1, 2))
    assert chunks.add("a", one[0], 0) is None
    assert chunks.add("b", two[0], 0) is None
    assert chunks.add("a", one[1], 0) == document(_n=1)
    assert chunks.add("b", two[1], 0) == document(_n=2)


def test_a_message_that_lacks_a_part_is_counted_once_its_time_is_over():
    chunks = Chunks()
    chunks.add("a", chunks_of(document(), 2)[0], 10.0)
    assert chunks.expire(10.0 + MAX_WAIT_S - 0.1) == 0
    assert chunks.expire(10.0 + MAX_WAIT_S) == 1
    assert chunks.expire(99.0) == 0
    assert chunks._held_bytes == 0


def test_what_waits_for_parts_is_bounded():
    chunks = Chunks()
    count = MAX_HELD_BYTES // 60_000 + 10
    for number in range(count):
        part = MAGIC + number.to_bytes(8, "big") + b"\0\2" + b"x" * 60_000
        assert chunks.add("a", part, 0.0) is None
    assert chunks._held_bytes <= MAX_HELD_BYTES
    assert 10 <= chunks.expire(0.0) < 20


@examples(5)
@given(
    parts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)), max_size=20)
)
def test_any_chunks_are_parts_or_faults(parts):
    chunks, now = Chunks(), 0.0
    for number, count, identity in parts:
        now += 1
        cut = chunks.add("a", MAGIC + bytes([identity] * 8) + bytes((number, count)) + b"x", now)
        assert cut is None or isinstance(cut, Fault) or set(cut) == {ord("x")}
        chunks.expire(now)
    chunks.expire(now + MAX_WAIT_S)
    assert chunks._held_bytes == 0
    assert not chunks._messages


def by_http(body: bytes) -> Reading:
    route = PROTOCOL.routes[0]
    return PROTOCOL.read(body, request_of_http(), LIMITS) if route else read_cuts(DIALECT, [])


def request_of_http() -> Request:
    route = PROTOCOL.routes[0]
    return Request(method="POST", path="/gelf", query="", uri="", headers={}, route=route)


def test_a_body_is_a_document_however_it_is_laid_out_or_one_on_each_line():
    laid_out = json.dumps({"short_message": "a", "_b": {"c": 1}}, indent=2).encode()
    assert len(by_http(laid_out).columns) == 1
    assert len(by_http(document() + b"\n" + document() + b"\n").columns) == 2
    with pytest.raises(InvalidBodyError):
        by_http(b" \n")


def test_a_good_document_is_answered_with_nothing_and_a_bad_one_with_the_reason():
    good, bad = by_http(document()), by_http(b'{"host":"x"}')
    replies = [
        PROTOCOL.reply(Receipt(ids=[1] * len(each.columns), rejections=each.rejections), None)  # type: ignore[arg-type]
        for each in (good, bad)
    ]
    assert [(reply.status, bool(reply.body)) for reply in replies] == [(202, False), (400, True)]
    assert b"short_message is required" in replies[1].body


def test_names_of_applications():
    for name, other in itertools.permutations(["_app", "_service"], 2):
        event = event_of(document(**{name: "shop", other: "cart"}))
        assert event["application"] == ("shop" if name == "_app" else "cart")
    assert event_of(document(_container_name="shop-1"))["application"] == "shop-1"
