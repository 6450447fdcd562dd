"""Rust: panics with or without their backtrace, and errors of anyhow and eyre with their causes.

A panic without a backtrace has one frame, the place that it names. The last panic of a text is
its outermost: those before it, of the same thread or of others, have led to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family
from logster.track.frames.rust_libraries import is_of_library

if TYPE_CHECKING:
    from logster.track.chain import Raised

_PANIC = "panicked at "
#: Until 1.72 what was said stands in quotes before the place, and may have lines.
_PLACE = re.compile(r"(.*?):(\d+)(?::(\d+))?:?$")
_QUOTE_ENDS = re.compile(r"'(?:, |: )([^\s,']+?):(\d+)(?::(\d+))?$")

_BACKTRACE = re.compile(r"(?:[Ss]tack backtrace:|[━─ ]*BACKTRACE[━─ ]*)$")
_FRAME = re.compile(r"\s*\d+:\s+(?:0x[0-9a-f]+ - )?(\S.*)$")
_INLINED = re.compile(r" {7,}(?!at )([\w<].*)$")
_AT = re.compile(r"\s+at (.*?)(?::(\d+)(?::(\d+))?)?$")
_LEFT_OUT = re.compile(r"\s*(?:⋮|\[\.\.\. )")
#: What ends what a panic said.
_NOTE = re.compile(
    r"note: (?:run with|[Ss]ome details)|thread caused non-unwinding|thread '[^']*' has"
)

_ERROR = re.compile(r"(?<!\w)(Error):(?: (.*))?$")
_CAUSES = "Caused by:"
_CAUSE = re.compile(r"\s*(?:\d+: )?(.*)$")
_NUMBERED = re.compile(r"\s*\d+: ")


def claims(text: str) -> bool:
    """Whether a text tells of a panic, or of causes as anyhow and eyre list them."""
    return (
        _PANIC in text
        or "stack backtrace:" in text
        or "\nCaused by:\n " in text
        or "Error: \n   0: " in text
        or ("Stack backtrace:" in text and "\n   0: " in text)
    )


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    lines = text.split("\n")
    if _PANIC in text:
        return _Panics(lines).raised()
    return _read_error(lines)


# --- panics -------------------------------------------------------------------------------


class _Panics:
    """The panics of one text, in order."""

    def __init__(self, lines: list[str]) -> None:
        self._drafts: list[Draft] = []
        self._places: list[Frame | None] = []
        self._is_quoted = False
        self._trace = _Trace()
        for line in lines:
            self._take(line)

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        for draft, place in zip(self._drafts, self._places, strict=True):
            if draft.is_open and draft.said:  # nothing said where it ends
                draft.said = "\n".join(draft.said).strip().partition("\n\n")[0].split("\n")
            if not draft.frames and place is not None:
                draft.frames.append(place)
        if not any(draft.frames for draft in self._drafts):
            return ()
        return chained(self._drafts[::-1], "context")

    def _take(self, line: str) -> None:
        at = line.find(_PANIC)
        if at >= 0:
            self._open(line[at + len(_PANIC) :])
        elif not self._drafts:
            return
        elif self._is_quoted:
            self._quote(line)
        elif self._trace.is_open and self._trace.take(line):
            return
        elif _BACKTRACE.match(line.lstrip()):
            self._drafts[-1].is_open = False
            self._trace.open(self._drafts[-1])
        elif _NOTE.match(line):
            self._drafts[-1].is_open = False
        elif self._drafts[-1].is_open:
            self._drafts[-1].say(line)

    def _open(self, said: str) -> None:
        self._trace.is_open = False
        if said.startswith("'"):
            self._add(Draft("panic"), None)
            self._is_quoted = True
            self._quote(said[1:])
            return
        draft = Draft("panic")
        draft.said = []
        place = _PLACE.match(said)
        self._add(draft, place and _frame(None, place[1], place[2], place[3]))

    def _quote(self, line: str) -> None:
        """A line of what stands in quotes."""
        draft = self._drafts[-1]
        ends = _QUOTE_ENDS.search(line, max(0, len(line) - _MAX_PLACE_CHARACTERS))
        said = line[: ends.start()] if ends else line
        if draft.said is None:
            draft.said = [said]
        else:
            draft.said.append(said)
        if ends:
            self._places[-1] = _frame(None, ends[1], ends[2], ends[3])
            self._is_quoted = draft.is_open = False

    def _add(self, draft: Draft, place: Frame | None) -> None:
        self._is_quoted = False
        self._drafts.append(draft)
        self._places.append(place)


_MAX_PLACE_CHARACTERS = 500


# --- errors with causes -------------------------------------------------------------------


def _read_error(lines: list[str]) -> tuple[Raised, ...]:
    """An error of anyhow or eyre; its backtrace stands behind all of its causes."""
    drafts: list[Draft] = []
    section = "before"
    named: Frame | None = None
    trace = _Trace()
    for at, line in enumerate(lines):
        if section == "trace" and trace.is_open and trace.take(line):
            continue
        if _BACKTRACE.match(line.lstrip()):
            drafts = drafts or [Draft()]
            section = "trace"
            trace.open(drafts[0])
        elif line.strip() == _CAUSES and (drafts or at):
            drafts = drafts or [Draft(None, _last_said(lines[:at]))]
            section = "causes"
        elif line.strip() == "Location:":
            section = "location"
        elif section == "location" and (place := _PLACE.match(line.strip())):
            named = _frame(None, place[1], place[2], place[3])
            section = "behind"
        elif section in {"before", "error"}:
            section = _take_error(drafts, line, section)
        elif section == "causes" and not _take_cause(drafts, line):
            section = "behind"
    if drafts and not drafts[0].frames and named is not None:
        drafts[0].frames.append(named)
    return chained(drafts) if len(drafts) > 1 or any(draft.frames for draft in drafts) else ()


def _take_error(drafts: list[Draft], line: str, section: str) -> str:
    found = _ERROR.search(line) if section == "before" else None
    if found:
        drafts.append(Draft("Error", found[2] or ""))
        return "error"
    if section == "error" and drafts[0].said == [""] and _NUMBERED.match(line):
        drafts[0].said = [_CAUSE.match(line)[1]]  # type: ignore[index]  # it matches any line
        return "causes"  # color-eyre numbers them all
    if section == "error" and line.strip():
        drafts[0].say(line)
    return section


def _take_cause(drafts: list[Draft], line: str) -> bool:
    """A cause, or a further line of one; False when there are no more."""
    if not line[:1].isspace():
        return False
    said = _CAUSE.match(line)
    if _NUMBERED.match(line) or len(drafts) == 1:
        drafts.append(Draft(None, said[1] if said else line))
    else:
        drafts[-1].say(line.strip())
    return True


def _last_said(lines: list[str]) -> str | None:
    return "\n".join(lines).rstrip().rpartition("\n")[2] or None


# --- frames -------------------------------------------------------------------------------


class _Trace:
    """A backtrace, read line by line: a function, and below it where it is."""

    def __init__(self) -> None:
        self.is_open = False
        self._frames: list[Frame] = []

    def open(self, draft: Draft) -> None:
        """Frames that follow belong to this one."""
        self.is_open = True
        self._frames = draft.frames

    def take(self, line: str) -> bool:
        """Whether a line is of the backtrace; with the first that is not it ends."""
        if found := _AT.match(line):
            self._place(found)
        elif found := _FRAME.match(line) or _INLINED.match(line):
            self._frames.append(_frame(found[1]))
        else:
            self.is_open = _LEFT_OUT.match(line) is not None
        return self.is_open

    def _place(self, found: re.Match[str]) -> None:
        """A function that was inlined has further places, which say where it was called."""
        if self._frames and self._frames[-1].file is None:
            self._frames[-1] = _frame(self._frames[-1].function, *found.groups())


def _frame(
    function: str | None,
    file: str | None = None,
    line: str | None = None,
    column: str | None = None,
) -> Frame:
    return Frame(
        function=function,
        file=file,
        line=parse_digits(line),
        column=parse_digits(column),
        in_app=not is_of_library(function, file),
    )


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the standard library or of a crate of somebody else."""
    names = [name for name in (frame.module, frame.function) if name]
    return is_of_library("::".join(names) or None, frame.file)


FAMILY = Family("rust", claims, read, is_library)
