"""PHP: uncaught exceptions, what Monolog and Laravel write of them, warnings, and Xdebug's stacks.

PHP prints the root first and then `Next`, Monolog the outermost and then `[previous exception]`.
A frame has the function that was called and the place of the call; a warning without a stack has
one frame, the place that it names.
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

_TYPE = r"\\?[A-Za-z_]\w*(?:\\\w+)*(?:@anonymous[^\s:]*(?::\d+\$\w+)?)?"
_FRAME = re.compile(r"\s*#\d+ (?:\{main\}|(?:\[internal function\]|(.+?)\((\d+)\)): (.*))")
_CALLED = re.compile(r"(?:[^({]|\{[^}]*\})*")
_STEP = re.compile(r"(?:PHP)?\s+(?:\d+\.\d+\s+\d+\s+)?\d+\. ")
_STACKS = re.compile(r"(?:PHP )?(?:Stack trace|Call Stack):$|\[stacktrace\]$")

#: How an exception is introduced; its type follows.
_THROWN = re.compile(
    rf"(?:(?:Uncaught|Next) (?:PHP Exception )?)({_TYPE})(?:: (.*)|( in .*))$"
    rf"|(?:Uncaught |Next )?exception '({_TYPE})'(?: with message '(.*)| in .*)$"
    rf"|\[object\] \(({_TYPE})\(code: [^)]{{0,50}}\): (.*)$"
)
_LOGGED = re.compile(
    rf"\[object\] \(({_TYPE})\(code: [^)\n]{{0,50}}\): ([^\n]{{0,2000}}?)"
    r" at (/\S{1,300}?|\w:\S{1,300}?):(\d{1,9})\)"
)
_NAMED = re.compile(rf"(?:^|(?<=\s))({_TYPE})(?:: (.*)| in .*)$")
_ENDINGS = ("Exception", "Error")
_KINDS = (
    r"(?:(?:PHP|Recoverable|Catchable|User|Core|Compile) )?"
    r"(?:Fatal error|Parse error|Warning|Notice|Deprecated|Strict Standards|fatal error)"
)
_TOLD = re.compile(rf"(?:^|[\s>\"])(?:PHP )?({_KINDS}):\s+(\S.*)$")
_ON_LINE = re.compile(r" on line (\d+)")
_AT_END = re.compile(r":(\d+)\)?(?:[\]\"}, ].*)?$")
_THROWN_IN = re.compile(r"\s*thrown in ")

#: Backslashes and quotes as JSON and Apache write them.
_ESCAPED = re.compile(r'\\(["\\/])')
_LIBRARY = re.compile(
    r"[/\\](?:vendor|3rdparty|wp-includes|wp-admin|pear)[/\\]|^/usr/(?:share|local/lib)/php|^phar://"
    r"|[/\\]core[/\\]lib[/\\]Drupal[/\\]"
)


def claims(text: str) -> bool:
    """Whether a text may have a stack of PHP, or a place as it names them."""
    return "{main}" in text or ".php" in text or "PHP " in text


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    if "\\n#0 " in text:
        text = text.replace("\\n", "\n")
    if "\\\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return _Reading(text.split("\n")).raised()


class _Reading:
    """The lines of one text, read once from the first to the last."""

    def __init__(self, lines: list[str]) -> None:
        self._drafts: list[Draft] = []
        self._before: list[str] = []
        self._is_root_first = True
        self._is_innermost_last = False
        self._place: Frame | None = None
        for line in lines:
            if not self._take(line):
                break

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        drafts = self._drafts
        if not drafts and self._before:
            drafts = self._logged_without_stack() or self._told_without_stack()
        if self._is_innermost_last:
            drafts[-1].frames.reverse()
        return chained(drafts[::-1] if self._is_root_first else drafts)

    def _take(self, line: str) -> bool:
        """Whether what follows may still belong to the chain."""
        if (frame := _frame_of(line)) is not None:
            self._add(frame)
        elif line[:3] in _STEP_BEGINNINGS and (frame := _step_of(line)) is not None:
            self._is_innermost_last = True
            self._add(frame)
        elif _STACKS.match(line):
            return not (self._drafts and "all" in line)  # Xdebug tells the same again
        elif _THROWN_IN.match(line):
            return not self._drafts
        elif self._drafts and _is_another(line):
            return False
        else:
            self._before.append(line)
        return True

    def _add(self, frame: Frame) -> None:
        if not self._drafts or self._has_head():
            self._drafts.append(self._draft())
        self._before = []
        self._drafts[-1].frames.append(frame)

    def _has_head(self) -> bool:
        return any(
            line.startswith(("Next ", "[previous exception]")) for line in self._before if line
        )

    def _draft(self) -> Draft:
        """The exception that the lines before its frames tell of."""
        lines = self._before
        for at, line in enumerate(lines):
            if found := _THROWN.search(line):
                self._is_root_first = found[6] is None
                name = found[1] or found[4] or found[6]
                said = found[2] or found[5] or found[7] or found[3] or ""
                draft = _draft(name, said, lines[at + 1 :])
                if found[4] and draft.said:
                    draft.said[-1] = draft.said[-1].removesuffix("'")
                return draft
        for at, line in enumerate(lines):
            if (found := _named(line)) is not None:
                return _draft(found[1], found[2] or "", lines[at + 1 :])
        return _told(lines)[0] or Draft(None, "\n".join(lines).strip().rpartition("\n")[2] or None)

    def _logged_without_stack(self) -> list[Draft]:
        """What Monolog writes when it is to leave stacks out: a place for each exception."""
        drafts: list[Draft] = []
        for found in _LOGGED.finditer("\n".join(self._before)):
            drafts.append(Draft(found[1], found[2]))
            drafts[-1].frames.append(_frame(None, found[3], parse_digits(found[4])))
            self._is_root_first = False
        return drafts

    def _told_without_stack(self) -> list[Draft]:
        draft, place = _told(self._before)
        if draft is None or place is None:
            return []
        draft.frames.append(place)
        return [draft]


_STEP_BEGINNINGS = frozenset({"PHP", "   "})


def _is_another(line: str) -> bool:
    return "Uncaught " in line or _TOLD.search(line) is not None


def _named(line: str) -> re.Match[str] | None:
    """A type that nothing introduces: it has a path, or its ending tells."""
    for found in _NAMED.finditer(line, 0, _MAX_HEAD_CHARACTERS):
        if "\\" in found[1] or found[1].endswith(_ENDINGS):
            return _NAMED.match(line, found.start())
    return None


_MAX_HEAD_CHARACTERS = 1_000


def _draft(name: str, said: str, more: list[str]) -> Draft:
    """What was said, up to the place where it was thrown."""
    draft = Draft(name)
    draft.said = []
    for line in [said, *more]:
        draft.said.append(_without_place(line))
        if draft.said[-1] is not line:
            break
    return draft


def _without_place(line: str) -> str:
    """`No such file in /srv/shop.php:12`, `… at /srv/shop.php:12)`, `…' in /srv/shop.php:12`."""
    at = max(line.rfind(" in "), line.rfind(" at /"), line.rfind(" at C:"))
    if at < 0 or not (_AT_END.search(line, at) or _ON_LINE.search(line, at)):
        return line
    return line[:at].removesuffix(" and defined")  # what PHP adds where arguments are wrong


def _told(lines: list[str]) -> tuple[Draft | None, Frame | None]:
    """A warning or an error that is no exception, and the place that it names."""
    for line in lines:
        if found := _TOLD.search(line):
            said, _, place = found[2].rpartition(" in ")
            number = _ON_LINE.search(place)
            if number is None:
                continue
            frame = _frame(None, place[: number.start()], parse_digits(number[1]))
            if thrown := _THROWN.match(said + " in "):
                return Draft(thrown[1] or thrown[4], _without_place(thrown[2] or "")), frame
            return Draft(found[1].removeprefix("PHP "), said), frame
    return None, None


def _frame_of(line: str) -> Frame | None:
    if "#" not in line[:_MAX_MARGIN]:
        return None
    found = _FRAME.match(line)
    if found is None:
        return None
    file, number, call = found.groups()
    if call is None and number is None and "{main}" in line and "]: " not in line:
        return Frame(function="{main}", in_app=False)
    call = line.partition("]: ")[2] if call is None else call
    return _frame(_function_of(call), file, parse_digits(number))


_MAX_MARGIN = 20


def _step_of(line: str) -> Frame | None:
    """A frame of Xdebug: `PHP   2. Shop->pay($n = 1) /srv/shop.php:24`."""
    found = _STEP.match(line)
    if found is None:
        return None
    call, _, place = line[found.end() :].rpartition(") ")
    file, _, number = place.rpartition(":")
    if not call or not number.isdecimal():
        return None
    return _frame(_function_of(call + ")"), file, parse_digits(number))


def _function_of(call: str) -> str:
    found = _CALLED.match(call)
    return (found[0] if found else "").strip() or call


def _frame(function: str | None, file: str | None, line: int | None) -> Frame:
    return Frame(function=function, file=file, line=line, in_app=not _is_of_library(file))


def _is_of_library(file: str | None) -> bool:
    """Without a file it is one of PHP's own functions."""
    return file is None or _LIBRARY.search(file) is not None


def is_library(frame: Frame) -> bool:
    """Whether a frame is of PHP or of a package of somebody else."""
    return _is_of_library(frame.file)


FAMILY = Family("php", claims, read, is_library)
