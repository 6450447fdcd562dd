"""One event: which of its members are fields, which properties, and which are kept as details.

In: members by name, their values as they were sent. Out: the fields of a row (`columns.Rows`).
Promise: nothing is lost. What no field takes is a property when it is text, a number or a truth
value, and among the details when it is an object or a list; a member of an odd type is no fault.
docs/protocols/sentry.md has the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logster.event import Severity
from logster.fields.instant import read_instant
from logster.fields.severity import severity_of_level
from logster.ingest.protocols.sentry import labels
from logster.ingest.protocols.sentry.exceptions import read_chain, read_stack, read_thread
from logster.ingest.protocols.sentry.frames import is_empty, render_name, text_of
from logster.ingest.protocols.sentry.labels import Members, decode_value, members_of
from logster.ingest.protocols.sentry.logentry import read_logentry
from logster.ingest.protocols.sentry.traceback import render_chain, render_frames

if TYPE_CHECKING:
    import msgspec

#: Member -> the field that holds its text.
_TEXTS = {
    "logger": "category",
    "release": "release",
    "environment": "environment",
    "server_name": "host",
}
_CONTAINERS = b"{["

NO_MESSAGE = "(an event without a message)"


def read_event(members: Members, event_id: str | None) -> dict[str, Any]:
    """The fields of an event; its `members` are taken out of the dict."""
    properties: dict[str, Any] = {"event_id": event_id} if event_id else {}
    details: dict[str, Any] = {}
    if event_id:
        members.pop("event_id", None)
    fields = take_usual(members)
    fields.setdefault("severity", Severity.ERROR)
    fields |= _take_exception(members, details)
    fields |= _take_message(members, properties, fields.get("exception"))
    fields |= take_labels(members, properties, details)
    return fields | {"properties": properties, "details": details}


def take_usual(members: Members) -> dict[str, Any]:
    """The time, the severity, and texts that have a field of their own."""
    fields: dict[str, Any] = {}
    for name, field in _TEXTS.items():
        if name in members and isinstance(value := decode_value(members[name]), str):
            fields[field] = value
            del members[name]
    if "timestamp" in members and (instant := _instant_of(members["timestamp"])) is not None:
        fields["timestamp"] = instant
        del members["timestamp"]
    if "level" in members:
        severity = severity_of_level(decode_value(members["level"]))
        if severity is not None:
            fields["severity"] = severity
            del members["level"]
    return fields


def _instant_of(raw: msgspec.Raw) -> int | None:
    value = decode_value(raw)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return read_instant(value)
    except ValueError:
        return None


def _take_exception(members: Members, details: dict[str, Any]) -> dict[str, Any]:
    """The exception, or what the thread was doing that sent a message."""
    raw = members.get("platform")
    platform = "" if raw is None else text_of(decode_value(raw))
    if "exception" in members and not is_empty(members["exception"]):
        details["exception"] = raw = members.pop("exception")
        if chain := read_chain(raw):
            outermost = chain[-1]
            has_places = any(each.frames for each in chain)
            if outermost.type is None and len(chain) == 1:  # the place where a message was sent
                frames = outermost.frames
                return {"stack_trace": render_frames(frames, platform)} if frames else {}
            return {
                "exception": render_name(outermost),
                "stack_trace": render_chain(chain, platform) if has_places else None,
            }
    frames = []
    if "stacktrace" in members:
        frames = read_stack(members["stacktrace"])
    if not frames and "threads" in members:
        frames = read_thread(members["threads"])
    return {"stack_trace": render_frames(frames, platform)} if frames else {}


def _take_message(
    members: Members, properties: dict[str, Any], exception: str | None
) -> dict[str, Any]:
    """What was said, in words and as a template; else what was raised."""
    if "message" in members and bytes(members["message"]) == b'""':
        del members["message"]
    for name in ("logentry", "message"):
        if name in members and (found := read_logentry(members[name])) is not None:
            del members[name]
            if found.params is not None:
                properties["params"] = found.params
            return {"message": found.message, "template": found.template}
    return {"message": exception or NO_MESSAGE}


def take_labels(
    members: Members, properties: dict[str, Any], details: dict[str, Any]
) -> dict[str, Any]:
    """Everything else, and the fields that it names."""
    fields: dict[str, Any] = {}
    if "user" in members and (user := labels.user_of(members["user"])):
        fields["user"] = user
        properties["user"] = members.pop("user")
    if "contexts" in members and (contexts := members_of(members["contexts"])):
        fields |= labels.trace_fields(contexts)
        properties |= labels.context_properties(contexts)
    if "request" in members and (request := labels.request_properties(members["request"])):
        properties["request"] = request
    if "sdk" in members and (sdk := labels.sdk_of(members["sdk"])):
        properties["sdk"] = sdk
    tags = labels.read_pairs(members["tags"]) if "tags" in members else None
    if tags is not None:
        del members["tags"]
    extra = members_of(members.get("extra"))
    if extra is not None:
        del members["extra"]
    for name, raw in members.items():
        if not is_empty(raw):
            kept = details if memoryview(raw)[0] in _CONTAINERS else properties
            kept[name] = raw
    labels.add_all(properties, tags or {}, "tags")
    labels.add_all(properties, extra or {}, "extra")
    return fields
