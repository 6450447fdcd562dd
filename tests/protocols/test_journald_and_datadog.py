"""journald's and Datadog's dialects: bodies made to hurt."""

from __future__ import annotations

import struct
import time

import pytest

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.ingest.protocol import Limits, Protocol, Request
from logster.ingest.protocols import datadog, journald
from support.recorded import LIMITS, events_of, receipt_of

DEEP = 100_000
MIB = 1024 * 1024


def request(path: str, content_type: str = "application/json") -> Request:
    headers = {"content-type": content_type}
    return Request(method="POST", path=path, query="", uri=path, headers=headers)


JOURNALS = {
    "only line ends": b"\n" * MIB,
    "one field without end": b"MESSAGE=" + b"x" * (4 * MIB),
    "a length of all that there is": b"MESSAGE\n" + b"\xff" * 8 + b"x" * MIB,
    "lengths of nothing": (b"A\n" + struct.pack("<Q", 0) + b"\n") * DEEP,
    "one field a hundred thousand times": b"A=1\n" * DEEP,
    "names that are none": b"=\n" * MIB,
    "entries of one letter": b"A=\n\n" * 90_000,
    "bytes that are no text": b"MESSAGE\n" + struct.pack("<Q", MIB) + b"\xff" * MIB + b"\n\n",
    "digits without end": b"PRIORITY=" + b"9" * MIB + b"\nMESSAGE=m\n\n",
    "a message of brackets": b"MESSAGE=" + b'{"a":' * DEEP + b"\n\n",
}
LOGS = {
    "open lists": b"[" * DEEP,
    "open objects": b'{"a":' * DEEP,
    "closed objects": b'[{"a":' + b"[" * DEEP + b"]" * DEEP + b"}]",
    "a million members": b"[{" + b",".join(b'"k%d":1' % n for n in range(MIB)) + b"}]",
    "tags without end": b'[{"message":"m","ddtags":"' + b"a:b," * DEEP + b'"}]',
    "tags of one name": b'[{"message":"m","ddtags":"' + b"a," * 20_000 + b'"}]',
    "numbers of no type": b'[{"message":"m","timestamp":1e999,"status":1e999}]',
    "no UTF-8": b'[{"message":"\xff"},{"message":"m","\xff":1}]',
    "empty logs": b"[" + b"{}," * DEEP + b"{}]",
    "a message of brackets": b'[{"message":"' + b"{" * DEEP + b'"}]',
}


@pytest.mark.parametrize("name", JOURNALS)
def test_hostile_journals_are_read_soon(name: str) -> None:
    check(journald.PROTOCOL, JOURNALS[name], request("/upload", "application/vnd.fdo.journal"))


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("name", LOGS)
def test_hostile_logs_are_read_soon(name: str, content_type: str) -> None:
    check(datadog.PROTOCOL, LOGS[name], request("/api/v2/logs", content_type))


def check(protocol: Protocol, body: bytes, asked: Request) -> None:
    started = time.process_time()
    try:
        reading = protocol.read(body, asked, LIMITS)
    except (InvalidBodyError, BodyTooLargeError):
        pass
    else:
        protocol.reply(receipt_of(reading), asked)
    assert time.process_time() - started < 5


def test_too_many_logs_are_refused_whole() -> None:
    few = Limits(max_events=2, max_message_bytes=100)
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        datadog.PROTOCOL.read(b'["a","b","c"]', request("/api/v2/logs"), few)
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        journald.PROTOCOL.read(b"A=1\n\n" * 3, request("/upload"), few)


def test_the_address_says_what_a_log_does_not() -> None:
    asked = Request(
        method="POST", path="/v1/input", query="service=shop&ddtags=env:test", uri="", headers={}
    )
    body = b'[{"message":"one"},{"message":"two","service":"cart"}]'
    events = events_of(datadog.PROTOCOL.read(body, asked, LIMITS))
    assert [event["application"] for event in events] == ["shop", "cart"]
    assert [event["environment"] for event in events] == ["test", "test"]


ENTRY = b"__CURSOR=s=1\nMESSAGE\n" + struct.pack("<Q", 11) + b"a\n\n__CURSOR\n" + b"A=\n\n"


def test_a_journal_is_cut_behind_an_entry_whatever_its_messages_say() -> None:
    body = ENTRY * 3
    for end in range(len(body)):
        assert journald.cut(body[:end]) == end // len(ENTRY) * len(ENTRY)
    assert journald.cut(body) == len(body)


def test_a_journal_in_parts_says_the_same() -> None:
    body = ENTRY * 5
    whole = events_of(journald.PROTOCOL.read(body, request("/upload"), LIMITS))
    place = journald.cut(body[: 3 * len(ENTRY) + 7])
    parts = [body[:place], body[place:]]
    found = [
        event
        for part in parts
        for event in events_of(journald.PROTOCOL.read(part, request("/upload"), LIMITS))
    ]
    assert found == whole


@pytest.mark.parametrize("name", JOURNALS)
def test_where_to_cut_a_hostile_journal_is_told_soon(name: str) -> None:
    started = time.process_time()
    assert 0 <= journald.cut(JOURNALS[name]) <= len(JOURNALS[name])
    assert time.process_time() - started < 3
