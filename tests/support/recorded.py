"""Recorded requests: what a dialect makes of the bytes that a client has sent, without a server.

In: a raw HTTP request, as in `tests/corpus/<protocol>/NNN-name.http`. Out: its outcome as JSON.
The front of all dialects is the real one; behind it nothing is stored, and ids are 1, 2, 3.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, cast

from logster.config import Config
from logster.errors import UnauthorizedError
from logster.ingest.http import Receiver
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits, Reading, Receipt
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from logster.meta.grants import Grant, Right
from support.asgi import Answer, ask
from support.ledger import MemoryLedger
from support.native import rows

CORPUS = Path(__file__).parents[1] / "corpus"
LIMITS = Limits(max_events=Config().max_batch_events, max_message_bytes=Config().max_message_bytes)
_GRANT = Grant(workspace=1, key=1, rights=frozenset({Right.INGEST}))

#: Not said of an answer unless a case asks for it.
_USUAL_HEADERS = frozenset({"content-length"})


class Recorded:
    """A request as it was sent; header names are lower case."""

    def __init__(self, raw: bytes) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        self.method, self.target, version = line.split(" ")
        assert version.startswith("HTTP/"), line
        pairs = [header.partition(":") for header in headers]
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        if self.headers.get("transfer-encoding", "") == "chunked":
            body = _joined(body)
        told = int(self.headers.get("content-length", len(body)))
        assert told == len(body), f"it says that its body has {told} bytes, but has {len(body)}"
        self.body = body


def _joined(chunked: bytes) -> bytes:
    body = b""
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        body += chunked[:length]
        assert chunked[length : length + 2] == b"\r\n"
        chunked = chunked[length + 2 :]
    return body


class Front:
    """The receiver of all dialects; remembers what came to the place where it would be kept."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.reading: Reading | None = None
        self.protocol = ""
        self.outcomes = Outcomes(MemoryLedger())
        self._receiver = Receiver(
            Routes(PROTOCOLS), admit=self._admit, intake=cast("Any", self), config=Config()
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        match = self._receiver.find(scope)
        assert match is not None, f"no dialect answers {scope['method']} {scope['path']}"
        self.protocol = match.protocol.name
        await self._receiver.receive(match, scope, receive, send)

    async def _admit(self, key: str | None) -> Grant:
        self.key = key
        if not key:
            raise UnauthorizedError("The request has no key.")
        return _GRANT

    # The parts of an intake that a receiver knows.

    def check_room(self, size: int, key: int) -> None:
        """There is room."""

    def hold(self, size: int, key: int) -> None:
        """There is memory."""

    def release(self, size: int, key: int) -> None:
        """There was."""

    async def keep(self, delivery: Any) -> Receipt:
        protocol, body = delivery.protocol, delivery.body.open(delivery.encoding)
        if protocol.count_parts is not None:
            protocol.count_parts(body, delivery.request)
        reading = protocol.read(body, delivery.request, LIMITS)
        self.reading = reading
        return receipt_of(reading)


def receipt_of(reading: Reading) -> Receipt:
    """As if all good events had been synced."""
    ids = list(range(1, 1 + len(reading.columns)))
    identity = next(filter(None, reading.identities or ()), None)
    return Receipt(
        ids=ids,
        rejections=reading.rejections,
        lines=reading.lines,
        identity=identity,
        notes=reading.notes,
    )


def outcome_of(raw: bytes) -> dict[str, Any]:
    """The answer to a recorded request, and what would have been stored of it."""
    recorded, front = Recorded(raw), Front()
    headers = dict(recorded.headers)
    headers.pop("transfer-encoding", None)
    answer = asyncio.run(ask(front, recorded.method, recorded.target, recorded.body, **headers))
    outcome: dict[str, Any] = {"protocol": front.protocol, **_answer_of(answer)}
    if front.key is not None:
        outcome["key"] = front.key
    if (reading := front.reading) is not None:
        outcome["events"] = events_of(reading)
        if reading.identities is not None:
            outcome["identities"] = reading.identities
        if reading.skipped:
            outcome["skipped"] = dict(reading.skipped)
        if reading.lines is not None:
            outcome["lines"] = reading.lines
        outcome["rejections"] = [
            {"line": bad.line, "reason": bad.reason, "faults": bad.faults}
            for bad in reading.rejections
        ]
    return outcome


def _answer_of(answer: Answer) -> dict[str, Any]:
    headers = {name: said for name, said in answer.headers.items() if name not in _USUAL_HEADERS}
    try:
        body: Any = answer.body.decode()
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(answer.body).decode()}
    return {"status": answer.status, "headers": headers, "body": body}


def events_of(reading: Reading) -> list[dict[str, Any]]:
    """The fields of each event that are there; JSON text as what it says."""
    return [
        {
            name: json.loads(value) if isinstance(value, bytes) else value
            for name, value in event.items()
            if value is not None
        }
        for event in rows(reading.columns)
    ]
