"""What an issue is called: by its first error.

In: an event, and what its key was made of. Out: a title, a type, and where the error comes from.
Promise: pure; of a text that says nothing the message is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.track.chain import children_of
from logster.track.evidence import split_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.event import Event
    from logster.track.chain import Chain, Frame, Raised
    from logster.track.evidence import Evidence

#: Of a message that is a text of many lines, the first one is the title.
MAX_CHARACTERS = 300


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """A title; `culprit` is the function of the program's own that the error comes from."""

    text: str
    type: str | None = None
    culprit: str | None = None


def title_of(event: Event, evidence: Evidence) -> Title:
    """The title of an issue whose first error is this event."""
    chain = evidence.chain
    raised = _named(chain)
    if raised is None:
        text = event.exception or event.template or event.message
        return Title(text=_first_line(text) or "(no message)", type=split_type(text)[0] or None)
    said = _first_line(raised.message or "") or _first_line(event.message)
    text = f"{raised.type}: {said}" if said and raised.type else raised.type or said
    culprit = culprit_of(chain) if chain else None
    place = (culprit.function or culprit.file) if culprit else None
    return Title(text=text[:MAX_CHARACTERS], type=raised.type, culprit=place)


def culprit_of(chain: Chain) -> Frame | None:
    """The program's own frame that is nearest the root cause; None when all are libraries'."""
    own = (frame for raised in _inwards(chain) for frame in raised.frames if frame.in_app)
    return next(own, None)


def _inwards(chain: Chain) -> Iterator[Raised]:
    """The root cause first, then what it led to; of a group the first is the cause, if none is."""
    children = children_of(chain.raised)
    path = [0]
    while among := children.get(path[-1]):
        causes = (place for place in among if chain.raised[place].relation != "member")
        path.append(next(causes, among[0]))
    return (chain.raised[place] for place in reversed(path))


def _named(chain: Chain | None) -> Raised | None:
    """The outermost exception that has a type: what the program said of it."""
    raised = chain.raised if chain else ()
    return next((each for each in raised if each.type), None)


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.strip()[:MAX_CHARACTERS]
