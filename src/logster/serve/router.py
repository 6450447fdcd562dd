"""The router of a worker: who answers which path.

In: ASGI requests. Out: nothing of its own but health and metrics; what clients send goes to the
receiver (its routes are found first), all else to the portal's app, which also says what is not
there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from logster import __version__, metrics
from logster.ingest.http import send_reply
from logster.ingest.protocol import Reply
from logster.root import enter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.ingest.arrival import Receive
    from logster.ingest.http import Receiver, Scope, Send
    from logster.serve.health import Health

_READ_METHODS = ("GET", "HEAD")
_ALLOWED = ", ".join(_READ_METHODS)


class Router:
    """The ASGI application of one worker."""

    def __init__(
        self,
        receiver: Receiver,
        portal: Callable[..., Awaitable[None]],
        *,
        find_health: Callable[[], Awaitable[Health]],
        root: str = "",
    ) -> None:
        """`find_health` says what keeps this worker from accepting or searching, by part."""
        self._receiver = receiver
        self._portal = portal
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
        match = self._receiver.find(scope)
        if match:
            await self._receiver.receive(match, scope, receive, send)
            return
        show = self._own.get(scope["path"].lower().rstrip("/"))
        if show is None:
            await self._portal(scope, receive, send)
        else:
            is_read = scope["method"] in _READ_METHODS
            await send_reply(send, await show() if is_read else _refuse_method(scope["method"]))

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


def _refuse_method(method: str) -> Reply:
    told = {"error": {"message": f"{method[:20]} is not answered here; {_ALLOWED} is."}}
    reply = _json(405, told)
    return Reply(
        status=405, headers=[*reply.headers, (b"allow", _ALLOWED.encode())], body=reply.body
    )


def _json(status: int, body: dict[str, Any]) -> Reply:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(body))
