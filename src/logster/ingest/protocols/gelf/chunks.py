"""Messages that come in several datagrams: `1e 0f`, 8 bytes of an id, the number, how many.

In: datagrams. Out: whole messages. Promise: what is held is bounded, in time and in bytes; parts in
any order, and twice, make no difference; a message that lacks a part is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.ingest.frames import MAX_HEAD_BYTES, Fault
from logster.ingest.sockets.dialect import Assembler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.ingest.frames import Cut

MAGIC = b"\x1e\x0f"
_HEADER_BYTES = 12
_ID = slice(2, 10)
_NUMBER, _COUNT = 10, 11
#: As GELF has it.
MAX_CHUNKS = 128
MAX_WAIT_S = 5.0
#: Of all messages that are not whole; then the oldest one is let go of.
MAX_HELD_BYTES = 32 * 1024 * 1024
#: An empty chunk takes memory, too.
_CHUNK_BYTES = 128


class _Message(msgspec.Struct):
    """The parts of a message so far."""

    count: int
    since: float
    size: int
    parts: dict[int, bytes]


class Chunks(Assembler):
    """Messages that wait for their parts."""

    def __init__(self) -> None:
        #: The oldest one first.
        self._messages: dict[tuple[str, bytes], _Message] = {}
        self._held_bytes = 0
        self._lost = 0

    def assemble(self, sender: str, datagrams: list[bytes], now: float) -> Sequence[Cut]:
        """The messages that are whole with these datagrams of a sender."""
        if not any(datagram.startswith(MAGIC) for datagram in datagrams):
            return datagrams
        cuts = [self.add(sender, datagram, now) for datagram in datagrams]
        return [cut for cut in cuts if cut is not None]

    def add(self, sender: str, datagram: bytes, now: float) -> Cut | None:
        """A whole message, or None while parts of it are missing."""
        if not datagram.startswith(MAGIC):
            return datagram
        if len(datagram) < _HEADER_BYTES:
            return Fault("chunk", datagram)
        number, count = datagram[_NUMBER], datagram[_COUNT]
        key = (sender, datagram[_ID])
        message = self._messages.get(key)
        if number >= count or count > MAX_CHUNKS or (message and message.count != count):
            return Fault("chunk", datagram[:MAX_HEAD_BYTES])
        if message is None:
            message = self._messages[key] = _Message(count, now, 0, {})
        if number in message.parts:
            return None
        message.parts[number] = datagram[_HEADER_BYTES:]
        self._resize(message, len(datagram) + _CHUNK_BYTES)
        if len(message.parts) == count:
            self._forget(key)
            return b"".join(message.parts[index] for index in range(count))
        while self._held_bytes > MAX_HELD_BYTES:
            self._lose(next(iter(self._messages)))
        return None

    def expire(self, now: float) -> int:
        """Let go of messages whose parts did not come in time; gives how many."""
        while self._messages:
            key, oldest = next(iter(self._messages.items()))
            if now - oldest.since < MAX_WAIT_S:
                break
            self._lose(key)
        lost, self._lost = self._lost, 0
        return lost

    def _lose(self, key: tuple[str, bytes]) -> None:
        self._forget(key)
        self._lost += 1

    def _forget(self, key: tuple[str, bytes]) -> None:
        self._held_bytes -= self._messages.pop(key).size

    def _resize(self, message: _Message, by: int) -> None:
        message.size += by
        self._held_bytes += by
