"""Bodies made to hurt: every answer is a refusal or a message, soon and in little memory."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import RefusedError
from logster.event import TEXT_FIELDS
from logster.ingest.protocol import Reading, Receipt, Reply
from logster.ingest.protocols.native import api_log
from support.examples import examples
from support.native import LIMITS, ask, make_request, receipt_of, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
#: Generous: a busy machine must not fail a test, a quadratic reader must.
MAX_S = 5.0


@contextmanager
def bounded(max_s: float = MAX_S) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < max_s


DEEP = 100_000
HOSTILE_JSON = {
    "open arrays": '{"Message":"m","x":' + "[" * DEEP,
    "open objects": '{"Message":"m","Properties":' + '{"a":' * DEEP,
    "closed arrays": '{"Message":"m","x":' + "[" * DEEP + "]" * DEEP + "}",
    "root arrays": "[" * DEEP,
    "deep in a known member": '{"Message":' + "[" * DEEP + "]" * DEEP + "}",
    "quotes": '"' * DEEP,
    "backslashes": '{"Message":"' + "\\" * (DEEP + 1) + '"}',
    "escapes without end": '{"Message":"' + "\\u0041" * DEEP,
    "commas": '{"Message":"m"' + "," * DEEP,
    "error at the far end": '{"Message":"m","x":[' + "1," * (2 * MIB) + "]}",
    "blanks": " " * (4 * MIB) + "x",
    "bad duplicates": '{"Severity":"x",' + '"Severity":"y",' * DEEP + '"Message":"m"}',
    "a name without end": '{"' + "n" * (4 * MIB),
    "a huge name": '{"' + "n" * (3 * MIB) + '":tru}',
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
@pytest.mark.parametrize("path", ["/api/Log", "/api/Logs"])
def test_hostile_json_is_refused_soon_and_briefly(name: str, path: str) -> None:
    with bounded():
        answer = ask(HOSTILE_JSON[name], path=path)
    assert answer.status == 400
    assert len(answer.body) < 64 * 1024


HOSTILE_XML = {
    "open elements": "<LogMessage>" + "<a>" * DEEP,
    "closed elements": "<LogMessage>" + "<a>" * DEEP + "</a>" * DEEP + "</LogMessage>",
    "many elements": "<LogMessage>" + "<a/>" * MIB + "</LogMessage>",
    "many CDATA openings": "<LogMessage><Message>&#0;" + "<![CDATA[" * DEEP,
    "many comment openings": "<LogMessage><Message>&#0;" + "<!--" * DEEP,
    "zeros in a reference": "<LogMessage><Message>&#" + "0" * (4 * MIB),
    "billion laughs": "<!DOCTYPE l [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]><LogMessage><Message>&a11;</Message></LogMessage>",
    "external entity": "<!DOCTYPE l [<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>]>"
    "<LogMessage><Message>&x;</Message></LogMessage>",
    "blanks": "<?xml" + " " * (4 * MIB),
    "all of private use": "<LogMessage><Message>&#0;"
    + "".join(map(chr, range(0xE000, 0xF900)))
    + "</Message></LogMessage>",
}


@pytest.mark.parametrize("name", HOSTILE_XML)
def test_hostile_xml_is_refused_soon_and_briefly(name: str) -> None:
    with bounded():
        answer = ask(HOSTILE_XML[name], content_type="application/xml")
    assert answer.status == 400
    assert len(answer.body) < 64 * 1024


@pytest.mark.parametrize(
    "body",
    [
        "[" * DEEP,
        "a[" * DEEP,
        "&" * MIB,
        "a=1&" * MIB,
        "[]" * DEEP + "[",
        "%" * MIB,
        "Severity=" + "x" * MIB,
    ],
    ids=lambda body: body[:9],
)
def test_hostile_forms_are_refused_soon_and_briefly(body: str) -> None:
    with bounded():
        answer = ask(body, content_type="application/x-www-form-urlencoded")
    assert answer.status == 400
    assert len(answer.body) < 64 * 1024


@pytest.mark.parametrize(
    "header",
    [
        "," * 60000,
        "a/b," * 15000,
        "a/b;" * 15000,
        '"' * 60000,
        'a/b;c="' + "\\" * 60000,
        " " * 60000,
        "*/*;q=" + "1" * 60000,
        "a" * 60000,
        "a/b;q=0" * 8000,
    ],
    ids=lambda header: header[:9],
)
def test_hostile_headers_are_read_soon(header: str) -> None:
    with bounded(1.0):
        ask("{}", content_type=header, accept=header, accept_charset=header)


@pytest.mark.parametrize(
    "properties",
    [
        '{"a":"' + "é" * (5 * MIB) + '"}',
        "{" + ",".join(f'"k{n}":{n}' for n in range(700_000)) + "}",
        '{"a":[' + ",".join(["[]", "{}"] * (1024 * 1024)) + "]}",
    ],
    ids=["one text", "many members", "many brackets"],
)
def test_ten_megabytes_of_properties_are_kept_as_sent(properties: Any) -> None:
    with bounded():
        stored = ask('{"Message":"m","Properties":' + properties + "}").stored
        assert stored["properties"] == properties.encode()
        stored = ask('{"message":"m","Properties":' + properties + "}").stored
        assert stored["properties"] == properties.encode()


def test_reading_needs_a_small_multiple_of_the_body() -> None:
    body = ('{"message":"m","Properties":{"a":"' + "x" * (4 * MIB) + '"}}').encode()
    request = make_request(headers={"content-type": "application/json"})
    tracemalloc.start()
    try:
        api_log.read(body, request, LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(body)


TEXT_MEMBERS = ["Message", "Application", "Category", "User", "Exception", "StackTrace"]
TEXT_MEMBERS += ["Host", "Environment", "Release", "TraceId", "SpanId"]


@pytest.mark.parametrize("name", TEXT_MEMBERS)
@pytest.mark.parametrize("code", [0, 1, 8, 0x1B, 0x1F, 0x7F, 0x85, 0xFEFF, 0xFFFE, 0x10FFFF])
def test_control_characters_are_kept_in_every_member(name: str, code: int) -> None:
    escaped = f"\\u{code:04x}" if code <= 0xFFFF else "\\udbff\\udfff"
    for spelt in (name, name.lower()):
        stored = ask(f'{{"Message":"m","{spelt}":"a{escaped}b"}}').stored
        assert f"a{chr(code)}b" in [stored[field] for field in TEXT_FIELDS]


@pytest.mark.parametrize(
    "raw", ["9" * 10_000, "1e400", "-1e400", "1" + "0" * 400 + ".5", "1e99999"]
)
@pytest.mark.parametrize("name", ["Message", "Severity", "Timestamp", "User", "Properties", "x"])
def test_huge_numbers_are_kept_or_refused(name: str, raw: str) -> None:
    with bounded():
        answer = ask(f'{{"Message":"m","{name}":{raw}}}')
    assert answer.status in (200, 400)
    if name in ("x", "Properties"):
        assert answer.stored["properties"] == f'{{"{name}":{raw}}}'.encode()


# --- anything at all ----------------------------------------------------------------------

CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "text/json",
        "text/xml",
        "application/json; charset=utf-16",
        "text/xml; charset=utf-16",
        "text/plain",
        "application/x-ndjson",
        "*/*",
        "",
    ]
) | st.text(max_size=20)
FRAGMENTS = st.sampled_from(
    [
        b'{"Message":"m"',
        b'"Severity":4',
        b",",
        b"}",
        b"{",
        b"[",
        b"]",
        b'"',
        b"\\u0000",
        b"\\ud800",
        b"<LogMessage>",
        b"</LogMessage>",
        b"<Message>",
        b"</Message>",
        b"&#0;",
        b"<![CDATA[",
        b"]]>",
        b"Message=",
        b"&",
        b"%",
        b"+",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\n",
        b"<?xml ",
        b"?>",
    ]
)
BODIES = st.binary(max_size=60) | st.lists(FRAGMENTS | st.binary(max_size=3), max_size=12).map(
    b"".join
)


@examples(3)
@given(
    body=BODIES,
    path=st.sampled_from(["/api/Log", "/api/Logs"]),
    headers=st.fixed_dictionaries(
        {"content-type": CONTENT_TYPES},
        optional={
            "accept": CONTENT_TYPES,
            "accept-charset": st.sampled_from(["utf-16", "*", "utf-8;q=0"]) | st.text(max_size=9),
            "content-length": st.sampled_from(["0", "7", "x"]),
            "x-requested-with": st.just("XMLHttpRequest"),
        },
    ),
)
def test_any_bytes_give_a_reading_or_a_refusal(
    body: bytes, path: str, headers: dict[str, str]
) -> None:
    request = make_request(path=path, headers=headers)
    try:
        api_log.check(request)
        reading = api_log.PROTOCOL.read(body, request, LIMITS)
    except RefusedError as error:
        reply = api_log.PROTOCOL.refuse(error, request)
        assert reply.status in (400, 415)
    else:
        assert isinstance(reading, Reading)
        reply = api_log.PROTOCOL.reply(receipt_of(reading), request)
        assert reply.status in (200, 207, 400)
        _check_columns(reading)
    assert isinstance(reply, Reply)


def _check_columns(reading: Reading) -> None:
    for event in rows(reading.columns):
        assert event["severity"] in range(7)
        for field in TEXT_FIELDS:
            text = event[field]
            assert text is None or text.encode("utf-8") is not None
        assert event["properties"] is None or event["properties"].decode().startswith("{")


def test_a_receipt_of_nothing_is_answered() -> None:
    request = make_request(path="/api/Logs")
    assert api_log.reply(Receipt(ids=[]), request).body == b'{"MessageIds":[]}'
