"""A stream in pieces becomes frames; the first delimiter that can be told decides for all of it.

In: the bytes of one connection, in whatever pieces they come. Out: frames, and faults for what is
none. Promise: pure; the pieces make no difference; linear in time; no more is held than one frame.

Of syslog and GELF there are four framings, and no sender says which one it has:

- lengths (`27 <13>…`, octet counting of RFC 6587): the first bytes tell;
- NUL (Python's SysLogHandler, GELF): text before it may hold line ends, as stack traces do;
- LF: behind it, another message begins, or nothing comes for a while;
- none at all (winston-syslog): what was sent at once is a message, or several that begin as such.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from logster.ingest.frames import MAX_HEAD_BYTES, Fault

if TYPE_CHECKING:
    from logster.ingest.frames import Cut
    from logster.ingest.sockets.dialect import Framing

#: A stream whose framing cannot be told by so many bytes has lines.
MAX_UNDECIDED_BYTES = 64 * 1024
_COUNTED = re.compile(rb"[1-9]\d{0,8} <\d{1,3}>")
_LENGTH = re.compile(rb"[1-9]\d{0,8} ")
_MAX_LENGTH_BYTES = 10
#: Where another message begins in what came without a delimiter.
_NEXT_MESSAGE = re.compile(rb"(?<!^)(?=<\d{1,3}>(?:1 [\d-]|[A-Z][a-z]{2} [ \d]\d \d\d:))")


class _Mode(enum.Enum):
    UNDECIDED = b""
    COUNTED = b" "
    LINES = b"\n"
    NULS = b"\0"


class Framer:
    """The frames of one connection."""

    def __init__(self, framing: Framing, max_bytes: int) -> None:
        """A frame above `max_bytes` is a fault."""
        self._has_counts = framing.has_counts
        self._max_bytes = max_bytes
        self._mode = _Mode.UNDECIDED
        self._mark = re.compile(rb"\0|\n(?=[" + re.escape(framing.starts) + rb"])")
        #: So many undecided bytes were searched for the mark.
        self._looked = 0
        #: The frame that is not whole, with its length where it has one. Joined, for a peer that
        #: sends two bytes at a time would make pieces of twenty times what they say.
        self._held = bytearray()
        #: How long they are when the frame is whole, where lengths are there; 0: not known yet.
        self._expected = 0
        #: Bytes of a refused frame that are left out; -1: up to the delimiter.
        self._skip = 0
        #: The lengths do not hold: where the next frame begins cannot be known.
        self.is_broken = False

    @property
    def held_bytes(self) -> int:
        """How much of it is held."""
        return len(self._held)

    @property
    def is_undecided(self) -> bool:
        """Whether a pause says something: bytes are held, and nothing tells where they end."""
        return self._mode is _Mode.UNDECIDED and self.held_bytes > 0

    def feed(self, data: bytes) -> list[Cut]:
        """Take the next bytes; gives the frames that are whole."""
        if self.is_broken:
            return []
        if self._mode is _Mode.UNDECIDED:
            data = self._let_go() + data
            self._decide(data)
        if self._mode is _Mode.UNDECIDED:
            self._hold(data)
            return []
        return self._counted(data) if self._mode is _Mode.COUNTED else self._delimited(data)

    def pause(self) -> list[Cut]:
        """Nothing has come for a while: what is held is whole when nothing else can be told."""
        if self._mode is not _Mode.UNDECIDED:
            return []
        rest, self._looked = self._let_go(), 0
        if b"\n" in rest and (rest.endswith(b"\n") or not rest.startswith(b"<")):
            self._mode = _Mode.LINES
            return self._delimited(rest)
        return list(filter(_is_said, _NEXT_MESSAGE.split(rest)))

    def end(self) -> list[Cut]:
        """Nothing will come any more."""
        cuts = self.pause()
        rest = self._let_go()
        if not rest.strip(b"\r\n\0"):
            return cuts
        is_counted = self._mode is _Mode.COUNTED
        return [*cuts, Fault("cut_short", rest[:MAX_HEAD_BYTES]) if is_counted else rest]

    def refuse(self, reason: str) -> list[Cut]:
        """Let go of the frame that is on its way: there is no room for it."""
        held = self._let_go()
        if self._mode is _Mode.COUNTED:
            self._skip = max(0, self._expected - len(held))
            self._expected = 0
        else:
            self._mode = _Mode.LINES if self._mode is _Mode.UNDECIDED else self._mode
            self._skip = -1
        return [Fault(reason, held[:MAX_HEAD_BYTES])]

    def _hold(self, data: bytes) -> None:
        self._held += data

    def _let_go(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held

    def _decide(self, data: bytes) -> None:
        """Find out which framing the stream has; all that is asked is asked of its first bytes."""
        if self._has_counts and _COUNTED.match(data):
            self._mode = _Mode.COUNTED
            return
        found = self._mark.search(data, self._looked, MAX_UNDECIDED_BYTES + 1)
        if found:
            self._mode = _Mode.NULS if found[0] == b"\0" else _Mode.LINES
        elif len(data) > MAX_UNDECIDED_BYTES:
            self._mode = _Mode.LINES
        self._looked = max(0, len(data) - 1)

    def _delimited(self, data: bytes) -> list[Cut]:
        first, *others = data.split(self._mode.value)
        if not others:
            return self._hold_line(first)
        cuts: list[Cut] = [*others]
        if self._skip:
            self._skip = 0  # the delimiter of what was refused
        else:
            cuts.insert(0, self._let_go() + first)
        last = others.pop()
        del cuts[-1]
        return [*filter(_is_said, cuts), *self._hold_line(last)]

    def _hold_line(self, data: bytes) -> list[Cut]:
        if not self._skip:
            self._hold(data)
        return self.refuse("too_large") if self.held_bytes > self._max_bytes else []

    def _counted(self, data: bytes) -> list[Cut]:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._hold(data[skipped:] if skipped else data)
        if self.held_bytes < self._expected:
            return []
        self._expected = 0
        data, cuts, place = self._let_go(), [], 0
        while place < len(data):
            found = _LENGTH.match(data, place)
            if found is None:
                if data[place] in b"\r\n\0":  # of a sender that does both
                    place += 1
                    continue
                cuts += self._check_length(data[place : place + MAX_HEAD_BYTES])
                break
            start, end = found.end(), found.end() + int(found[0])
            if end - start > self._max_bytes:
                cuts.append(Fault("too_large", data[start : min(end, start + MAX_HEAD_BYTES)]))
                self._skip = max(0, end - len(data))
            elif end > len(data):
                self._expected = end - place
                break
            else:
                cuts.append(data[start:end])
            place = end
        if not self.is_broken:
            self._hold(data[place:])
        return list(filter(_is_said, cuts))

    def _check_length(self, head: bytes) -> list[Cut]:
        """Wait for the rest of a length; a text that is none breaks the stream."""
        if len(head) < _MAX_LENGTH_BYTES and head.isdigit() and head[0] != b"0"[0]:
            return []
        self.is_broken = True
        return [Fault("framing", head)]


def _is_said(cut: Cut) -> bool:
    """Empty lines say nothing."""
    return cut not in (b"", b"\r")
