"""The native API without a server: route, check, read and reply, as the pure functions they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from logster.config import Config
from logster.errors import MethodError, RefusedError
from logster.event import Columns, Rejection
from logster.ingest.protocol import Limits, Reading, Receipt, Reply, Request
from logster.ingest.protocols.native import api_log
from logster.ingest.protocols.native.refusals import reply_not_found
from logster.ingest.routes import Routes

HOST = "http://api.logster.io"

ROUTES = Routes([api_log.PROTOCOL])

#: Those of a server that nobody has configured.
LIMITS = Limits(max_events=Config().max_batch_events, max_message_bytes=Config().max_message_bytes)

#: Columns under the names of the wire.
STORED = {
    "Message": "message",
    "Severity": "severity",
    "Exception": "exception",
    "StackTrace": "stack_trace",
    "Category": "category",
    "Application": "application",
    "User": "user",
}


class Answer(msgspec.Struct):
    """A reply, and what would have been stored."""

    status: int
    headers: dict[str, str]
    body: bytes
    events: list[dict[str, Any]]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def model_state(self) -> dict[str, list[str]]:
        state: dict[str, list[str]] = self.json["ModelState"]
        return state

    @property
    def stored(self) -> dict[str, Any]:
        (event,) = self.events
        return event


def make_request(
    method: str = "POST", path: str = "/api/Log", headers: dict[str, str] | None = None
) -> Request:
    address = urlsplit(path)
    match = ROUTES.find(address.path, method.upper())
    return Request(
        method=method,
        path=address.path,
        query=address.query,
        uri=HOST + path,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        route=match.route if match else None,
    )


def ask(
    body: bytes | str = b"",
    limits: Limits = LIMITS,
    /,
    *,
    method: str = "POST",
    path: str = "/api/Log",
    content_type: str | None = "application/json",
    **headers: str,
) -> Answer:
    """Answer one request; header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        named["content-type"] = content_type
    request = make_request(method, path, named)
    reply, columns = _answer(body.encode() if isinstance(body, str) else body, request, limits)
    return Answer(
        status=reply.status,
        headers={name.decode(): value.decode() for name, value in reply.headers},
        body=reply.body,
        events=rows(columns),
    )


def _answer(body: bytes, request: Request, limits: Limits) -> tuple[Reply, Columns]:
    nothing = Columns(message=[], severity=[])
    match = ROUTES.find(request.path, request.method.upper())
    assert match
    if match.route.cors and (permission := match.route.cors.preflight(request)):
        return permission, nothing
    if match.allowed:
        return api_log.PROTOCOL.refuse(MethodError(request.method, match.allowed), request), nothing
    if match.route.answer:
        return reply_not_found(request), nothing
    try:
        api_log.check(request)
        reading = api_log.PROTOCOL.read(body, request, limits)
    except RefusedError as error:
        return api_log.PROTOCOL.refuse(error, request), nothing
    return api_log.PROTOCOL.reply(receipt_of(reading), request), reading.columns


def receipt_of(reading: Reading) -> Receipt:
    """As if all good events had been synced; their ids begin with 101."""
    ids = list(range(101, 101 + len(reading.columns)))
    return Receipt(ids=ids, rejections=reading.rejections, lines=reading.lines, notes=reading.notes)


def rows(columns: Columns) -> list[dict[str, Any]]:
    """Columns as one dictionary per event, under our field names."""
    return [
        {
            name: None if (column := getattr(columns, name)) is None else column[index]
            for name in Columns.__struct_fields__
        }
        for index in range(len(columns))
    ]


def outcomes(reading: Reading) -> list[tuple[int, Any]]:
    """Every event's outcome by its line, for comparing two readings."""
    lines = reading.lines or list(range(1, len(reading.columns) + 1))
    found: list[tuple[int, Any]] = list(zip(lines, rows(reading.columns), strict=True))
    found += [(rejection.line, rejection) for rejection in reading.rejections]
    return sorted(found, key=lambda outcome: outcome[0])


def reasons(rejections: list[Rejection]) -> list[str]:
    return [rejection.reason for rejection in rejections]
