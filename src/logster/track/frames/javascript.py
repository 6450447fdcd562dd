"""JavaScript: `at pay (/srv/shop.js:42:13)` of V8 and Hermes, `pay@https://…:42:13` of the others.

Node prints further to the right, in braces, what else an error has: its cause, its errors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.draft import Draft, finish
from logster.track.frames.family import Family
from logster.track.frames.head import find_head, is_sure, parse_head
from logster.track.frames.javascript_files import is_of_library

if TYPE_CHECKING:
    from logster.track.chain import Raised, Relation

_PLACES = re.compile(r":\d{1,9}:\d{1,9}\)?(?: \{)?[ \t]*$", re.MULTILINE)
_ADDRESSES = re.compile(
    r"^[^@\s]{0,300}@(?:(?:https?|file|webpack|app|resource|chrome)://|\[native code\])",
    re.MULTILINE,
)
#: Longer lines are no frames.
MAX_FRAME_CHARACTERS = 4_000
_NATIVE = frozenset({"<anonymous>", "native", "[native code]", "unknown location"})
_BARE = re.compile(r"(?:(?:https?|file|webpack|app|capacitor|ionic|blob:\w{1,9})://?|/)\S+$")
_GECKO_EVAL = re.compile(r"(.{1,2000}?) line (\d{1,9}) > .*$")
#: A program that was compiled while it ran: where that was done is the place.
_V8_EVAL = re.compile(r"eval at .*\(([^()]+:\d{1,9}(?::\d{1,9})?)\)")
_CAUSE = re.compile(r"(\s*)(\[cause\]|cause|[Cc]aused by): (.*)$")
_ERRORS = re.compile(r"(\s*)\[?errors\]?: \[$")
_WORDS = re.compile(
    r"""(?:Uncaught\ |\(in\ promise\)\ |error:\ |\s*<rejected>\ |Unhandled\ [Rr]ejection:[ ]
    |\(node:\d+\)\ \w+Warning:\ |unhandledRejection:?\ |uncaughtException:?\ |\u2A2F\ |thrown:[ ]
    |Unhandled\ Promise\ Rejection:\ |Unhandled\ Runtime\ Error:?\ |\[?UnhandledPromiseRejection:[ ]
    ){1,4}""",
    re.VERBOSE,
)
#: Where a component stands on a page is not where something was thrown.
_COMPONENTS = ("The above error occurred in", "Component Stack:", "componentStack:")


def claims(text: str) -> bool:
    """Whether a line ends as a place in a script does."""
    if "@" in text and _ADDRESSES.search(text):
        return True
    if "at " not in text and "@" not in text:
        return False
    return "(<anonymous>)" in text or "(native)" in text or _PLACES.search(text) is not None


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    lines = text.split("\n")
    for start, line in enumerate(lines):
        if line.startswith("Caused by: ") or _frame_of(line) is not None:
            reading = _Reading(lines[:start])
            reading.take_all(lines[start:])
            return reading.raised()
    return ()


class _Reading:
    """The lines of one text behind its head, read once from the first to the last."""

    def __init__(self, before: list[str]) -> None:
        self._drafts = [find_head(before, _WORDS)]
        #: How far to the right an error stands, and its index; each further than the last.
        self._levels = [(-1, 0)]
        #: How far to the right the list stands whose errors come.
        self._listed: list[int] = []

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first; nothing when nothing was a frame."""
        return finish(self._drafts) if any(draft.frames for draft in self._drafts) else ()

    def _add(self, frame: Frame) -> None:
        """A frame of the error that was told last."""
        draft = self._drafts[-1]
        draft.is_open = False
        draft.frames.append(frame)

    def take_all(self, lines: list[str]) -> None:
        """Read the first frame and what stands behind it."""
        for line in lines:
            frame = _frame_of(line)
            if frame is not None:
                self._add(frame)
            elif not self._take(line):
                return

    def _take(self, line: str) -> bool:
        if found := _CAUSE.match(line):
            margin, word, said = found.groups()
            self._open(said, len(margin), "cause", is_flat=word.endswith(" by"))
        elif found := _ERRORS.match(line):
            self._listed.append(len(found[1]))
        elif self._is_listed(line):
            margin = len(line) - len(line.lstrip())
            self._open(line.strip(), margin, "member", is_flat=False)
        elif self._drafts[-1].is_open:
            self._drafts[-1].say(line.strip())
        else:
            return not line.startswith(_COMPONENTS) and not _is_another(line)
        return True

    def _is_listed(self, line: str) -> bool:
        """Whether one of the errors of a list begins here."""
        if not self._listed:
            return False
        said = line.strip().lstrip("[")
        margin = len(line) - len(line.lstrip())
        if said[:1] == "]" or line.strip() == "]":
            if margin == self._listed[-1]:
                self._listed.pop()
            return False
        found = parse_head(said) if margin == self._listed[-1] + 2 else None
        return found is not None and is_sure(found[0])

    def _open(self, said: str, margin: int, relation: Relation, *, is_flat: bool) -> None:
        """Begin an error; what is no error, but was given as the cause of one, is none."""
        has_more = said.endswith(" {")
        is_closed = said.startswith("[") and "]" in said  # it has no frames
        said = said[1:].rpartition("]")[0] if is_closed else said.removesuffix(" {")
        found = parse_head(said)
        if found is None or not (is_sure(found[0]) or found[0][:1].isupper()):
            return
        while not is_flat and len(self._levels) > 1 and self._levels[-1][0] >= margin:
            self._levels.pop()
        parent = len(self._drafts) - 1 if is_flat else self._levels[-1][1]
        draft = Draft(*found, parent=parent, relation=relation)
        draft.is_open = not (is_closed or has_more)
        if not is_flat:
            self._levels.append((margin, len(self._drafts)))
        self._drafts.append(draft)


def _is_another(line: str) -> bool:
    """Whether an error that has nothing to do with those before begins here."""
    found = parse_head(line) if line[:1].isalpha() else None
    return found is not None and found[1] is not None and is_sure(found[0])


def _frame_of(line: str) -> Frame | None:
    if len(line) > MAX_FRAME_CHARACTERS:
        return None
    body = line.strip()
    if body.startswith("at "):
        return _v8_frame_of(body)
    if "@" in body:
        return _gecko_frame_of(body)
    return _bare_frame_of(body)


def _v8_frame_of(body: str) -> Frame | None:
    body = body[3:].removesuffix(",").removesuffix(" {").removeprefix("async ")
    function: str | None = None
    place = body
    if body.endswith(")"):
        function, _, place = body[:-1].partition(" (")
        if not place:
            return None
    if "eval at " in place and (found := _V8_EVAL.search(place)):
        place = found[1]
    file, line, column = _parse_place(place.removeprefix("address at "))
    if line is None:
        if place.startswith("index "):  # Promise.all (index 0)
            return Frame(function=function, in_app=False)
        if place not in _NATIVE and (function is None or "/" not in place):
            return None
    return Frame(
        function=function or None,
        file=file,
        line=line,
        column=column,
        in_app=not is_of_library(file),
    )


def _gecko_frame_of(body: str) -> Frame | None:
    function, _, place = body.partition("@")
    file, line, column = _parse_place(place)
    if line is None and place not in _NATIVE:
        return None
    if found := _GECKO_EVAL.match(file):
        file, line, column = found[1], int(found[2]), None
    elif line is not None and not _is_script(file, column):
        return None
    return Frame(
        function=function or None,
        file=file,
        line=line,
        column=column,
        in_app=not is_of_library(file),
    )


def _is_script(file: str, column: int | None) -> bool:
    """Whether a file has a path, as `host.example:22` has none; React Native gives a number."""
    if "/" in file or file.endswith((".js", ".jsbundle", ".bundle")) or file.isdecimal():
        return True
    return not file and column is not None


def _bare_frame_of(body: str) -> Frame | None:
    """Safari says nothing else of a function without a name."""
    if body == "[native code]":
        return Frame(file=body, in_app=False)
    file, line, column = _parse_place(body)
    if column is None or _BARE.match(file) is None:
        return None
    return Frame(file=file, line=line, column=column, in_app=not is_of_library(file))


def _parse_place(place: str) -> tuple[str, int | None, int | None]:
    """`file:line:column`, `file:line`, or a file."""
    head, _, last = place.rpartition(":")
    if not _is_number(last):
        return place, None, None
    file, _, middle = head.rpartition(":")
    if file and _is_number(middle):
        return file, int(middle), int(last)
    return head, int(last), None


#: Larger numbers are no lines.
_MAX_DIGITS = 9


def _is_number(text: str) -> bool:
    return len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal()


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the engine, of Node, or of a package."""
    return frame.file is None or is_of_library(frame.file)


FAMILY = Family("javascript", claims, read, is_library)
