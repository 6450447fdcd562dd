"""Datadog's intake of logs: `POST /api/v2/logs`, and the older `/v1/input`, also with the key.

In: a JSON array of logs, one log, logs on lines, or lines of text. Out: events.
Wire contract: docs/protocols/datadog.md.
Source: https://docs.datadoghq.com/api/latest/logs/#send-logs
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from logster.errors import InvalidBodyError
from logster.event import Severity
from logster.fields.aliases import find_fields
from logster.fields.exception import split_exception, split_message
from logster.fields.instant import read_instant
from logster.fields.line.embedded import read_embedded
from logster.fields.severity import severity_of_level
from logster.ingest.columns import Rows
from logster.ingest.credentials import anywhere, first_of, in_header, in_path
from logster.ingest.groups import check_said
from logster.ingest.json_items import check_items
from logster.ingest.json_marks import split_items
from logster.ingest.protocol import Protocol, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from logster.errors import LogsterError
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

    Members = dict[str, Any]

#: Members that Datadog reserves, and those of its tracers, beside the names of any logger.
_MEMBERS = {
    "status": "severity",
    "service": "application",
    "dd.service": "application",
    "logger.name": "category",
    "usr.id": "user",
    "error.message": "exception",
    "error.stack": "stack_trace",
    "host": "host",
    "dd.env": "environment",
    "dd.version": "release",
    "dd.trace_id": "trace_id",
    "dd.span_id": "span_id",
}
#: Tags that say what no member says.
_TAGS = {
    "status": "severity",
    "level": "severity",
    "service": "application",
    "logger": "category",
    "host": "host",
    "env": "environment",
    "version": "release",
}
#: Of statuses, those that are no severity anywhere else.
_GOOD = ("ok", "success")
#: What a request may say of all its logs in the address.
_OF_ALL = ("ddsource", "ddtags", "service", "hostname")

#: Members that are looked into.
_GROUPS = frozenset(name.partition(".")[0] for name in _MEMBERS if "." in name)

_decode = msgspec.json.Decoder().decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def count_parts(body: bytes, _: Request) -> int:
    """About how many members or lines there are."""
    return body.count(b",") + body.count(b"\n")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of a body.

    Raises InvalidBodyError for a list that cannot be read.
    """
    rows = Rows(limits)
    of_all = {
        name: check_said(name, value) for name, value in parse_qsl(request.query) if name in _OF_ALL
    }
    is_text = request.headers.get("content-type", "").startswith("text/")
    for number, item in enumerate(_items_of(body, limits, is_text=is_text), 1):
        if not rows.has_room(number, len(item)):
            continue
        try:
            members = _members_of(item, is_text=is_text)
        except (ValueError, RecursionError) as error:
            rows.reject(number, "syntax", f"The log cannot be read: {error}.")
            continue
        if members:  # an agent asks with `{}` whether anybody is there
            rows.add(number, **_fields_of({**of_all, **members}))
    return rows.reading()


def _items_of(body: bytes, limits: Limits, *, is_text: bool) -> Iterable[bytes | msgspec.Raw]:
    body = body.strip()
    if is_text or body[:1] not in (b"[", b"{"):
        return _lines_of(body)
    try:
        if body[:1] == b"[":
            check_items(body, limits.max_events)
            return _decode_items(body)
        return [_decode_raw(body)]
    except (ValueError, RecursionError) as error:
        if body[:1] == b"[" and (items := split_items(body)) is not None:
            return items
        if body[:1] == b"[":
            raise InvalidBodyError(
                {"body": [f"The list cannot be read: {error}."]}, "syntax"
            ) from None
        return _lines_of(body)


def _lines_of(body: bytes) -> Iterable[bytes]:
    """One at a time: of a body of empty lines the list would be eight times its size."""
    return filter(None, map(bytes.strip, BytesIO(body)))


def _members_of(item: bytes | msgspec.Raw, *, is_text: bool) -> Members:
    """The members of a log; a text is a log that is its message alone."""
    head = bytes(memoryview(item)[:1])
    if is_text:
        return {"message": bytes(item).decode()}
    if head == b'"':
        return {"message": _decode(item)}
    if head != b"{" and isinstance(item, bytes) and not _is_json(item):
        return {"message": item.decode()}
    return _decode_members(item)


def _is_json(line: bytes) -> bool:
    try:
        _decode_raw(line)
    except (ValueError, RecursionError):
        return False
    return True


def _fields_of(members: Members) -> Members:
    """What has a field of ours becomes one; the others stay properties."""
    fields: Members = {}
    status = members.get("status")
    _open_groups(members)
    for name, field in _MEMBERS.items():
        _move(members, name, fields, field)
    for field, name in find_fields(members).items():
        if field != "message":
            _move(members, name, fields, field)
    _take_tags(members, fields)
    message = _value_of(members.get("message"))
    if isinstance(message, str):
        del members["message"]
    else:
        message = msgspec.json.encode(members).decode("utf-8", "replace")
    _join_exception(members, fields)
    if "exception" not in fields and (raised := split_message(message)[1]) is not None:
        fields["exception"], fields["stack_trace"] = split_exception(raised)
    embedded = read_embedded(message, fields.keys() - {"severity"}) or {}
    if "severity" in embedded:  # a status is as often an agent's, of all that a container writes
        if status is not None and embedded["severity"] != fields.get("severity"):
            members["status"] = status
        fields["severity"] = embedded["severity"]
    properties = {**embedded.pop("properties", {}), **members}
    return {**embedded, **fields, "message": message, "properties": properties}


def _open_groups(members: Members) -> None:
    """`{"error":{"stack":…}}` and `{"error.stack":…}` are the same."""
    for group in _GROUPS & members.keys():
        inner = _value_of_object(members[group])
        known = {name for name in inner if f"{group}.{name}" in (*_MEMBERS, "error.kind")}
        if known:
            members[group] = {name: inner[name] for name in inner if name not in known}
            members.update({f"{group}.{name}": inner[name] for name in known})
            if not members[group]:
                del members[group]


def _value_of_object(said: Any) -> Members:
    if not isinstance(said, msgspec.Raw) or bytes(memoryview(said)[:1]) != b"{":
        return {}
    try:
        return _decode_members(said)
    except (ValueError, RecursionError):  # what was skipped in the item was not looked at
        return {}


def _join_exception(members: Members, fields: Members) -> None:
    """The kind of an exception stands before what it says; a stack trace says both."""
    if "stack_trace" in fields:
        fields.setdefault("exception", split_exception(fields["stack_trace"])[0])
    kind, said = _value_of(members.get("error.kind")), fields.get("exception")
    if isinstance(kind, str) and said and not said.startswith(kind):
        fields["exception"] = f"{kind}: {said}"
    if isinstance(kind, str) and said:
        del members["error.kind"]


def _move(members: Members, name: str, fields: Members, field: str) -> None:
    """Make a field of a member, when it has no value yet and this is one."""
    if field in fields or name not in members:
        return
    value = _field_value(field, _value_of(members[name]))
    if value is not None:
        fields[field] = value
        del members[name]


def _value_of(said: Any) -> Any:
    try:
        return _decode(said) if isinstance(said, msgspec.Raw) else said
    except (ValueError, RecursionError):  # a number beyond every type, half of a character
        return None


def _field_value(field: str, value: Any) -> Any:
    """A value as its field holds it; None when it cannot."""
    if field == "severity":
        return Severity.INFO if value in _GOOD else severity_of_level(value)
    if field != "timestamp":
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return read_instant(value)
    except (ValueError, OverflowError):
        return None


def _take_tags(members: Members, fields: Members) -> None:
    """`env:prod,team:x,team:y` becomes fields, and an object of the other tags."""
    said = _value_of(members.get("ddtags"))
    told = said.split(",") if isinstance(said, str) else said
    if not isinstance(told, list) or not all(isinstance(tag, str) for tag in told):
        return
    tags: dict[str, list[str]] = {}
    for tag in filter(None, map(str.strip, told)):
        name, _, value = tag.partition(":")
        field = _TAGS.get(name)
        if field and field not in fields and (known := _field_value(field, value)) is not None:
            fields[field] = known
        else:
            tags.setdefault(name, []).append(value)
    del members["ddtags"]
    if tags:
        members["ddtags"] = {
            name: values[0] if len(values) == 1 else values for name, values in tags.items()
        }


def reply(_: Receipt, __: Request) -> Reply:
    """The answer to a receipt: no client reads more than its status."""
    return _json(202, {})


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = error.sentence
    fault = {"status": str(error.status), "title": error.reason, "detail": told}
    return _json(error.status, {"errors": [fault]})


def _json(status: int, content: dict[str, Any]) -> Reply:
    headers = [(b"content-type", b"application/json")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(content))


PROTOCOL = Protocol(
    name="datadog",
    routes=(
        Route(path="/api/v2/logs", is_batch=True),
        Route(path="/v1/input", aliases=("/v1/input/{key}",), is_batch=True),
    ),
    credentials=first_of(in_header("dd-api-key"), anywhere, in_path("key")),
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
