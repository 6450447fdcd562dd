"""The ingestion door: what is read where, and what a body of too much is told."""

from __future__ import annotations

import asyncio
import gzip
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster import metrics
from logster.config import Config
from logster.event import IdMaker
from logster.ingest.idempotency import Receipts
from logster.ingest.protocols import api_log
from logster.ingest.receive import MAX_QUICK_PARTS, Receiver
from logster.meta.keys import Grant, Right
from logster.pipeline import Pipeline, pack
from logster.spool.drain import MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS
from logster.spool.outside import find_receipt
from logster.spool.spool import Spool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.ingest.protocol import Limits, Reading, Receipt, Reply, Request

GOOD = b'{"Message":"m"}\n'


class Door:
    """A receiver in front of a real spool, which remembers who read and who answered."""

    def __init__(self, folder: Path, spool: Spool[Any], **settings: Any) -> None:
        self.spool = spool
        self.readers: list[threading.Thread] = []
        self.writers: list[threading.Thread] = []
        self._protocol = msgspec.structs.replace(
            api_log.PROTOCOL, read=self._read, reply=self._reply
        )
        self._receiver = Receiver(
            [self._protocol],
            admit=self._admit,
            pipeline=Pipeline(spool, IdMaker(0), retention_days=lambda: 30),
            receipts=Receipts(folder, find_receipt),
            config=Config(**settings),
        )

    def _read(self, body: bytes, request: Request, limits: Limits) -> Reading:
        self.readers.append(threading.current_thread())
        return api_log.PROTOCOL.read(body, request, limits)

    def _reply(self, receipt: Receipt, request: Request) -> Reply:
        self.writers.append(threading.current_thread())
        return api_log.PROTOCOL.reply(receipt, request)

    async def _admit(self, _: str | None) -> Grant:
        return Grant(workspace=1, key=1, rights=frozenset({Right.INGEST}))

    async def post(self, body: bytes, path: str = "/api/logs", **headers: str) -> tuple[int, Any]:
        found = self._receiver.find_route(path, "POST")
        assert found is not None
        headers = {"content-type": "application/json", **headers}
        scope = {
            "method": "POST",
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": [
                (name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()
            ],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._receiver.receive(self._protocol, found[1], scope, receive, send)
        return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 30)
    spool.start()
    yield Door(tmp_path, spool)
    await spool.close()


def refused(reason: str) -> int:
    return metrics._pending.get((metrics.EVENTS, ("api_log", "refused", reason)), 0)


async def test_a_batch_of_too_many_is_refused_whole_and_counted(door: Door) -> None:
    before = refused("too_large")
    status, told = await door.post(gzip.compress(GOOD * 100_001), content_encoding="gzip")

    assert status == 413
    assert "100001 lines; at most 100000" in told["Message"]
    assert "LOGSTER_MAX_BATCH_EVENTS" in told["Message"]
    assert refused("too_large") == before + 1
    assert door.spool.state.events == 0


async def test_the_limit_is_a_setting(door: Door, tmp_path: Path) -> None:
    strict = Door(tmp_path, door.spool, max_batch_events=2)

    assert (await strict.post(GOOD * 2))[0] == 200
    assert (await strict.post(GOOD * 3))[0] == 413


@pytest.mark.parametrize(
    "body",
    [b"x\n" * 5000, b"[" + b"1," * 5000 + b"1]", GOOD * 5000],
    ids=["lines", "items", "good"],
)
async def test_many_lines_are_read_and_answered_beside_the_loop(door: Door, body: bytes) -> None:
    await door.post(body)

    assert threading.current_thread() not in door.readers + door.writers


async def test_few_lines_are_read_and_answered_at_once(door: Door) -> None:
    await door.post(GOOD * (MAX_QUICK_PARTS // 2))

    assert door.readers == door.writers == [threading.current_thread()]


async def test_the_size_of_a_message_of_a_batch_is_counted_in_bytes(door: Door) -> None:
    large = '{"Message":"' + "é" * 3_000_000 + '"}\n'
    status, told = await door.post(GOOD + large.encode() + GOOD)

    assert status == 207
    assert told["MessageIds"][1] is None
    assert "LOGSTER_MAX_MESSAGE_BYTES" in told["Errors"][0]["ModelState"]["message"][0]


async def test_bad_lines_are_counted_by_their_reason(door: Door) -> None:
    counter = (metrics.EVENTS, ("api_log", "rejected", "missing_message"))
    before = metrics._pending.get(counter, 0)
    await door.post(b"{}\n{}\n" + GOOD)

    assert metrics._pending[counter] == before + 2


async def test_many_short_messages_of_several_senders_make_no_larger_claim(door: Door) -> None:
    await asyncio.gather(*(door.post(b'{"Message":"m"}\n' * 60_000) for _ in range(6)))

    stored = 0
    while claim := await door.spool.take(MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS):
        assert claim.events <= MAX_CLAIM_EVENTS
        stored += claim.events
        await door.spool.forget(claim)
    assert stored == 360_000
