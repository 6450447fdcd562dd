"""A native message as a browser form: `Message=app+loaded&Severity=2`.

In: plain bytes. Out: a `NativeMessage` or `Faults`.
Promise: names, duplicates and texts are those of ASP.NET's model binder, which are
not those of JSON: the first of equal names counts, a blank value is no value.
A field that is no member is kept as a property.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from logster.ingest import json_text
from logster.ingest.protocols.native_message import (
    MEMBERS,
    MESSAGE_REQUIRED,
    NET_BLANKS,
    Faults,
    NativeMessage,
    check_rules,
    is_instant,
    merge_properties,
    one_fault,
    read_integer,
    shown,
    timestamp_fault,
)

VALUE_REQUIRED = "A value is required."

#: A form of more fields is no message; bounds the Python time of one body.
MAX_FIELDS = 10_000
_MAX_TOLD = 1000

_CLOSED_BRACKETS = re.compile(r"[^\[]*+(?:\[[^\]]*+\][^\[]*+)*+")
_HEX = re.compile(r"(?:#|0[xX]|&[hH])([0-9A-Fa-f]{1,8})")
_INT32 = range(-(2**31), 2**31)


def read_form(body: bytes) -> NativeMessage | Faults:
    """The message of a form."""
    if body.count(b"&") >= MAX_FIELDS:
        return one_fault("message", f"The form has more than {MAX_FIELDS} fields.", "size")
    known: dict[str, str] = {}
    unknown: dict[str, list[str]] = {}
    for name, value in map(_decode_pair, body.split(b"&")):
        if not _CLOSED_BRACKETS.fullmatch(name):
            told = f"The field name {shown(name)} has a bracket that is not closed."
            return one_fault("message", told, "syntax")
        field = MEMBERS.get(name.replace("[]", "").lower())
        if field is not None and field not in known:
            known[field] = value
        elif name or value:
            unknown.setdefault(name, []).append(value)
    return _message(known, unknown)


def _decode_pair(pair: bytes) -> tuple[str, str]:
    name, _, value = pair.replace(b"+", b" ").partition(b"=")
    return (
        unquote_to_bytes(name).decode("utf-8", "replace"),
        unquote_to_bytes(value).decode("utf-8", "replace"),
    )


def _message(known: dict[str, str], unknown: dict[str, list[str]]) -> NativeMessage | Faults:
    properties = known.pop("properties", "")
    fields: dict[str, Any] = {
        field: value if value.strip(NET_BLANKS) else None for field, value in known.items()
    }
    faults = Faults()
    if "severity" in known:
        fields["severity"] = _read_severity(known["severity"], "message" in known, faults, fields)
    if fields.get("timestamp") is not None and not is_instant(fields["timestamp"]):
        faults.add("message.Timestamp", timestamp_fault(shown(fields["timestamp"])), "timestamp")
    check_rules(fields, faults)
    if faults:
        return faults
    return NativeMessage(**fields, properties=_properties(properties, unknown))


def _read_severity(text: str, has_message: bool, faults: Faults, fields: dict[str, Any]) -> int:
    """The number; names are not read here, the original's text for them is part of the contract."""
    if not text.strip(NET_BLANKS):
        # The binder misses a blank Message before it misses this value, an absent one later.
        if has_message and fields["message"] is None:
            faults.add("message.Message", MESSAGE_REQUIRED, "missing_message")
        faults.add("message.Severity", VALUE_REQUIRED, "severity")
        return 0
    number = _read_number(text.strip(NET_BLANKS))
    if number is None:
        told = f"The value '{text[:_MAX_TOLD]}' is not valid for Severity."
        faults.add("message.Severity", told, "severity")
        return 0
    return number


def _read_number(text: str) -> int | None:
    """An Int32 as .NET's converter reads it: decimal, or hexadecimal behind #, 0x or &h."""
    found = _HEX.fullmatch(text)
    if found:
        number = int(found[1], 16)
        return number if number in _INT32 else number - 2**32
    decimal = read_integer(text)
    return decimal if decimal is not None and decimal in _INT32 else None


def _properties(text: str, unknown: dict[str, list[str]]) -> msgspec.Raw:
    raw = {
        name: msgspec.json.encode(values[0] if len(values) == 1 else values).decode()
        for name, values in unknown.items()
    }
    explicit: str | None = None
    if text.strip(NET_BLANKS):
        try:
            json_text.read_members(text)
            explicit = text.strip(json_text.BLANKS)
        except json_text.JsonTextError:
            raw["Properties"] = json_text.quote(text)
    return msgspec.Raw(merge_properties(explicit, raw))
