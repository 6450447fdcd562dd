"""The severity that the head of a line says: in brackets, in capitals, as `level=error`.

In: a line of text, and where its time ends. Out: our severity, or None.
Promise: pure; a word in the middle of a sentence is no severity.
"""

from __future__ import annotations

import re

from logster.fields.severity import SEVERITY_LETTERS, SEVERITY_WORDS, severity_of_priority

# Of a line of text, words that are no severity as often as they are one say nothing.
_TEXT_WORDS = "|".join(
    sorted(SEVERITY_WORDS.keys() - {"off", "none", "fine", "config"}, key=len, reverse=True)
)
#: How far behind the time a severity is looked for; farther on it is the text's own word.
_HEAD_CHARACTERS = 160
_SEVERITY_SHAPES: tuple[re.Pattern[str], ...] = (
    # [error] · [core:error] · <Warning> · (INFO)
    re.compile(rf"[\[<(|](?:[a-z_0-9]+:)? ?({_TEXT_WORDS}) ?[\]>)|]", re.IGNORECASE | re.ASCII),
    # INFO · WARN: in capitals, a word of its own
    re.compile(rf"(?<![\w./$*-])({_TEXT_WORDS.upper()})(?![\w./$*-])", re.ASCII),
    # level=error · severity: "warn"
    re.compile(rf"\b(?:level|lvl|severity)\"?[=:] ?\"?({_TEXT_WORDS})\b", re.IGNORECASE | re.ASCII),
    # sshd[12]: error: … · program: warning: …
    re.compile(rf"[:\])] ({_TEXT_WORDS}): ", re.IGNORECASE | re.ASCII),
)
# , Info  CBS · - Warning: … directly behind the time; error: … at the head of a line
_SEVERITY_FIRST = re.compile(
    rf"[\s,|\])-]*({_TEXT_WORDS})(?=[:|\]\t,]|  )", re.IGNORECASE | re.ASCII
)
_TROUBLE = re.compile(r"(?:(panic: )|Traceback \(most recent|Exception in thread )")
_GLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6}\s", re.ASCII)
_LOGCAT = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\s+\d+\s+\d+\s([VDIWEFA])\s", re.ASCII)
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)


def read_severity(text: str, rest: int = 0) -> int | None:
    """Give the severity the head of a line says; `rest` is where its time ends."""
    letter = _GLOG.match(text) or _LOGCAT.match(text)
    if letter:
        return SEVERITY_LETTERS[letter[1]]
    trouble = _TROUBLE.match(text)
    if trouble:
        return 5 if trouble[1] else 4
    first = _SEVERITY_FIRST.match(text, rest)
    if first:
        return SEVERITY_WORDS[first[1].lower()]
    return _earliest_word(text, rest)


def _earliest_word(text: str, rest: int) -> int | None:
    end = rest + _HEAD_CHARACTERS
    found = [match for shape in _SEVERITY_SHAPES if (match := shape.search(text, rest, end))]
    if not found:
        return None
    return SEVERITY_WORDS[min(found, key=lambda match: match.start(1))[1].lower()]


def read_priority(text: str) -> int | None:
    """The severity in the `<14>` that a line of syslog begins with."""
    found = _PRIORITY.match(text)
    return severity_of_priority(int(found[1])) if found else None
