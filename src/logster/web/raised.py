"""What an event raised, as the API shows it: `exceptions`, the outermost first.

In: events. Out: JSON shapes. Promise: a member of which the text says nothing is null; an event
that raised nothing has none.
"""

from typing import Any

import msgspec

from logster.event import Event
from logster.track.chain import Chain, Frame
from logster.track.frames.read import read_event


class FrameShape(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a program; `in_app` is whether it is its own code, and no library's."""

    function: str | None
    module: str | None
    file: str | None
    line: int | None
    column: int | None
    in_app: bool


class ExceptionShape(msgspec.Struct, frozen=True, kw_only=True):
    """An exception; its frames begin nearest the throw.

    `parent` is the index, in this list, of the exception that it belongs to, and `relation` how:
    it was its cause, was being dealt with (context), or is a member of it, as of a group. The
    outermost exception has none.
    """

    type: str | None
    message: str | None
    frames: list[FrameShape]
    parent: int | None
    relation: str | None


def chain_of(event: Event) -> Chain | None:
    """What an event tells of exceptions, in whichever of its fields."""
    platform = event.properties.get("platform")
    return read_event(
        exception=event.exception,
        stack_trace=event.stack_trace,
        message=event.message,
        details=event.details,
        platform=platform if isinstance(platform, str) else None,
    )


def shape_exceptions(event: Event) -> list[ExceptionShape]:
    """The exceptions of an event, the outermost first, without those that were suppressed."""
    chain = chain_of(event)
    if chain is None:
        return []
    places: dict[int, int] = {}
    shown: list[ExceptionShape] = []
    for index, raised in enumerate(chain.raised):
        parent = None if raised.parent is None else places.get(raised.parent)
        if raised.relation == "suppressed" or (raised.parent is not None and parent is None):
            continue  # so is what belongs to one
        places[index] = len(shown)
        shown.append(
            ExceptionShape(
                type=raised.type,
                message=raised.message,
                frames=[_shape_frame(frame) for frame in raised.frames],
                parent=parent,
                relation=raised.relation,
            )
        )
    return shown


def _shape_frame(frame: Frame) -> FrameShape:
    members: dict[str, Any] = msgspec.structs.asdict(frame)
    return FrameShape(**members)
