"""Syslog: datagrams and connections (`LOGSTER_SYSLOG`), and `POST /ingest/syslog`.

In: frames of sockets; or a body of messages, with lengths before them (as Heroku's log drains
have it), or on lines. Out: events. Contract: docs/protocols/syslog.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.instant import read_instant, read_instants
from logster.fields.letters import read_letters
from logster.ingest.columns import Rows, too_many_events
from logster.ingest.credentials import anywhere
from logster.ingest.frames import frames_of, unpack
from logster.ingest.parts import fills_part
from logster.ingest.protocol import Protocol, Reply, Route, oversize_text
from logster.ingest.protocols.syslog.batch import Batch
from logster.ingest.protocols.syslog.message import read_message, split_lines
from logster.ingest.sockets.dialect import Dialect, Framing
from logster.ingest.sockets.framing import Framer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.errors import LogsterError
    from logster.ingest.frames import Frames
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
    frames = unpack(body) if request.route is None else _cut(body, limits)
    refused = Rows(limits)
    lines, senders, texts = _texts_of(frames, refused, limits)
    zone, received_at = request.params.get("zone", ""), request.received_at
    batch = Batch(texts, senders, received_at, zone)
    rows = Rows(limits)
    for places in _parts_of(batch.rest, texts):
        single = [read_message(texts[place], senders[place], received_at, zone) for place in places]
        _read_times(single)
        for place, fields in zip(places, single, strict=True):
            if rows.has_room(place, len(texts[place])):
                rows.add(place, **fields)
    return batch.reading(lines, rows.reading(), refused.reading().rejections, limits)


def _parts_of(places: list[int], texts: list[str]) -> Iterator[list[int]]:
    """The places of messages that are read together: their times are read all at once."""
    part: list[int] = []
    size = 0
    for place in places:
        size += len(texts[place])
        if fills_part(size) and part:
            yield part
            part, size = [], len(texts[place])
        part.append(place)
    yield part


def _cut(body: bytes, limits: Limits) -> Frames:
    """The messages of a body that came by HTTP."""
    framer = Framer(FRAMING, limits.max_message_bytes)
    return frames_of([*framer.feed(body), *framer.end()])


def _texts_of(frames: Frames, rows: Rows, limits: Limits) -> tuple[list[int], list[str], list[str]]:
    """Line, sender and text of each message; what is none is refused."""
    lines, senders, texts = [], [], []
    for number, payload in enumerate(frames.payloads):
        fault = frames.faults.get(number, "") if frames.faults else ""
        said = payload.rstrip(_ENDS)
        if fault or not said or len(said) > limits.max_message_bytes:
            rows.reject(number + 1, *_why_refused(fault, said, limits))
            continue
        text = read_letters(said)
        for message in split_lines(text) if "\n" in text else (text,):
            lines.append(number + 1)
            senders.append(frames.senders[number])
            texts.append(message)
        if len(lines) > limits.max_events:
            raise too_many_events(limits.max_events)
    return lines, senders, texts


def _why_refused(fault: str, said: bytes, limits: Limits) -> tuple[str, str]:
    if fault == "too_large" or len(said) > limits.max_message_bytes:
        return "too_large", oversize_text(limits.max_message_bytes)
    if fault:
        return fault, FAULTS.get(fault, "It is no message.")
    return "empty", "The message is empty."


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
