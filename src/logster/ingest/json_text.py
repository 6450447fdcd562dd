"""Strict JSON, read to explain: where a mistake is and what it is.

In: text. Out: the members of the root object with their own text, as the client
wrote it. Promise: what RFC 8259 does not allow is refused, and so are lone
surrogates and nesting beyond `MAX_DEPTH`, which is checked before anything recurses.
Readers of the hot path come here only after a fast decoder said no.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from logster.ingest import json_marks
from logster.ingest.json_place import STRING, TOKEN, path_of, place, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Levels of nesting, the root counted; the original native API had the same limit.
MAX_DEPTH = 256

#: Blanks of JSON; str.strip() alone would take more.
BLANKS = " \t\n\r"

#: Behind this many characters only the member is named, not the whole path: a
#: path costs Python time for every token before it.
_MAX_PATH_SEARCH = 256 * 1024
#: Below, looking in bulk costs more than it saves.
_QUICK_BYTES = 16 * 1024

_SKIP = re.compile(r"[ \t\n\r]*+")
_STRING_BYTES = re.compile(STRING.encode(), re.DOTALL)
# What nearly every member is: a name and a flat value, both without escapes; and what follows.
_PLAIN = r'"([^"\\\x00-\x1f]*+)"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_BLANK = r"[ \t\n\r]*+"
_PLAIN_MEMBER = re.compile(
    rf"{_BLANK}{_PLAIN}{_BLANK}:{_BLANK}({_PLAIN}|{_NUMBER}|true|false|null){_BLANK}([,}}])"
)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = [(code in b"[{") - (code in b"]}") for code in range(256)]
# Every escape is taken whole, so that the u of an escaped backslash is never misread.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_ESCAPE_BYTES = re.compile(_ESCAPE.pattern.encode(), re.DOTALL)

# What Python's scanner says, as advice.
_VALUE_MISSING = "Expecting value"
_ADVICE = {
    _VALUE_MISSING: "expected a value",
    "Unterminated string starting at": "a string is not closed",
    "Invalid control character at": "control characters in strings must be escaped",
    "Expecting property name enclosed in double quotes": "expected a member name in double quotes",
    "Illegal trailing comma before end of object": "expected a member after the comma",
    "Illegal trailing comma before end of array": "expected a value after the comma",
}


class JsonTextError(ValueError):
    """Text that is not JSON; `path` is the last place reached.

    `needs_value` says that this place has a name and nothing behind it.
    """

    def __init__(self, reason: str, sentence: str, path: str, *, needs_value: bool = False) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.path = path
        self.needs_value = needs_value


class Member(NamedTuple):
    """One member of the root object; `raw` is its value as JSON text, `value` set for strings."""

    name: str
    raw: str
    value: str | None
    position: int


class _ConstantError(ValueError):
    """NaN, Infinity or -Infinity: numbers to Python, not to JSON."""


def _refuse_constant(name: str) -> NoReturn:
    raise _ConstantError(name)


# Numbers stay text: no digit is lost and no limit on long integers is met.
_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)


def read_members(text: str) -> list[Member]:
    """The members of the object that `text` is, duplicates kept; raises JsonTextError."""
    _check_depth(text)
    members = list(_members(text))
    _check_surrogates(text)
    return members


def explain(text: str) -> JsonTextError:
    """What is wrong with a text that a stricter reader refused."""
    try:
        _check_depth(text)
        _, end = _value(text, _skip(text, 0), "")
        _check_end(text, end)
        _check_surrogates(text)
    except JsonTextError as error:
        return error
    return JsonTextError("syntax", "The text is not valid JSON.", "")


def exceeds_depth(body: bytes) -> bool:
    """Whether brackets nest deeper than `MAX_DEPTH`; linear, nothing recurses."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    if len(body) > _QUICK_BYTES:
        return json_marks.measure_depth(body) > MAX_DEPTH
    brackets = _STRING_BYTES.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH


def quote(text: str) -> str:
    """A string as JSON text."""
    return msgspec.json.encode(text).decode()


def replace_halves(body: bytes) -> bytes:
    """JSON in which halves of characters are U+FFFD: JavaScript writes such, no decoder takes them.

    A text that was cut in the middle of an emoji would cost its whole batch else.
    """
    return _ESCAPE_BYTES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)


def _skip(text: str, position: int) -> int:
    found = _SKIP.match(text, position)
    assert found is not None  # it matches no blanks, too
    return found.end()


def _members(text: str) -> Iterator[Member]:
    position = _skip(text, 0)
    if text[position : position + 1] != "{":
        _fail(text, position, "expected an object, { … }")
    position = _skip(text, position + 1)
    if text[position : position + 1] == "}":
        _check_end(text, position + 1)
        return
    mark = ","
    while mark == ",":
        if plain := _PLAIN_MEMBER.match(text, position):
            yield Member(plain[1], plain[2], plain[3], plain.start(2))
            position, mark = plain.end(), plain[4]
        else:
            member, position = _member(text, position)
            yield member
            mark = text[position - 1]
    _check_end(text, position)


def _member(text: str, position: int) -> tuple[Member, int]:
    """Any member, and the position behind the mark that follows."""
    name, position = _name(text, _skip(text, position))
    start = _skip(text, position)
    value, end = _value(text, start, name)
    position = _skip(text, end)
    if text[position : position + 1] not in ("}", ","):
        _fail(text, position, "expected , or } after a value", shown_path(name))
    string = value if text[start] == '"' else None
    return Member(name, text[start:end], string, start), position + 1


def _name(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != '"':
        _fail(text, position, "expected a member name in double quotes")
    name, end = _value(text, position, "")
    colon = _skip(text, end)
    if text[colon : colon + 1] != ":":
        _fail(text, colon, "expected : after a member name")
    return name, colon + 1


def _value(text: str, start: int, name: str) -> tuple[Any, int]:
    try:
        return _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        is_missing = error.pos == start and error.msg == _VALUE_MISSING
        _fail(text, error.pos, error.msg, _shown(name), needs_value=is_missing)
    except _ConstantError as error:
        said = str(error)
        found = (token for token in TOKEN.finditer(text, start) if token[0].startswith(said))
        _fail(text, next(found).start(), f"{said} is not a JSON number", _shown(name))
    except RecursionError:
        _fail(text, start, "it is nested too deep", _shown(name), reason="depth")


def _shown(name: str) -> str:
    return shown_path(name) if name else ""


def _check_end(text: str, position: int) -> None:
    end = _skip(text, position)
    if end != len(text):
        _fail(text, end, "expected nothing after the end of the value")


def _check_depth(text: str) -> None:
    if len(text) <= 2 * MAX_DEPTH or not exceeds_depth(text.encode()):
        return
    what = f"it is nested deeper than {MAX_DEPTH} levels"
    depth = 0
    for token in TOKEN.finditer(text, 0, _MAX_PATH_SEARCH):
        depth += _STEP[ord(token[0])] if len(token[0]) == 1 and ord(token[0]) < len(_STEP) else 0
        if depth > MAX_DEPTH:
            _fail(text, token.start(), what, reason="depth")
    raise JsonTextError("depth", f"The body is not valid JSON: {what}.", "")


def _check_surrogates(text: str) -> None:
    if "\\u" not in text:
        return
    for escape in _ESCAPE.finditer(text):
        if escape[1]:
            _fail(text, escape.start(), f"\\{escape[1]} is half of a character", reason="encoding")


def _fail(
    text: str,
    position: int,
    what: str,
    member: str = "",
    *,
    reason: str = "syntax",
    needs_value: bool = False,
) -> NoReturn:
    found = repr(text[position]) if position < len(text) else "the end"
    path = path_of(text, position) if position <= _MAX_PATH_SEARCH else member
    what = _ADVICE.get(what, what)
    sentence = f"The body is not valid JSON: {what}, found {found} at {place(text, position)}."
    raise JsonTextError(reason, sentence, path, needs_value=needs_value) from None
