"""The exceptions of an event, whatever its dialect sent: a text, or the frames of an SDK.

In: texts. Out: a chain, or None where there is none. Promise: pure, linear time for any text;
what cannot be read stays readable text, and is nobody's fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.track.chain import Chain
from logster.track.frames import java
from logster.track.frames.plain import plain_trace

if TYPE_CHECKING:
    from logster.track.frames.family import Family

#: Asked in this order: a family with certain signs stands before one that only has likely ones.
FAMILIES: tuple[Family, ...] = (java.FAMILY,)


def read_chain(text: str) -> Chain | None:
    """The exceptions that a text tells of."""
    text = plain_trace(text)
    for family in FAMILIES:
        if family.claims(text) and (raised := family.read(text)):
            return Chain(family.name, raised)
    return None
