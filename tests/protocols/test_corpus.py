"""Recorded requests of all dialects and what must come of them; and what comes of any bytes.

A case is `tests/corpus/<protocol>/NNN-name.http`, the bytes as a client has sent them, and beside
it `NNN-name.json`: the answer, the events, the rejections. `LOGSTER_WRITE_CORPUS=1` writes the
latter; whoever keeps it has read it. Of the answer's headers those are compared that it names.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import RefusedError
from logster.ingest.body import open_body
from logster.ingest.protocol import Protocol, Request, Route
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from support.examples import examples
from support.readers import INTAKES, check_read, request_to
from support.recorded import CORPUS, Recorded, outcome_of

if TYPE_CHECKING:
    from pathlib import Path

IS_WRITING = bool(os.environ.get("LOGSTER_WRITE_CORPUS"))
CASES = sorted(CORPUS.glob("*/*.http"))
ROUTES = Routes(PROTOCOLS)
MAX_BYTES = 10_000_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_recorded_request_gets_the_recorded_outcome(case: Path) -> None:
    recorded = case.with_suffix(".json")
    expected: dict[str, Any] = json.loads(recorded.read_text()) if recorded.exists() else {}
    outcome = outcome_of(case.read_bytes())
    if named := expected.get("headers"):
        outcome["headers"] = {name: outcome["headers"].get(name) for name in named}
    if IS_WRITING:
        recorded.write_text(json.dumps(outcome, indent=2, ensure_ascii=False) + "\n")
    else:
        assert expected == outcome


def test_every_recorded_outcome_has_its_bytes() -> None:
    for outcome in CORPUS.glob("*/[0-9][0-9][0-9]-*.json"):
        assert outcome.with_suffix(".http").exists() or outcome.with_suffix(".bytes").exists()


# --- anything at all ----------------------------------------------------------------------

CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-ndjson",
        "application/x-protobuf",
        "application/xml",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/plain; charset=utf-16",
        "",
    ]
)
FRAGMENTS = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\n", b"\r\n", b"\0", b"\\", b"=", b" ", b"-"),
        *(b"{}", b"[]", b"null", b"true", b"1e400", b"-1", b"9007199254740993", b'{"a":'),
        *(b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"\xed\xa0\x80"),
        *(b"2026-01-01T00:00:00Z", b"NaN", b"<1>", b"\x0a\xff\xff\xff\xff\x0f", b"\x80" * 10),
    ]
)


@st.composite
def changed(draw: st.DrawFn, body: bytes) -> bytes:
    """A body with pieces of it gone, doubled, moved or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 40)))
        kind = draw(st.sampled_from(["cut", "drop", "double", "insert", "replace"]))
        if kind == "cut":
            body = body[:start]
        elif kind == "drop":
            body = body[:start] + body[end:]
        elif kind == "double":
            body = body[:end] + body[start:]
        else:
            piece = draw(FRAGMENTS | st.binary(max_size=4))
            body = body[:start] + piece + body[end if kind == "replace" else start :]
    return body


@pytest.mark.parametrize(
    ("protocol", "route"), INTAKES, ids=[f"{each.name} {route.path}" for each, route in INTAKES]
)
@examples(1)
@given(
    body=st.binary(max_size=60)
    | st.lists(FRAGMENTS | st.binary(max_size=3), max_size=12).map(b"".join),
    content_type=CONTENT_TYPES,
)
def test_any_bytes_give_a_reading_or_a_refusal(
    protocol: Protocol, route: Route, body: bytes, content_type: str
) -> None:
    check_read(protocol, request_to(route, content_type), body)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
@examples(1)
@given(data=st.data())
def test_a_changed_request_gives_a_reading_or_a_refusal(case: Path, data: st.DataObject) -> None:
    recorded = Recorded(case.read_bytes())
    path, _, query = recorded.target.partition("?")
    match = ROUTES.find(path, recorded.method)
    assert match is not None
    if not match.is_intake:
        return
    request = Request(
        method=recorded.method,
        path=path,
        query=query,
        uri=recorded.target,
        headers=recorded.headers,
        route=match.route,
        params=match.params,
    )
    body = opened(recorded)
    check_read(match.protocol, request, data.draw(changed(body)))


def opened(recorded: Recorded) -> bytes:
    """The body without its Content-Encoding."""
    encoding = recorded.headers.get("content-encoding", "")
    try:
        return open_body(recorded.body, encoding, MAX_BYTES, "")
    except RefusedError:
        return recorded.body
