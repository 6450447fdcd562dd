"""Seq's HTTP API: `POST /ingest/clef`, `POST /api/events/raw`, and what its clients ask.

In: CLEF, or the older list of events. Out: events as columns; Seq's answers.
Sources: https://docs.datalust.co/docs/posting-raw-events, and the clients' own code.
Promise: the answer to a success says the key's minimum severity in the form that Serilog's sink
looks for, byte for byte.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from logster import __version__
from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere, first_of, in_header, in_query
from logster.ingest.protocol import Protocol, Reply, Route
from logster.ingest.protocols.seq.clef import read_clef
from logster.ingest.protocols.seq.names import LEVELS
from logster.ingest.protocols.seq.raw import read_raw

if TYPE_CHECKING:
    from typing import Any

    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

CORS = permit(
    sent=("Content-Type", "X-Seq-ApiKey", "ApiKey", "X-Api-Key", "Authorization"),
    read=("Logster-Rejected", "Retry-After"),
)

_CLEF_TYPE = "application/vnd.serilog.clef"
_CLEF_FLAGS = ("", "true", "clef")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body."""
    return (read_clef if _is_clef(request) else read_raw)(body, limits)


def _is_clef(request: Request) -> bool:
    """Whether it is lines: by its path, its Content-Type, or a bare `?clef`."""
    if request.route is CLEF or request.headers.get("content-type", "").startswith(_CLEF_TYPE):
        return True
    pairs = parse_qsl(request.query, keep_blank_values=True)
    return any(name == "clef" and value.lower() in _CLEF_FLAGS for name, value in pairs)


def count_parts(body: bytes, request: Request) -> int:
    """About how many lines a body has, or members of a list."""
    return body.count(b"\n" if _is_clef(request) else b",")


def reply(receipt: Receipt, _: Request) -> Reply:
    """The answer to a receipt: a success while anything is kept, since the rest is not resent."""
    if receipt.rejections and not receipt.ids:
        first = receipt.rejections[0]
        sentence = next(iter(first.faults.values()))[0]
        return _json(HTTPStatus.BAD_REQUEST, {"Error": f"Line {first.line}: {sentence}"})
    severity = receipt.minimum_severity
    level = None if severity is None else LEVELS[severity]
    return _json(HTTPStatus.CREATED, {"MinimumLevelAccepted": level})


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = error.sentence
    return _json(error.status, {"Error": told})


def _json(status: int, content: dict[str, Any]) -> Reply:
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(content))


async def _show_root(_: Request) -> Reply:
    """What Seq's API client asks when it connects."""
    links = {"Events": "/api/events/describe"}
    return _json(HTTPStatus.OK, {"Product": "Logster", "Version": __version__, "Links": links})


CLEF = Route(path="/ingest/clef", is_batch=True, cors=CORS)
PROTOCOL = Protocol(
    name="seq",
    routes=(
        CLEF,
        Route(path="/api/events/raw", is_batch=True, cors=CORS),
        Route(path="/api", methods=("GET", "HEAD"), answer=_show_root),
    ),
    credentials=first_of(in_header("x-seq-apikey"), in_query("apikey"), anywhere),
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
