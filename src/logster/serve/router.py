"""The router of a worker: who answers which path.

In: ASGI requests. Out: nothing of its own but health and metrics; the rest goes to the
receiver (ingestion), to the native API's reading side, or to the portal's app.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster import __version__, metrics
from logster.errors import LogsterError, NotFoundError
from logster.event import ms_of_id
from logster.ingest.protocol import Reply
from logster.ingest.protocols.native import answer, api_log
from logster.ingest.receive import read_head, send_reply
from logster.meta.keys import Right
from logster.root import enter
from logster.store.search import find

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.event import Event
    from logster.ingest.protocol import Request
    from logster.ingest.receive import Receive, Receiver, Scope, Send
    from logster.meta.keys import Keys
    from logster.serve.health import Health
    from logster.store.engine import Engine

#: A message that was accepted a moment ago is still on its way to the store: a question for it
#: waits this long for it to arrive, and only when it is younger than that.
ARRIVAL_S = 3.0
LOOK_AGAIN_S = 0.05

_API = "/api"
_LOG = "/api/log"
_LOGS = "/api/logs"
_PORTAL_API = "/api/v1"
_READ_METHODS = ("GET", "HEAD")
_ALLOWED = ", ".join(_READ_METHODS)


class Router:
    """The ASGI application of one worker."""

    def __init__(
        self,
        receiver: Receiver,
        portal: Callable[..., Awaitable[None]],
        *,
        engine: Engine,
        keys: Keys,
        find_health: Callable[[], Awaitable[Health]],
        root: str = "",
    ) -> None:
        """`find_health` says what keeps this worker from accepting or searching, by part."""
        self._receiver = receiver
        self._portal = portal
        self._engine = engine
        self._keys = keys
        self._find_health = find_health
        self._root = root
        self._own = {
            "/health/live": self._show_life,
            "/health/ready": self._show_readiness,
            "/metrics": self._show_metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._root:
            enter(scope, self._root)
        path = scope["path"].lower().rstrip("/")
        method = scope["method"].upper()
        # The original's route is `api/{controller}/{id?}`: an id behind a POST changes nothing.
        named = path.rpartition("/")[0]
        found = self._receiver.find_route(named if named == _LOG else path, method)
        if found:
            await self._receiver.receive(*found, scope, receive, send)
        elif path in self._own:
            is_read = method in _READ_METHODS
            await send_reply(send, await self._own[path]() if is_read else _refuse_method(method))
        elif _is_below(path, _API) and not _is_below(path, _PORTAL_API):
            await send_reply(send, await self._answer_native(path, read_head(scope)))
        else:
            await self._portal(scope, receive, send)

    async def _answer_native(self, path: str, request: Request) -> Reply:
        """The native API beside ingestion: preflight, a stored message, and what is not there."""
        preflight = answer.reply_preflight(request)
        if preflight:
            return preflight
        before, _, name = path.rpartition("/")
        if before == _LOG:
            if request.method.upper() == "GET":
                return await self._show_message(name, request)
            return answer.reply_method(request, "GET, POST")
        if path in (_LOG, _LOGS):
            return answer.reply_method(request, "POST")
        return answer.reply_not_found(request)

    async def _show_message(self, name: str, request: Request) -> Reply:
        try:
            grant = await self._keys.admit(api_log.credentials(request), Right.READ)
            return answer.reply_message(await self._find(grant.workspace, name), request)
        except LogsterError as error:
            return answer.refuse(error, request)

    async def _find(self, workspace: int, name: str) -> Event:
        """A stored message; one that is on its way to the store is waited for."""
        if name.isascii() and name.isdecimal() and len(name) <= 20:  # noqa: PLR2004 - 2^64
            number = int(name)
            age_s = time.time() - ms_of_id(number) / 1000
            deadline = time.monotonic() + (ARRIVAL_S if -ARRIVAL_S < age_s < 60 else 0)  # noqa: PLR2004
            while True:
                event = await find(self._engine, workspace, number)
                if event:
                    return event
                if time.monotonic() >= deadline:
                    break
                await asyncio.sleep(LOOK_AGAIN_S)
        raise NotFoundError(f"There is no message with the MessageId '{name[:20]}'.")

    async def _show_life(self) -> Reply:
        return _json(200, {"status": "live", "version": __version__})

    async def _show_readiness(self) -> Reply:
        health = await self._find_health()
        warnings = {"warnings": health.warnings} if health.warnings else {}
        if health.obstacles:
            return _json(503, {"status": "not ready", **health.obstacles, **warnings})
        return _json(200, {"status": "ready", "version": __version__, **warnings})

    async def _show_metrics(self) -> Reply:
        metrics.flush()
        text = await asyncio.to_thread(metrics.render_metrics)
        headers = [(b"content-type", metrics.CONTENT_TYPE.encode())]
        return Reply(status=200, headers=headers, body=text)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _refuse_method(method: str) -> Reply:
    told = {"error": {"message": f"{method[:20]} is not answered here; {_ALLOWED} is."}}
    reply = _json(405, told)
    return Reply(
        status=405, headers=[*reply.headers, (b"allow", _ALLOWED.encode())], body=reply.body
    )


def _json(status: int, body: dict[str, Any]) -> Reply:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(body))
