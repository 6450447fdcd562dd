"""What Erlang prints itself: `exception error: …` with `in function`, and stack traces as terms.

In: a text. Out: its exception. Promise: pure, linear; nothing when there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.beam_libraries import is_of_otp
from logster.track.frames.causes import chained
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft

if TYPE_CHECKING:
    from logster.track.chain import Raised

_EXCEPTION = re.compile(r"exception (error|exit|throw): (.*)$")
_CALL = re.compile(r"\s+in (?:function|call from)\s+(\S.*?)\s*(?:\(([^()]*), line (\d+)\))?\s*$")
#: lager writes it into one line.
_IN_ONE_LINE = re.compile(r"with (?:reason|value):? ")
_PLACE = re.compile(r"([\w':-]{1,200}/\d{1,3})(?: line (\d{1,9}))?")
_ADDED = re.compile(r"\s+(?:called as|\*\*\* argument)")

_ATOM = r"(?:[a-z]\w*|'[^'\n]{1,200}'|\w+)"
#: `{shop,pay,1,[{file,"src/shop.erl"},{line,12}]}`
_TERM = re.compile(
    rf"\{{({_ATOM}),\s*({_ATOM}),\s*(\d{{1,3}}|\[[^\n]{{0,100}}?\]),"
    r'\s*\[(?:\{file,\s*"([^"\n]{0,500})"\},\s*\{line,\s*(\d{1,9})\})?[^\n]{0,200}?\]\}'
)
_BETWEEN = re.compile(r"[,\s*|]{0,200}$")
_FIRST = re.compile(rf"\{{?({_ATOM})(?:,(.*?))?\}}?$", re.DOTALL)
_BEFORE_REASON = re.compile(r"(?:\*\* |exit value:\s|[Rr]eason:? |==\s)\s{0,50}\{")
_MAX_REASON_CHARACTERS = 4_000


def claims(text: str) -> bool:
    """Whether a text has an exception as Erlang prints it."""
    return "exception e" in text or "exception t" in text or ".erl" in text or "{line," in text


def read(text: str) -> tuple[Raised, ...]:
    """The exception of a text, if there is one."""
    draft = _read_report(text) or _read_terms(text)
    return chained([draft]) if draft else ()


def _read_report(text: str) -> Draft | None:
    draft: Draft | None = None
    for line in text.split("\n"):
        if draft is None:
            draft = _opened_by(line)
        elif len(line) < _MAX_CALL_CHARACTERS and (found := _CALL.match(line)):
            draft.is_open = False
            draft.frames.append(_frame(found[1], found[2], found[3]))
        elif draft.is_open and not _ADDED.match(line):
            draft.say(line.strip())
        elif draft.frames and not _ADDED.match(line):
            break
    return draft if draft and draft.frames else None


_MAX_CALL_CHARACTERS = 500


def _opened_by(line: str) -> Draft | None:
    if found := _EXCEPTION.search(line):
        return Draft(found[1], found[2].strip())
    begins = _IN_ONE_LINE.search(line)
    said, _, place = line[begins.end() :].rpartition(" in ") if begins else ("", "", "")
    found = _PLACE.match(place)
    if found is None:
        return None
    draft = Draft("error", said)
    draft.is_open = False
    draft.frames.append(_frame(found[1], None, found[2]))
    return draft


def _read_terms(text: str) -> Draft | None:
    """The first list of frames, and the reason that stands before it."""
    frames: list[Frame] = []
    start = end = 0
    for found in _TERM.finditer(text) if "{line," in text else ():
        if frames and not _BETWEEN.match(text[end : found.start()][:_MAX_GAP]):
            break
        start = start if frames else found.start()
        end = found.end()
        module, function, arguments, file, line = found.groups()
        arity = arguments if arguments.isdecimal() else str(_count_of(arguments))
        frames.append(_frame(f"{module}:{function}/{arity}", file, line))
    if not frames:
        return None
    draft = _reason_of(text[max(0, start - _MAX_REASON_CHARACTERS) : start])
    draft.frames = frames
    return draft


_MAX_GAP = 300


def _count_of(arguments: str) -> int:
    """About how many arguments a list has."""
    return arguments.count(",") + 1 if len(arguments) > len("[]") else 0


def _reason_of(before: str) -> Draft:
    """`{badmatch,{error,enoent}}`: the first word is the kind of error, the rest what it says."""
    opened = [found.end() - 1 for found in _BEFORE_REASON.finditer(before)]
    if not opened:
        return Draft()
    reason = " ".join(before[opened[-1] + 1 :].rstrip().removesuffix("[").split()).rstrip(", ")
    found = _FIRST.match(reason)
    if found is None:
        return Draft(None, reason or None)
    return Draft(found[1], found[2])


def _frame(function: str, file: str | None, line: str | None) -> Frame:
    return Frame(
        function=function,
        file=file,
        line=parse_digits(line),
        in_app=not is_of_otp(function.partition(":")[0]),
    )
