"""What a protocol says of its datagrams and streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from logster.ingest.protocol import Protocol

if TYPE_CHECKING:
    from logster.ingest.frames import Cut


class Framing(msgspec.Struct, frozen=True):
    """How messages stand in a stream: with `has_counts`, also behind their lengths."""

    #: any of these bytes begins a message
    starts: bytes
    has_counts: bool


class Assembler:
    """Puts together what comes in several datagrams. This one is for dialects without such."""

    def assemble(self, sender: str, datagrams: list[bytes], now: float) -> Sequence[Cut]:
        """The messages that are whole with these datagrams of a sender."""
        _ = sender, now
        return datagrams

    def expire(self, now: float) -> int:
        """Let go of messages whose parts did not come in time; gives how many."""
        _ = now
        return 0


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol on sockets."""

    protocol: Protocol
    framing: Framing
    assembler: Callable[[], Assembler] = Assembler
