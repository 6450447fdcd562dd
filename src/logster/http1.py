"""HTTP/1.1 of a worker: connections in, ASGI calls out.

In: a listening socket. Out: one call of the application for each request.
Promise: connections, heads and idle time are bounded; a request that is cut short never looks
like a whole one; at the end, requests under way are finished first.

httptools (llhttp, Node's parser) reads the bytes in the thread of the event loop: a request
changes no thread on its way to the group commit. What that brought, and why the rest is not a
ready server's, is in docs/decisions/019.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import urllib.parse
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Message = dict[str, Any]
    Application = Callable[..., Awaitable[None]]

log = logging.getLogger(__name__)

#: Connections waiting to be accepted while this worker is busy.
BACKLOG = 1024
#: A sender has this long for the head of a request, from the moment it is connected.
HEAD_TIMEOUT_S = 15.0
#: A connection may rest this long between two requests; agents send once a minute, or more often.
IDLE_TIMEOUT_S = 75.0
#: Heads are at least this large before they are refused; a piece that is read at once is more.
MAX_HEAD_BYTES = 64 * 1024
#: Of a body that nobody has asked for yet; beyond, its sender has to wait.
MAX_WAITING_BYTES = 64 * 1024
#: Who takes nothing of an answer for this long is cut off. Longer than other servers wait: an
#: export may be read by a person, page by page.
SEND_TIMEOUT_S = 300.0
#: How often it is looked whose time is over.
LOOK_S = 1.0
#: When there is no file for another connection.
ACCEPT_AGAIN_S = 0.5
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_TLS_HANDSHAKE = b"\x16\x03"
#: The original took `post` for POST, as its platform does; the parser knows only capitals.
_SMALL_LETTERS = range(ord("a"), ord("z") + 1)
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
#: Answers that have no body, whatever their headers say.
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_DISCONNECT: Message = {"type": "http.disconnect"}


class Listener:
    """A listening socket and its connections."""

    def __init__(self, application: Application, host: str, port: int, most: int) -> None:
        """Listens at once, beside other processes that do; `most` connections are open."""
        self.application = application
        self.connections: set[Connection] = set()
        self.date = b""
        self._room = asyncio.Semaphore(most)
        self._is_empty = asyncio.Event()
        self._socket = _listen(host, port)

    async def serve(self) -> None:
        """Accept connections until cancelled; while too many are open the next ones wait."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._accept())
        finally:
            self._socket.close()

    async def finish(self, patience_s: float) -> None:
        """End all connections, those with a request under way after its answer."""
        for connection in list(self.connections):
            connection.end()
        if self.connections:
            self._is_empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), patience_s)
        for connection in list(self.connections):
            connection.abort()

    def forget(self, connection: Connection) -> None:
        """A connection has ended: make room for another one."""
        self.connections.discard(connection)
        self._room.release()
        if not self.connections:
            self._is_empty.set()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            connection = Connection(self)
            try:
                accepted, _ = await loop.sock_accept(self._socket)
                await loop.connect_accepted_socket(lambda made=connection: made, accepted)  # type: ignore[misc]  # of a lambda
            except OSError as error:
                log.warning("a connection could not be accepted: %s", error.strerror)
                if error.errno in _NO_ROOM:
                    await asyncio.sleep(ACCEPT_AGAIN_S)
            finally:
                if connection not in self.connections:
                    connection.leave()

    async def _watch(self) -> None:
        """Keep the date, and end the connections whose time is over."""
        loop = asyncio.get_running_loop()
        while True:
            self.date = b"date: " + formatdate(usegmt=True).encode() + b"\r\n"
            now = loop.time()
            for connection in list(self.connections):
                connection.check_time(now)
            await asyncio.sleep(LOOK_S)


class Connection(asyncio.Protocol):
    """One connection: reads requests, and has them answered one after the other."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.loop = asyncio.get_running_loop()
        #: Set while the peer takes what is written.
        self.can_write = asyncio.Event()
        self.can_write.set()
        self._has_left = False
        self._is_ending = False
        self._is_paused = False
        self._transport: asyncio.Transport
        self._parser: Any = httptools.HttpRequestParser(self)
        #: Requests whose heads were read; the first one is being answered.
        self._exchanges: deque[Exchange] = deque()
        #: The loop's time at which a head must be whole, or the next one begun; then, at which
        #: what was sent last must have left.
        self._until_s = inf
        #: And at which some of an answer must have been taken.
        self._taken_until_s = inf
        self._is_in_head = False
        self._head_bytes = 0
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects_continue = False
        self._ends: dict[str, Any] = {}

    # -- the transport ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        self._transport = cast("asyncio.Transport", transport)
        self._ends = {
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
        }
        self._until_s = self.loop.time() + HEAD_TIMEOUT_S
        self.listener.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """The peer has left, or we have ended."""
        for exchange in self._exchanges:
            exchange.cut()
        self.can_write.set()
        self.leave()

    def leave(self) -> None:
        """Make room for another connection, once."""
        if not self._has_left:
            self._has_left = True
            self.listener.forget(self)

    def pause_writing(self) -> None:
        """Answers wait until their reader has taken some."""
        self._taken_until_s = self.loop.time() + SEND_TIMEOUT_S
        self.can_write.clear()

    def resume_writing(self) -> None:
        """Answers go on."""
        self._taken_until_s = inf
        self.can_write.set()

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        was_in_head = self._is_in_head
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._break_off(_describe(data))
            return
        if self._is_in_head:
            self._head_bytes = self._head_bytes + len(data) if was_in_head else 0
            if self._head_bytes > MAX_HEAD_BYTES:
                text = f"The head of the request is larger than {MAX_HEAD_BYTES} bytes."
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)

    def _feed(self, data: bytes) -> None:
        if data[0] in _SMALL_LETTERS and self._is_between():
            method, space, rest = data.partition(b" ")
            data = method.upper() + space + rest
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade() + data[upgrade.args[0] :]
            else:
                return

    def _is_between(self) -> bool:
        """Whether the next byte is a request's first."""
        return not self._is_in_head and (not self._exchanges or self._exchanges[-1].is_whole)

    def _without_upgrade(self) -> bytes:
        """The head that asked for another protocol (h2c, as Java's client does), without that.

        The parser takes such a request's body for the other protocol.
        """
        method: bytes = self._parser.get_method()
        head = method + b" " + self._url + b" HTTP/1.1\r\n"
        self._parser = httptools.HttpRequestParser(self)
        kept = [header for header in self._headers if header[0] != b"upgrade"]
        return head + b"".join(b"%b: %b\r\n" % header for header in kept) + b"\r\n"

    # -- the parser -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_in_head = True
        self._url = b""
        self._headers = []
        self._expects_continue = False
        self._until_s = min(self._until_s, self.loop.time() + HEAD_TIMEOUT_S)

    def on_url(self, piece: bytes) -> None:
        """A piece of the target."""
        self._url += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        name = name.lower()
        if name == b"expect":
            self._expects_continue = value.lower() == b"100-continue"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A head is whole: answer it, or let it wait for the answers before it."""
        parser = self._parser
        if parser.should_upgrade():
            if parser.get_method() == b"CONNECT":
                raise ValueError("this is no proxy")
            return
        self._is_in_head = False
        self._until_s = inf
        version = parser.get_http_version()
        raw_path, query = _split(self._url)
        path = raw_path.decode("latin-1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers,
            **self._ends,
        }
        exchange = Exchange(
            self,
            scope,
            is_last=version == "1.0" or not parser.should_keep_alive(),
            expects_continue=self._expects_continue,
        )
        self._exchanges.append(exchange)
        if len(self._exchanges) == 1:
            exchange.start()
        else:
            self.pause_reading()

    def on_body(self, piece: bytes) -> None:
        """A piece of a body."""
        if self._exchanges:  # else it is the rest of one that was answered
            self._exchanges[-1].add(piece)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self._exchanges and not self._is_in_head:
            self._exchanges[-1].complete()

    # -- answers ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes, unless the peer has left."""
        self._transport.write(data)

    def pause_reading(self) -> None:
        """Let the sender wait."""
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def finish(self, exchange: Exchange) -> None:
        """An answer is over: the next one, or rest."""
        self._exchanges.popleft()
        if exchange.is_last:
            self._exchanges.clear()
            self._close()
        elif self._exchanges:
            self._exchanges[0].start()
        elif self._is_ending:
            self._close()
        else:
            self.resume_reading()
            if not self._is_in_head:
                self._until_s = self.loop.time() + IDLE_TIMEOUT_S

    # -- ends -------------------------------------------------------------------------------

    def check_time(self, now_s: float) -> None:
        """End it when its time is over."""
        if now_s >= self._taken_until_s:
            self._transport.abort()
        elif self._exchanges or now_s < self._until_s:
            return
        elif self._transport.is_closing():
            self._transport.abort()
        elif self._is_in_head:
            text = f"The head of the request did not arrive within {HEAD_TIMEOUT_S:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, text)
        else:
            self._close()

    def end(self) -> None:
        """Close it, after the answers to what was read."""
        self._is_ending = True
        if not self._exchanges:
            self._close()

    def abort(self) -> None:
        """Close it now, and give up what is under way."""
        for exchange in self._exchanges:
            exchange.cancel()
        self.cut_off()

    def cut_off(self) -> None:
        """Close it without what was not sent yet: half an answer must not look like a whole one."""
        self._transport.abort()

    def _close(self) -> None:
        """Close it when all is sent; whoever does not take it is cut off at the next look."""
        self._until_s = self.loop.time() + IDLE_TIMEOUT_S
        self._transport.close()

    def _break_off(self, text: str) -> None:
        """What arrives makes no sense: the request that it cut short is told, or the sender."""
        if self._exchanges and not self._exchanges[-1].is_whole:
            self._exchanges[-1].cut()
            self.pause_reading()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, text)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer what has no whole head, and close; after answers that are under way."""
        self.pause_reading()
        if self._exchanges:
            self._is_ending = True
            return
        body = text.encode()
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        head += b"content-length: %d\r\n\r\n" % len(body)
        self._transport.write(_STATUS_LINES[status] + self.listener.date + head + body)
        self._close()


class Exchange:
    """One request and its answer: the two ends of an ASGI call."""

    __slots__ = (
        "_connection",
        "_expects_continue",
        "_has_begun",
        "_head",
        "_is_chunked",
        "_is_cut",
        "_is_over",
        "_is_taken",
        "_pieces",
        "_scope",
        "_size",
        "_task",
        "_waiter",
        "_writes_body",
        "is_last",
        "is_whole",
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
        self._task: asyncio.Task[None] | None = None
        self._has_begun = False
        #: Of the answer, until it is written.
        self._head = b""
        self._is_over = False
        self._is_chunked = False
        self._writes_body = True

    # -- the request ------------------------------------------------------------------------

    def add(self, piece: bytes) -> None:
        """A piece of the body has arrived."""
        if self._is_over:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_WAITING_BYTES:
            self._connection.pause_reading()
        self._wake()

    def complete(self) -> None:
        """The body is whole."""
        self.is_whole = True
        self._wake()

    def cut(self) -> None:
        """Nothing more will arrive; unless it is whole, it must not look so."""
        self._is_cut = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Message:
        """ASGI's `receive`: the body piece by piece, then the end of the connection."""
        if self._expects_continue and not self._has_begun and not self._pieces:
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._expects_continue = False
        while not (self._is_cut or self._is_over):
            if self._pieces or (self.is_whole and not self._is_taken):
                return self._take()
            self._connection.resume_reading()
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        return _DISCONNECT

    def _take(self) -> Message:
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._is_taken = self.is_whole
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    # -- the answer -------------------------------------------------------------------------

    def start(self) -> None:
        """Have it answered."""
        self._task = self._connection.loop.create_task(self._run())

    def cancel(self) -> None:
        """Give it up."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        scope = self._scope
        try:
            await self._connection.listener.application(scope, self.receive, self.send)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
        if self._is_over:
            return
        if self._has_begun:
            self._connection.cut_off()
        else:
            headers = [(b"content-length", b"0")]
            await self.send({"type": "http.response.start", "status": 500, "headers": headers})
            await self.send({"type": "http.response.body"})

    async def send(self, message: Message) -> None:
        """ASGI's `send`; for a peer that has left it does nothing."""
        connection = self._connection
        if not connection.can_write.is_set():
            await connection.can_write.wait()
        if message["type"] == "http.response.start":
            self._head = self._render_head(message["status"], message["headers"])
            self._has_begun = True
            # With the body in one piece, when that comes at once.
            connection.loop.call_soon(self._write, b"")
        elif message["type"] == "http.response.body" and not self._is_over:
            self._write_body(message.get("body", b""), is_end=not message.get("more_body", False))

    def _render_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        is_bodiless = status in _BODILESS
        self._writes_body = not is_bodiless and self._scope["method"] != "HEAD"
        lines = [_STATUS_LINES[status], self._connection.listener.date]
        has_length = False
        for name, value in headers:
            has_length = has_length or name == b"content-length"
            lines += (name, b": ", value, b"\r\n")
        can_chunk = self._scope["http_version"] != "1.0"
        self._is_chunked = can_chunk and not (has_length or is_bodiless)
        if self._is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        # What is left of a request would be read as the next one.
        self.is_last = self.is_last or not self.is_whole
        if self.is_last:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        ends = len(headers) + 3 + self.is_last + self._is_chunked
        if not head.count(b"\n") == head.count(b"\r") == ends:
            raise ValueError("a header of an answer has more than one line")
        return head

    def _write_body(self, body: bytes, *, is_end: bool) -> None:
        if self._writes_body:
            if self._is_chunked:
                chunk = (b"%x\r\n%b\r\n" % (len(body), body)) if body else b""
                body = chunk + b"0\r\n\r\n" if is_end else chunk
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


def _listen(host: str, port: int) -> socket.socket:
    """A socket that shares its port with the other workers."""
    is_v6 = ":" in host
    listening = socket.create_server(
        (host, port),
        family=socket.AF_INET6 if is_v6 else socket.AF_INET,
        backlog=BACKLOG,
        reuse_port=True,
        dualstack_ipv6=is_v6 and host == "::",
    )
    listening.setblocking(False)
    return listening


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if name else None


def _split(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request's target, which proxies may write with scheme and host."""
    if not target.startswith(b"/"):
        parsed = httptools.parse_url(target)
        return parsed.path or b"/", parsed.query or b""
    path, _, query = target.partition(b"?")
    return path, query


def _describe(data: bytes) -> str:
    """Why bytes are no request, for who reads the answer."""
    if data.startswith(_TLS_HANDSHAKE):
        return "This port speaks http, not https; put a proxy in front for TLS."
    return "This is not a request of HTTP/1.1; check the client's address, method and headers."
