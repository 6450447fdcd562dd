"""The dialect of docs/extending.md does what its page says, from its address to the store."""

from __future__ import annotations

import gzip
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from logster.config import Config
from logster.errors import UnauthorizedError
from logster.faults import Faults
from logster.ids import IdMaker
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits, Protocol
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from logster.meta.grants import Grant, Right
from logster.pipeline import Pipeline, build_drain
from logster.spool.packing import pack
from logster.spool.receipts import find_receipt
from logster.spool.spool import Spool
from logster.store.search import find
from support.asgi import Answer, ask
from support.ledger import MemoryLedger
from support.walkthrough import steps_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from logster.event import Batch, Event
    from logster.store.engine import Engine

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
KEY, WORKSPACE = "a-key-of-this-test", 7


def read_page() -> str:
    """The code of the page's part."""
    steps = steps_of(PAGE.read_text("utf-8"), "A dialect")
    [code] = [step.text for step in steps if step.language == "python"]
    return code


def load_dialect() -> Protocol:
    module: dict[str, Any] = {"__name__": "lines"}
    exec(compile(read_page(), str(PAGE), "exec"), module)
    protocol: Protocol = module["PROTOCOL"]
    return protocol


class Way:
    """The way of an event, from its address to the store, with a dialect more than we have."""

    def __init__(self, folder: Path, spool: Spool[Batch], engine: Engine) -> None:
        self._engine = engine
        self._drain = build_drain(spool, engine, Faults("test"))
        intake = Intake(
            Pipeline(spool, IdMaker(0), retention_days=lambda: 3650),
            Receipts(folder, find_receipt),
            limits=Limits(max_events=5, max_message_bytes=1000),
            max_pending_bytes=10_000,
            outcomes=Outcomes(MemoryLedger()),
        )
        routes = Routes([*PROTOCOLS, load_dialect()])
        self._receiver = Receiver(routes, admit=self._admit, intake=intake, config=Config())

    async def _admit(self, key: str | None) -> Grant:
        if key != KEY:
            raise UnauthorizedError("The key is unknown.")
        return Grant(workspace=WORKSPACE, key=1, rights=frozenset({Right.INGEST}))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        match = self._receiver.find(scope)
        assert match is not None
        await self._receiver.receive(match, scope, receive, send)

    async def send(self, body: bytes, target: str = "/ingest/jsonl", /, **headers: str) -> Answer:
        return await ask(self, "POST", target, [body[:7], body[7:]], **headers)

    async def stored(self) -> list[Event]:
        """What is found in the store, once the spool is empty; in order."""
        assert await self._drain.drain_all(20)
        answer = await self._engine.ask("SELECT id FROM events ORDER BY id", {})
        events = [await find(self._engine, WORKSPACE, row[0]) for row in answer.rows]
        return [event for event in events if event is not None]


@asynccontextmanager
async def running(folder: Path, engine: Engine) -> AsyncIterator[Way]:
    spool: Spool[Batch] = Spool(folder / "spool-00.sqlite", pack=pack, max_bytes=1 << 30)
    spool.start()
    try:
        yield Way(folder, spool, engine)
    finally:
        await spool.close()


@pytest.fixture
async def way(tmp_path: Path, engine: Engine) -> AsyncIterator[Way]:
    async with running(tmp_path, engine) as way:
        yield way


def test_a_small_dialect_costs_less_than_eighty_lines() -> None:
    assert len(read_page().splitlines()) < 80


async def test_lines_in_any_logger_s_names_are_found_in_the_store(way: Way) -> None:
    body = b"""
{"msg": "paid", "level": "WARNING", "time": 1796083200, "logger": "shop.pay", "ms": 1.50}
{"message": "caf\xc3\xa9", "@timestamp": "2026-12-01T00:00:00.5Z", "deep": {"n": [1, null]}}
"""
    answer = await way.send(gzip.compress(body), x_api_key=KEY, content_encoding="gzip")

    assert (answer.status, answer.json) == (200, {"accepted": 2, "rejected": []})
    first, second = await way.stored()
    assert (first.message, first.severity, first.category) == ("paid", 3, "shop.pay")
    assert first.timestamp == 1_796_083_200_000_000_000
    assert first.properties == {"ms": 1.5}
    assert (second.message, second.severity, second.category) == ("café", 2, None)
    assert second.timestamp == 1_796_083_200_500_000_000
    assert second.properties == {"deep": {"n": [1, None]}}
    assert {event.protocol for event in (first, second)} == {"lines"}


async def test_a_bad_line_costs_only_itself_and_its_reason_is_told(way: Way) -> None:
    lines = (b'{"msg":"a"}', b'{"msg":"b","user":5}', b"[1]", b'{"msg":"c","time":"soon"}')
    answer = await way.send(b"\n".join((*lines, b'{"msg":"d","level":"loud"}')), x_api_key=KEY)

    assert answer.status == 200
    assert answer.json["accepted"] == 2
    bad = answer.json["rejected"]
    assert [each["line"] for each in bad] == [2, 3, 4]
    assert bad[0]["faults"] == {"user": ["user must be text, but is a number."]}
    assert "Expected `object`, got `array`" in bad[1]["faults"]["message"][0]
    assert "not a time" in bad[2]["faults"]["message"][0]
    assert [(event.message, event.properties) for event in await way.stored()] == [
        ("a", {}),
        ("d", {"level": "loud"}),
    ]


async def test_the_key_may_stand_in_the_address_and_a_wrong_one_is_refused(way: Way) -> None:
    line = b'{"msg":"a"}'

    assert (await way.send(line, f"/ingest/jsonl/?apiKey={KEY}")).status == 200
    assert (await way.send(line, authorization=f"Bearer {KEY}")).status == 200
    refused = await way.send(line, "/ingest/jsonl?apikey=wrong")
    assert (refused.status, refused.json) == (401, {"error": "The key is unknown."})
    assert len(await way.stored()) == 2


async def test_what_is_the_same_for_all_dialects_holds_for_a_new_one(way: Way) -> None:
    too_many = await way.send(b'{"msg":"a"}\n' * 6, x_api_key=KEY)
    assert too_many.status == 413
    assert "LOGSTER_MAX_BATCH_EVENTS" in too_many.json["error"]

    other_method = await ask(way, "GET", "/ingest/jsonl")
    assert (other_method.status, other_method.headers["allow"]) == (405, "POST")

    sent = {"x_api_key": KEY, "idempotency_key": "once"}
    first, again = [await way.send(b'{"msg":"a"}', **sent) for _ in range(2)]
    assert first.json == again.json == {"accepted": 1, "rejected": []}
    assert len(await way.stored()) == 1
