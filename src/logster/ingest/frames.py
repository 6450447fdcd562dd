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
    from collections.abc import Sequence

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

    def extend(self, sender: str, cuts: Sequence[Cut]) -> None:
        """Take some more of a sender."""
        place = len(self.payloads)
        faults = [index for index, cut in enumerate(cuts) if isinstance(cut, Fault)]
        self.payloads += [cut.head if isinstance(cut, Fault) else cut for cut in cuts]
        self.senders += [sender] * len(cuts)
        for index in faults:
            self.faults[place + index] = cuts[index].reason  # type: ignore[union-attr]  # seen above


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Frames)


def frames_of(cuts: Sequence[Cut], sender: str = "") -> Frames:
    """Those that one sender has brought."""
    frames = Frames()
    frames.extend(sender, cuts)
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
