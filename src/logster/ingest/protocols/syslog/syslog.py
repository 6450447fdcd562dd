"""Syslog: datagrams and connections (`LOGSTER_SYSLOG`), and `POST /ingest/syslog`.

In: frames of sockets; or a body of messages, with lengths before them (as Heroku's log drains
have it), or on lines. Out: events. Contract: docs/protocols/syslog.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.instant import read_instant, read_instants
from logster.fields.letters import read_letters
from logster.ingest.columns import Rows
from logster.ingest.credentials import anywhere
from logster.ingest.frames import Fault, Frame, unpack
from logster.ingest.protocol import Protocol, Reply, Route, oversize_text
from logster.ingest.protocols.syslog.message import read_message, split_lines
from logster.ingest.sockets.dialect import Dialect, Framing
from logster.ingest.sockets.framing import Framer

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.frames import Cut
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

FRAMING = Framing(starts=b"<{", has_counts=True)

#: How a fault of the framing is told.
FAULTS = {
    "cut_short": "The connection ended in the middle of a message.",
    "framing": "The stream has lengths before its messages, but this is none.",
    "busy": "The unfinished messages of all connections take too much memory.",
}
#: What ends a frame beside its delimiter.
_ENDS = b"\r\n\0"


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of frames."""
    rows = Rows(limits)
    frames = unpack(body) if request.route is None else _cut(body, limits)
    zone, received_at = request.params.get("zone", ""), request.received_at
    found: list[tuple[int, dict[str, Any]]] = []
    for number, frame in enumerate(frames, 1):
        if reason := _why_refused(frame, limits):
            rows.reject(number, *reason)
            continue
        found += [
            (number, read_message(text, frame.sender, received_at, zone))
            for text in split_lines(read_letters(frame.payload.rstrip(_ENDS)))
        ]
    _read_times([fields for _, fields in found])
    for number, fields in found:
        rows.add(number, **fields)
    return rows.reading()


def _cut(body: bytes, limits: Limits) -> list[Frame]:
    """The messages of a body that came by HTTP."""
    framer = Framer(FRAMING, limits.max_message_bytes)
    cuts: list[Cut] = [*framer.feed(body), *framer.end()]
    return [
        Frame(cut.head, "", cut.reason) if isinstance(cut, Fault) else Frame(cut, "")
        for cut in cuts
    ]


def _why_refused(frame: Frame, limits: Limits) -> tuple[str, str] | None:
    if frame.fault == "too_large" or len(frame.payload) > limits.max_message_bytes:
        return "too_large", oversize_text(limits.max_message_bytes)
    if frame.fault:
        return frame.fault, FAULTS.get(frame.fault, "It is no message.")
    if not frame.payload.strip(_ENDS):
        return "empty", "The message is empty."
    return None


def _read_times(events: list[dict[str, Any]]) -> None:
    """Times that are texts become instants, all at once; what is no time is a property."""
    texts = [fields for fields in events if isinstance(fields.get("timestamp"), str)]
    try:
        instants = read_instants([fields["timestamp"] for fields in texts])
    except (ValueError, OverflowError):
        for fields in texts:
            _read_time(fields)
        return
    for fields, instant in zip(texts, instants, strict=True):
        fields["timestamp"] = instant


def _read_time(fields: dict[str, Any]) -> None:
    text = fields.pop("timestamp")
    try:
        fields["timestamp"] = read_instant(text)
    except (ValueError, OverflowError):
        fields["properties"].setdefault("time", text)


def reply(_: Receipt, __: Request) -> Reply:
    """Those who send messages by HTTP look at the status alone."""
    return Reply(status=204, headers=[], body=b"")


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    body = msgspec.json.encode({"error": str(error)})
    return Reply(status=error.status, headers=[(b"content-type", b"application/json")], body=body)


PROTOCOL = Protocol(
    name="syslog",
    routes=(Route(path="/ingest/syslog", is_batch=True),),
    credentials=anywhere,
    read=read,
    reply=reply,
    refuse=refuse,
)
DIALECT = Dialect(protocol=PROTOCOL, framing=FRAMING)
