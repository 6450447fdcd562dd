"""Connections in, with TLS or without.

In: an endpoint. Out: frames for an inbox.
Promise: connections and what they hold are bounded; none is read while the inbox is full, so that
senders slow down; one that says nothing for a day ends, and so does one whose key is revoked.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
import ssl
from typing import TYPE_CHECKING, cast

from logster import metrics
from logster.errors import ConfigError
from logster.ingest.sockets.framing import Framer

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.config import Config
    from logster.endpoint import Endpoint
    from logster.ingest.frames import Cut
    from logster.ingest.sockets.dialect import Framing
    from logster.ingest.sockets.inbox import Inbox

log = logging.getLogger(__name__)

#: Connections of one socket open at the same time; the next one waits until one of them ends.
MAX_CONNECTIONS = 10_000
#: Connections waiting to be accepted while this worker is busy.
BACKLOG = 1024
#: One that says nothing for so long is closed: its peer is gone, or can connect again. Not sooner:
#: a sender of syslog loses what it writes before it notices.
MAX_IDLE_S = 24 * 3600.0
#: A connection without a delimiter so far has said a whole message when nothing follows it.
PAUSE_S = 1.0
#: How much unfinished frames of all connections may take; then the next large one is refused.
MAX_HELD_BYTES = 64 * 1024 * 1024
#: So much is nobody's fault.
FAIR_HELD_BYTES = 4096
HANDSHAKE_S = 10.0
#: When there is no file for another connection.
ACCEPT_AGAIN_S = 0.5
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def count_connections(config: Config, max_files: int) -> int:
    """How many connections each socket may have: all together take a quarter of the files."""
    sockets = max(1, sum(map(len, config.sockets.values())))
    if max_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, max_files // (4 * sockets)))


class Connections:
    """One listening socket, and its connections."""

    def __init__(
        self,
        endpoint: Endpoint,
        inbox: Inbox,
        framing: Framing,
        *,
        max_bytes: int,
        most: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listens at once; a frame has `max_bytes`, and `most` connections are open."""
        self.inbox = inbox
        self.framing = framing
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self.open: set[Connection] = set()
        #: Those that a pause may tell something.
        self.undecided: set[Connection] = set()
        self._most = most
        self._room = asyncio.Semaphore(most)
        self._tls = tls
        self._is_stopping = False
        self._handshakes: set[asyncio.Task[None]] = set()
        self._socket = _listen(endpoint)
        inbox.on_room = self._read_again
        self._accepting: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the next connection has to wait."""
        return len(self.open) >= self._most

    def begin(self, on_done: Callable[[asyncio.Task[None]], None]) -> None:
        """Accept connections; `on_done` hears of an end that nobody asked for."""
        self._accepting = asyncio.create_task(self._accept(), name="socket connections")
        self._accepting.add_done_callback(on_done)

    async def close(self) -> None:
        """Accept no more, take what the connections hold, and end them."""
        self._is_stopping = True
        for task in (self._accepting, *self._handshakes):
            if task:
                task.cancel()
        self._socket.close()
        self.end_all()
        await asyncio.sleep(0)

    def end_all(self) -> None:
        """End every connection; what it holds is its last frame."""
        for connection in list(self.open):
            connection.end()

    def look(self, now: float) -> None:
        """Take what a pause has made whole, and end who has been silent for too long."""
        for connection in list(self.undecided):
            connection.check_pause(now)
        for connection in list(self.open):
            connection.check_idle(now)

    def leave(self, connection: Connection) -> None:
        """A connection has ended: make room for another one."""
        self.open.discard(connection)
        self.undecided.discard(connection)

    def _read_again(self) -> None:
        for connection in self.open:
            connection.read_again()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            try:
                accepted, address = await loop.sock_accept(self._socket)
            except OSError as error:
                self._room.release()
                log.warning("a connection could not be accepted: %s", error.strerror)
                if error.errno in _NO_ROOM:
                    await asyncio.sleep(ACCEPT_AGAIN_S)
                continue
            except asyncio.CancelledError:
                self._room.release()
                raise
            task = asyncio.create_task(self._enter(accepted, str(address[0])))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _enter(self, accepted: socket.socket, sender: str) -> None:
        """Begin a connection; its room is free again when it has ended."""
        loop = asyncio.get_running_loop()
        connection = Connection(self, sender)
        connection.on_end = self._room.release
        try:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await loop.connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
            )
        except (OSError, ssl.SSLError, asyncio.CancelledError) as error:
            metrics.count(metrics.SOCKET_CONNECTIONS, self.inbox.name, "failed")
            log.info("a connection of %s failed: %s", sender, error)
            accepted.close()
            connection.leave()


class Connection(asyncio.Protocol):
    """One peer."""

    def __init__(self, owner: Connections, sender: str) -> None:
        self._owner = owner
        self._sender = sender
        self._framer = Framer(owner.framing, owner.max_bytes)
        self._transport: asyncio.Transport | None = None
        self._heard_at = asyncio.get_running_loop().time()
        self._is_over = False
        self.on_end: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there, the handshake behind it."""
        transport = cast("asyncio.Transport", transport)  # uvloop's are none by type
        self._transport = transport
        self._owner.open.add(self)
        metrics.count(metrics.SOCKET_CONNECTIONS, self._owner.inbox.name, "opened")
        if self._owner.inbox.is_full:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._heard_at = asyncio.get_running_loop().time()
        owner, framer = self._owner, self._framer
        owner.held_bytes -= framer.held_bytes
        cuts = framer.feed(data)
        if framer.held_bytes > FAIR_HELD_BYTES and (
            owner.held_bytes + framer.held_bytes > MAX_HELD_BYTES
        ):
            cuts += framer.refuse("busy")
        owner.held_bytes += framer.held_bytes
        self._bring(cuts)
        if framer.is_undecided:
            owner.undecided.add(self)
        else:
            owner.undecided.discard(self)
        if framer.is_broken:
            self.end()

    def eof_received(self) -> None:
        """Nothing more will come: None closes the connection."""

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended; what it holds is its last frame."""
        _ = exc
        self._flush()
        self.leave()

    def check_pause(self, now: float) -> None:
        """Take what stands alone."""
        if now - self._heard_at >= PAUSE_S:
            self._owner.held_bytes -= self._framer.held_bytes
            cuts = self._framer.pause()
            self._owner.held_bytes += self._framer.held_bytes
            self._owner.undecided.discard(self)
            self._bring(cuts)

    def check_idle(self, now: float) -> None:
        """End it when it has been silent for too long."""
        if now - self._heard_at >= MAX_IDLE_S:
            self.end()

    def read_again(self) -> None:
        """The inbox has room."""
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def end(self) -> None:
        """Take what it holds, and close it."""
        self._flush()
        if self._transport:
            self._transport.abort()

    def leave(self) -> None:
        """It is no more; however often that is said."""
        self._owner.leave(self)
        on_end, self.on_end = self.on_end, lambda: None
        on_end()

    def _flush(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._owner.held_bytes -= self._framer.held_bytes
            self._bring(self._framer.end())

    def _bring(self, cuts: list[Cut]) -> None:
        inbox = self._owner.inbox
        if cuts:
            inbox.add(self._sender, cuts)
        if inbox.is_full and self._transport and not self._transport.is_closing():
            self._transport.pause_reading()


def _listen(endpoint: Endpoint) -> socket.socket:
    """A socket that shares its port with the other workers."""
    is_v6 = ":" in endpoint.host
    try:
        listening = socket.create_server(
            (endpoint.host, endpoint.port),
            family=socket.AF_INET6 if is_v6 else socket.AF_INET,
            backlog=BACKLOG,
            reuse_port=True,
            dualstack_ipv6=is_v6 and endpoint.host == "::",
        )
    except OSError as error:
        raise ConfigError(f"Cannot listen on {endpoint.address} (TCP): {error.strerror}.") from None
    listening.setblocking(False)
    return listening
