"""HTTP in front of the intake: route, admit, read the body, keep, reply.

In: ASGI requests. Out: answers in each client's own dialect.
Promise: every request is answered, a refused one in the dialect's own words.
See docs/path-of-an-event.md, steps 1 to 7.
"""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from logster import metrics
from logster.errors import LogsterError, MethodError, RetryLaterError, ServerFaultError
from logster.ingest.arrival import Arrival
from logster.ingest.body import Body
from logster.ingest.cors import check_origin
from logster.ingest.delivery import MAX_QUICK_PARTS, Delivery
from logster.ingest.outcomes import path_of
from logster.ingest.protocol import Receipt, Request
from logster.root import root_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.config import Config
    from logster.event import Rejection
    from logster.ingest.arrival import Receive
    from logster.ingest.intake import Intake
    from logster.ingest.protocol import Cors, Protocol, Reply, Route
    from logster.ingest.routes import Match, Routes
    from logster.meta.grants import Grant

    Scope = dict[str, Any]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)

#: With one of these a body is read whole, though its protocol may cut it.
_HEADERS_OF_A_WHOLE = frozenset({"content-encoding", "idempotency-key"})

#: What a sender is told of a mistake of ours; the log has more.
FAULT = ServerFaultError("An error has occurred.")


class Receiver:
    """Answers what clients send to one worker."""

    def __init__(
        self,
        routes: Routes,
        *,
        admit: Callable[[str | None], Awaitable[Grant]],
        intake: Intake,
        config: Config,
    ) -> None:
        """`admit` checks a key for ingestion; no I/O for a known one; raises RefusedError."""
        self._routes = routes
        self._admit = admit
        self._intake = intake
        self._config = config

    def find(self, scope: Scope) -> Match | None:
        """The route that answers a request; None when it is none of ingestion's."""
        match = self._routes.find(scope["path"], scope["method"])
        if match and match.route.leaves_pages and _is_page(scope):
            return None
        return match

    async def receive(self, match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = read_head(scope, match)
        if match.is_intake:
            reply = await self._take(match, request, receive, _renewal_of(scope))
            metrics.count(metrics.REQUESTS, match.protocol.name, str(reply.status))
        else:
            reply = await _answer(match, request)
        if match.route.cors is not None:
            reply = _open_to_pages(reply, request, match.route.cors)
        await send_reply(send, reply)

    async def _take(
        self, match: Match, request: Request, receive: Receive, renew: Callable[[], None]
    ) -> Reply:
        """Take a body in."""
        protocol = match.protocol
        body = Body(*self._limit(match.route))
        arrival = Arrival(receive, body, self._config.body_timeout_s, renew)
        grant: Grant | None = None
        try:
            grant = await self._admit(await _find_key(protocol, request, arrival))
            receipt = await self._keep(match, request, arrival, grant)
        except LogsterError as error:
            self._record_refusal(match, request, arrival, grant, error)
            reply = _refuse(match, error, request)
            await arrival.discard(request)
            return reply
        except Exception:
            log.exception("%s %s failed", request.method, path_of(request))
            self._record_refusal(match, request, arrival, grant, FAULT)
            return _refuse(match, FAULT, request)
        return _tell_rejected(await _reply(match, receipt, request), receipt)

    def _record_refusal(
        self,
        match: Match,
        request: Request,
        arrival: Arrival,
        grant: Grant | None,
        error: LogsterError,
    ) -> None:
        self._intake.outcomes.record_refusal(
            error, match.protocol.name, grant=grant, request=request, body=arrival.body
        )

    async def _keep(
        self, match: Match, request: Request, arrival: Arrival, grant: Grant
    ) -> Receipt:
        protocol = match.protocol
        if grant.rules is not None:
            check_origin(grant, request)
            self._intake.check_quota(grant)
        if protocol.check is not None:
            protocol.check(request)
        try:
            if protocol.cut is not None and _HEADERS_OF_A_WHOLE.isdisjoint(request.headers):
                return await self._keep_parts(match, request, arrival, grant, protocol.cut)
            await arrival.read(request, self._intake, grant.key)
            return await self._keep_body(match, request, arrival.body, grant)
        finally:
            self._intake.release(arrival.body.size, grant.key)

    async def _keep_parts(
        self,
        match: Match,
        request: Request,
        arrival: Arrival,
        grant: Grant,
        cut: Callable[[bytes], int],
    ) -> Receipt:
        """Keep what is whole of a body while it arrives."""
        ids: list[int] = []
        rejections: list[Rejection] = []
        async for part in arrival.read_parts(request, self._intake, grant.key, cut):
            if ids or rejections:
                if not part.packed.strip():
                    break
                self._intake.check_room(part.size, grant.key)
            receipt = await self._keep_body(match, request, part, grant)
            before = len(ids) + len(rejections)
            rejections += [
                msgspec.structs.replace(bad, line=before + bad.line) for bad in receipt.rejections
            ]
            ids += receipt.ids
        return Receipt(ids=ids, rejections=rejections)

    async def _keep_body(self, match: Match, request: Request, body: Body, grant: Grant) -> Receipt:
        metrics.count(metrics.BODY_BYTES, match.protocol.name, by=body.size)
        return await self._intake.keep(
            Delivery(
                protocol=match.protocol,
                request=request,
                grant=grant,
                body=body,
                encoding=request.headers.get("content-encoding", ""),
                route=match.route.path,
                idempotency_key=request.headers.get("idempotency-key", ""),
            )
        )

    def _limit(self, route: Route) -> tuple[int, str]:
        """The size cap of a route, and the setting that raises it."""
        if route.is_batch:
            return self._config.max_batch_bytes, "LOGSTER_MAX_BATCH_BYTES"
        return self._config.max_message_bytes, "LOGSTER_MAX_MESSAGE_BYTES"


async def _find_key(protocol: Protocol, request: Request, arrival: Arrival) -> str | None:
    """The key in the head of a request, else at the start of its body."""
    key = protocol.credentials(request)
    if not key and protocol.find_key is not None:
        return protocol.find_key(await arrival.read_start(request))
    return key


async def _reply(match: Match, receipt: Receipt, request: Request) -> Reply:
    """Tell what became of the events; each of them is counted already."""
    reply = match.protocol.reply
    try:
        if len(receipt.ids) + len(receipt.rejections) <= MAX_QUICK_PARTS:
            return reply(receipt, request)
        return await asyncio.to_thread(reply, receipt, request)
    except Exception:
        log.exception("%s %s was taken in, but not answered", request.method, path_of(request))
        return _refuse(match, FAULT, request)


def _tell_rejected(reply: Reply, receipt: Receipt) -> Reply:
    """Say how many events were refused, for dialects that have no word of their own for it.

    Their clients send a whole batch again after any other answer than success.
    """
    if not receipt.rejections or reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        return reply
    return _with_header(reply, b"logster-rejected", str(len(receipt.rejections)))


async def _answer(match: Match, request: Request) -> Reply:
    """Answer what brings no events: a question before sending, or a method that is not there."""
    route = match.route
    try:
        if route.cors and (permission := route.cors.preflight(request)):
            return permission
        if match.allowed or route.answer is None:
            return _refuse(match, MethodError(request.method, match.allowed), request)
        return await route.answer(request)
    except LogsterError as error:
        return _refuse(match, error, request)
    except Exception:
        log.exception("%s %s failed", request.method, path_of(request))
        return _refuse(match, FAULT, request)


def _refuse(match: Match, error: LogsterError, request: Request) -> Reply:
    """Refuse in the dialect's words, with the headers that belong to such an answer in HTTP."""
    reply = match.protocol.refuse(error, request)
    if isinstance(error, MethodError):
        return _with_header(reply, b"allow", error.allowed)
    if isinstance(error, RetryLaterError):
        return _with_header(reply, b"retry-after", str(error.retry_after_s))
    return reply


def _with_header(reply: Reply, name: bytes, value: str) -> Reply:
    """Add a header, unless the dialect has said it itself."""
    if any(said == name for said, _ in reply.headers):
        return reply
    return msgspec.structs.replace(reply, headers=[*reply.headers, (name, value.encode())])


def _open_to_pages(reply: Reply, request: Request, cors: Cors) -> Reply:
    """Let a page of another site read an answer."""
    if not cors.headers or "origin" not in request.headers:
        return reply
    added = [header for header in cors.headers if header not in reply.headers]
    return msgspec.structs.replace(reply, headers=[*reply.headers, *added])


def _is_page(scope: Scope) -> bool:
    """Whether a browser opens the address as a page."""
    headers = dict(scope["headers"])
    wanted = headers.get(b"accept", b"")
    return headers.get(b"sec-fetch-mode") == b"navigate" or b"text/html" in wanted


def _renewal_of(scope: Scope) -> Callable[[], None]:
    """What gives a body its time anew, of a server that has that."""
    renew: Callable[[], None] | None = scope.get("extensions", {}).get("logster.renew")
    return renew or (lambda: None)


def read_head(scope: Scope, match: Match) -> Request:
    """What a reader may know of an ASGI request."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    root = root_of(scope)
    asked = root + (f"{raw_path}?{query}" if query else raw_path)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=query,
        uri=f"{scope['scheme']}://{headers.get('host', '')}{asked}",
        headers=headers,
        root=root,
        route=match.route,
        params=match.params,
        received_at=time.time_ns(),
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Write an answer."""
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
