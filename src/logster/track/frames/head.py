"""The first line of an exception, `Type: message`, wherever it stands among other text.

In: the lines before the first frame. Out: the type, and what was said. Promise: pure, linear; text
that names no type is a message alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.frames.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

#: So many lines before the first frame are looked at: a message may be a long text.
MAX_HEAD_LINES = 200
#: So far into a line a type is looked for.
MAX_HEAD_CHARACTERS = 2_000

#: How the name of an exception ends in nearly all languages.
ENDINGS = ("Exception", "Error", "Throwable", "Failure", "Fault", "Warning", "Interrupt")

_NAME = r"[^\W\d][\w.$+`@<>-]{0,300}(?:\[[^\]\n]{0,300}\])?"
#: A code behind the type says nothing that its message does not: `(0x80004005)`, `[ERR_X]`.
_CODE = r"(?: \((?:0x)?-?[0-9A-Fa-f]{1,12}\)| \[\w{1,100}\])?"
_HEAD = re.compile(rf"({_NAME}){_CODE}(?::(?: (.*)|$|(?=\s))|$)")
_WITHIN = re.compile(rf"(?<![\w.$+`/\\<-])({_NAME}){_CODE}(?::(?: |$)|$)")


def parse_head(line: str) -> tuple[str, str | None] | None:
    """Type and message of a line that begins with a type."""
    found = _HEAD.match(line)
    if found is None:
        return None
    name, said = found.groups()
    return name, "" if said is None and found.end() > found.end(1) and ":" in found[0] else said


def is_sure(name: str) -> bool:
    """Whether a name is surely one of an exception: by its ending, or because it has a path."""
    if name.endswith(ENDINGS):
        return True
    path, _, last = name.rpartition(".")
    return bool(path) and last[:1].isupper()


def find_head(lines: Sequence[str], words: re.Pattern[str]) -> Draft:
    """The exception that these lines tell of; `words` stand before a type, and are none of it."""
    lines = lines[-MAX_HEAD_LINES:]
    for index, line in enumerate(lines):
        if found := _head_at_start(line, words):
            return _draft(*found, lines[index + 1 :])
    for index, line in enumerate(lines):
        if found := _head_within(line):
            return _draft(*found, lines[index + 1 :])
    return _unnamed(lines)


def _head_at_start(line: str, words: re.Pattern[str]) -> tuple[str, str | None] | None:
    before = words.match(line)
    found = parse_head(line[before.end() :] if before else line)
    if found is None:
        return None
    return found if is_sure(found[0]) or (before and found[0][:1].isupper()) else None


def _head_within(line: str) -> tuple[str, str | None] | None:
    for found in _WITHIN.finditer(line, 0, MAX_HEAD_CHARACTERS):
        if found[1].endswith(ENDINGS):
            return parse_head(line[found.start() :])
    return None


def _unnamed(lines: Sequence[str]) -> Draft:
    """What was said last without a type, if anything; a type of the program's own has no sign."""
    said = "\n".join(lines).strip().rpartition("\n\n")[2].split("\n")
    if not said[0]:
        return Draft()
    found = parse_head(said[0])
    if found and found[0][0].isupper() and found[1] is not None:
        return _draft(*found, said[1:])
    return _draft(None, said[0], said[1:])


def _draft(name: str | None, said: str | None, more: Sequence[str]) -> Draft:
    draft = Draft(name, said)
    for line in more:
        draft.say(line)
    return draft
