"""What sockets bring, many at once as one body: each frame with its sender.

In: frames, as a datagram or a connection brought them. Out: a body that a reader takes apart again.
Promise: a frame that is none (cut short, without an end) stays one, with the reason.

    LENGTH SENDER PAYLOAD        27 192.0.2.7 <13>Dec  1 12:00:00 web-1 x
    LENGTH SENDER!REASON HEAD    the first bytes of what is no frame

So one body, one read and one commit serve hundreds of datagrams. It is octet counting as syslog
has it (RFC 6587), with the sender: a person can read it where bodies are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from logster.errors import InvalidBodyError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Of what is no frame, so much is kept to be shown.
MAX_HEAD_BYTES = 1024
#: Longer numbers are no lengths.
_MAX_DIGITS = 10


class Fault(NamedTuple):
    """What is no frame: why, and its first bytes."""

    reason: str
    head: bytes


#: What a stream is cut into.
Cut = bytes | Fault


class Frame(NamedTuple):
    """A frame, its sender, and "" or why it is none."""

    payload: bytes
    sender: str
    fault: str = ""


def pack(sender: bytes, cuts: Iterable[Cut]) -> list[bytes]:
    """The parts of a body."""
    return [
        b"%d %b %b" % (len(cut), sender, cut)
        if isinstance(cut, bytes)
        else b"%d %b!%b %b" % (len(cut.head), sender, cut.reason.encode(), cut.head)
        for cut in cuts
    ]


def unpack(body: bytes) -> list[Frame]:
    """The frames of a body; raises InvalidBodyError."""
    frames: list[Frame] = []
    place, end = 0, len(body)
    senders: dict[bytes, tuple[str, str]] = {}
    try:
        while place < end:
            blank = body.index(b" ", place, place + _MAX_DIGITS)
            start = body.index(b" ", blank + 1) + 1
            told = body[blank + 1 : start - 1]
            if told not in senders:
                sender, _, fault = told.decode().partition("!")
                senders[told] = sender, fault
            place = start + int(body[place:blank])
            if not start <= place <= end:
                raise ValueError("beyond the end")  # noqa: TRY301 - as the others
            frames.append(Frame(body[start:place], *senders[told]))
    except ValueError:
        raise InvalidBodyError({"body": ["It is no list of frames."]}, "framing") from None
    return frames
