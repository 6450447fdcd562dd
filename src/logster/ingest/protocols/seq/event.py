"""One event of Seq's, as the members of CLEF: which of them is the time, the level, the message.

In: members by name, their values as they were sent. Out: the fields of a row (`columns.Rows`).
Promise: a template is kept, and rendered where there is no message; what begins with `@` and has
no field here stays a property of that name, and so does everything else.
"""

from __future__ import annotations

from typing import Any

import msgspec

from logster.fields.exception import split_exception
from logster.fields.instant import read_instant
from logster.fields.severity import severity_of_level
from logster.fields.template import render_template, takes_renderings
from logster.ingest.protocols.seq.names import (
    decode_value,
    find_fields,
    find_resource_fields,
    find_scope_fields,
    text_of,
)

#: The members of an event, by name.
Members = dict[str, msgspec.Raw]

#: A message may grow to so many times its event, by holes that are there twice, or are padded.
_MAX_GROWTH = 4
_ALWAYS_CHARACTERS = 4_096

#: Member -> the field that holds its text.
_TEXTS = {"@mt": "template", "@tr": "trace_id", "@sp": "span_id"}


def read_event(members: Members, text: bytes, *, has_escapes: bool) -> dict[str, Any]:
    """The fields of an event; `text` is all of it, as it was sent.

    It `has_escapes` when names of it may begin with `@@`.
    """
    fields: dict[str, Any] = {}
    for name, field in _TEXTS.items():
        if name in members and (value := text_of(members[name])) is not None:
            fields[field] = value
            del members[name]
    if "@t" in members:
        fields["timestamp"] = _time_of(decode_value(members.pop("@t")))
    if "@l" in members and (severity := severity_of_level(decode_value(members["@l"]))) is not None:
        fields["severity"] = severity
        del members["@l"]
    if "@x" in members and (said := text_of(members["@x"])) is not None:
        fields["exception"], fields["stack_trace"] = split_exception(said)
        del members["@x"]
    if "@m" in members and (message := text_of(members["@m"])) is not None:
        fields["message"] = message
        del members["@m"]
        take_renderings(fields.get("template"), members)
    else:
        fields["message"] = render_message(
            fields.get("template"), fields.get("exception"), members, text
        )
    properties = _unescape(members) if has_escapes else members
    return _find_origin(members) | find_fields(properties) | fields | {"properties": properties}


def _find_origin(members: Members) -> dict[str, str]:
    """Fields that the resource and the scope of OpenTelemetry name."""
    origin: dict[str, str] = {}
    if "@ra" in members:
        origin |= find_resource_fields(decode_value(members["@ra"]))
    if "@sc" in members:
        origin |= find_scope_fields(decode_value(members["@sc"]))
    return origin


def take_renderings(template: str | None, members: Members) -> list[Any]:
    """The texts that the holes of a template have in its message."""
    if "@r" not in members or template is None:
        return []
    renderings = decode_value(members["@r"])
    if not isinstance(renderings, list):
        return []
    if not renderings or takes_renderings(template):  # else nothing of them is in the message
        del members["@r"]
    return renderings


def _time_of(value: Any) -> Any:
    """A number counts since 1970; text is read with that of all events."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return read_instant(value) if is_number else value


def render_message(
    template: str | None, exception: str | None, members: Members, text: bytes
) -> str:
    """The message of an event that has but a template, or not even that."""
    if template is None:
        return exception or text.decode("utf-8", "replace").strip()
    if "{" not in template and "}" not in template:
        take_renderings(template, members)
        return template
    most = max(_ALWAYS_CHARACTERS, _MAX_GROWTH * len(text))
    return render_template(template, members, take_renderings(template, members), most)


def _unescape(members: Members) -> Members:
    """`@@name` is the property `@name`, unless a member of that name is there as well."""
    return {
        name[1:] if name.startswith("@@") and name[1:] not in members else name: value
        for name, value in members.items()
    }
