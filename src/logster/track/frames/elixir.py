"""Elixir and Erlang: `** (RuntimeError) …`, crash reports, and stack traces as Erlang's terms.

An exception that stands further to the right is the reason for the one before it, and frames belong
to the nearest exception to the left of them. What Erlang prints is read by `erlang`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames import erlang
from logster.track.frames.beam_libraries import is_of_library
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft, finish
from logster.track.frames.family import Family

if TYPE_CHECKING:
    from logster.track.chain import Raised, Relation

_SIGN = "** ("
_RAISED = re.compile(r"\*\* \(([\w.]+)(?: from [^)\n]{0,200})?\)(?: (.*))?$")
_APPLICATION = r"(?:\((\w+)(?: [^()\s]+)?\) )"
_FRAME = re.compile(rf"( +|\t){_APPLICATION}?([^\s:()][^\s:]*):(\d+): (\S.*)$")
_MODULE = r"(?::\w++|nil|[A-Z]\w*+(?:\.[A-Z]\w*+)*+)"
#: A call without a place has its application, or its arguments or their number.
_CALL = re.compile(rf"( +|\t)(?:{_APPLICATION}(\S.*)|({_MODULE}\.[^\s(/]++(?:/\d+|\(.*\))))$")
#: What a test or a process tells behind what was said.
_BEHIND = re.compile(
    r"\s*(?:code: |stacktrace:$|Last message|State: |Function: |Args: |Client #PID|"
    r"Message: |Queue: )"
)


def claims(text: str) -> bool:
    """Whether a text has an exception, or a place, as Elixir or Erlang print them."""
    return _SIGN in text or ".ex:" in text or ".exs:" in text or erlang.claims(text)


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    return _Reading(text.split("\n")).raised() or erlang.read(text)


class _Reading:
    """The lines of one text, read once from the first to the last."""

    def __init__(self, lines: list[str]) -> None:
        self._drafts: list[Draft] = []
        #: How far to the right an exception stands, and its index; each further than the last.
        self._levels: list[tuple[int, int]] = []
        for line in lines:
            if not self._take(line):
                break

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        if all(draft.type is None and not draft.frames for draft in self._drafts):
            return ()
        return finish(self._drafts)

    def _take(self, line: str) -> bool:
        """Whether what follows may still belong to the chain."""
        if _SIGN in line and (found := _RAISED.search(line)) is not None:
            return self._raise(found[1], found[2], _margin_of(line))
        if line[:1] in _INDENTS and (framed := _frame_of(line)) is not None:
            self._add(*framed)
            return True
        draft = self._drafts[-1] if self._drafts else None
        if draft is not None and draft.is_open:
            draft.is_open = not _BEHIND.match(line)
            if draft.is_open:
                draft.say(line.rstrip())
            return True
        return draft is None or not draft.frames or line[:1] in _INDENTS or not line

    def _raise(self, name: str, said: str | None, margin: int) -> bool:
        if name == "EXIT" and self._drafts and self._drafts[-1].is_open:
            self._drafts[-1].say(f"    ** (EXIT) {said}")  # the reason of an exit, and no exception
            return True
        while self._levels and self._levels[-1][0] >= margin:
            self._levels.pop()
        if not self._levels and self._drafts:
            return False
        parent = self._levels[-1][1] if self._levels else None
        relation: Relation | None = None if parent is None else "cause"
        if self._drafts:
            self._drafts[-1].is_open = False
        self._levels.append((margin, len(self._drafts)))
        self._drafts.append(Draft(name, (said or "").rstrip(), parent=parent, relation=relation))
        return True

    def _add(self, margin: int, frame: Frame) -> None:
        if not self._drafts:
            self._drafts.append(Draft())
            self._levels.append((-1, 0))
        self._drafts[-1].is_open = False
        while len(self._levels) > 1 and self._levels[-1][0] >= margin:
            self._levels.pop()
        self._drafts[self._levels[-1][1]].frames.append(frame)


_INDENTS = frozenset(" \t")


def _margin_of(line: str) -> int:
    return len(line) - len(line.lstrip())


def _frame_of(line: str) -> tuple[int, Frame] | None:
    """A frame, and how far to the right it stands."""
    if found := _FRAME.match(line):
        margin, application, file, number, function = found.groups()
        frame = Frame(
            function=function,
            module=application,
            file=file,
            line=parse_digits(number),
            in_app=not is_of_library(application, function, file),
        )
        return len(margin), frame
    found = _CALL.match(line)
    if found is None or len(found[1]) < _MIN_MARGIN:
        return None
    _, application, called, alone = found.groups()
    function = called or alone
    in_app = not is_of_library(application, function, None)
    return len(found[1]), Frame(function=function, module=application, in_app=in_app)


_MIN_MARGIN = 4


def is_library(frame: Frame) -> bool:
    """Whether a frame is of Elixir, of OTP or of a package of somebody else."""
    return is_of_library(frame.module, frame.function or "", frame.file)


FAMILY = Family("elixir", claims, read, is_library)
