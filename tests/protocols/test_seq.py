"""Seq's dialect: what its clients look at in an answer, and which form a body is in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.event import Rejection, Severity
from logster.ingest.columns import build_reading
from logster.ingest.protocol import Limits, Reading, Receipt, Request
from logster.ingest.protocols.seq.dialect import PROTOCOL
from logster.ingest.protocols.seq.event import read_event
from logster.ingest.protocols.seq.names import NAMES
from logster.ingest.protocols.seq.plain import columns_of, read_plain, row_of
from logster.ingest.routes import Routes
from support.native import rows
from support.recorded import CORPUS, LIMITS, Recorded, events_of

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


# --- two readers, one meaning -------------------------------------------------------------

TEXTS = st.sampled_from(
    ["", " ", "a", "{n}", "{n:0.0} {Application}", "é", "Error", "e", "Error: x\n    at f (a.js:1)"]
)
VALUES = TEXTS | st.sampled_from([None, True, 1, 1.5, [], ["7"], {"name": "lib"}, {}])
NAMES_OF_EVENTS = st.sampled_from(
    [
        *("@m", "@mt", "@l", "@x", "@tr", "@sp", "@i", "@r", "@ps", "n", "Other", "message"),
        *(name for names in NAMES.values() for name in names),
    ]
)


@given(st.dictionaries(NAMES_OF_EVENTS, VALUES, max_size=8))
def test_the_fast_reader_gives_what_the_exact_one_gives(members: dict[str, Any]) -> None:
    line = msgspec.json.encode({"@t": "2026-11-30T20:00:05Z", **members})
    exact = read_event(
        msgspec.json.decode(line, type=dict[str, msgspec.Raw]), line, has_escapes=False
    )
    fast = read_plain(line)

    expected = build_reading(columns_of([row_of(exact)]), [1], [])
    assert fast is None or build_reading(columns_of([fast]), [1], []) == expected


def test_what_nearly_all_programs_send_is_read_fast() -> None:
    for name in ("001-serilog", "002-nlog", "003-microsoft-extensions"):
        body = Recorded((CORPUS / "seq" / f"{name}.http").read_bytes()).body
        lines = [line for line in body.splitlines() if b"@@" not in line]
        assert all(map(read_plain, lines))


@pytest.mark.parametrize(
    "line", [b'{"@t":"2026-11-30T20:00:05Z","@m":7}', b'{"@t":"2026-11-30T20:00:05Z","@ra":{}}']
)
def test_what_is_odd_is_left_to_the_exact_reader(line: bytes) -> None:
    assert read_plain(line) is None


def test_more_events_than_a_batch_may_have_are_refused() -> None:
    limits = Limits(max_events=2, max_message_bytes=1000)
    for body in (CLEF + b"\n", b"no event\n"):
        assert PROTOCOL.read(body * 2, make_request(), limits)
        with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
            PROTOCOL.read(body * 3, make_request(), limits)


def test_a_line_that_is_too_long_costs_itself() -> None:
    limits = Limits(max_events=10, max_message_bytes=100)
    reading = PROTOCOL.read(CLEF + b"\n\n" + b"x" * 101 + b"\n" + CLEF, make_request(), limits)

    assert reading.lines == [1, 4]
    assert [(bad.line, bad.reason) for bad in reading.rejections] == [(3, "too_large")]


def test_templates_that_are_made_to_hurt_stay_within_bounds() -> None:
    line = msgspec.json.encode({"@t": "2026-11-30T20:00:05Z", "@mt": "{a}" * 5000, "a": "x" * 5000})

    assert len(read_one(line)["message"]) == 4 * len(line)


def test_a_list_of_more_events_than_a_batch_may_have_is_not_made() -> None:
    limits = Limits(max_events=2, max_message_bytes=1000)
    request = make_request("/api/events/raw")
    event = b'{"MessageTemplate":"a, b, c","Properties":{"n":[1,2,3]}}'

    two = b'{"Events":[' + event + b"," + event + b"]}"
    assert PROTOCOL.read(two, request, limits).columns.message == ["a, b, c"] * 2
    with pytest.raises(BodyTooLargeError, match="LOGSTER_MAX_BATCH_EVENTS"):
        PROTOCOL.read(b'{"Events":[' + b"1," * 1_000_000 + b"1]}", request, limits)


OLDER = {"MessageTemplate": "{N:000} of {T:t}, {N:0.0}, {A}", "Properties": {"N": 7, "A": "x"}}


def read_older(renderings: Any) -> dict[str, Any]:
    body = msgspec.json.encode({"Events": [OLDER | {"Renderings": renderings}]})
    (event,) = events_of(read(body, "/api/events/raw"))
    return event


def test_the_renderings_of_the_older_form_are_in_its_message() -> None:
    event = read_older(
        {
            "N": [{"Format": "000", "Rendering": "<007>"}, {"Format": "0.0", "Rendering": "<7.0>"}],
            "T": [{"Format": "t", "Rendering": "<noon>"}],
        }
    )
    assert event["message"] == "<007> of <noon>, <7.0>, x"
    assert "Renderings" not in event["properties"]


def test_a_hole_without_a_rendering_has_its_value() -> None:
    event = read_older({"N": [{"Format": "0.0", "Rendering": "<7.0>"}]})
    assert event["message"] == "007 of {T:t}, <7.0>, x"


@pytest.mark.parametrize(
    "renderings",
    [1, {"N": 1}, {"N": [{"Format": 1}]}, {"No": [{"Format": "0", "Rendering": "x"}]}, {}],
)
def test_renderings_that_say_nothing_stay_a_property(renderings: Any) -> None:
    event = read_older(renderings)
    assert event["message"] == "007 of {T:t}, 7.0, x"
    assert event["properties"]["Renderings"] == renderings
