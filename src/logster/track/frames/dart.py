"""Dart and Flutter: frames of the virtual machine and of package:stack_trace, Flutter's banner.

What Dart prints of an exception is its text alone, which seldom has its type.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.causes import chained
from logster.track.frames.dart_libraries import is_of_library
from logster.track.frames.digits import parse_digits
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family

if TYPE_CHECKING:
    from logster.track.chain import Raised

#: What Android and iOS write before each line.
_LOGGED = re.compile(r"(?:[VDIWEF]/flutter ?\( *\d+\)|flutter): ")
_NUMBERED = re.compile(r"\s*#\d+\s+(\S.*)$")
_PLACE = re.compile(r"(.*?)(?::(\d+))?(?::(\d+))?$")
#: `#00 abs 0000723d98 virt 00000198 _kDartIsolateSnapshotInstructions+0x1b`, of a release.
_COMPILED = re.compile(r"abs [0-9a-f]+ (?:virt [0-9a-f]+ )?(\S+?)(?:\+0x[0-9a-f]+)?$")
#: `package:shop/pay.dart 12:34  Shop.pay`, of package:stack_trace and of the web.
_TERSE = re.compile(r"\s*(dart:\S+|\S+\.dart)(?: (\d+)(?::(\d+))?)?\s{1,80}(?<=\d | {2})(\S.*)$")
_NAMED_FILE = re.compile(r'\s*File "([^"]*\.dart)", line (\d+), in (\S.*)$')
_SKIPPED = re.compile(r"\s*(?:<asynchronous suspension>|=+ asynchronous gap =+|\.\.\.)")

_BANNER = re.compile(r"The following (.*?) was thrown")
_BANNER_ENDS = re.compile(r"(?:The relevant error-causing|When the exception was thrown|Handler: )")
_LABEL = re.compile(
    r".{0,200}?(?:Unhandled [Ee]xception|Uncaught (?:error|exception)|Error Message):(?: |$)"
)
_HEADING = re.compile(r"\s*(?:[Ss]tack ?[Tt]race:?|When the exception was thrown, .*)$")
_TYPED = re.compile(
    r"(?:.{0,200}?[\s\]])??(_?[A-Za-z]\w{0,200}(?:Exception|Error|Failure))"
    r"(?: \[[^\]]{0,100}\]| \([^)]{0,100}\))?: (.*)$"
)
_INSTANCE = re.compile(r"Instance of '([\w<>, ]+)'")
#: What stands before the frames of a release.
_RELEASE = re.compile(r"Warning: This VM has been configured|\*{3} \*{3} \*{3}")
#: What the language says itself, without a type.
_UNTYPED = re.compile(
    r"(?:type '|Null check operator|'(?:package|file|dart):|Bad state: |Invalid argument|"
    r"Unsupported operation|Concurrent modification|Closure call|Failed assertion)"
)
#: Words of Flutter's banner that are no types.
_NO_TYPES = frozenset({"assertion", "message", "exception", "number"})


def claims(text: str) -> bool:
    """Whether a text has a place in a file of Dart, or in a release of it."""
    return ".dart" in text or "(dart:" in text or "_kDart" in text


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    before: list[str] = []
    draft: Draft | None = None
    for line in text.split("\n"):
        plain = _LOGGED.sub("", line, count=1)
        if (frame := _frame_of(plain)) is not None:
            draft = draft or _introduced(before)
            draft.frames.append(frame)
        elif draft is None:
            before.append(plain)
        elif not _SKIPPED.match(plain):
            break
    return chained([draft]) if draft else ()


# --- what was said ------------------------------------------------------------------------


def _introduced(lines: list[str]) -> Draft:
    """The exception that the lines before the first frame tell of."""
    lines = list(itertools.takewhile(lambda line: not _RELEASE.match(line), lines))
    lines = lines[-_MAX_HEAD_LINES:]
    while lines and (not lines[-1].strip() or _HEADING.match(lines[-1])):
        lines.pop()
    for at, line in enumerate(lines):
        if found := _BANNER.search(line[:_MAX_HEAD_CHARACTERS]):
            return _of_banner(found[1], lines[at + 1 :])
        if found := _LABEL.match(line):
            said = line[found.end() :].strip()
            return _draft_of([said, *lines[at + 1 :]] if said else lines[at + 1 :])
    paragraph = "\n".join(lines).rpartition("\n\n")[2].split("\n")
    for at, line in enumerate(paragraph):
        if _TYPED.match(line) or _UNTYPED.match(line):
            return _draft_of(paragraph[at:])
    return _draft_of(paragraph[-1:])


_MAX_HEAD_LINES = 200
_MAX_HEAD_CHARACTERS = 2_000


def _of_banner(name: str, lines: list[str]) -> Draft:
    said: list[str] = []
    at = 0
    if lines and not lines[0].rstrip().endswith("."):  # the sentence goes on, over several lines
        while at < len(lines) and at < _MAX_SENTENCE_LINES and _is_sentence(lines[at]):
            at += 1
    for line in lines[at:]:
        if _BANNER_ENDS.match(line) or (said and not line.strip()):
            break
        said.append(line)
    name = name.rpartition(" ")[2]
    draft = _draft_of(said)
    if draft.type is None and name not in _NO_TYPES:
        draft.type = name
    return draft


_MAX_SENTENCE_LINES = 5


def _is_sentence(line: str) -> bool:
    """Whether a line of the banner still tells when it happened: `…building Pay(dirty):`."""
    return line.rstrip().endswith("):") or line.startswith(("dependencies:", "state: "))


def _draft_of(lines: list[str]) -> Draft:
    if not lines or not lines[0].strip():
        return Draft()
    found = _TYPED.match(lines[0])
    draft = Draft(found[1], found[2]) if found else Draft(_type_of(lines[0]), lines[0].strip())
    for line in lines[1:]:
        draft.say(line)
    return draft


def _type_of(said: str) -> str | None:
    found = _INSTANCE.match(said)
    return found[1] if found else None


# --- frames -------------------------------------------------------------------------------


def _frame_of(line: str) -> Frame | None:
    if "#" in line[:_MAX_MARGIN]:
        found = _NUMBERED.match(line)
        return _numbered(found[1]) if found else None
    if ".dart" not in line and not line.startswith("dart:"):
        return None
    if found := _NAMED_FILE.match(line):
        file, number, function = found.groups()
        return _frame(function, file, number, None)
    if found := _TERSE.match(line):
        file, number, column, function = found.groups()
        return _frame(function, file, number, column)
    return None


_MAX_MARGIN = 20


def _numbered(told: str) -> Frame | None:
    if found := _COMPILED.match(told):
        return Frame(function=found[1], in_app=False)  # without symbols nobody knows whose
    function, opened, place = told.rpartition(" (")
    if not opened or not place.endswith(")") or not _is_of_dart(place):
        return None
    found = _PLACE.match(place[:-1])
    return _frame(function, *found.groups()) if found else None


def _is_of_dart(place: str) -> bool:
    return place.startswith(("package:", "dart:", "file:///", "org-dartlang")) or ".dart" in place


def _frame(function: str, file: str, line: str | None, column: str | None) -> Frame:
    return Frame(
        function=function,
        file=file,
        line=parse_digits(line),
        column=parse_digits(column),
        in_app=not is_of_library(file),
    )


def is_library(frame: Frame) -> bool:
    """Whether a frame is of Dart, of Flutter or of a package of somebody else."""
    return frame.file is None or is_of_library(frame.file)


FAMILY = Family("dart", claims, read, is_library)
