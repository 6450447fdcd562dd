"""The intake: what is read where, and what a body of too much is told."""

from __future__ import annotations

import asyncio
import gzip
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster import metrics
from logster.answer import Answer
from logster.config import Config
from logster.event import Columns, Rejection
from logster.ids import IdMaker
from logster.ingest.delivery import MAX_QUICK_PARTS
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts, digest_of, fingerprint, read_kept, render_kept
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits, Receipt, Reply
from logster.ingest.protocols.native import api_log
from logster.ingest.routes import Routes
from logster.meta.grants import Grant, Right
from logster.pipeline import Pipeline
from logster.spool.drain import MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS
from logster.spool.packing import pack
from logster.spool.receipts import find_receipt
from logster.spool.spool import Spool
from support.ledger import MemoryLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.ingest.protocol import Reading, Request

GOOD = b'{"Message":"m"}\n'


class Ingestion:
    """HTTP in front of a real spool, which remembers who read and who answered."""

    def __init__(self, folder: Path, spool: Spool[Any], **settings: Any) -> None:
        self.spool = spool
        self.readers: list[threading.Thread] = []
        self.writers: list[threading.Thread] = []
        protocol = msgspec.structs.replace(api_log.PROTOCOL, read=self._read, reply=self._reply)
        config = Config(**settings)
        self._pipeline = Pipeline(spool, IdMaker(0), retention_days=lambda: 30)
        intake = Intake(
            self._pipeline,
            Receipts(folder, find_receipt),
            limits=Limits(
                max_events=config.max_batch_events, max_message_bytes=config.max_message_bytes
            ),
            max_pending_bytes=config.max_pending_bytes,
            outcomes=Outcomes(MemoryLedger()),
        )
        self._receiver = Receiver(
            Routes([protocol]), admit=self._admit, intake=intake, config=config
        )

    def _read(self, body: bytes, request: Request, limits: Limits) -> Reading:
        self.readers.append(threading.current_thread())
        return api_log.PROTOCOL.read(body, request, limits)

    def _reply(self, receipt: Receipt, request: Request) -> Reply:
        self.writers.append(threading.current_thread())
        return api_log.PROTOCOL.reply(receipt, request)

    async def _admit(self, _: str | None) -> Grant:
        return Grant(workspace=1, key=1, rights=frozenset({Right.INGEST}))

    async def keep_one(self, digest: bytes, answer: bytes) -> None:
        """Store an event and its answer, as any version does."""
        columns = Columns(message=["m"], severity=[0])
        events = self._pipeline.stamp(columns, workspace=1, key=1, protocol="api_log")
        await self._pipeline.accept(events, 10, receipt=lambda _: Answer(digest, answer))

    async def post(self, body: bytes, path: str = "/api/logs", **headers: str) -> tuple[int, Any]:
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

        match = self._receiver.find(scope)
        assert match is not None
        await self._receiver.receive(match, scope, receive, send)
        return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


@pytest.fixture
async def ingestion(tmp_path: Path) -> AsyncIterator[Ingestion]:
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 30)
    spool.start()
    yield Ingestion(tmp_path, spool)
    await spool.close()


def refused(reason: str) -> int:
    return metrics._pending.get((metrics.EVENTS, ("api_log", "refused", reason)), 0)


async def test_a_batch_of_too_many_is_refused_whole_and_counted(ingestion: Ingestion) -> None:
    before = refused("too_large")
    status, told = await ingestion.post(gzip.compress(GOOD * 100_001), content_encoding="gzip")

    assert status == 413
    assert "100001 lines; at most 100000" in told["Message"]
    assert "LOGSTER_MAX_BATCH_EVENTS" in told["Message"]
    assert refused("too_large") == before + 1
    assert ingestion.spool.state.events == 0


async def test_the_limit_is_a_setting(ingestion: Ingestion, tmp_path: Path) -> None:
    strict = Ingestion(tmp_path, ingestion.spool, max_batch_events=2)

    assert (await strict.post(GOOD * 2))[0] == 200
    assert (await strict.post(GOOD * 3))[0] == 413


@pytest.mark.parametrize(
    "body",
    [b"x\n" * 5000, b"[" + b"1," * 5000 + b"1]", GOOD * 5000],
    ids=["lines", "items", "good"],
)
async def test_many_lines_are_read_and_answered_beside_the_loop(
    ingestion: Ingestion, body: bytes
) -> None:
    await ingestion.post(body)

    assert threading.current_thread() not in ingestion.readers + ingestion.writers


async def test_few_lines_are_read_and_answered_at_once(ingestion: Ingestion) -> None:
    await ingestion.post(GOOD * (MAX_QUICK_PARTS // 2))

    assert ingestion.readers == ingestion.writers == [threading.current_thread()]


async def test_the_size_of_a_message_of_a_batch_is_counted_in_bytes(ingestion: Ingestion) -> None:
    large = '{"Message":"' + "é" * 3_000_000 + '"}\n'
    status, told = await ingestion.post(GOOD + large.encode() + GOOD)

    assert status == 207
    assert told["MessageIds"][1] is None
    assert "LOGSTER_MAX_MESSAGE_BYTES" in told["Errors"][0]["ModelState"]["message"][0]


async def test_bad_lines_are_counted_by_their_reason(ingestion: Ingestion) -> None:
    counter = (metrics.EVENTS, ("api_log", "rejected", "missing_message"))
    before = metrics._pending.get(counter, 0)
    await ingestion.post(b"{}\n{}\n" + GOOD)

    assert metrics._pending[counter] == before + 2


async def test_many_short_messages_of_several_senders_make_no_larger_claim(
    ingestion: Ingestion,
) -> None:
    await asyncio.gather(*(ingestion.post(b'{"Message":"m"}\n' * 60_000) for _ in range(6)))

    stored = 0
    while claim := await ingestion.spool.take(MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS):
        assert claim.events <= MAX_CLAIM_EVENTS
        stored += claim.events
        await ingestion.spool.forget(claim)
    assert stored == 360_000


async def test_another_body_under_the_same_key_is_a_409_and_the_same_one_a_200(
    ingestion: Ingestion,
) -> None:
    first = await ingestion.post(GOOD, idempotency_key="k")
    status, told = await ingestion.post(GOOD.replace(b"m", b"n"), idempotency_key="k")

    assert first[0] == 200
    assert status == 409
    assert "key of its own" in told["Message"]
    assert await ingestion.post(GOOD, idempotency_key="k") == first
    assert ingestion.spool.state.events == 1


async def test_the_body_is_the_same_however_it_is_packed(ingestion: Ingestion) -> None:
    body = GOOD * 5000
    first = await ingestion.post(body, idempotency_key="k")
    packed = gzip.compress(body)

    assert await ingestion.post(packed, idempotency_key="k", content_encoding="gzip") == first
    other = gzip.compress(body + GOOD)
    assert (await ingestion.post(other, idempotency_key="k", content_encoding="gzip"))[0] == 409
    broken = await ingestion.post(packed[:-9], idempotency_key="k", content_encoding="gzip")
    assert broken[0] == 400
    assert ingestion.spool.state.events == 5000


async def test_another_body_that_comes_while_the_first_is_under_way_waits_for_its_409(
    ingestion: Ingestion,
) -> None:
    bodies = [GOOD, GOOD, GOOD.replace(b"m", b"n")]
    answers = await asyncio.gather(*(ingestion.post(body, idempotency_key="k") for body in bodies))

    assert [status for status, _ in answers] == [200, 200, 409]
    assert answers[0] == answers[1]


async def test_a_key_whose_body_was_refused_is_free_for_the_mended_one(
    ingestion: Ingestion,
) -> None:
    assert (await ingestion.post(b"{}\n", idempotency_key="k"))[0] == 400
    assert (await ingestion.post(GOOD, idempotency_key="k"))[0] == 200


async def test_an_empty_key_is_none(ingestion: Ingestion) -> None:
    for body in (GOOD, GOOD.replace(b"m", b"n")):
        assert (await ingestion.post(body, idempotency_key=""))[0] == 200
    assert ingestion.spool.state.events == 2


async def test_an_answer_of_an_earlier_version_fits_any_body(ingestion: Ingestion) -> None:
    digest = digest_of(1, 1, "/api/logs", "k")
    receipt = Receipt(ids=[7])
    await ingestion.keep_one(digest, msgspec.msgpack.encode(receipt))

    assert await ingestion.post(GOOD, idempotency_key="k") == (200, {"MessageIds": ["7"]})


def test_an_earlier_version_reads_an_answer_of_this_one() -> None:
    receipt = Receipt(ids=[7], rejections=[Rejection(line=2, reason="syntax", faults={"a": ["b"]})])
    kept = render_kept(receipt, fingerprint(b"body"))

    assert msgspec.msgpack.decode(kept, type=Receipt) == receipt
    assert read_kept(kept).receipt == receipt


# -- events that their clients have numbered ----------------------------------------------------


def count_of(outcome: str) -> int:
    return metrics._pending.get((metrics.EVENTS, ("api_log", outcome, "")), 0)


@pytest.fixture
def numbered(ingestion: Ingestion, monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    """The messages are their own ids, and the answer says what came before."""
    read = api_log.PROTOCOL.read

    def read_numbered(body: bytes, request: Request, limits: Limits) -> Reading:
        reading = read(body, request, limits)
        reading.identities = [None if text == "-" else text for text in reading.columns.message]
        return reading

    def reply(receipt: Receipt, _: Request) -> Reply:
        told = {"ids": receipt.ids, "repeated": receipt.repeated}
        return Reply(status=200, headers=[], body=msgspec.json.encode(told))

    match = ingestion._receiver._routes.find("/api/logs", "POST")
    assert match is not None
    protocol = msgspec.structs.replace(match.protocol, read=read_numbered, reply=reply)
    ingestion._receiver._routes = Routes([protocol])
    return ingestion


def lines(*messages: str) -> bytes:
    return b"".join(msgspec.json.encode({"Message": text}) + b"\n" for text in messages)


async def test_an_event_that_came_before_has_its_first_id_and_is_counted_as_repeated(
    numbered: Ingestion,
) -> None:
    repeated, accepted = count_of("repeated"), count_of("accepted")
    _, first = await numbered.post(lines("a", "b"))
    _, second = await numbered.post(lines("c", "b", "-", "-", "c"))

    assert first["repeated"] == []
    assert second["repeated"] == [1, 4]
    assert second["ids"][1] == first["ids"][1]
    assert second["ids"][4] == second["ids"][0]
    assert len({*first["ids"], *second["ids"]}) == 5
    assert (count_of("repeated") - repeated, count_of("accepted") - accepted) == (2, 5)
    claim = await numbered.spool.take(MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS)
    assert claim is not None
    assert claim.events == 5


async def test_a_resend_by_its_key_is_told_what_came_before_as_the_first_time(
    numbered: Ingestion,
) -> None:
    await numbered.post(lines("a"))
    first = await numbered.post(lines("a", "b"), idempotency_key="k")

    assert await numbered.post(lines("a", "b"), idempotency_key="k") == first
    assert first[1]["repeated"] == [0]


async def test_another_workspace_may_use_the_same_ids(
    numbered: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    await numbered.post(lines("a"))

    async def admit(_: str | None) -> Grant:
        return Grant(workspace=2, key=2, rights=frozenset({Right.INGEST}))

    monkeypatch.setattr(numbered._receiver, "_admit", admit)
    assert (await numbered.post(lines("a")))[1]["repeated"] == []


def send_as(ingestion: Ingestion, key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, as another key of the same workspace."""

    async def admit(_: str | None) -> Grant:
        return Grant(workspace=1, key=key, rights=frozenset({Right.INGEST}))

    monkeypatch.setattr(ingestion._receiver, "_admit", admit)


async def test_who_has_another_key_keeps_no_event_from_being_stored(
    numbered: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of a browser is public: whoever has it must not say which ids came before."""
    send_as(numbered, 2, monkeypatch)
    await numbered.post(lines("forged"), idempotency_key="k")
    send_as(numbered, 1, monkeypatch)

    status, told = await numbered.post(lines("forged"), idempotency_key="k")
    assert (status, told["repeated"]) == (200, [])
    assert numbered.spool.state.events == 2
