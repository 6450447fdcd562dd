"""Loki's push API: `POST /loki/api/v1/push`, and what its clients ask before.

In: JSON, or a snappy block of protobuf. Out: events, and Loki's answers: 204 and nothing else.
Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/; docs/protocols/loki.md.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from logster import __version__
from logster.errors import BodyUnreadableError, InvalidBodyError
from logster.ingest.body import open_body
from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere
from logster.ingest.groups import check_said
from logster.ingest.protocol import Protocol, Reply, Route
from logster.ingest.protocols.loki.json_body import read_json
from logster.ingest.protocols.loki.protobuf_body import read_protobuf

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

CORS = permit(
    sent=("Content-Type", "Content-Encoding", "ApiKey", "X-Api-Key", "Authorization"),
    read=("Logster-Rejected", "Retry-After"),
)
PUSH = "/loki/api/v1/push"
#: Clients that ask for it compare it with what they need; ours is said beside.
_LOKI_VERSION = "3.0.0"


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body."""
    tenant = check_said("X-Scope-OrgID", request.headers.get("x-scope-orgid", ""))
    if _is_json(request):
        return read_json(body, limits, tenant)
    return read_protobuf(_open(body, limits) if _is_packed(request) else body, limits, tenant)


def _open(body: bytes, limits: Limits) -> bytes:
    try:
        return open_body(body, "snappy", limits.max_batch_bytes, "LOGSTER_MAX_BATCH_BYTES")
    except BodyUnreadableError:
        raise BodyUnreadableError(
            "The body is no snappy block; what is JSON needs the Content-Type application/json."
        ) from None


def _is_packed(request: Request) -> bool:
    """Whether it is a block yet: that of who calls it a Content-Encoding, too, is open by now."""
    return "snappy" not in request.headers.get("content-encoding", "").lower()


def _is_json(request: Request) -> bool:
    """What says nothing of JSON is protobuf, as for Loki."""
    return request.headers.get("content-type", "").lower().startswith("application/json")


def count_parts(body: bytes, request: Request) -> int:
    """About how many lines a body has; what is packed is read in a thread unless it is small."""
    return body.count(b",") if _is_json(request) else len(body)


def reply(receipt: Receipt, _: Request) -> Reply:
    """The answer to a receipt: a success while anything is kept, since the rest is not resent."""
    if receipt.rejections and not receipt.ids:
        first = receipt.rejections[0]
        sentence = next(chain.from_iterable(first.faults.values()))
        return _text(HTTPStatus.BAD_REQUEST, f"line {first.line}: {sentence}")
    return Reply(status=HTTPStatus.NO_CONTENT, headers=[], body=b"")


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = str(error)
    if isinstance(error, InvalidBodyError):
        told = " ".join(chain.from_iterable(error.faults.values()))
    return _text(error.status, told)


def _text(status: int, text: str) -> Reply:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    return Reply(status=status, headers=headers, body=f"{text}\n".encode())


async def _answer_ready(_: Request) -> Reply:
    return _text(HTTPStatus.OK, "ready")


async def _answer_build(_: Request) -> Reply:
    told = {"version": _LOKI_VERSION, "product": "Logster", "productVersion": __version__}
    headers = [(b"content-type", b"application/json")]
    return Reply(status=HTTPStatus.OK, headers=headers, body=msgspec.json.encode(told))


PROTOCOL = Protocol(
    name="loki",
    routes=(
        Route(path=PUSH, aliases=("/api/prom/push",), is_batch=True, cors=CORS),
        Route(path="/ready", methods=("GET", "HEAD"), answer=_answer_ready),
        Route(path="/loki/api/v1/status/buildinfo", methods=("GET", "HEAD"), answer=_answer_build),
    ),
    credentials=anywhere,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
