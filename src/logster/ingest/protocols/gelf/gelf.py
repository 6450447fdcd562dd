"""GELF: `POST /gelf`, and datagrams and connections (`LOGSTER_GELF`).

In: a document, or several on lines; frames of sockets; each plain, gzip or zlib.
Out: events. Contract: docs/protocols/gelf.md.
"""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from logster.errors import InvalidBodyError, RefusedError
from logster.ingest.body import PACKED, open_body
from logster.ingest.columns import Rows
from logster.ingest.credentials import anywhere
from logster.ingest.frames import frames_of, unpack
from logster.ingest.protocol import Protocol, Reply, Route, oversize_text
from logster.ingest.protocols.gelf.chunks import Chunks
from logster.ingest.protocols.gelf.document import read_document
from logster.ingest.sockets.dialect import Dialect, Framing

if TYPE_CHECKING:
    from logster.errors import LogsterError
    from logster.ingest.frames import Frames
    from logster.ingest.protocol import Limits, Reading, Receipt, Request

#: Packed bytes may be so many of these each.
_PARTS_PER_PACKED_BYTE = 1_000
_SETTING = "LOGSTER_MAX_MESSAGE_BYTES"
_ENDS = b"\r\n\0 "

#: How a fault of the frames is told.
FAULTS = {
    "chunk": "The header of the chunk does not hold: its number, or of how many it is one.",
    "busy": "The unfinished documents of all connections take too much memory.",
}


def count_parts(body: bytes, _: Request) -> int:
    """About how many lines and members there are; what is packed may be anything."""
    if body.startswith(PACKED):
        return _PARTS_PER_PACKED_BYTE * len(body)
    return body.count(b"\n") + body.count(b",")


def read(body: bytes, request: Request, limits: Limits) -> Reading:
    """The events and rejections of documents."""
    frames = unpack(body) if request.route is None else frames_of(_documents_of(body, limits))
    rows = Rows(limits)
    for number in range(len(frames)):
        _add(rows, number, frames, limits)
    return rows.reading()


def _add(rows: Rows, index: int, frames: Frames, limits: Limits) -> None:
    payload, fault, number = frames.payloads[index], frames.faults.get(index, ""), index + 1
    if fault == "too_large":
        rows.reject(number, fault, oversize_text(limits.max_message_bytes))
    elif fault:
        rows.reject(number, fault, FAULTS.get(fault, "It is no document."))
    else:
        try:
            document = _open(payload, limits)
            if not rows.has_room(number, len(document)):
                return
            fields = read_document(document)
        except RefusedError as error:
            rows.reject(number, error.reason, str(error))
        except ValueError as error:
            is_known = str(error).startswith("short_message")
            rows.reject(number, "missing_message" if is_known else "syntax", str(error))
        else:
            if sender := frames.senders[index]:
                fields.setdefault("host", sender)
            rows.add(number, **fields)


def _documents_of(body: bytes, limits: Limits) -> list[bytes]:
    """One document, however it is laid out; else one on each line."""
    body = _open(body, limits).strip(_ENDS)
    if not body:
        raise InvalidBodyError({"body": ["It is empty; send a GELF document."]}, "empty")
    said = (line for line in BytesIO(body) if line.strip(_ENDS))
    lines = list(islice(said, limits.max_events + 1))  # one more is too many
    if len(lines) == 1 or not all(line.startswith(b"{") for line in lines):
        return [body]
    return lines


def _open(payload: bytes, limits: Limits) -> bytes:
    """Undo the packing that no header tells of; raises RefusedError."""
    if not payload.startswith(PACKED):
        return payload.rstrip(_ENDS)
    return open_body(payload, "gzip", limits.max_message_bytes, _SETTING).rstrip(_ENDS)


def reply(receipt: Receipt, _: Request) -> Reply:
    """202 and nothing else; 400 with the reason when there is no good document."""
    if receipt.rejections and not receipt.ids:
        told = [text for texts in receipt.rejections[0].faults.values() for text in texts]
        return _json(HTTPStatus.BAD_REQUEST, " ".join(told))
    return Reply(status=202, headers=[], body=b"")


def refuse(error: LogsterError, _: Request) -> Reply:
    """The answer to a body that is turned away whole."""
    if isinstance(error, InvalidBodyError):
        told = " ".join(text for texts in error.faults.values() for text in texts)
        return _json(error.status, told)
    return _json(error.status, str(error))


def _json(status: int, told: str) -> Reply:
    body = msgspec.json.encode({"error": told})
    return Reply(status=status, headers=[(b"content-type", b"application/json")], body=body)


PROTOCOL = Protocol(
    name="gelf",
    routes=(Route(path="/gelf", is_batch=True),),
    credentials=anywhere,
    count_parts=count_parts,
    read=read,
    reply=reply,
    refuse=refuse,
)
DIALECT = Dialect(
    protocol=PROTOCOL, framing=Framing(starts=b"{", has_counts=False), assembler=Chunks
)
