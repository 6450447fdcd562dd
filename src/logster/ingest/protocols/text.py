"""Lines of text: `POST /ingest/text`, for curl and cron, which know no format.

In: a file as a program wrote it. Out: an event for each line, read as `logster send` reads it.
Promise: the lines of a stack trace are one event; nothing of a line is lost, whatever it is; the
address says what all of its lines have in common. See docs/protocols/text.md.

    curl "http://127.0.0.1:8000/ingest/text?application=shop&apikey=KEY" --data-binary @shop.log
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from logster.errors import InvalidBodyError, LogsterError, MediaTypeError
from logster.event import NS_PER_S
from logster.fields.line.read import read_line
from logster.fields.line.timestamp import Clock
from logster.fields.line.zone import find_zone
from logster.fields.severity import severity_of_level
from logster.fields.trace import join_traces
from logster.ingest import charset
from logster.ingest.body import open_body
from logster.ingest.columns import Rows
from logster.ingest.cors import permit
from logster.ingest.credentials import anywhere
from logster.ingest.groups import check_said
from logster.ingest.protocol import Protocol, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from logster.ingest.protocol import Limits, Reading, Receipt, Request

#: What the address may say for lines that do not say it themselves.
COMMON_FIELDS = ("application", "category", "environment", "host", "release", "user")
#: A line takes as long to read as so many parts of other bodies.
PARTS_PER_LINE = 10
#: So many rejections are explained at the most.
MAX_EXPLAINED = 100

#: What the address may say beside the key.
_PARAMETERS = (*COMMON_FIELDS, "severity", "timezone")
_KEYS = frozenset({"apikey", "api_key", "dd-api-key", "sentry_key"})
#: A file that is packed begins so: these are opened, and those are told by their name.
_OPENED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
_PACKED = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"PK\x03\x04": "zip"}
#: Packed bytes may be so many lines each.
_PARTS_PER_PACKED_BYTE = 1_000

_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)


def check(request: Request) -> None:
    """Refuse what would be no lines, and an address that says what cannot be."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise MediaTypeError("A form with files is not read; send a file with --data-binary @FILE.")
    _common_of(request)


def count_parts(body: bytes, _: Request) -> int:
    """How long a body takes to read, in parts."""
    if body.startswith(_OPENED):
        return _PARTS_PER_PACKED_BYTE * len(body)
    return PARTS_PER_LINE * body.count(b"\n")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events of lines; raises RefusedError: too many of them, or a file that is none."""
    rows = Rows(limits)
    common, zone = _common_of(request)
    clock = Clock(datetime.fromtimestamp(request.received_at // NS_PER_S, UTC), zone)
    number = 1
    for text in join_traces(_lines_of(_decode(_open(body, limits), request))):
        if text and not text.isspace() and rows.has_room(number, len(text)):
            rows.add(number, **common | _fields_of(text, clock))
        number += 1 + text.count("\n")
    return rows.reading()


def _open(body: bytes, limits: Limits) -> bytes:
    """A file as it was before it was packed; who sends one with curl has no header for it."""
    if body.startswith(_OPENED):
        return open_body(body, "gzip", limits.max_batch_bytes, "LOGSTER_MAX_BATCH_BYTES")
    for magic, name in _PACKED.items():
        if body.startswith(magic):
            raise MediaTypeError(f"The body is packed with {name}; send text, or gzip or zstd.")
    return body


def _common_of(request: Request) -> tuple[dict[str, Any], tzinfo]:
    """What all lines have, and the zone of their clocks; raises InvalidBodyError."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    said = {name.lower(): value for name, value in pairs if value}
    for name, value in pairs:
        if name.lower() not in (*_PARAMETERS, *_KEYS):
            raise _unknown(name, value)
    common: dict[str, Any] = {
        name: check_said(name, said[name]) for name in COMMON_FIELDS if name in said
    }
    if "severity" in said:
        common["severity"] = severity_of_level(said["severity"])
        if common["severity"] is None:
            raise _no_parameter("severity", said["severity"], "a severity, such as warn")
    zone = find_zone(said.get("timezone", "UTC"))
    if zone is None:
        raise _no_parameter("timezone", said["timezone"], "a zone, such as Europe/Berlin")
    return common, zone


def _unknown(name: str, value: str) -> InvalidBodyError:
    known = ", ".join(_PARAMETERS)
    sentence = f"{name[:40]}={value[:40]!r} says nothing here; the address may have {known}."
    return InvalidBodyError({name[:40]: [sentence]}, "parameter")


def _no_parameter(name: str, value: str, wanted: str) -> InvalidBodyError:
    sentence = f"{name} is {value[:40]!r}; give {wanted}."
    return InvalidBodyError({name: [sentence]}, "parameter")


def _decode(body: bytes, request: Request) -> str:
    r"""The text of a body; bytes that are none in its charset stay readable, as \xe9."""
    codec, body = charset.take_mark(body)
    if codec is None:
        named = _CHARSET.search(request.headers.get("content-type", ""))
        codec = charset.find_codec(named[1]) if named else None
    return body.decode(codec or charset.UTF_8, "backslashreplace")


def _lines_of(text: str) -> Iterator[str]:
    start, end = 0, text.find("\n")
    while end >= 0:
        yield text[start:end].rstrip("\r\0")
        start, end = end + 1, text.find("\n", end + 1)
    yield text[start:].rstrip("\r\0")


def _fields_of(text: str, clock: Clock) -> dict[str, Any]:
    """What a line says, but for what it does not."""
    line = read_line(text, clock)
    fields: dict[str, Any] = {"message": line.message, "properties": line.properties, **line.fields}
    if line.severity is not None:
        fields["severity"] = line.severity
    if line.timestamp is not None:
        fields["timestamp"] = line.timestamp
    if line.application is not None:
        fields["application"] = line.application
    return fields


def reply(receipt: Receipt, _: Request) -> Reply:
    """The answer to a receipt."""
    rejected = [
        {
            "line": bad.line,
            "error": " ".join(text for texts in bad.faults.values() for text in texts),
        }
        for bad in receipt.rejections[:MAX_EXPLAINED]
    ]
    return _json(HTTPStatus.OK, {"accepted": len(receipt.ids), "rejected": rejected})


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    told = error.sentence
    return _json(error.status, {"error": told})


def _json(status: int, content: dict[str, Any]) -> Reply:
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    return Reply(status=status, headers=headers, body=msgspec.json.encode(content) + b"\n")


PROTOCOL = Protocol(
    name="text",
    routes=(
        Route(
            path="/ingest/text",
            aliases=("/ingest/lines",),
            is_batch=True,
            cors=permit(
                sent=("Content-Type", "ApiKey", "X-Api-Key", "Authorization"),
                read=("Logster-Rejected", "Retry-After"),
            ),
        ),
    ),
    credentials=anywhere,
    check=check,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
