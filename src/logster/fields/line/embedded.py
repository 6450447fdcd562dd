"""A text that is itself a JSON object or logfmt: what it says beside the protocol that carried it.

In: a line of a container, the message of a syslog line. Out: fields of an event and its
properties, or None when the text is neither. The text stays the message: whoever asks keeps it.
Promise: pure; never raises; a text that is neither costs a look at its head; what no field holds
is a property, JSON values in their own spelling.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.aliases import find_fields
from logster.fields.ansi import ESCAPE, plain_of
from logster.fields.exception import split_exception
from logster.fields.instant import read_instant
from logster.fields.line.jsonline import read_members
from logster.fields.line.logfmt import read_pairs
from logster.fields.severity import severity_of

if TYPE_CHECKING:
    from collections.abc import Container

#: An object, also behind the mark of rsyslog and its kin, or the first name of logfmt.
_HEAD = re.compile(r"\s*(?:@cee:\s*)?(?:(?P<object>\{)|[A-Za-z_@][\w.@/-]*=)", re.ASCII)
#: Members that may be an exception with all its parts.
_ERRORS = ("err", "error", "exception")
#: What it calls its stack trace.
_STACKS = ("stack", "traceback", "stack_trace", "stacktrace")
#: One pair alone is a sentence with a sign in it as often as it is logfmt.
MIN_PAIRS = 2
#: Properties may be nested 256 levels deep; an object of so many brackets is kept as text only.
MAX_BRACKETS = 250


def read_embedded(text: str, known: Container[str] = ()) -> dict[str, Any] | None:
    """The fields that a text says, `properties` among them, as `Rows.add` takes them.

    The fields of `known` are said by the protocol already: in the text they are properties.
    """
    plain = plain_of(text) if ESCAPE in text else text
    head = _HEAD.match(plain)
    if head is None:
        return None
    members = _members_of(plain[head.start("object") :]) if head["object"] else _pairs_of(plain)
    return None if members is None else _fields_of(members, known)


def _members_of(text: str) -> dict[str, Any] | None:
    if text.count("{") + text.count("[") > MAX_BRACKETS:
        return None
    try:
        return dict(read_members(text))
    except (ValueError, RecursionError):
        return None


def _pairs_of(text: str) -> dict[str, Any] | None:
    pairs = read_pairs(text)
    return dict(pairs) if pairs and len(pairs) >= MIN_PAIRS else None


def _fields_of(members: dict[str, Any], known: Container[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"properties": members}
    for field, name in find_fields(members).items():
        if field == "message" or field in known:
            continue
        value = _value_of(field, members[name])
        if value is not None:
            fields[field] = value
            del members[name]
    if "stack_trace" not in known and "exception" not in known:
        _find_error(members, fields)
    return fields


def _find_error(members: dict[str, Any], fields: dict[str, Any]) -> None:
    """An exception that is an object, as pino and its kin write it: `"err":{"stack":"…"}`.

    The object stays, without what is a field now.
    """
    if "stack_trace" not in fields:
        for name in _ERRORS:
            error = _value_of_error(members.get(name))
            if error is not None:
                fields["stack_trace"] = error.pop(_stack_of(error))
                members[name] = error
                break
    if trace := fields.get("stack_trace"):
        fields.setdefault("exception", split_exception(trace)[0])


def _value_of_error(said: Any) -> dict[str, Any] | None:
    """An object with a stack trace."""
    try:
        error = msgspec.json.decode(said) if isinstance(said, msgspec.Raw) else None
    except (ValueError, RecursionError):  # a number beyond every type
        return None
    return error if isinstance(error, dict) and _stack_of(error) else None


def _stack_of(error: dict[str, Any]) -> str:
    """The member with the stack trace; empty when there is none."""
    return next((name for name in _STACKS if _is_said(error.get(name))), "")


def _is_said(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _value_of(field: str, said: str | msgspec.Raw) -> Any:
    """A value as its field holds it; None when it cannot."""
    try:
        value = said if isinstance(said, str) else msgspec.json.decode(said)
    except (ValueError, RecursionError):  # a number beyond every type
        return None
    if field == "severity":
        return severity_of(value)
    if field == "timestamp":
        return _instant_of(value)
    return value if isinstance(value, str) and value.strip() else None


def _instant_of(value: Any) -> int | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        return read_instant(value)
    except (ValueError, OverflowError):
        return None
