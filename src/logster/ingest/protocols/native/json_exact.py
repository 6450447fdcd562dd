"""A native message in JSON, read to explain: every rule of it, and every mistake in its words.

In: the bytes of one message. Out: a `NativeMessage`, or `Faults` by place.
Promise: what the fast reader takes means the same here; it comes here with all else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import InvalidBodyError
from logster.ingest import json_text
from logster.ingest.json_place import place, shown_path
from logster.ingest.normalize import ORIGINAL_TIMESTAMP
from logster.ingest.protocols.native.json_charset import decode_text
from logster.ingest.protocols.native.message import (
    MAX_FAULTS,
    MEMBERS,
    MESSAGE_REQUIRED,
    Faults,
    NativeMessage,
    check_rules,
    cut,
    is_blank,
    is_instant,
    merge_properties,
    one_fault,
    read_integer,
    read_severity,
    severity_fault,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.ingest.json_text import JsonTextError, Member


def read_exactly(body: bytes, charset: str, max_faults: int = MAX_FAULTS) -> NativeMessage | Faults:
    """The one message of these bytes, or what is wrong with it."""
    try:
        text = decode_text(body, charset)
    except InvalidBodyError as error:
        return one_fault("message", next(iter(error.faults.values()))[0], error.reason)
    if text.strip(json_text.BLANKS) in ("", "null"):
        text = "{}"
    try:
        return _read_message(text, json_text.read_members(text), Faults(max_faults))
    except json_text.JsonTextError as error:
        return syntax_faults(error)


def syntax_faults(error: JsonTextError) -> Faults:
    """Text that is no JSON, as a fault at the last place that was reached."""
    faults = one_fault(key_of(error.path), str(error), error.reason)
    if error.needs_value and error.path.lower() == "message":
        # As the original: a Message without a value is not there, either.
        faults.add(key_of(error.path), MESSAGE_REQUIRED, "missing_message")
    return faults


def key_of(path: str) -> str:
    """The place of a fault: `message.User`, `message['a b']`, `message`."""
    return f"message.{path}" if path and path[0] != "[" else f"message{path}"


def _read_message(text: str, members: list[Member], faults: Faults) -> NativeMessage | Faults:
    fields: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    properties: str | None = None
    unread: str | None = None
    for member in members:
        field = MEMBERS.get(member.name.lower())
        if field is None:
            unknown[member.name] = member.raw
        elif field == "properties":
            properties = member.raw
        elif field == "timestamp":
            fields["timestamp"], unread = _read_timestamp(member)
        else:
            fields[field] = _READERS.get(field, _read_string)(member, text, faults)
            if faults.is_full:
                return faults
    check_rules(fields, faults, unknown)
    if faults:
        return faults
    if unread is not None:
        unknown.setdefault(ORIGINAL_TIMESTAMP, unread)
    return NativeMessage(**fields, properties=_properties(properties, unknown))


def _properties(raw: str | None, unknown: dict[str, str]) -> msgspec.Raw:
    if raw is not None and raw[0] != "{":
        if raw != "null":
            unknown["Properties"] = raw
        raw = None
    return msgspec.Raw(merge_properties(raw, unknown))


def _read_string(member: Member, text: str, faults: Faults) -> str | None:
    """Text, or a number or boolean as the original turned it into text."""
    if member.value is not None:
        return member.value
    first = member.raw[0]
    if first in "tf":
        return member.raw
    if first == "n":
        return None
    if first in "{[":
        _add_type_fault(member, text, faults, f"must be text, but is {_KINDS[first]}")
        return None
    return _number_text(member, text, faults)


_KINDS = {"{": "an object", "[": "an array"}


def _read_fingerprint(member: Member, text: str, faults: Faults) -> str | list[str] | None:
    """A text or several; numbers and booleans among them as in every text."""
    if member.raw[0] != "[":
        return _read_string(member, text, faults)
    items = (bytes(raw).decode().strip() for raw in _decode_items(member.raw))
    texts = (
        _read_string(member._replace(raw=item, value=_text_of(item)), text, faults)
        for item in items
    )
    return [each for each in texts if each is not None]


_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _text_of(raw: str) -> str | None:
    return msgspec.json.decode(raw, type=str) if raw[0] == '"' else None


def _number_text(member: Member, text: str, faults: Faults) -> str | None:
    """As .NET shows a number: 5.10 is 5.1, 1e3 is 1000; a whole number keeps its digits."""
    if member.raw.lstrip("-").isdigit():
        return "0" if member.raw == "-0" else member.raw
    number = float(member.raw)
    if not math.isfinite(number):
        _add_type_fault(member, text, faults, "is a number too large to keep")
        return None
    return f"{number + 0.0:.15G}"


def _add_type_fault(member: Member, text: str, faults: Faults, what: str) -> None:
    sentence = (
        f"{member.name} {what} ({place(text, member.position)}). "
        "Send a string; structured data belongs into Properties."
    )
    faults.add(key_of(shown_path(member.name)), sentence, "type")


def _read_severity(member: Member, text: str, faults: Faults) -> int:
    is_text = member.value is not None
    severity = read_severity(member.value or "") if is_text else read_integer(member.raw)
    if severity is not None:
        return severity
    said = member.raw if member.value is None else shown(member.value)
    told = f"{cut(said)} ({place(text, member.position)})"
    faults.add(key_of(member.name), severity_fault(told), "severity")
    return 0


#: Field -> what reads it, unless it is a text like the others.
_READERS: dict[str, Callable[[Member, str, Faults], Any]] = {
    "severity": _read_severity,
    "fingerprint": _read_fingerprint,
}


def _read_timestamp(member: Member) -> tuple[str | int | float | None, str | None]:
    """When it happened, or what cannot be read as a time: that costs no message."""
    value: str | int | float | None = member.value
    if value is None and member.raw[0] in "-0123456789":
        value = _number(member.raw)
    if value is not None and is_instant(value):
        return value, None
    is_nothing = member.raw == "null" or (member.value is not None and is_blank(member.value))
    return None, None if is_nothing else member.raw


def _number(raw: str) -> int | float:
    """As the fast decoder: whole numbers as ints. More digits than any time has make a float."""
    return int(raw) if raw.lstrip("-").isdigit() and len(raw) <= 30 else float(raw)  # noqa: PLR2004
