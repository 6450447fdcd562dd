"""Structured logs: `{"items": [{"timestamp": …, "level": "info", "body": "…", "attributes": …}]}`.

In: the payload of an item. Out: its logs, each as its own text; the fields of one.
Source: https://develop.sentry.dev/sdk/telemetry/logs/
Promise: an attribute is a property of its name and of its type; those that a field takes, and the
template's parameters, are told in docs/protocols/sentry.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.severity import severity_of_level, severity_of_otel
from logster.ingest.json_items import read_items
from logster.ingest.protocols.sentry.event import NO_MESSAGE, take_usual
from logster.ingest.protocols.sentry.frames import is_empty, text_of
from logster.ingest.protocols.sentry.labels import (
    Members,
    decode_value,
    members_of,
)
from logster.ingest.protocols.sentry.mending import decode_mended

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits

#: Attribute -> the field that holds its text.
_TEXTS = {
    "sentry.environment": "environment",
    "sentry.release": "release",
    "sentry.message.template": "template",
    "server.address": "host",
    "logger.name": "category",
    "service.name": "application",
}
#: These stay properties, too.
_USERS = ("user.id", "user.name", "user.email")
_PARAMETER = "sentry.message.parameter."
_SDK = ("sentry.sdk.name", "sentry.sdk.version")
_PARENT = "sentry.trace.parent_span_id"


class _Payload(msgspec.Struct):
    items: msgspec.Raw


class _Attribute(msgspec.Struct):
    value: msgspec.Raw
    type: Any = None


_decode_payload = msgspec.json.Decoder(_Payload).decode
_decode_attribute = msgspec.json.Decoder(_Attribute).decode


def split_logs(payload: bytes, limits: Limits) -> list[msgspec.Raw]:
    """The logs as they were sent; raises ValueError, BodyTooLargeError for too many."""
    return read_items(decode_mended(_decode_payload, payload).items, limits)


def read_log(members: Members) -> dict[str, Any]:
    """The fields of a log; raises ValueError."""
    attributes = members_of(members.get("attributes"))
    if attributes is not None:
        del members["attributes"]
    values = {name: _value_of(raw) for name, raw in (attributes or {}).items()}
    fields = take_usual(members) | _take_texts(values)
    if "severity" not in fields:
        fields["severity"] = _severity_of(members)
    for name in ("trace_id", "span_id"):
        if name in members and (told := text_of(decode_value(members[name]))):
            fields[name] = told
            del members[name]
    if "span_id" not in fields and isinstance(values.get(_PARENT), str):
        fields["span_id"] = values.pop(_PARENT)
    fields["message"] = _take_body(members, fields)
    properties = _name_parameters(values)
    for name, raw in members.items():
        if not is_empty(raw):
            properties.setdefault(name, raw)
    return fields | {"properties": properties}


def _take_body(members: Members, fields: dict[str, Any]) -> str:
    """What was said; a body that is no text is told as JSON."""
    if "body" not in members or is_empty(members["body"]):
        return fields.get("template") or NO_MESSAGE
    raw = members.pop("body")
    body = decode_value(raw)
    return body if isinstance(body, str) else bytes(raw).decode()


def _severity_of(members: Members) -> int | None:
    number = decode_value(members["severity_number"]) if "severity_number" in members else None
    if isinstance(number, int) and (severity := severity_of_otel(number)) is not None:
        return severity
    told = decode_value(members["level"]) if "level" in members else None
    return severity_of_level(told)


def _value_of(raw: msgspec.Raw) -> Any:
    """A value without its wrapping; a number that is written as text is a number again."""
    try:
        attribute = _decode_attribute(raw)
    except msgspec.ValidationError:
        return raw
    value = decode_value(attribute.value)
    if attribute.type == "integer" and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    return value if isinstance(value, str) else attribute.value


def _take_texts(values: dict[str, Any]) -> dict[str, Any]:
    """The fields that attributes hold."""
    fields: dict[str, Any] = {}
    for name, field in _TEXTS.items():
        if isinstance(value := values.get(name), str):
            fields[field] = value
            del values[name]
    users = (values.get(name) for name in _USERS)
    user = next((text for value in users if (text := _plain(value))), None)
    if user:
        fields["user"] = user
    sdk = [each for name in _SDK if isinstance(each := values.get(name), str)]
    if len(sdk) == len(_SDK):
        values["sdk"] = "/".join(sdk)
        for name in _SDK:
            del values[name]
    return fields


def _plain(value: Any) -> str:
    return text_of(decode_value(value) if isinstance(value, msgspec.Raw) else value)


def _name_parameters(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters under the names that the template has for them, where these are free."""
    return {
        short
        if (short := name.removeprefix(_PARAMETER)) and (short == name or short not in values)
        else name: value
        for name, value in values.items()
    }
