"""What a family of languages has to offer: how its traces look, and how they are read.

A module of this folder closes with one value of it, `FAMILY`, and is listed in `frames/read.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from logster.track.chain import Frame, Raised


class Family(msgspec.Struct, frozen=True):
    """One family of languages.

    `name` is part of the key of an issue, so it never changes.
    `claims` tells by a quick look whether a text may be a trace of this family: it is asked of
    each text that may hold one, so it takes microseconds and time linear in the text.
    `read` gives the exceptions of a text, the outermost first; none when it is no such trace
    after all. It is pure, takes linear time for any text and raises nothing.
    `is_library` tells whether a frame is of the language's runtime or of a library.
    """

    name: str
    claims: Callable[[str], bool]
    read: Callable[[str], tuple[Raised, ...]]
    is_library: Callable[[Frame], bool]
