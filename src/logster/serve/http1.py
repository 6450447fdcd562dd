"""HTTP/1.1 of a worker: connections in, ASGI calls out.

In: a listening socket. Out: one call of the application for each request.
Promise: connections, heads and waiting are bounded; neither a request nor an answer that is cut
short looks like a whole one; at the end, requests under way are finished first.

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
import struct
import urllib.parse
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, cast

import httptools

from logster import metrics
from logster.serve.head import NotHttpError, check_head, read_target

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
#: Who takes nothing of an answer for this long is cut off. Longer than other servers wait: an
#: export may be read by a person, page by page.
SEND_TIMEOUT_S = 300.0
#: After an answer that came before the end of its request, or instead of one, what still arrives
#: is thrown away for so long: closed at once, the sender would see no answer but a reset.
LINGER_S = 2.0
#: Of a head, of trailers, of anything that is not yet a part of a body. Pieces that bring
#: something whole are not counted, so a head that arrives in one piece may be larger.
MAX_HEAD_BYTES = 64 * 1024
#: Of a body that nobody has asked for yet; beyond, its sender has to wait.
MAX_WAITING_BYTES = 64 * 1024
#: Requests that were sent before the answers to those before them; each is a KB.
MAX_PIPELINED = 100
#: How often it is looked whose time is over.
LOOK_S = 1.0
#: When there is no file for another connection.
ACCEPT_AGAIN_S = 0.5
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

NO_TLS = "This port speaks http, not https; put a proxy in front for TLS."
NO_REQUEST = "This is not a request of HTTP/1.1; check the client's address, method and headers."
_TLS_HANDSHAKE = b"\x16\x03"
#: The original took `post` for POST, as its platform does; the parser knows only capitals.
_SMALL_LETTERS = range(ord("a"), ord("z") + 1)
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
#: Answers that have no body, whatever their headers say.
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
#: A browser believes the type of an answer: text that a stranger has sent never becomes a page.
_NO_SNIFFING = b"x-content-type-options: nosniff\r\n"
_DISCONNECT: Message = {"type": "http.disconnect"}
#: Closing is a reset: what was sent cannot be taken for all.
_NO_LINGER = struct.pack("ii", 1, 0)


class ClientLeftError(OSError):
    """Nobody is there to take the rest of an answer."""


class Listener:
    """A listening socket and its connections."""

    def __init__(
        self, application: Application, host: str, port: int, *, most: int, body_timeout_s: float
    ) -> None:
        """Listens at once, beside other processes that do; `most` connections are open.

        A body that is not whole after its time is cut, for an application that waits longer.
        """
        self.application = application
        self.body_timeout_s = body_timeout_s
        self.connections: set[Connection] = set()
        #: Answers under way whose clients have left.
        self.outliving: set[asyncio.Task[None]] = set()
        #: The lines that every answer has.
        self.common = b""
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
        self._tell_if_empty()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_empty.wait(), patience_s)
        for connection in list(self.connections):
            connection.abort()
        for task in self.outliving:
            task.cancel()

    def forget(self, connection: Connection) -> None:
        """A connection has ended: make room for another one."""
        self.connections.discard(connection)
        self._room.release()
        self._tell_if_empty()

    def outlive(self, task: asyncio.Task[None]) -> None:
        """An answer goes on though its connection has ended."""
        self.outliving.add(task)
        task.add_done_callback(self._end_outliving)

    def _end_outliving(self, task: asyncio.Task[None]) -> None:
        self.outliving.discard(task)
        self._tell_if_empty()

    def _tell_if_empty(self) -> None:
        if self.connections or self.outliving:
            self._is_empty.clear()
        else:
            self._is_empty.set()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            connection = Connection(self)
            is_made = False
            try:
                accepted, _ = await loop.sock_accept(self._socket)
                await loop.connect_accepted_socket(lambda made=connection: made, accepted)  # type: ignore[misc]  # of a lambda
                is_made = True
            except OSError as error:
                log.warning("a connection could not be accepted: %s", error.strerror)
                if error.errno in _NO_ROOM:
                    await asyncio.sleep(ACCEPT_AGAIN_S)
            finally:
                if not is_made:  # else it leaves by itself
                    connection.leave()

    async def _watch(self) -> None:
        """Keep the date true, and end the connections whose time is over."""
        loop = asyncio.get_running_loop()
        while True:
            self.common = b"date: " + formatdate(usegmt=True).encode() + b"\r\n" + _NO_SNIFFING
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
        self.is_ending = False
        self._has_left = False
        self._is_paused = False
        #: Whether what still arrives is thrown away.
        self._is_deaf = False
        self._transport: asyncio.Transport
        self._parser: Any = httptools.HttpRequestParser(self)
        #: Requests whose heads were read; the first one is being answered.
        self._exchanges: deque[Exchange] = deque()
        #: What is said instead of an answer, after the answers before it.
        self._refusal: tuple[HTTPStatus, str] | None = None
        #: The loop's time at which a head must be whole, or the next one begun, or the peer gone.
        self._until_s = inf
        #: Bytes of answers that the peer had not taken at the last look, and when it must have.
        self._unsent = 0
        self._taken_until_s = inf
        self._is_in_head = False
        self._brings_something = False
        self._bringing_nothing = 0
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
        if self._exchanges and (task := self._exchanges[0].task):
            self.listener.outlive(task)
        for exchange in self._exchanges:
            exchange.cut()
        self.can_write.set()
        self._parser = None  # which knows us: no cycle is left for the collector
        self.leave()

    def leave(self) -> None:
        """Make room for another connection, once."""
        if not self._has_left:
            self._has_left = True
            self.listener.forget(self)

    def pause_writing(self) -> None:
        """Answers wait until their reader has taken some."""
        self.can_write.clear()

    def resume_writing(self) -> None:
        """Answers go on."""
        self._unsent = 0
        self.can_write.set()

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        if self._is_deaf:
            return
        self._brings_something = False
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._break_off(*_describe(error, data))
            return
        self._bringing_nothing = 0 if self._brings_something else self._bringing_nothing + len(data)
        if self._bringing_nothing > MAX_HEAD_BYTES:
            text = f"The head of the request is larger than {MAX_HEAD_BYTES} bytes."
            self._break_off(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)

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
        version = self._parser.get_http_version().encode()
        head = b"%b %b HTTP/%b\r\n" % (method, self._url, version)
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
        """A whole header; behind a body it is a trailer, which could pretend to be one."""
        if not self._is_in_head:
            return
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"expect":
            self._expects_continue = value.lower() == b"100-continue"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A head is whole: answer it, or let it wait for the answers before it."""
        parser = self._parser
        method: bytes = parser.get_method()
        if parser.should_upgrade() and method != b"CONNECT":
            return
        version = parser.get_http_version()
        check_head(method, version, self._url, self._headers)
        if len(self._exchanges) > MAX_PIPELINED:
            text = f"More than {MAX_PIPELINED} requests were sent without waiting for answers."
            raise NotHttpError(text)
        self._is_in_head = False
        self._brings_something = True
        self._until_s = inf
        raw_path, query, headers = read_target(self._url, self._headers)
        path = raw_path.decode("latin-1")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": version,
            "method": method.decode("ascii"),
            "scheme": "http",
            "path": urllib.parse.unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
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
        self._brings_something = True
        self._exchanges[-1].add(piece)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self._is_in_head:  # else it asked for another protocol, and is read again
            self._brings_something = True
            self._exchanges[-1].complete()

    # -- answers ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes; nothing, when the peer has left."""
        if not self.is_over:
            self._transport.write(data)

    @property
    def is_over(self) -> bool:
        """Whether the peer has left, or we have."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Let the sender wait."""
        if not (self._is_paused or self.is_over):
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading, unless requests wait for the answers before them."""
        is_needed = len(self._exchanges) < 2  # noqa: PLR2004 - the second one waits
        if self._is_paused and is_needed and not self.is_over:
            self._is_paused = False
            self._transport.resume_reading()

    def finish(self, exchange: Exchange) -> None:
        """An answer is over: the next one, or rest."""
        self._exchanges.popleft()
        if exchange.is_last or self.is_over:
            self._exchanges.clear()
            self._close(is_early=not exchange.is_whole)
        elif self._exchanges:
            self._exchanges[0].start()
            self.resume_reading()
        elif self._refusal:
            self._refuse(*self._refusal)
        elif self.is_ending:
            self._close()
        else:
            self.resume_reading()
            patience_s = HEAD_TIMEOUT_S if self._is_in_head else IDLE_TIMEOUT_S
            self._until_s = self.loop.time() + patience_s

    # -- ends -------------------------------------------------------------------------------

    def check_time(self, now_s: float) -> None:
        """End what takes too long."""
        unsent = self._transport.get_write_buffer_size()
        if unsent < self._unsent or not self._unsent:
            self._taken_until_s = now_s + SEND_TIMEOUT_S
        self._unsent = unsent
        if unsent:
            if now_s >= self._taken_until_s:
                self.cut_off()
        elif self._exchanges:
            self._exchanges[0].check_time(now_s)
        elif now_s < self._until_s:
            return
        elif self._is_in_head and not self._is_deaf:
            text = f"The head of the request did not arrive within {HEAD_TIMEOUT_S:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, text)
        else:
            self._transport.close()

    def end(self) -> None:
        """Close it, after the answers to what was read."""
        self.is_ending = True
        if not self._exchanges:
            self._transport.close()

    def is_last_of_all(self) -> bool:
        """Whether no request will be answered after the one that is."""
        return self.is_ending and len(self._exchanges) == 1 and not self._refusal

    def abort(self) -> None:
        """Close it now, and give up what is under way."""
        for exchange in self._exchanges:
            exchange.cancel()
        self.cut_off()

    def cut_off(self) -> None:
        """Close it without what was not sent yet: half an answer must not look like a whole one."""
        connected = self._transport.get_extra_info("socket")
        if connected and connected.fileno() >= 0:  # else it has ended just now
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _close(self, *, is_early: bool = False) -> None:
        """Close it when all is sent; `is_early` when its sender may not have sent all."""
        if not is_early or self.is_over:
            self._transport.close()
            return
        self._is_deaf = True
        self._until_s = self.loop.time() + LINGER_S
        self._transport.write_eof()
        self.resume_reading()

    def _break_off(self, status: HTTPStatus, text: str) -> None:
        """What arrives makes no sense: the request that it cuts short is told, or the sender."""
        self._is_deaf = True
        if self._exchanges and not self._exchanges[-1].is_whole:
            self._exchanges[-1].cut()
        elif self._exchanges:
            self._refusal = status, text
        else:
            self._refuse(status, text)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer what has no whole head, and close."""
        metrics.count(metrics.REQUESTS, "http", str(status.value))
        body = text.encode()
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        head += b"content-length: %d\r\n\r\n" % len(body)
        self.write(_STATUS_LINES[status] + self.listener.common + head + body)
        self._close(is_early=True)


class Exchange:
    """One request and its answer: the two ends of an ASGI call."""

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
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
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
        loop = self._connection.loop
        self._until_s = loop.time() + self._connection.listener.body_timeout_s
        self.task = loop.create_task(self._run())

    def cancel(self) -> None:
        """Give it up."""
        if self.task:
            self.task.cancel()

    async def _run(self) -> None:
        scope = self._scope
        try:
            await self._connection.listener.application(scope, self.receive, self.send)
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
            self._head = self._render_head(message["status"], message["headers"])
            self._has_begun = True
            # With the body in one piece, when that comes at once.
            self._connection.loop.call_soon(self._write, b"")
        elif message["type"] == "http.response.body" and not self._is_over:
            self._write_body(message.get("body", b""), is_end=not has_more)

    def _render_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        is_bodiless = status in _BODILESS
        self._writes_body = not is_bodiless and self._scope["method"] != "HEAD"
        lines = [_STATUS_LINES[status], self._connection.listener.common]
        has_length = False
        for name, value in headers:
            has_length = has_length or name == b"content-length"
            lines += (name, b": ", value, b"\r\n")
        can_chunk = self._scope["http_version"] != "1.0"
        self._is_chunked = can_chunk and not (has_length or is_bodiless)
        if self._is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        # What is left of a request would be read as the next one.
        self.is_last = self.is_last or not self.is_whole or self._connection.is_last_of_all()
        if self.is_last:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        head = b"".join(lines)
        ends = len(headers) + 4 + self.is_last + self._is_chunked
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


def _describe(error: httptools.HttpParserError, data: bytes) -> tuple[HTTPStatus, str]:
    """Why bytes are no request, for who reads the answer."""
    cause = error.__context__  # of our own callbacks
    if isinstance(cause, NotHttpError):
        return cause.status, str(cause)
    if cause is not None and not isinstance(cause, httptools.HttpParserError):
        log.error("a request could not be read", exc_info=cause)
    if data.startswith(_TLS_HANDSHAKE):
        return HTTPStatus.BAD_REQUEST, NO_TLS
    return HTTPStatus.BAD_REQUEST, NO_REQUEST
