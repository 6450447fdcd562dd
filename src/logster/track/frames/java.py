"""Java, Kotlin, Scala and what else runs there: `at com.acme.Shop.pay(Shop.java:42)`.

Each exception is followed by its frames; `Caused by:` and, further to the right, `Suppressed:` open
the next one. Logback can tell the root first, and then `Wrapped by:`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.draft import Draft, finish
from logster.track.frames.family import Family
from logster.track.frames.head import find_head, is_sure, parse_head
from logster.track.frames.java_libraries import is_of_library

if TYPE_CHECKING:
    from logster.track.chain import Raised, Relation

_EXTENSIONS = r"(?:java|kts?|scala|sc|groovy|cljc?)"
#: One of these is in every text that has the sign: looked for first, because it is quicker.
_MARKS = (
    *(".java", ".kt", "Caused by: ", "Unknown Source", "Native Method", "Exception in thread"),
    *(".scala", ".groovy", ".clj", "(SourceFile", "(PG:", "r8-map-id", " kfun:", "<generated>"),
)
_SIGN = re.compile(
    rf"""^[ \t]*(?:at\ [^\n(]{{1,500}}
        \((?:[^()\n:]{{0,200}}\.{_EXTENSIONS}(?::-?\d+)?|SourceFile:\d+|PG:\d+|r8-map-id[^)\n]{{0,200}}
            |Unknown\ Source(?::\d+)?|Native\ Method|<generated>)\)
        |at\ \d+\ [^\n]{{1,300}}\ kfun:
        |Caused\ by:\ (?:[a-z]\w{{0,50}}\.){{1,15}}[A-Z$]
        |Exception\ in\ thread\ ")""",
    re.MULTILINE | re.VERBOSE,
)
_FRAME = re.compile(r"\s*at ([^()]+)\(([^():]*)(?::(-?\d{1,9}))?\)?(?: ~?\[[^\]]*\]?)?\s*$")
#: Modules and loaders stand before the name: `java.base/`, `app//`, `com.acme@2.13/`.
_MODULE = re.compile(r"(?:[\w.@+-]{0,200}/){1,2}")
_NATIVE_FRAME = re.compile(
    r"\s*at \d+\s+\S+\s+0x[0-9a-fA-F]+\s+([^\s(]+)[^\n]*?"
    r" \+ \d+(?: \(([^()]*):(\d{1,9}):(\d{1,9})\))?\s*$"
)
_LINK = re.compile(r"(\s*)(Caused by|Suppressed|Wrapped by|Root [Cc]ause): (.*)$")
_CIRCLE = re.compile(r"\s*\[CIRCULAR REFERENCE")
_LEFT_OUT = re.compile(r"\s*\.\.\. \d+ |\s*\.\.\.$|\s*(?:at )?[\b]*\(Coroutine boundary\)")
_WORDS = re.compile(
    r'Exception in thread "[^"]*" |Uncaught Kotlin exception: |Uncaught exception[^:]{0,100}: '
)
_NO_FILES = frozenset({"Unknown Source", "Native Method", "<generated>", "Redefined", ""})
_RELATIONS: dict[str, Relation] = {"Caused by": "cause", "Suppressed": "suppressed"}


def claims(text: str) -> bool:
    """Whether a text has a frame, or a cause, as only Java prints them."""
    return any(mark in text for mark in _MARKS) and _SIGN.search(text) is not None


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    return _Reading(text.split("\n")).raised()


class _Reading:
    """The lines of one text, read once from the first to the last."""

    def __init__(self, lines: list[str]) -> None:
        self._drafts: list[Draft] = []
        #: How far to the right an exception stands, and its index; each further than the last.
        self._levels: list[tuple[int, int]] = []
        self._is_inside_out = False
        start = next((at for at, line in enumerate(lines) if _begins(line)), len(lines))
        self._add(find_head(lines[:start], _WORDS), 0)
        for line in lines[start:]:
            if not self._take(line):
                break

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        drafts = self._drafts
        if self._is_inside_out:
            drafts = _turned(drafts)
        return finish(drafts)

    def _take(self, line: str) -> bool:
        draft = self._drafts[-1]
        if (frame := _frame_of(line)) is not None:
            draft.frames.append(frame)
            draft.is_open = False
        elif link := _LINK.match(line):
            self._link(*link.groups())
        elif _LEFT_OUT.match(line):
            draft.is_open = False
        elif draft.is_open:
            draft.say(line)
        else:
            return not _is_another(line)
        return True

    def _link(self, margin: str, word: str, said: str) -> None:
        if _CIRCLE.match(said):
            self._drafts[-1].is_open = False
            return
        self._is_inside_out |= word == "Wrapped by"
        depth = len(margin)
        # A cause stands where its exception does, what was suppressed further to the right.
        while len(self._levels) > 1 and (
            self._levels[-1][0] > depth or (word == "Suppressed" and self._levels[-1][0] == depth)
        ):
            self._levels.pop()
        parent = self._levels[-1][1]
        name, message = parse_head(said) or (None, said)
        draft = Draft(name, message, parent=parent, relation=_RELATIONS.get(word, "cause"))
        self._add(draft, depth)

    def _add(self, draft: Draft, depth: int) -> None:
        if self._levels and self._levels[-1][0] == depth:
            self._levels.pop()
        self._levels.append((depth, len(self._drafts)))
        self._drafts.append(draft)


def _begins(line: str) -> bool:
    """Whether the first exception has said all."""
    return (
        _frame_of(line) is not None
        or _LINK.match(line) is not None
        or _LEFT_OUT.match(line) is not None
    )


def _is_another(line: str) -> bool:
    """Whether an exception that has nothing to do with those before begins here."""
    found = parse_head(line) if line[:1].isalpha() else None
    return found is not None and found[1] is not None and is_sure(found[0])


def _turned(drafts: list[Draft]) -> list[Draft]:
    """A chain that was told from its root on, the outermost first."""
    for index, draft in enumerate(reversed(drafts)):
        draft.parent = index - 1 if index else None
        draft.relation = "cause" if index else None
    return drafts[::-1]


def _frame_of(line: str) -> Frame | None:
    found = _FRAME.match(line)
    if found is None:
        return _native_frame_of(line) if " kfun:" in line else None
    function, file, number = found.groups()
    if "/" in function and (module := _MODULE.match(function)):
        function = function[module.end() :]
    return Frame(
        function=function,
        file=None if file in _NO_FILES else file,
        line=None if number is None or number[0] == "-" else int(number),
        in_app=not is_of_library(function),
    )


def _native_frame_of(line: str) -> Frame | None:
    found = _NATIVE_FRAME.match(line)
    if found is None:
        return None
    function, file, number, column = found.groups()
    return Frame(
        function=function,
        file=file,
        line=int(number) if number else None,
        column=int(column) if column else None,
        in_app=function.startswith("kfun:") and not is_of_library(function[5:]),
    )


def is_library(frame: Frame) -> bool:
    """Whether a frame is of the runtime or of a library that many use."""
    names = (frame.module, frame.function)
    return is_of_library(".".join([name for name in names if name]))


FAMILY = Family("java", claims, read, is_library)
