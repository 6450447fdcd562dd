"""A line that is a JSON object: any logger's, the journal's, or CLEF.

In: its text. Out: a `Line`, or None when it is no JSON. Promise: values that no field holds keep
their own spelling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.line.journal import MARK, read_journal, writer_of
from logster.fields.line.members import Line, compose
from logster.fields.template import render_template

if TYPE_CHECKING:
    from logster.fields.line.timestamp import Clock

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE = msgspec.json.Decoder()


def read_members(text: str) -> dict[str, msgspec.Raw]:
    """The members of an object, in their own spelling; raises ValueError or RecursionError."""
    return _OBJECT.decode(text)


def read_json(text: str, clock: Clock) -> Line | None:
    """Take a JSON object apart."""
    try:
        members: dict[str, Any] = dict(read_members(text))
        if MARK in text and (entry := read_journal(_VALUE.decode(text))):
            line = compose(text, dict(entry), entry, clock)
            line.application = writer_of(entry)
            return line
        values = {name: _VALUE.decode(members[name]) for name in find_fields(members).values()}
        if "@mt" in members:
            return _read_clef(text, members, values, clock)
    except (ValueError, RecursionError):  # no JSON, or deeper than anyone's log
        return None
    return compose(text, dict(members), values, clock)


def _read_clef(text: str, members: dict[str, Any], values: dict[str, Any], clock: Clock) -> Line:
    """Fill the template of an event that has no message but it; the template stays a property."""
    line = compose(text, dict(members), values, clock)
    template = _VALUE.decode(members["@mt"])
    if isinstance(template, str) and find_fields(members).get("message") == "@mt":
        renderings = _VALUE.decode(members["@r"]) if "@r" in members else ()
        line.message = render_template(
            template, members, renderings if isinstance(renderings, list) else ()
        )
        line.properties["@mt"] = template
    return line
