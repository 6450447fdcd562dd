"""Python: `File "/srv/shop/pay.py", line 42, in charge`, the frame nearest the throw the last.

What was raised first is told first, with a sentence before what came of it. Groups are drawn as
boxes, one further to the right for each group in a group.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.chain import Frame
from logster.track.frames.draft import Draft
from logster.track.frames.family import Family
from logster.track.frames.forest import Tree, flatten

if TYPE_CHECKING:
    from logster.track.chain import Raised, Relation

_START = "Traceback (most recent call last):"
#: Loguru marks the frame where it caught with `>`.
_FRAME = re.compile(r'[> \t]*File "([^"]*)", line (\d{1,9})(?:, in (.+))?')
#: What nobody prints into a traceback but Python: whatever is indented belongs to a frame.
_HEAD = re.compile(r"([^\W\d][\w.<>]{0,300})(?::(?: (.*)|$)|$)")
_SENTENCES: dict[str, Relation] = {
    "The above exception was the direct cause": "cause",
    "During handling of the above exception": "context",
}
#: `  | ` and `  + ` of a box, and the line that opens or closes a member.
_BAR = re.compile(r"( *)[|+](?: |$)(.*)")
_RULE = re.compile(r"( *)(\+-)?\+-{3,}(?: (?:\d+|\.\.\.) -+)?$")
#: A line of a log behind a traceback.
_LOGGED = re.compile(r"[\[(]?\d{4}[-/.]\d\d[-/.]\d\d[T ,]\d\d:\d\d|(?:DEBUG|INFO|WARNING|ERROR):")

_RUNTIME = re.compile(
    r"[/\\][Ll]ib(?:64)?[/\\]python\d|[/\\][Pp]ython[\d.]*[/\\][Ll]ib[/\\]|python\d+\.zip"
)
#: Code that no file has: `<frozen importlib._bootstrap>`, `<attrs generated init a.B>`.
_MADE = re.compile(r"<(?:frozen |__|attrs |decorator-gen|[^>]{0,200}generated)")
#: Compiled from files of a package, whose paths are relative.
_COMPILED = (".pyx", ".pxi", ".pxd")


def claims(text: str) -> bool:
    """Whether a text has Python's own sentence, or a frame."""
    return _START in text or (
        ' File "' in text and '", line ' in text and _IN_LINE.search(text) is not None
    )


_IN_LINE = re.compile(r'^[|> \t]{0,100}File "[^"\n]+", line \d+', re.MULTILINE)


def read(text: str) -> tuple[Raised, ...]:
    """The exceptions of a text."""
    is_boxed = "+-" in text and "| " in text
    reading = _Reading()
    for line in text.split("\n"):
        if not (reading.take_boxed(line) if is_boxed else reading.take(line)):
            break
    return reading.raised()


class _Level:
    """The exceptions that stand equally far to the right, in the order in which they are told."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.told: list[Tree] = []
        #: How the exception that comes next belongs to the one before it.
        self.link: Relation | None = None
        self.is_in_frames = False
        #: In a box, an exception without a traceback may come.
        self.is_expecting = depth > 0
        #: Lines before the first traceback.
        self.before: list[str] = []


class _Reading:
    """The lines of one text, read once from the first to the last."""

    def __init__(self) -> None:
        self._levels = [_Level(0)]

    def raised(self) -> tuple[Raised, ...]:
        """What was read, the outermost first."""
        while len(self._levels) > 1:
            self._close()
        told = self._levels[0].told
        return flatten(told[-1]) if told else ()

    def take_boxed(self, line: str) -> bool:
        """Read a line that may stand in a box."""
        if rule := _RULE.match(line):
            self._open(len(rule[1]) + (3 if rule[2] else 1))
            return True
        if bar := _BAR.match(line):
            self._seek(len(bar[1]) + 1)
            return self.take(bar[2])
        if line and not line[0].isspace() and len(self._levels) > 1:
            self._seek(0)
        return self.take(line)

    def _open(self, depth: int) -> None:
        """Begin a member; it belongs to what was told last further to the left."""
        while len(self._levels) > 1 and self._levels[-1].depth >= depth:
            self._close()
        self._levels.append(_Level(depth))

    def _seek(self, depth: int) -> None:
        """Go on at this depth; the box of the outermost group is no member."""
        while len(self._levels) > 1 and self._levels[-1].depth > depth:
            self._close()

    def _close(self) -> None:
        level = self._levels.pop()
        outer = self._levels[-1].told
        if level.told and outer:
            outer[-1].add(level.told[-1], "member")
        elif level.told:
            self._levels[-1].told = level.told

    def take(self, line: str) -> bool:
        """Read a line of the current level; False when what comes has nothing to do with it."""
        level = self._levels[-1]
        if level.is_in_frames and line[:4] == "    " and line[4:11] != 'File "':
            return True  # a line of the source
        found = _FRAME.match(line)
        if found is not None:
            self._take_frame(level, found)
        elif level.is_in_frames:
            if line and not line[0].isspace():
                self._take_head(level, line)
        elif line.endswith(_START):
            return self._start(level)
        elif (link := _link_of(line)) is not None:
            self._take_link(level, link)
        elif level.is_expecting:
            if line.strip():
                self._tell(level, Draft())
                self._take_head(level, line)
        elif not level.told:
            level.before.append(line)
        else:
            self._take_more(level.told[-1].draft, line)
        return True

    def _start(self, level: _Level) -> bool:
        if level.told and level.link is None:
            return False
        self._tell(level, Draft())
        level.is_in_frames = True
        return True

    def _tell(self, level: _Level, draft: Draft) -> None:
        tree = Tree(draft)
        if level.told and level.link is not None:
            tree.add(level.told[-1], level.link)
        level.told.append(tree)
        level.link = None
        level.is_expecting = False

    def _take_frame(self, level: _Level, found: re.Match[str]) -> None:
        if not level.is_in_frames:
            if level.told and level.link is None:
                return
            self._tell(level, Draft())
            level.is_in_frames = True
        file, number, function = found.groups()
        frame = Frame(
            function=function,
            file=file,
            line=int(number),
            # What has no function is where the syntax is wrong: that place is to be mended.
            in_app=function is None or not is_of_library(file),
        )
        level.told[-1].draft.frames.append(frame)

    def _take_head(self, level: _Level, line: str) -> None:
        level.is_in_frames = False
        draft = level.told[-1].draft
        found = _HEAD.match(line)
        if found is None:
            draft.said = [line]
        else:
            draft.type = found[1]
            said = found[2]
            draft.said = [said or ""] if ":" in line[found.end(1) :] else None

    def _take_link(self, level: _Level, link: Relation) -> None:
        if not level.told:
            self._take_before(level)
        if level.told:
            level.link = link
            level.is_expecting = True

    def _take_before(self, level: _Level) -> None:
        """An exception that was never raised has no traceback."""
        said = "\n".join(level.before).strip().rpartition("\n\n")[2].split("\n")
        if said[0]:
            self._tell(level, Draft())
            self._take_head(level, said[0])
            for line in said[1:]:
                level.told[-1].draft.say(line)

    def _take_more(self, draft: Draft, line: str) -> None:
        if draft.is_open and _LOGGED.match(line):
            draft.is_open = False
        elif draft.is_open:
            draft.say(line)


def _link_of(line: str) -> Relation | None:
    if not line.startswith(("The above", "During handling")):
        return None
    return next((link for said, link in _SENTENCES.items() if line.startswith(said)), None)


def is_of_library(file: str) -> bool:
    """Whether a file is of Python's library, or of an installed one."""
    if "site-packages" in file or "dist-packages" in file:
        return True
    if file[:1] == "<":
        return _MADE.match(file) is not None
    if "ython" in file and _RUNTIME.search(file):
        return True
    return file.endswith(_COMPILED) and file[0] not in "/\\"


def is_library(frame: Frame) -> bool:
    """Whether a frame is of Python's library, or of an installed one."""
    return frame.file is not None and is_of_library(frame.file)


FAMILY = Family("python", claims, read, is_library)
