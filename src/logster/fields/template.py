"""Message templates: `Hello {Name}` and its properties, as people read it.

In: a template as Serilog and its kin write it, and properties by name. Out: the message.
Promise: pure; never raises, whatever the template; a hole whose property is not there stays as it
is written; no more than `max_characters` characters come out.

`{Name}`, `{@Name}`, `{$Name}`, `{Name,10}`, `{Name,-10}`, `{Name:000}`, `{user.name}`; `{{` and
`}}` are braces. Texts stand without quotes, objects are JSON, as in Seq. Of formats, the common
ones of .NET for numbers and times are known; a value in another format is written as it is.
See docs/decisions/038-templates-and-seq.md.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.dotnet import format_number, format_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A hole that is padded wider is a mistake or an attack.
MAX_WIDTH = 1_000
#: No format, and no time that is written, is longer.
MAX_FORM = 64
#: A message of the native API may have 4 MiB.
MAX_CHARACTERS = 1_000_000
#: Programs have few templates, and use them again and again; longer ones are texts.
MAX_KEPT_TEMPLATES = 4_096
MAX_KEPT_CHARACTERS = 500

_PIECE = re.compile(
    r"\{\{|\}\}"
    r"|\{[@$]?(?P<name>[^\s{}:,@$][^{}:,]*)"
    r"(?:,(?P<align>-?\d{1,9}))?(?::(?P<form>[^{}]*))?\}"
)

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Hole(msgspec.Struct, frozen=True):
    """A place for a property; `text` is all of it, as the template has it."""

    text: str
    name: str
    align: int
    form: str
    is_plain: bool


def render_template(
    template: str,
    properties: Mapping[str, Any],
    renderings: Sequence[Any] = (),
    max_characters: int = MAX_CHARACTERS,
) -> str:
    """Fill the holes of a template; of a `msgspec.Raw` the text is as it was sent.

    `renderings` are texts of the holes that have a format, in their order (`@r` of CLEF).
    """
    if "{" not in template and "}" not in template:
        return template[:max_characters]
    pieces = _pieces_of(template)
    given = iter(renderings)
    opened: dict[str, Any] = {}
    parts: list[str] = []
    left = max_characters
    for piece in pieces:
        if left <= 0:
            break
        if isinstance(piece, str):
            text = piece
        else:
            text = _plain_text(piece, properties) or _fill(
                piece, properties, next(given, None) if piece.form else None, opened
            )
        parts.append(text)
        left -= len(text)
    return "".join(parts)[:max_characters]


def takes_renderings(template: str) -> bool:
    """Whether it has a hole with a format, for which its sender may give a text."""
    return bool(formats_of(template))


def formats_of(template: str) -> list[tuple[str, str]]:
    """Name and format of each hole that has a format, in order."""
    if ":" not in template:
        return []
    pieces = _pieces_of(template)
    return [(each.name, each.form) for each in pieces if isinstance(each, Hole) and each.form]


def _pieces_of(template: str) -> tuple[str | Hole, ...]:
    return _parse_known(template) if len(template) <= MAX_KEPT_CHARACTERS else _parse(template)


def _parse(template: str) -> tuple[str | Hole, ...]:
    """Texts, and the holes between them."""
    pieces: list[str | Hole] = []
    place = 0
    for found in _PIECE.finditer(template):
        if found.start() > place:
            pieces.append(template[place : found.start()])
        place = found.end()
        whole, name = found[0], found["name"]
        if name is None:
            pieces.append(whole[0])
        else:
            align, form = int(found["align"] or 0), found["form"] or ""
            pieces.append(Hole(whole, name, align, form, not align and not form))
    if place < len(template):
        pieces.append(template[place:])
    return tuple(pieces)


_parse_known = lru_cache(maxsize=MAX_KEPT_TEMPLATES)(_parse)


def _plain_text(hole: Hole, properties: Mapping[str, Any]) -> str | None:
    """A text in a hole without a format, as nearly all are; None for anything else."""
    sent = properties.get(hole.name) if hole.is_plain else None
    if type(sent) is msgspec.Raw:
        try:
            sent = _decode(sent)
        except (ValueError, RecursionError):
            return None
    return sent if type(sent) is str else None


def _fill(hole: Hole, properties: Mapping[str, Any], given: Any, opened: dict[str, Any]) -> str:
    """What stands in place of a hole; `opened` are the values that were looked into before."""
    name, align = hole.name, hole.align
    if abs(align) > MAX_WIDTH:
        return hole.text
    if isinstance(given, str):
        text = given
    elif name in properties:
        text = _text_of(properties[name], hole.form)
    elif "." in name and (found := _find_below(name, properties, opened)):
        text = _text_of(found[0], hole.form)
    else:
        return hole.text
    if not align:
        return text
    return text.rjust(align) if align > 0 else text.ljust(-align)


def _find_below(
    name: str, properties: Mapping[str, Any], opened: dict[str, Any]
) -> tuple[Any] | None:
    """The value of a path such as `user.name`, if there is one.

    Each property is looked into once, however many holes ask for something in it.
    """
    first, *parts = name.split(".")
    if first not in properties:
        return None
    if first not in opened:
        opened[first] = _value_of(properties[first])
    value = opened[first]
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return (value,)


def _value_of(value: Any) -> Any:
    """The value of a text that was left as it was sent; a number that no type holds stays text."""
    if not isinstance(value, msgspec.Raw):
        return value
    try:
        return _decode(value)
    except (ValueError, RecursionError):
        return _text_sent(value)


def _text_of(sent: Any, form: str) -> str:
    """A value as .NET writes it; objects and lists as JSON."""
    value = _value_of(sent)
    if len(form) > MAX_FORM:
        form = ""
    if isinstance(value, str):
        is_time = form and len(value) <= MAX_FORM
        return (is_time and format_time(value, form)) or value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value)
    if form and isinstance(value, int | float | Decimal):
        formatted = format_number(value, form)
        if formatted is not None:
            return formatted
    return _text_sent(sent) if isinstance(sent, msgspec.Raw) else _encode(value).decode()


def _text_sent(value: msgspec.Raw) -> str:
    """JSON as it stands; of what a decoder skips, nobody has looked at the letters."""
    return bytes(value).decode("utf-8", "replace")
