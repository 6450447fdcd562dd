"""A native message as a browser form: `Message=app+loaded&Severity=2`.

In: plain bytes and the charset of the Content-Type. Out: a `NativeMessage` or `Faults`.
Promise: names, duplicates and texts are those of ASP.NET's model binder, which are
not those of JSON: the first of equal names counts, a blank value is no value.
A field that is no member is kept as a property. Letters are those of the charset that the
Content-Type or the field `_charset_` names, else of UTF-8; no letter is ever replaced.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from logster.ingest import json_text
from logster.ingest.charset import (
    UTF_8,
    CharsetError,
    decode,
    find_codec,
    hides_letters,
    is_wide,
    take_mark,
)
from logster.ingest.normalize import ORIGINAL_TIMESTAMP
from logster.ingest.protocols.native.message import (
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
)

VALUE_REQUIRED = "A value is required."

#: A form of more fields is no message; bounds the Python time of one body.
MAX_FIELDS = 10_000
_MAX_TOLD = 1000

#: A hidden field of HTML that browsers fill with the charset of the form.
_CHARSET_NAME = "_charset_"
_CHARSET = _CHARSET_NAME.encode()

#: What curl sends as a form unless it is told a Content-Type.
_OTHER_FORMATS = {
    first: f"The body looks like {kind}, but its Content-Type says that it is a form; "
    f"send Content-Type: application/{kind.lower()}."
    for first, kind in (("{", "JSON"), ("[", "JSON"), ("<", "XML"))
}

_HEX = re.compile(r"(?:#|0[xX]|&[hH])([0-9A-Fa-f]{1,8})")
_INT32 = range(-(2**31), 2**31)


def read_form(body: bytes, declared: str) -> NativeMessage | Faults:
    """The message of a form."""
    try:
        return _read(*_narrow(body, declared))
    except CharsetError as error:
        return one_fault("message", f"The form {error}.", "encoding")


def _narrow(body: bytes, declared: str) -> tuple[bytes, str]:
    """A form whose ASCII is one byte a letter, and the charset that is left to look at.

    A whole form in UTF-16 is read; a field in it was never more than its bytes in UTF-8.
    """
    marked, body = take_mark(body)
    codec = marked or find_codec(declared)
    if codec is None or not is_wide(codec):
        return body, "" if marked else declared
    if marked or b"\0" in body:
        body = decode(body, codec, declared).encode()
    return body, ""


def _read(body: bytes, declared: str) -> NativeMessage | Faults:
    if body.count(b"&") >= MAX_FIELDS:
        return one_fault("message", f"The form has more than {MAX_FIELDS} fields.", "size")
    pairs = [_unquote(pair) for pair in body.split(b"&")]
    named = declared or next((_ascii(value) for name, value in pairs if name == _CHARSET), "")
    known: dict[str, str] = {}
    fingerprint: list[str] = []
    unknown: dict[str, list[str]] = {}
    for name, value in _decode_pairs(pairs, named):
        if _has_open_bracket(name):
            told = f"The field name {shown(name)} has a bracket that is not closed."
            return one_fault("message", told, "syntax")
        field = MEMBERS.get(name.replace("[]", "").lower())
        if field == "fingerprint":  # a list, which a form writes by saying it again
            fingerprint.append(value)
        elif field is not None and field not in known:
            known[field] = value
        elif (name or value) and name != _CHARSET_NAME:
            unknown.setdefault(name, []).append(value)
    return _message(known, fingerprint, unknown, _ascii(body.lstrip()[:1]))


def _has_open_bracket(name: str) -> bool:
    """Whether a `[` has no `]` after it; in linear time, which an expression does not promise."""
    opened = name.find("[")
    while opened >= 0:
        closed = name.find("]", opened)
        if closed < 0:
            return True
        opened = name.find("[", closed)
    return False


def _unquote(pair: bytes) -> tuple[bytes, bytes]:
    name, _, value = pair.replace(b"+", b" ").partition(b"=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _decode_pairs(pairs: list[tuple[bytes, bytes]], named: str) -> list[tuple[str, str]]:
    codec = find_codec(named) if named else UTF_8
    if codec is None or is_wide(codec):
        # ASCII is ASCII in nearly every charset, also in one that is not known.
        is_ascii = all(name.isascii() and value.isascii() for name, value in pairs)
        if not is_ascii or hides_letters(named):
            raise CharsetError(f"names the charset {shown(named)}, which is not known; send UTF-8")
        codec = UTF_8
    try:
        return [(name.decode(codec), value.decode(codec)) for name, value in pairs]
    except UnicodeDecodeError:
        return [_decode_field(name, value, codec, named) for name, value in pairs]


def _decode_field(name: bytes, value: bytes, codec: str, named: str) -> tuple[str, str]:
    """One field, which is named when it is no text."""
    try:
        return decode(name, codec, named), decode(value, codec, named)
    except CharsetError as error:
        raise CharsetError(f"field {_ascii(name)[:_MAX_TOLD] or '?'} {error}") from None


def _ascii(text: bytes) -> str:
    return text.decode("ascii", "replace")


def _message(
    known: dict[str, str], fingerprint: list[str], unknown: dict[str, list[str]], first: str
) -> NativeMessage | Faults:
    properties = known.pop("properties", "")
    fields: dict[str, Any] = {
        field: value if value.strip(NET_BLANKS) else None for field, value in known.items()
    }
    faults = Faults()
    if "severity" in known:
        fields["severity"] = _read_severity(known["severity"], "message" in known, faults, fields)
    if fields.get("timestamp") is not None and not is_instant(fields["timestamp"]):
        # Kept, and put at its arrival: a time that cannot be read costs no message.
        unknown.setdefault(ORIGINAL_TIMESTAMP, [fields.pop("timestamp")])
    check_rules(fields, faults, unknown)
    if faults.has("message.Message") and first in _OTHER_FORMATS:
        faults.add("message", _OTHER_FORMATS[first], "media_type")
    if faults:
        return faults
    return NativeMessage(
        **fields, fingerprint=fingerprint or None, properties=_properties(properties, unknown)
    )


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
