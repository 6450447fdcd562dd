"""A message and its template: `{"message": "Hello %s", "params": ["Ada"], "formatted": "…"}`.

In: the member of an event, text or such an object. Out: a `Logentry`, or None.
Promise: pure; a template grows to what its params hold and no more, whatever widths it asks for.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from logster.ingest.protocols.sentry.frames import is_empty, text_of
from logster.ingest.protocols.sentry.labels import decode_value

#: A hole of `%` or of braces, with a name or without.
_HOLE = re.compile(
    r"%%|%(?:\((?P<named>[^()]{1,200})\))?[-+ #0]{0,5}\d{0,9}(?:\.\d{1,9})?[diouxXeEfFgGcrsa]"
    r"|\{(?P<braced>\w{0,200})\}"
)
#: A template that names its params often would grow without an end.
_MAX_GROWTH = 4
_ALWAYS_CHARACTERS = 4_096


class Logentry(msgspec.Struct, frozen=True):
    """What was said; a template when that is another text; its params as they were sent."""

    message: str
    template: str | None = None
    params: msgspec.Raw | None = None


_NOTHING = msgspec.Raw(b"null")


class _Members(msgspec.Struct):
    message: Any = None
    formatted: Any = None
    params: msgspec.Raw = _NOTHING


_decode = msgspec.json.Decoder(_Members | str).decode


def read_logentry(raw: msgspec.Raw) -> Logentry | None:
    """The message of either form; None when it has no text."""
    try:
        found = _decode(raw)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, str):
        return Logentry(found) if found else None
    template, formatted = text_of(found.message), text_of(found.formatted)
    params = None if is_empty(found.params) else found.params
    if not formatted:
        formatted = template if params is None else _fill(template, params)
    if not formatted:
        return None
    is_template = template and (params is not None or template != formatted)
    return Logentry(formatted, template if is_template else None, params)


def _fill(template: str, raw: msgspec.Raw) -> str:
    """The template with its params; a hole without one stays as it is written."""
    params = decode_value(raw)
    named = params if isinstance(params, dict) else {}
    listed = params if isinstance(params, list) else []
    most = max(_ALWAYS_CHARACTERS, _MAX_GROWTH * (len(template) + len(raw)))
    left, count = most, 0

    def fill(hole: re.Match[str]) -> str:
        nonlocal left, count
        if hole[0] == "%%":
            return "%"
        if left <= 0:  # or a value would be written for each hole that has no room
            return ""
        name = hole["named"] or hole["braced"]
        if name and name in named:
            value = named[name]
        else:
            place = int(name) if name and name.isdecimal() and len(name) < 9 else count  # noqa: PLR2004
            if (name and not name.isdecimal()) or place >= len(listed):
                return hole[0]
            value, count = listed[place], count + 1
        text = (value if isinstance(value, str) else _render(value))[:left]
        left -= len(text)
        return text

    return _HOLE.sub(fill, template)


def _render(value: Any) -> str:
    return msgspec.json.encode(value).decode()
