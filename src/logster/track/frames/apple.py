"""Swift and Objective-C: call stacks of exceptions, crash reports, and what debuggers print.

Of a crash report the exception's own stack counts, else that of the thread that crashed. Addresses
without symbols are frames too. A fatal error without a stack has one frame, the place it names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.apple_libraries import is_of_library
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import MAX_MESSAGE_CHARACTERS, Draft
from logster.track.frames.family import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.track.chain import Raised

_SIGNS = (
    "call stack:", " Crashed:", " crashed:", ".swift", "libswift", "libobjc", "libsystem_",
    "CoreFoundation", "com.apple.", "Exception Type:", "Last Exception Backtrace",
)  # fmt: skip

#: Where the stack begins that counts, the surest sign first.
_BEGINNINGS = (
    re.compile(r"\*\*\* First throw call stack:|.*First throw call stack:"),
    re.compile(r"Last Exception Backtrace:"),
    re.compile(r"Thread \d+\b[^\n]{0,100} [Cc]rashed"),
)
_UNCAUGHT = re.compile(r"uncaught exception '([^'\n]{1,200})', reason: ")
_REASON_ENDS = re.compile(
    r"\n\*\*\* First throw|\nLast Exception|\nterminating|\nabort\(\)|\nlibc\+\+|\n\(|\n\s*\n"
)
_FATAL = re.compile(r"(Fatal error|Precondition failed|Assertion failed)(?:: (.*))?$", re.MULTILINE)
#: What stands before it, and how long that may be.
_FATAL_AT = re.compile(r"([^\s:]{1,300}\.swift):(\d{1,9}): $")
_MAX_PLACE_CHARACTERS = 320
_FATAL_PLACE = re.compile(r": file ([^,\n]{1,500}), line (\d+)$")
_REPORTED = re.compile(r"^Exception Type: +(.*)$", re.MULTILINE)
_SUBTYPE = re.compile(r"^Exception (?:Subtype|Message): +(.*)$", re.MULTILINE)
_CRASHED = re.compile(r"(Program crashed): (.*)$", re.MULTILINE)
_STOPPED = re.compile(r"stop reason = ([^\n]*)$", re.MULTILINE)

_ADDRESSES = re.compile(r"\(?(?:0x[0-9a-f]{4,16} ?)+\)?$")
_NUMBER = re.compile(r"\s*(?:\* )?(?:frame )?#?(\d+):?\s")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_PLACE = re.compile(r"(\S.*?):(\d+)(?::(\d+))?(?: \[opt\])?$")
_IN_BRACKETS = re.compile(r"(.*) \(([^():]+):(\d+)\)$")
_OFFSET = re.compile(r" \+ \d+$")
_MAX_FRAME_CHARACTERS = 2_000


def claims(text: str) -> bool:
    """Whether a text has a stack, or names a place, as Apple's runtimes print them."""
    return any(sign in text for sign in _SIGNS)


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    frames = _stack_of(text.split("\n"))
    draft, place = _introduced(text, is_sure=bool(frames))
    if draft is None:
        return ()
    if not frames and place is not None:
        frames = [place]
    draft.frames = frames
    return chained([draft]) if frames else ()


# --- what was said ------------------------------------------------------------------------


def _introduced(text: str, *, is_sure: bool) -> tuple[Draft | None, Frame | None]:
    """The exception, and the place that it names itself."""
    if found := _UNCAUGHT.search(text):
        return Draft(found[1], _reason_of(text, found.end())), None
    if (fatal := _FATAL.search(text)) is not None:
        draft, place = _fatal(fatal)
        if is_sure or place is not None:
            return draft, place
    if found := _REPORTED.search(text):
        subtype = _SUBTYPE.search(text)
        return Draft(found[1].strip(), subtype[1].strip() if subtype else None), None
    if found := _CRASHED.search(text):
        return Draft(found[1], found[2]), None
    if found := _STOPPED.search(text):
        return Draft(None, found[1]), None
    return (Draft(), None) if is_sure else (None, None)


def _reason_of(text: str, begin: int) -> str:
    """`'…'`, which may have lines, and quotes of its own."""
    ends = _REASON_ENDS.search(text, begin, begin + MAX_MESSAGE_CHARACTERS)
    end = ends.start() if ends else min(len(text), begin + MAX_MESSAGE_CHARACTERS)
    return text[begin:end].strip().removeprefix("'").removesuffix("'")


def _fatal(found: re.Match[str]) -> tuple[Draft, Frame | None]:
    kind, said = found[1], found[2] or ""
    place = _FATAL_PLACE.search(said)
    if place is not None:
        said = said[: place.start()]
    else:
        before = found.string[max(0, found.start() - _MAX_PLACE_CHARACTERS) : found.start()]
        place = _FATAL_AT.search(before)
    return Draft(kind, said), place and _frame(None, None, place[1], place[2])


# --- frames -------------------------------------------------------------------------------


def _stack_of(lines: Sequence[str]) -> list[Frame]:
    for beginning in _BEGINNINGS:
        for at, line in enumerate(lines):
            if beginning.match(line):
                if frames := _frames_from(lines[at + 1 :]):
                    return frames
                break
    return _frames_from(lines)


def _frames_from(lines: Sequence[str]) -> list[Frame]:
    """The first frames of these lines, up to a line that is none."""
    frames: list[Frame] = []
    for line in lines:
        if (frame := _frame_of(line)) is not None:
            frames.append(frame)
        elif not frames and line.lstrip()[:3] in _OPENED and _ADDRESSES.match(line.strip()):
            return [Frame(in_app=False) for _ in _ADDRESS.finditer(line)]
        elif frames and not line.lstrip().startswith(("0x", "at ")):
            break
    return frames


_OPENED = frozenset({"(0x", "0x0", "0x1", "0x2"})


def _frame_of(line: str) -> Frame | None:
    if len(line) > _MAX_FRAME_CHARACTERS:
        return None
    numbered = _NUMBER.match(line)
    address = _ADDRESS.search(line, numbered.end()) if numbered else None
    if numbered is None or address is None:
        return None
    image = line[numbered.end() : address.start()].strip()
    told = line[address.end() :].strip()
    if image in {"[ra]", "[async]"}:
        image = ""
    if told.startswith("in "):  # of a debugger: #0 0x00000001 in main at App.swift:12
        return None if image else _of_debugger(told.removeprefix("in "))
    if "`" in told and not image:  # of lldb: 0x00000001 Shop`main + 12 at App.swift:12:3
        image, _, told = told.partition("`")
        return _of_debugger(told, image)
    if not image:  # of Swift itself: 0x00000001 main + 12 in shop at /srv/App.swift:12:3
        told, _, behind = told.rpartition(" in ")
        image, _, place = behind.partition(" at ")
        return _of_debugger(f"{told} at {place}" if place else told, image) if told else None
    return _of_image(image, told)


def _of_debugger(told: str, image: str | None = None) -> Frame:
    function, at, place = told.rpartition(" at ")
    found = _PLACE.match(place) if at else None
    if found is None:
        return _frame(_name_of(told), image)
    return _frame(_name_of(function), image, *found.groups())


def _of_image(image: str, told: str) -> Frame:
    file = line = None
    if found := _IN_BRACKETS.match(told):
        told, file, line = found.groups()
    if told.startswith("0x") or not told:  # no symbols: where it was loaded, and how far behind
        return _frame(None, image, file, line)
    return _frame(_name_of(told.partition(" (in ")[0]), image, file, line)


def _name_of(told: str) -> str | None:
    """A name without what a debugger puts behind it."""
    name = _OFFSET.sub("", told).strip()
    if name.endswith(")") and (" (" in name or "=" in name):  # with the values it was called with
        name = name.partition(" (")[0] if " (" in name else name.partition("(")[0]
    return name or None


def _frame(
    function: str | None,
    image: str | None,
    file: str | None = None,
    line: str | None = None,
    column: str | None = None,
) -> Frame:
    return Frame(
        function=function,
        module=image,
        file=file,
        line=parse_digits(line),
        column=parse_digits(column),
        in_app=not is_of_library(image, function, file),
    )


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the system, of a runtime or of a framework of somebody else."""
    return is_of_library(frame.module, frame.function, frame.file)


FAMILY = Family("apple", claims, read, is_library)
