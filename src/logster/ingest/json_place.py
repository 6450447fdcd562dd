"""Places in JSON text, as people are told them: `line 2, column 7`, `Properties.items[0]['a b']`.

In: text and a position in it. Out: a line and a column, or the path of names and numbers.
Promise: text of any kind has places; what is no JSON is read as far as it goes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
#: A string, a mark, or anything else up to the next one; a quote alone begins a string that never
#: ends.
TOKEN = re.compile(rf"{STRING}|[{{}}\[\],:\"]|[^\s{{}}\[\],:\"]++", re.DOTALL)

_MAX_SHOWN_NAME = 200
# Names with these characters are quoted in a path, as in ['a b'].
_NOT_PLAIN = frozenset(". []()")


def place(text: str, position: int) -> str:
    """`line 2, column 7` of a position, both from 1."""
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


def shown_path(*steps: str | int) -> str:
    """Steps as one path: `Properties.items[0]['a b']`."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _NOT_PLAIN.isdisjoint(step):
            path += f".{_shown_name(step)}" if path else _shown_name(step)
        else:
            quoted = _shown_name(step).replace("\\", "\\\\").replace("'", "\\'")
            path += f"['{quoted}']"
    return path


def _shown_name(name: str) -> str:
    """Half characters are shown as they are escaped: an answer could not hold them."""
    name = name.encode("utf-8", "backslashreplace").decode()
    return name if len(name) <= _MAX_SHOWN_NAME else name[:_MAX_SHOWN_NAME] + "…"


def path_of(text: str, position: int) -> str:
    """The path of the last place a reader has entered before `position`.

    A name counts once its colon is read, an item once it is begun (an object or
    array) or read (anything else), as clients of the original know it.
    """
    levels: list[_Level] = []
    for token in TOKEN.finditer(text):
        if token.end() > position or token[0] == '"':
            break
        _advance(levels, token[0])
    return shown_path(*_steps(levels))


class _Level(msgspec.Struct):
    """An open object or array on the way to a position, and how far it has come."""

    is_array: bool
    index: int = -1
    name: str | None = None
    pending: str | None = None


def _advance(levels: list[_Level], part: str) -> None:
    level = levels[-1] if levels else None
    if part in ("}", "]"):
        if levels:
            levels.pop()
    elif part == ":":
        if level and level.pending is not None:
            level.name, level.pending = level.pending, None
    elif part == ",":
        if level:
            level.pending = None
    else:
        if level and level.is_array:
            level.index += 1
        elif level and part[0] == '"':
            level.pending = _decoded(part)
        if part in ("{", "["):
            levels.append(_Level(is_array=part == "["))


def _decoded(token: str) -> str:
    try:
        return str(json.loads(token))
    except json.JSONDecodeError:
        return token[1:-1]


def _steps(levels: list[_Level]) -> Iterator[str | int]:
    for level in levels:
        if level.is_array and level.index >= 0:
            yield level.index
        elif level.name is not None:
            yield level.name
