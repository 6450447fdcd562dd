"""A small real reverse proxy: one host, and servers below paths of it.

It goes between byte by byte, so streams flow; the path is kept or taken off, as proxies are set.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = (
    b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 14\r\n\r\nthe other site"
)
MAX_HEAD_BYTES = 64 * 1024


@dataclass
class Way:
    """What is below a path of the host: a port of this machine."""

    root: str
    port: int
    #: Whether the path is kept on the way to it.
    is_kept: bool


class Proxy(socketserver.ThreadingTCPServer):
    """One host; whatever is below no way is the other site's."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.ways: list[Way] = []
        #: The targets that were asked for and are below no way.
        self.strayed: list[str] = []

    @property
    def url(self) -> str:
        """The host."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def way_of(self, target: str) -> Way | None:
        """Where a request goes."""
        path = target.partition("?")[0]
        return next(
            (way for way in self.ways if path == way.root or path.startswith(f"{way.root}/")), None
        )


class _Connection(socketserver.BaseRequestHandler):
    """One request: brought to its server, with all that follows, in both directions."""

    server: Proxy

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            head, rest = self._read_head()
            if not head:
                return
            target = head.split(b" ", 2)[1].decode("latin-1")
            way = self.server.way_of(target)
            if way:
                self._bring(_rewrite(head, way) + rest, way.port)
            else:
                self.server.strayed.append(target)
                self.request.sendall(ELSEWHERE)

    def _read_head(self) -> tuple[bytes, bytes]:
        read = b""
        while b"\r\n\r\n" not in read:
            piece = self.request.recv(65_536)
            if not piece or len(read) > MAX_HEAD_BYTES:
                return b"", b""
            read += piece
        head, end, rest = read.partition(b"\r\n\r\n")
        return head + end, rest

    def _bring(self, begin: bytes, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there:
            there.sendall(begin)
            sending = threading.Thread(target=_pass_on, args=(self.request, there), daemon=True)
            sending.start()
            _pass_on(there, self.request)
            # Whoever still sends hears that nobody reads.
            with contextlib.suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)
            sending.join()


def _rewrite(head: bytes, way: Way) -> bytes:
    """The head as it goes on: one request on one connection."""
    first, *lines = head.split(b"\r\n")
    method, target, version = first.split(b" ", 2)
    if not way.is_kept:
        target = target[len(way.root) :]
        target = target if target.startswith(b"/") else b"/" + target
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([b" ".join([method, target, version]), b"Connection: close", *kept])


def _pass_on(source: socket.socket, goal: socket.socket) -> None:
    """Until the source has ended; then the other side is told, which may have more to say."""
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            goal.sendall(piece)
    with contextlib.suppress(OSError):
        goal.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxying() -> Iterator[Proxy]:
    """A proxy in a thread of its own; its ways are put in later."""
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
