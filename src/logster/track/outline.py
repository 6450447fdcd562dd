"""A trace without what was said: that is all that most keys are made of, and what differs least.

In: the texts of an event. Out: an `Outline`, for traces that tell an exception and its frames one
behind the other. Promise: pure; a microsecond or two; equal outlines have equal keys, where the key
has nothing in it of what was said (`is_of` says whether a trace was read so).

An id in a message would make every trace a new one, and each is read for a hundred microseconds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from logster.track.known import known_error

if TYPE_CHECKING:
    from logster.track.chain import Chain

#: Where the frames begin: of JavaScript, .NET, Java.
_FRAMES = re.compile(r"\n(?: {3,4}|\t)at ")
_PYTHON = "Traceback (most recent call last):\n"
#: Before the frames it tells of another exception, whose type would be lost.
_OTHER = re.compile(r"--->|Caused by|\n\n")


class Outline(NamedTuple):
    """What was raised: its type as the text begins, the frames as they stand there, the rest."""

    type: str
    frames: str
    exception: str | None
    said: str

    @property
    def remembered(self) -> tuple[str | None, ...]:
        """What two traces must have in common."""
        return (self.type, self.frames, self.exception)

    def is_of(self, chain: Chain | None) -> bool:
        """Whether the trace has been read as it was taken apart here."""
        if chain is None:
            return False
        first = chain.raised[0]
        return bool(first.frames) and (first.type, first.message or "") == (self.type, self.said)


def outline_of(exception: str | None, stack_trace: str | None) -> Outline | None:
    """The outline of a trace; None for one of another form."""
    if not stack_trace:
        return None
    if stack_trace.startswith(_PYTHON):
        frames, _, head = stack_trace.rstrip().rpartition("\n")
    else:
        begin = _FRAMES.search(stack_trace)
        if begin is None:
            return None
        head, frames = stack_trace[: begin.start()], stack_trace[begin.start() :]
    if not head or _OTHER.search(head):
        return None
    kind, _, said = head.partition(": ")
    # The text of the exception nearly always says the same once more.
    other = None if exception is None or exception.strip() == head else exception
    said = said.rstrip()
    return None if known_error(kind, said) else Outline(kind, frames, other, said)
