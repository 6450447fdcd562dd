"""One request and its answer: the two ends of an ASGI call.

In: pieces of a body; what the application says. Out: ASGI's messages; the bytes of the answer.
Promise: a body that nobody asks for waits at its sender; a cut body or answer never looks whole.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any

from logster.serve.http1.response import (
    BODILESS,
    CONTINUE,
    has_length,
    render_chunk,
    render_head,
)

if TYPE_CHECKING:
    from logster.serve.http1.connection import Connection
    from logster.serve.http1.response import Headers

    Message = dict[str, Any]

log = logging.getLogger(__name__)

#: Of a body that nobody has asked for yet; beyond, its sender has to wait.
MAX_WAITING_BYTES = 64 * 1024
_DISCONNECT: Message = {"type": "http.disconnect"}


class ClientLeftError(OSError):
    """Nobody is there to take the rest of an answer."""


class Exchange:
    """One call of the application."""

    __slots__ = (
        "_connection",
        "_expects_continue",
        "_has_begun",
        "_has_told",
        "_head",
        "_is_chunked",
        "_is_cut",
        "_is_over",
        "_is_taken",
        "_pieces",
        "_scope",
        "_size",
        "_until_s",
        "_waiter",
        "_writes_body",
        "is_last",
        "is_whole",
        "task",
    )

    def __init__(
        self,
        connection: Connection,
        scope: dict[str, Any],
        *,
        is_last: bool,
        expects_continue: bool,
    ) -> None:
        """`is_last`: the connection ends with it."""
        self.is_last = is_last
        #: Whether the request's body has arrived to its end.
        self.is_whole = False
        self._connection = connection
        self._scope = scope
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_cut = False
        #: Whether the application has the whole body.
        self._is_taken = False
        self._waiter: asyncio.Future[None] | None = None
        self._until_s = inf
        #: Has it answered, once it is its turn.
        self.task: asyncio.Task[None] | None = None
        #: Whether the application was told that nobody is there any more.
        self._has_told = False
        self._has_begun = False
        #: Of the answer, until it is written.
        self._head = b""
        self._is_over = False
        self._is_chunked = False
        self._writes_body = True

    # -- the request ------------------------------------------------------------------------

    def add(self, piece: bytes) -> None:
        """A piece of the body has arrived."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_WAITING_BYTES:
            self._connection.pause_reading()
        self._wake()

    def complete(self) -> None:
        """The body is whole."""
        self.is_whole = not self._is_cut
        self._wake()

    def cut(self) -> None:
        """Nothing more will arrive: a body that is not whole never will be."""
        self._is_cut = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def check_time(self, now_s: float) -> None:
        """Give up a body whose time is over."""
        if now_s >= self._until_s and not self.is_whole:
            self.cut()

    async def receive(self) -> Message:
        """ASGI's `receive`: the body piece by piece, then the end of the connection."""
        while not self._is_over and (self.is_whole or not self._is_cut):
            if self._pieces or (self.is_whole and not self._is_taken):
                return self._take()
            if self._is_cut:
                break
            self._ask_for_body()
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        return _DISCONNECT

    def _ask_for_body(self) -> None:
        if self._expects_continue and not self._has_begun:
            self._expects_continue = False
            self._connection.write(CONTINUE)
        self._connection.resume_reading()

    def _take(self) -> Message:
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._is_taken = self.is_whole
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    # -- the answer -------------------------------------------------------------------------

    def start(self) -> None:
        """Have it answered."""
        self.renew()
        self.task = self._connection.loop.create_task(self._run())

    def renew(self) -> None:
        """Give the body all its time anew: a part of it is taken in."""
        loop = self._connection.loop
        self._until_s = loop.time() + self._connection.listener.body_timeout_s

    def cancel(self) -> None:
        """Give it up."""
        if self.task:
            self.task.cancel()

    async def _run(self) -> None:
        scope = self._scope
        try:
            # In a scope of its own: the exchange must not hold itself.
            asked = {**scope, "extensions": {"logster.renew": self.renew}}
            await self._connection.listener.application(asked, self.receive, self.send)
        except asyncio.CancelledError:
            self._connection.cut_off()
            raise
        except Exception:
            if not self._has_told:  # else it comes of that, by way of the framework
                log.exception("%s %s failed", scope["method"], scope["path"])
        if self._has_begun and not self._is_over:
            self._connection.cut_off()
        elif not self._is_over:
            await self._fail()

    async def _fail(self) -> None:
        status = HTTPStatus.BAD_REQUEST if self._is_cut else HTTPStatus.INTERNAL_SERVER_ERROR
        headers = [(b"content-length", b"0")]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body"})

    async def send(self, message: Message) -> None:
        """ASGI's `send`; raises ClientLeftError in the middle of an answer, so that it ends."""
        if not self._connection.can_write.is_set():
            await self._connection.can_write.wait()
        has_more = message.get("more_body", False)
        if has_more and self._connection.is_over:
            self._has_told = True
            raise ClientLeftError
        if message["type"] == "http.response.start":
            self._head = self._begin(message["status"], message["headers"])
            self._has_begun = True
            # With the body in one piece, when that comes at once.
            self._connection.loop.call_soon(self._write, b"")
        elif message["type"] == "http.response.body" and not self._is_over:
            self._write_body(message.get("body", b""), is_end=not has_more)

    def _begin(self, status: int, headers: Headers) -> bytes:
        """Decide how the body will be told from what follows it; gives the head."""
        is_bodiless = status in BODILESS
        self._writes_body = not is_bodiless and self._scope["method"] != "HEAD"
        can_chunk = not is_bodiless and self._scope["http_version"] != "1.0"
        self._is_chunked = can_chunk and not has_length(headers)
        # What is left of a request would be read as the next one.
        self.is_last = self.is_last or not self.is_whole or self._connection.is_last_of_all()
        common = self._connection.listener.common
        return render_head(
            status, headers, common, is_chunked=self._is_chunked, is_last=self.is_last
        )

    def _write_body(self, body: bytes, *, is_end: bool) -> None:
        if self._writes_body:
            if self._is_chunked:
                body = render_chunk(body, is_end=is_end)
        else:
            body = b""
        self._write(body)
        if is_end:
            self._is_over = True
            self._wake()
            self._connection.finish(self)

    def _write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            self._connection.write(head + data if head else data)
