"""The shape of a message: what stays the same when it is said again of something else.

In: a text. Out: its first two lines with masks in place of what varies: ids, numbers, addresses,
times, values. Promise: pure; the time is linear in the text, however long or odd it is; names with
digits in them (utf-8, x509) and numbers that tell what went wrong (HTTP 404, errno 13) stay.

docs/reference/grouping.md has the table of what is masked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.track.masks import MASKED
from logster.track.statement import shorten_statement
from logster.track.words import NUMBER, mask_word

if TYPE_CHECKING:
    from collections.abc import Callable

#: Only so many characters of a line are looked at, and so many of its shape are kept.
MAX_LOOKED_AT = 1_000
MAX_SHAPE = 300
MAX_LINES = 2
#: Lists of values in a statement of SQL are shortened before its line is cut; in so much of it.
MAX_STATEMENT = 8_000

#: Of a name of the internet the last part; one that may be a member of an object needs a digit,
#: a hyphen, a port or more dots to be one.
_SURE_TOP = re.compile(r"com|org|net|edu|gov|arpa", re.IGNORECASE)
_LIKELY_TOP = re.compile(
    r"io|ai|cloud|local|localdomain|internal|lan|intern|corp|eu|de|fr|uk|us|nl|ch|at|it|es|pt|be|dk"
    r"|se|no|fi|cz|ru|ua|cn|jp|kr|in|br|au|ca|nz|tr|za",
    re.IGNORECASE,
)
_WORDY_TOP = re.compile(r"app|dev|test|info|home|example|invalid|biz", re.IGNORECASE)

#: What stands before a number that tells what went wrong.
_TELLS = re.compile(
    r"(?:\b(?:status(?:[ _-]?code)?|https?(?:/\d(?:\.\d)?)?(?: error)?|sqlstate|hresult|signal"
    r"|(?:exit|error|err|return|response|result|exception|fault)[ _-]?(?:code|status|number)"
    r"|(?:win)?errno|winerror|oserror)(?: is| was| of)?\s?[:=]?|\berror|exception|\bcode[ =:]{0,2})"
    r"\s?[\[(#'\"]{0,2}$",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\b(?:returned|responded with|response|replied(?: with)?|answered(?: with)?|got|received)"
    r"(?: an?)?(?: http)?[ :(]{1,2}$",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"[ :-]{1,3}(?:Not|Internal|Bad|Service|Too|Gateway|Unauthorized|Forbidden|Conflict|Gone"
    r"|Payment|Method|Request|Client|Server|Unprocessable|Payload|Moved|Temporary)\b"
)
#: How far before a number is looked; no code is longer than this.
_BEFORE = 32
_MAX_CODE = 5
_MAX_ADDRESS = 10
_STATUSES = frozenset("45")
_STATUS_DIGITS = 3
#: Nouns whose name in quotes is a value; that of a table, a column or a function is none.
_OF_VALUES = re.compile(
    r"\b(?:user(?:name)?|account|customer|client|tenant|order|values?|entry|input|string|id|e-?mail"
    r"|session|device|host(?:name)?|server|file(?:name)?|path|directory|folder|ur[il]|address|date"
    r"|time|number|for input|invoice|product|item|document|member|person)[ ]{1,2}$",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?<!Error)(?<!Exception)(?<!Warning)[=:] ?$")


def shape_of(text: str) -> str:
    """The shape of a text: equal for texts that say the same."""
    lines = map(_shape_line, _first_lines(text))
    return "\n".join(filter(None, lines))


def _first_lines(text: str) -> list[str]:
    """The first lines that say something."""
    lines: list[str] = []
    rest = text.lstrip()
    while rest and len(lines) < MAX_LINES:
        line, _, rest = rest.partition("\n")
        lines.append(line[:MAX_STATEMENT])
        rest = rest.lstrip()
    return lines


def _shape_line(line: str) -> str:
    line = " ".join(shorten_statement(line).split())[:MAX_LOOKED_AT]
    return _SAME.sub(r"\1", MASKED.sub(_mask, line))[:MAX_SHAPE]


#: A list of masks is as long as it is.
_SAME = re.compile(r"(<[a-z]{1,9}>)(?:,? \1|,\1)++")


def _mask(found: re.Match[str]) -> str:
    """What stands in the shape for a piece of text."""
    kind = found.lastgroup or ""
    masker = _MASKERS.get(kind)
    return masker(found) if masker else f"<{kind}>"


def _mask_number(found: re.Match[str]) -> str:
    number = found[0]
    if len(number) <= _MAX_CODE or (number[0] == "-" and len(number) > _MAX_ADDRESS):
        start = found.start()
        before = found.string[max(start - _BEFORE, 0) : start]
        if _TELLS.search(before):
            return number
        is_status = len(number) == _STATUS_DIGITS and number[0] in _STATUSES
        if is_status and (_ANSWERED.search(before) or _STATUS.match(found.string, found.end())):
            return number
    return NUMBER


def _mask_code(found: re.Match[str]) -> str:
    start = found.start()
    before = found.string[max(start - _BEFORE, 0) : start]
    return found[0] if len(found[0]) <= _MAX_ADDRESS and _TELLS.search(before) else NUMBER


def _mask_host(found: re.Match[str]) -> str:
    top, name = found["top"], found[0]
    is_odd = found["port"] is not None or "-" in name or any(map(str.isdigit, name))
    dots = name.count(".")
    if (
        _SURE_TOP.fullmatch(top)
        or (_LIKELY_TOP.fullmatch(top) and (is_odd or dots > 1))
        or (_WORDY_TOP.fullmatch(top) and is_odd)
    ):
        return "<host>"
    return _WORD.sub(_mask_word, name)


_WORD = re.compile(r"\w++(?:-\w++)*+")


def _mask_word(found: re.Match[str]) -> str:
    word = found[0]
    return word if word.isalpha() else mask_word(word)


def _mask_quoted(found: re.Match[str]) -> str:
    start = found.start()
    before = found.string[max(start - _BEFORE, 0) : start]
    text, string = found[0], found.string
    is_value = _VALUE.search(before) is not None and not _TELLS.search(before)
    if is_value or _OF_VALUES.search(before) or string.startswith("...", found.end()):
        return "<quoted>"
    if " " in text[1:-1].strip():  # no name of anything
        return "<quoted>"
    return text[0] + MASKED.sub(_mask, text[1:-1]) + text[-1]


_MASKERS: dict[str, Callable[[re.Match[str]], str]] = {
    "plain": lambda found: found[0],
    "number": _mask_number,
    "code": _mask_code,
    "host": _mask_host,
    "word": _mask_word,
    "quoted": _mask_quoted,
    "mac": lambda _: "<address>",
    "ip": lambda _: "<ip>",
    "value": lambda found: "(<value>)" if found[0][0] == "(" else "<value>",
}
