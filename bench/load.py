"""A load generator that costs little CPU: prebuilt bytes, many keep-alive connections, epoll.

In: requests as bytes. Out: how many were answered with 200, and how long each took.
"""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass
class Outcome:
    """What came of a run; latencies in seconds, in the order of the answers."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        """Answered requests per second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` of the requests stay under."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


@dataclass
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    received: bytes = b""


def run_load(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, limit: int = 0
) -> Outcome:
    """Send `requests` round and round over keep-alive connections.

    Ends after `seconds`, or after `limit` requests when one is given.
    """
    source = iter(cycle(requests))
    selector = selectors.DefaultSelector()
    outcome = Outcome(seconds)
    started = time.perf_counter()
    deadline = started + seconds
    left = limit or -1
    open_count = 0
    for _ in range(connections):
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket.setblocking(False)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        _send_next(connection, source, selector)
        left -= 1
        open_count += 1
    while open_count:
        for key, events in selector.select():
            connection = key.data
            if events & selectors.EVENT_WRITE:
                _send_more(connection, selector)
            if not events & selectors.EVENT_READ:
                continue
            if not _receive(connection):
                continue
            now = time.perf_counter()
            if connection.received.startswith(b"HTTP/1.1 200"):
                outcome.latencies.append(now - connection.sent_at)
            else:
                outcome.refused += 1
            connection.received = b""
            if left == 0 or (not limit and now > deadline):
                selector.unregister(connection.socket)
                connection.socket.close()
                open_count -= 1
                continue
            left -= 1
            _send_next(connection, source, selector)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _send_next(
    connection: _Connection, source: Iterator[bytes], selector: selectors.BaseSelector
) -> None:
    connection.sent_at = time.perf_counter()
    connection.unsent = memoryview(next(source))
    _send_more(connection, selector)


def _send_more(connection: _Connection, selector: selectors.BaseSelector) -> None:
    try:
        sent = connection.socket.send(connection.unsent)
    except BlockingIOError:
        sent = 0
    connection.unsent = connection.unsent[sent:]
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
    if selector.get_key(connection.socket).events != wanted:
        selector.modify(connection.socket, wanted, connection)


def _receive(connection: _Connection) -> bool:
    """Take what has arrived; True when the answer is whole."""
    chunk = connection.socket.recv(1 << 20)
    if not chunk:
        raise ConnectionError("the server closed a connection in the middle of the run")
    connection.received += chunk
    head, separator, body = connection.received.partition(b"\r\n\r\n")
    if not separator:
        return False
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    length = int(lowered[at + 15 :].split(b"\r\n", 1)[0])
    return len(body) >= length


def build_request(path: str, key: str, body: bytes, content_type: str, encoding: str = "") -> bytes:
    """A whole HTTP/1.1 request as bytes."""
    extra = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nApiKey: {key}\r\n"
        f"Content-Type: {content_type}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
