"""Ruby: what it prints itself, what Rails, RSpec and loggers write, and `full_message`.

The first frame stands before the message. A cause follows its exception without a word between
them; with `Traceback (most recent call last)` all is told the other way round. Before 3.4 a
function stands between ` and ', since then between two '.
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

#: What loggers write before a line: that of Ruby, with the tags of Rails, and that of Sidekiq.
_LOGGED = re.compile(
    r"[A-Z], \[[^\]]{1,60}\] +[A-Z]+ -- [^:]{0,60}: (?:\[[^\]]{1,80}\] ?){0,4}"
    r"|\[[\w-]{8,60}\] "
    r"|\d{4}-\S{1,40} (?:\S{1,60} ){1,8}?[A-Z]{4,5}: "
)
#: A level of `Traceback`, and what RSpec has.
_MARGIN = r"[ \t]*(?:# |\d+: )?(?:from )?"
_PLACE = r"(?:([\w-]+ \([\w.-]+\)) )?((?:<internal:|[A-Za-z]:)?[^\s:][^:]*):(\d+)"
_FRAME = re.compile(rf"{_MARGIN}{_PLACE}(?::in [`'](.*?)'(?=: |$))?(?:: (.*)|:?)$")
_LEFT_OUT = re.compile(r"\s*\.{3} \d+ levels\.{3}|\s*# --- Caused by")
_BACKWARDS = re.compile(r"\s*Traceback \(most recent call last\):$")

_CLASS = r"[A-Z]\w*(?:::[A-Z]\w*)*"
#: `undefined method 'x' for nil (NoMethodError)`: the class stands behind the first line.
_SAID = re.compile(rf"(.*?) ?\(({_CLASS})\)$")
#: `NoMethodError (undefined method …):`, of Rails.
_RAILS = re.compile(rf"(?:Information for(?: cause)?: |Caused by:? )?({_CLASS}) \((.*?)(\)?:?)$")
_NAMED = re.compile(rf"(?<![\w:./])({_CLASS}): ")
_ENDINGS = ("Error", "Exception", "Timeout", "Invalid", "NotFound", "Failed", "Failure")
_ONLY_NAMED = re.compile(rf"({_CLASS}):?$")
_CAUSED = re.compile(r"Caused by:? ")

_SURELY_RUBY = re.compile(
    r"\.(?:rb|ru|rake|erb|haml|slim|gemspec|builder|jbuilder)(?::|$)|^\(|^<|bin/"
)
_LIBRARY = re.compile(
    r"/gems/|/rubygems/|/lib/ruby/|/vendor/|^<internal:|/bundler/|/\.rbenv/|/\.rvm/|/rubies/"
    r"|^(?:/usr)?/(?:local/)?(?:bin|lib)/"
)


def claims(text: str) -> bool:
    """Whether a text has a place as Ruby names it."""
    return ":in `" in text or ":in '" in text or ".rb:" in text or "from (irb):" in text


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    return _Reading(text.split("\n")).raised()


class _Reading:
    """The lines of one text, read once from the first to the last."""

    def __init__(self, lines: list[str]) -> None:
        self._drafts: list[Draft] = []
        self._before: list[str] = []
        self._is_backwards = False
        self._waiting: list[Frame] = []
        for line in lines:
            self._take(line)

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        if self._waiting:  # a cut `Traceback`
            self._drafts.append(Draft())
            self._close_backwards()
        if not any(draft.frames for draft in self._drafts):
            return ()
        return chained(self._drafts[::-1] if self._is_backwards else self._drafts)

    def _take(self, line: str) -> None:
        if line[:1] not in _INDENTS:
            line = _LOGGED.sub("", line, count=1)
        found = _FRAME.match(line) if ":" in line else None
        if found is not None and _is_place(found, line):
            self._take_frame(found)
        elif _BACKWARDS.match(line):
            self._is_backwards = True
        elif not _LEFT_OUT.match(line):
            self._say(line)

    def _take_frame(self, found: re.Match[str]) -> None:
        gem, file, number, function, said = found.groups()
        frame = Frame(
            function=function,
            module=gem,
            file=file,
            line=parse_digits(number),
            in_app=gem is None and not _is_of_library(file),
        )
        if said is not None:
            self._raise(frame, said)
        elif self._is_backwards:
            self._waiting.append(frame)
        else:
            self._add(frame)

    def _raise(self, frame: Frame, said: str) -> None:
        """A frame with what was said: there an exception begins, or ends when told backwards."""
        self._before = []
        self._drafts.append(_draft_of(said))
        self._drafts[-1].frames.append(frame)
        if self._is_backwards:
            self._close_backwards()

    def _close_backwards(self) -> None:
        self._drafts[-1].frames.extend(reversed(self._waiting))
        self._waiting = []

    def _add(self, frame: Frame) -> None:
        if not self._drafts or self._begins_another():
            self._drafts.append(_introduced(self._before))
        draft = self._drafts[-1]
        draft.is_open = False
        self._before = []
        draft.frames.append(frame)

    def _begins_another(self) -> bool:
        """Whether what stands between frames introduces a cause."""
        return any(_RAILS.match(line) or _CAUSED.match(line.strip()) for line in self._before)

    def _say(self, line: str) -> None:
        draft = self._drafts[-1] if self._drafts else None
        if draft is not None and draft.is_open and not self._is_backwards:
            draft.say(line)
        else:
            self._before.append(line)


_INDENTS = frozenset(" \t/")


def _is_place(found: re.Match[str], line: str) -> bool:
    """A time and a URL have a colon before digits too."""
    return (
        found[4] is not None
        or line.lstrip().startswith("from ")
        or _SURELY_RUBY.search(found[2]) is not None
    )


def _draft_of(said: str) -> Draft:
    """`message (Class)`; a class alone has said nothing, and is printed twice, or as it is."""
    if found := _SAID.match(said):
        message, name = found.groups()
        return Draft(name, message)
    if _ONLY_NAMED.match(said):
        return Draft(said, "")
    return Draft(None, said)


def _introduced(lines: list[str]) -> Draft:
    """What stands before the first frame: of loggers, Rails and irb."""
    lines = "\n".join(lines[-_MAX_HEAD_LINES:]).strip("\n").split("\n")
    for at, line in enumerate(lines):
        if (draft := _named(line.strip())) is not None:
            for more in lines[at + 1 :]:
                draft.say(more)
            _unbracket(draft)
            return draft
    return Draft(None, lines[-1].strip() or None)


_MAX_HEAD_LINES = 50


def _named(line: str) -> Draft | None:
    """The exception that a line names."""
    if found := _RAILS.match(line):
        draft = Draft(found[1], found[2])
        draft.is_open = not found[3]
        return draft
    line = _CAUSED.sub("", line, count=1)
    for found in _NAMED.finditer(line, 0, _MAX_HEAD_CHARACTERS):
        if found[1].endswith(_ENDINGS) or (not found.start() and not found[1].isupper()):
            return Draft(found[1], line[found.end() :])
    if found := _ONLY_NAMED.match(line):
        return Draft(found[1], "" if line.endswith(":") else None)
    return None


_MAX_HEAD_CHARACTERS = 2_000


def _unbracket(draft: Draft) -> None:
    """Rails closes its bracket behind the last line of what was said."""
    said = draft.said
    while said and len(said) > 1 and not said[-1].strip():
        said.pop()
    if said and len(said) > 1 and said[-1].endswith("):"):
        said[-1] = said[-1][:-2]


def _is_of_library(file: str | None) -> bool:
    return file is not None and _LIBRARY.search(file) is not None


def is_library(frame: Frame) -> bool:
    """Whether a frame is of Ruby or of a gem."""
    return _is_of_library(frame.file)


FAMILY = Family("ruby", claims, read, is_library)
