"""One document of GELF becomes fields.

In: JSON bytes. Out: fields as `Rows` takes them; raises ValueError, whose text is the reason.
Promise: pure; nothing is lost: what no field holds is a property, its value in its own spelling.
"""

from __future__ import annotations

from typing import Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.exception import split_exception
from logster.fields.instant import read_instant
from logster.fields.letters import read_letters
from logster.fields.severity import severity_of, severity_of_syslog

Members = dict[str, msgspec.Raw]

_MEMBERS = msgspec.json.Decoder(Members)
#: Fields that a document has names of its own for.
_NOT_EXTRA = frozenset({"message", "timestamp", "severity", "host"})
#: Names of gelf-pro and its kin, as others write them.
_OTHER_NAMES = {
    "error_message": "error.message",
    "error_stack": "error.stack_trace",
    "error_stack_trace": "error.stack_trace",
}
#: Who sent it, the surest first; Docker's driver names the container.
_APPLICATIONS = (
    *("application", "application_name", "app", "app_name", "service", "service_name"),
    "container_name",
)
_VERSIONS = (b'"1.1"', b'"1.0"')


def read_document(document: bytes) -> dict[str, Any]:
    """The fields of an event; raises ValueError."""
    if not document.isascii():  # members that stay as they are were never looked at
        document = read_letters(document).encode()
    try:
        members = _MEMBERS.decode(document)
    except RecursionError:
        raise ValueError("It is nested too deep.") from None
    except ValueError as error:
        raise ValueError(f"It is no JSON object: {error}.") from None
    fields: dict[str, Any] = {"message": _text_of(members.get("short_message"))}
    if not fields["message"]:
        raise ValueError("short_message is required: a text that is not empty.")
    del members["short_message"]
    if bytes(members.get("version", b"")) in _VERSIONS:
        del members["version"]
    _take_own(members, fields)
    members = _named(members)
    _take_extra(members, fields)
    fields["properties"] = members
    return fields


def _take_own(members: Members, fields: dict[str, Any]) -> None:
    """Take what has a name in every document."""
    for name, field, read in (
        ("host", "host", _text_of),
        ("timestamp", "timestamp", _instant_of),
        ("level", "severity", _severity_of),
    ):
        if name in members and (value := read(members[name])) is not None:
            fields[field] = value
            del members[name]
    full = _text_of(members.get("full_message"))
    if full is None:
        return
    exception, trace = split_exception(full)
    if trace is not None:
        fields["exception"], fields["stack_trace"] = exception, trace
    if trace is not None or full == fields["message"]:
        del members["full_message"]


def _named(members: Members) -> Members:
    """Additional members without their underscore, unless another one is called so."""
    named: Members = {}
    for name, value in members.items():
        bare = name.removeprefix("_") or name
        named[name if bare in named or (bare != name and bare in members) else bare] = value
    return named


def _take_extra(members: Members, fields: dict[str, Any]) -> None:
    """Take what programs call our other fields by."""
    names = {_OTHER_NAMES.get(name.lower(), name): name for name in members}
    found = find_fields(names)
    if told := found.pop("stack_trace", ""):
        _take(members, names[told], fields, "stack_trace")
        if trace := fields.get("stack_trace"):
            fields.setdefault("exception", split_exception(trace)[0])
    for field, told in found.items():
        if field not in _NOT_EXTRA:
            _take(members, names[told], fields, field)
    by_case = {name.lower(): name for name in members}
    for told in (*_APPLICATIONS, *(() if "category" in fields else ("facility",))):
        field = "category" if told == "facility" else "application"
        if told in by_case and field not in fields:
            _take(members, by_case[told], fields, field)
    exception = fields.get("exception")
    if exception and "stack_trace" not in fields:
        fields["exception"], fields["stack_trace"] = split_exception(exception)


def _take(members: Members, name: str, fields: dict[str, Any], field: str) -> None:
    """Make a member a field, unless the field says something else already."""
    text = _text_of(members[name])
    if text and text in fields.setdefault(field, text):
        del members[name]


def _text_of(raw: msgspec.Raw | None) -> str | None:
    """A text; None for any other value."""
    if raw is None or not bytes(raw).startswith(b'"'):
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except ValueError:  # half of a character
        return None


def _instant_of(raw: msgspec.Raw) -> int | None:
    """Seconds since 1970, as a number or as text."""
    try:
        value = msgspec.json.decode(raw)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        return read_instant(value)
    except (ValueError, OverflowError, RecursionError):
        return None


def _severity_of(raw: msgspec.Raw) -> int | None:
    """Syslog's number, as a number or as text, or a word."""
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) == 1 else value
    if isinstance(value, int) and not isinstance(value, bool):
        return severity_of_syslog(value)
    return severity_of(value) if isinstance(value, str) else None
