"""A line of `name=value` pairs, when it is nothing else and says a time or a level.

In: its text. Out: a `Line`, or None when it is not certainly logfmt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.line.members import compose

if TYPE_CHECKING:
    from logster.fields.line.members import Line
    from logster.fields.line.timestamp import Clock

_PAIR = re.compile(
    r"\s*(?P<name>[A-Za-z_@][\w.@/-]*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\s\"=]*)(?=\s|$)"
)


def read_logfmt(text: str, clock: Clock) -> Line | None:
    """Take the pairs apart."""
    values = read_pairs(text)
    found = find_fields(values or {})
    if not values or "message" not in found or not ({"timestamp", "severity"} & found.keys()):
        return None
    return compose(text, dict(values), values, clock)


def read_pairs(text: str) -> dict[str, str] | None:
    """The pairs of a text; None when there is something else in it."""
    values: dict[str, str] = {}
    place = 0
    end = len(text.rstrip())
    while place < end:
        found = _PAIR.match(text, place)
        if not found:
            return None
        values[found["name"]] = _unquoted(found["value"])
        place = found.end()
    return values


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return msgspec.json.decode(value, type=str)
    except ValueError:  # an escape JSON does not know stays as it was written
        return value[1:-1]
