"""Datagrams in: at each look as many as there are.

In: an endpoint. Out: frames for an inbox.
Promise: nobody waits for a datagram. While the inbox is full none is read: the system keeps what
its buffer holds, and counts what it drops, to the datagram.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from typing import TYPE_CHECKING

from logster.errors import ConfigError
from logster.ingest.sockets import recvmmsg
from logster.ingest.sockets.recvmmsg import find_call

if TYPE_CHECKING:
    from logster.endpoint import Endpoint
    from logster.ingest.sockets.dialect import Assembler
    from logster.ingest.sockets.inbox import Inbox

#: What the system keeps while this worker is busy: a second of 50,000 small datagrams.
BUFFER_BYTES = 32 * 1024 * 1024
#: A wake-up reads so often, and then others have their turn.
MAX_READS = 4
#: Linux's own; Python has no names for them.
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")
_DROPS = 8


class Datagrams:
    """One socket for datagrams."""

    def __init__(self, endpoint: Endpoint, inbox: Inbox, assembler: Assembler) -> None:
        """Listens at once, beside other workers that do."""
        self._inbox = inbox
        self._assembler = assembler
        self._socket = _listen(endpoint)
        call = find_call()
        self._reader = recvmmsg.Datagrams(call) if call else None
        self._drops = self.read_drops()
        self._is_reading = False
        self._is_closed = False
        inbox.on_room = self.begin
        #: What the system has for it; it may give less than is asked for.
        self.buffer_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def begin(self) -> None:
        """Read, until the inbox is full."""
        if not self._is_reading and not self._is_closed:
            self._is_reading = True
            asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Take what the system still has, and listen no more."""
        self._pause()
        self._is_closed = True
        while not self._inbox.is_full and self._read():
            pass
        self.take_drops()
        self._socket.close()

    def read_drops(self) -> int:
        """How many datagrams the system has dropped, since the socket was opened."""
        with contextlib.suppress(OSError, struct.error):
            told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
            return int(_MEMINFO.unpack(told)[_DROPS])
        return 0  # not Linux

    def take_drops(self) -> int:
        """How many it has dropped since the last time; they are counted as lost."""
        drops = self.read_drops()
        lost = (drops - self._drops) & 0xFFFFFFFF
        self._drops = drops
        self._inbox.count("lost", self._inbox.obstacle or "buffer_full", lost)
        return lost

    def expire(self, now: float) -> int:
        """Let go of messages whose parts did not come; they are counted as lost."""
        lost = self._assembler.expire(now)
        self._inbox.count("lost", "parts_missing", lost)
        return lost

    def _pause(self) -> None:
        if self._is_reading:
            self._is_reading = False
            asyncio.get_running_loop().remove_reader(self._socket)

    def _read(self) -> int:
        """Take what is there, some of it; gives how many datagrams that were."""
        now = asyncio.get_running_loop().time()
        count = 0
        for _ in range(MAX_READS):
            found = self._reader.receive(self._socket) if self._reader else self._receive()
            for sender, datagrams in found.items():
                count += len(datagrams)
                self._inbox.add(sender, self._assembler.assemble(sender, datagrams, now))
            if not found or self._inbox.is_full:
                break
        if self._inbox.is_full:
            self._pause()
        return count

    def _receive(self) -> dict[str, list[bytes]]:
        """The same, one by one."""
        found: dict[str, list[bytes]] = {}
        with contextlib.suppress(BlockingIOError, InterruptedError):
            for _ in range(recvmmsg.MAX_MESSAGES):
                datagram, address = self._socket.recvfrom(recvmmsg.MAX_DATAGRAM_BYTES)
                found.setdefault(address[0], []).append(datagram)
        return found


def _listen(endpoint: Endpoint) -> socket.socket:
    """A socket that shares its port with the other workers."""
    is_v6 = ":" in endpoint.host
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if is_v6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, endpoint.host != "::")
        _enlarge(listening)
        listening.bind((endpoint.host, endpoint.port))
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigError(f"Cannot listen on {endpoint.address} (UDP): {error.strerror}.") from None
    return listening


def _enlarge(listening: socket.socket) -> None:
    """Ask for a large buffer: above the machine's own limit where this process may."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER_BYTES)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOPROTOOPT, errno.EINVAL):
            raise
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
