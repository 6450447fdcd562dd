"""What sockets bring, many at once as one body: each frame with its sender.

In: frames, as datagrams or connections brought them. Out: a body that a reader takes apart again.
Promise: a frame that is none (cut short, without an end) stays one, with the reason.

So one body, one read and one commit serve hundreds of datagrams. The form is MessagePack: it costs
0.2 µs a frame both ways; lengths in front of the frames, as syslog has them, cost ten times that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from logster.errors import InvalidBodyError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Of what is no frame, so much is kept to be shown.
MAX_HEAD_BYTES = 1024


class Fault(NamedTuple):
    """What is no frame: why, and its first bytes."""

    reason: str
    head: bytes


#: What a stream is cut into.
Cut = bytes | Fault


class Frames(msgspec.Struct, array_like=True):
    """Frames, the sender of each, and by the number of one that is none (from 0) the reason."""

    payloads: list[bytes] = []
    senders: list[str] = []
    faults: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.payloads)

    def add(self, sender: str, cut: Cut) -> None:
        """Take one more."""
        if isinstance(cut, Fault):
            self.faults[len(self.payloads)] = cut.reason
            cut = cut.head
        self.payloads.append(cut)
        self.senders.append(sender)


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Frames)


def frames_of(cuts: Iterable[Cut], sender: str = "") -> Frames:
    """Those that one sender has brought."""
    frames = Frames()
    for cut in cuts:
        frames.add(sender, cut)
    return frames


def pack(frames: Frames) -> bytes:
    """The body of frames."""
    return _encode(frames)


def unpack(body: bytes) -> Frames:
    """The frames of a body; raises InvalidBodyError."""
    try:
        frames = _decoder.decode(body)
    except (ValueError, RecursionError):
        raise InvalidBodyError({"body": ["It is no list of frames."]}, "framing") from None
    if len(frames.senders) != len(frames.payloads):
        raise InvalidBodyError({"body": ["Not every frame has a sender."]}, "framing")
    return frames
