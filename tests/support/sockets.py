"""What a dialect makes of the bytes of a socket, without a socket.

In: a datagram, or all bytes of a connection, as in `tests/corpus/<protocol>/NNN-udp-name.bytes` and
`NNN-tcp-name.bytes`. Out: its reading, and its outcome as JSON. It is always the same noon.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from logster.event import NS_PER_S
from logster.ingest.frames import frames_of, pack
from logster.ingest.protocol import Limits, Request
from logster.ingest.sockets.framing import Framer
from support.recorded import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.ingest.frames import Cut
    from logster.ingest.protocol import Reading
    from logster.ingest.sockets.dialect import Dialect

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SENDER = "192.0.2.7"
LIMITS = Limits(max_events=10_000, max_message_bytes=1_000_000)


def request_of(transport: str = "UDP", zone: str = "UTC") -> Request:
    """What a reader is told of a frame that has come at noon."""
    return Request(
        method=transport,
        path="",
        query="",
        uri=f"{transport.lower()}://127.0.0.1:5514",
        headers={},
        params={"zone": zone},
        received_at=int(NOON.timestamp()) * NS_PER_S,
    )


def read_cuts(dialect: Dialect, cuts: Sequence[Cut], *, zone: str = "UTC") -> Reading:
    """The reading of frames."""
    return dialect.protocol.read(pack(frames_of(cuts, SENDER)), request_of(zone=zone), LIMITS)


def read_datagrams(dialect: Dialect, *datagrams: bytes) -> Reading:
    """The reading of datagrams."""
    return read_cuts(dialect, dialect.assembler().assemble(SENDER, list(datagrams), 0.0))


def read_stream(dialect: Dialect, *pieces: bytes) -> Reading:
    """The reading of a connection."""
    framer = Framer(dialect.framing, LIMITS.max_message_bytes)
    cuts = [cut for piece in pieces for cut in framer.feed(piece)]
    return read_cuts(dialect, [*cuts, *framer.end()])


def outcome_of(reading: Reading) -> dict[str, Any]:
    """A reading as JSON."""
    return {
        "events": events_of(reading),
        "rejections": [
            {"line": bad.line, "reason": bad.reason, "faults": bad.faults}
            for bad in reading.rejections
        ],
    }
