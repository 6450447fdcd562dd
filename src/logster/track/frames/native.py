"""C and C++: gdb, the sanitizers of GCC and Clang, `backtrace()` of glibc, and what is not caught.

The first stack counts: of a sanitizer the access itself, and not where the memory came from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family

if TYPE_CHECKING:
    from logster.track.chain import Raised

_NUMBERED = re.compile(r"\s*#\d+\s+(?:0x[0-9a-f]+ in )?(\S.*)$")
#: `./shop(charge+0x1d)[0x556b844e73c2]`, of glibc.
_SYMBOL = re.compile(r"\s*([^\s()\[\]]+)(?:\(([^()+]*)(?:\+0x[0-9a-f]+)?\))? ?\[0x[0-9a-f]+\]$")
#: gdb has the values behind a name.
_VALUES = re.compile(r" \((?=\)|[\w.]+=|\.\.\.)")
_PLACE = re.compile(r"(\S.*?):(\d+)(?::(\d+))?$")
_OFFSET = re.compile(r" \(([^()]*)\+0x[0-9a-f]+\)$")
_BUILD = re.compile(r" \(BuildId: [0-9a-f]+\)$")

_SANITIZED = re.compile(r"(\w{1,20}Sanitizer): ([\w -]+?)(?= on |:? \(|$|:)(.*)$", re.MULTILINE)
_SIGNALLED = re.compile(r"(?:received|with) signal (SIG\w+), ([^\n.]*)")
_THROWN = re.compile(r"terminate called after throwing an instance of '([^\n]{1,500})'")
_WHAT = re.compile(r"\s+what\(\):\s+([^\n]*)")
_BEHAVIOUR = re.compile(r"^\S+:\d+:\d+: (runtime error): ([^\n]*)$", re.MULTILINE)

_LIBRARY = re.compile(
    r"^/(?:usr/)?(?:include|lib(?:32|64)?)/|/sysdeps/|/csu/|libsanitizer|/compiler-rt/|/glibc|^\?\?$"
)
_OF_RUNTIME = re.compile(
    r"std::|__|_start$|_?abort$|raise$|operator (?:new|delete)|start_thread$|clone"
)


def claims(text: str) -> bool:
    """Whether a text has a stack, or an exception, as native programs leave them."""
    return (
        "Sanitizer: " in text
        or "terminate called after" in text
        or "#0  " in text
        or ("]\n" in text and ")[0x" in text)
        or " signal SIG" in text
    )


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    frames: list[Frame] = []
    for line in text.split("\n"):
        if (frame := _frame_of(line)) is not None:
            frames.append(frame)
        elif frames:
            break
    draft = _introduced(text)
    if draft is None:
        if len(frames) < _MIN_FRAMES:
            return ()
        draft = Draft()
    draft.frames = frames
    return chained([draft])


#: Of a stack that nothing introduces: one line with a number may be anything.
_MIN_FRAMES = 2


def _introduced(text: str) -> Draft | None:
    if found := _SANITIZED.search(text):
        return Draft(found[2].strip(), (found[2] + found[3]).strip())
    if found := _THROWN.search(text):
        said = _WHAT.match(text, found.end())
        return Draft(found[1], said[1] if said else None)
    if found := _SIGNALLED.search(text) or _BEHAVIOUR.search(text):
        return Draft(found[1], found[2])
    return None


# --- frames -------------------------------------------------------------------------------


def _frame_of(line: str) -> Frame | None:
    if len(line) > _MAX_FRAME_CHARACTERS:
        return None
    if "#" in line[:_MAX_MARGIN] and (found := _NUMBERED.match(line)):
        return _numbered(found[1])
    if line.endswith("]") and (found := _SYMBOL.match(line)):
        return _frame(found[2] or None, found[1])
    return None


_MAX_FRAME_CHARACTERS = 4_000
_MAX_MARGIN = 10


def _numbered(told: str) -> Frame | None:
    """`bad(int) /srv/pay.cc:9` of a sanitizer, `charge (n=1) at pay.cc:8` of gdb."""
    if values := _VALUES.search(told):
        _, _, behind = told[values.end() :].rpartition(") ")
        place = _PLACE.match(behind.removeprefix("at ")) if behind.startswith("at ") else None
        library = behind.removeprefix("from ") if behind.startswith("from ") else None
        name = told[: values.start()]
        return _frame(name, library, *(place.groups() if place else (None, None, None)))
    told = _BUILD.sub("", told)
    if offset := _OFFSET.search(told):
        return _frame(_bare(told[: offset.start()]), offset[1])
    name, _, behind = told.rpartition(" ")
    place = _PLACE.match(behind)
    if place is None or not name:
        return None
    return _frame(_bare(name), None, *place.groups())


def _bare(name: str) -> str:
    """A name without the types of its parameters."""
    name = name.removesuffix(" const")
    if not name.endswith(")"):
        return name
    depth = 0
    for at in range(len(name) - 1, 0, -1):
        depth += (name[at] == ")") - (name[at] == "(")
        if depth == 0:
            return name[:at]
    return name


def _frame(
    function: str | None,
    module: str | None,
    file: str | None = None,
    line: str | None = None,
    column: str | None = None,
) -> Frame:
    return Frame(
        function=function,
        module=module,
        file=file,
        line=parse_digits(line),
        column=parse_digits(column),
        in_app=not _is_of_library(function, module, file),
    )


def _is_of_library(function: str | None, module: str | None, file: str | None) -> bool:
    place = file or module
    if place is not None and _LIBRARY.search(place):
        return True
    return function is not None and _OF_RUNTIME.match(function) is not None


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the runtime or of a library of the system."""
    return _is_of_library(frame.function, frame.module, frame.file)


FAMILY = Family("native", claims, read, is_library)
