"""One document of GELF becomes fields.

In: JSON bytes. Out: fields as `Rows` takes them; raises ValueError, whose text is the reason.
Promise: pure; nothing is lost: what no field holds is a property, its value in its own spelling.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.exception import find_trace, split_exception
from logster.fields.instant import read_instant
from logster.fields.letters import read_letters
from logster.fields.severity import severity_of, severity_of_syslog

Members = dict[str, msgspec.Raw]

_MEMBERS = msgspec.json.Decoder(Members)
_TEXT = msgspec.json.Decoder(str)
_VALUE = msgspec.json.Decoder()
#: A program writes a few kinds of documents; those with long names are not remembered.
_MAX_PLANS = 512
_MAX_NAMES = 100
_MAX_NAME_CHARACTERS = 2000
#: Fields that may be said twice, in parts.
_ERRORS = ("exception", "stack_trace")
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
    plan = _plan_of(members)
    properties = {plan.names[name]: value for name, value in members.items()}
    _take_extra(properties, fields, plan)
    fields["properties"] = properties
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
    said = full
    if found := find_trace(full):
        said, fields["exception"], fields["stack_trace"] = found
    if said in fields["message"] or (found and said in found[-1]):
        del members["full_message"]


class _Plan(msgspec.Struct, frozen=True):
    """What documents with the same members have in common: it is found out once for all of them."""

    #: Member -> its name as a property.
    names: dict[str, str]
    #: Fields and the properties that may be one, in the order in which they are tried.
    takes: list[tuple[str, str]]


def _make_plan(members: tuple[str, ...]) -> _Plan:
    names: dict[str, str] = {}
    used: set[str] = set()
    for name in members:
        bare = name.removeprefix("_") or name
        # Two members that differ in the underscore alone keep it.
        names[name] = name if bare in used or (bare != name and bare in members) else bare
        used.add(names[name])
    named = {_OTHER_NAMES.get(name.lower(), name): name for name in names.values()}
    found = {field: named[told] for field, told in find_fields(named).items()}
    by_case = {name.lower(): name for name in names.values()}
    takes = [("stack_trace", found.pop("stack_trace"))] if "stack_trace" in found else []
    takes += [(field, name) for field, name in found.items() if field not in _NOT_EXTRA]
    takes += [("application", by_case[told]) for told in _APPLICATIONS if told in by_case]
    if "facility" in by_case:
        takes.append(("category", by_case["facility"]))
    return _Plan(names, takes)


_remembered_plan = lru_cache(_MAX_PLANS)(_make_plan)


def _plan_of(members: Members) -> _Plan:
    names = tuple(members)
    if len(names) > _MAX_NAMES or sum(map(len, names)) > _MAX_NAME_CHARACTERS:
        return _make_plan(names)
    return _remembered_plan(names)


def _take_extra(properties: Members, fields: dict[str, Any], plan: _Plan) -> None:
    """Take what programs call our other fields by."""
    for field, name in plan.takes:
        if field not in fields or field in _ERRORS:
            _take(properties, name, fields, field)
        if field == "stack_trace" and field in fields:
            fields.setdefault("exception", split_exception(fields[field])[0])
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
    try:
        return None if raw is None else _TEXT.decode(raw)
    except ValueError:  # also half of a character
        return None


def _instant_of(raw: msgspec.Raw) -> int | None:
    """Seconds since 1970, as a number or as text."""
    try:
        value = _VALUE.decode(raw)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        return read_instant(value)
    except (ValueError, OverflowError, RecursionError):
        return None


def _severity_of(raw: msgspec.Raw) -> int | None:
    """Syslog's number, as a number or as text, or a word."""
    try:
        value = _VALUE.decode(raw)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) == 1 else value
    if isinstance(value, int) and not isinstance(value, bool):
        return severity_of_syslog(value)
    return severity_of(value) if isinstance(value, str) else None
