"""The page on which ASP.NET shows an error, as text: `[SqlException (0x80131904): no such table]`.

The root cause comes first; frames have no word before them, and no line but a number of bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.dotnet_libraries import is_of_library
from logster.track.frames.draft import Draft, finish

if TYPE_CHECKING:
    from logster.track.chain import Raised

_HEAD = re.compile(r"^\[(\w{1,200})(?: \(0x[0-9a-fA-F]+\))?(?:: (.*))?\]$")
_FRAME = re.compile(
    r"   ([^\s(][^(]*)\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?: in (.+):(\d{1,9})| ?\+\d+)?$"
)
_SIGN = re.compile(r"^\[\w{1,200}(?: \(0x[0-9a-fA-F]+\))?(?:: [^\n]*)?\]\n   \S", re.MULTILINE)


def is_page(text: str) -> bool:
    """Whether a text has an exception as the page shows it."""
    return "]\n   " in text and _SIGN.search(text) is not None


def read_page(text: str) -> tuple[Raised, ...]:
    """The exceptions of a page, the outermost first."""
    drafts: list[Draft] = []
    for line in text.split("\n"):
        if head := _HEAD.match(line):
            drafts.append(Draft(head[1], head[2]))
        elif drafts and (found := _FRAME.match(line)):
            name, _, file, number = found.groups()
            drafts[-1].frames.append(
                Frame(
                    function=name.rstrip(),
                    file=file,
                    line=int(number) if number else None,
                    in_app=not is_of_library(name),
                )
            )
    for index, draft in enumerate(reversed(drafts)):
        draft.parent = index - 1 if index else None
        draft.relation = "cause" if index else None
    return finish(drafts[::-1]) if any(draft.frames for draft in drafts) else ()
