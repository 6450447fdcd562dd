"""The way in by a key with settings: what is stored, what is told, what is counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.errors import KeyLimitError, SpoolFullError
from logster.ids import IdMaker
from logster.ingest.body import Body
from logster.ingest.columns import Rows
from logster.ingest.delivery import Delivery
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits, Receipt, Request
from logster.ingest.protocols.native import api_log
from logster.meta.grants import Grant, Right
from logster.meta.key_settings import NOTHING, change_settings, read_rules, render_settings
from logster.meta.quota import Quota, find_used_bytes
from logster.outcome import Outcome
from logster.pipeline import Pipeline
from logster.spool.packing import pack, unpack
from logster.spool.receipts import find_receipt
from logster.spool.spool import Spool
from logster.track.evidence import Evidence
from logster.track.fingerprint import fingerprint
from support.ledger import MemoryLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from logster.event import Event
    from logster.ingest.protocol import Reading


def read(body: bytes, _: Request, limits: Limits) -> Reading:
    """A reader of fields as they are, one event on each line."""
    rows = Rows(limits)
    for number, line in enumerate(body.splitlines(), 1):
        rows.add(number, **msgspec.json.decode(line))
    return rows.reading()


PROTOCOL = msgspec.structs.replace(api_log.PROTOCOL, name="lines", read=read)
REQUEST = Request(method="POST", path="/", query="", uri="/", headers={})


class Way:
    """An intake in front of a real spool, by a key with settings."""

    def __init__(self, folder: Path, spool: Spool[Any]) -> None:
        self.ledger = MemoryLedger()
        self.spool = spool
        #: Keys of errors that nobody wants.
        self.discarded: frozenset[int] = frozenset()
        self.intake = Intake(
            Pipeline(spool, IdMaker(0), retention_days=lambda: 30),
            Receipts(folder, find_receipt),
            limits=Limits(max_events=1000, max_message_bytes=1_000_000),
            max_pending_bytes=10_000_000,
            outcomes=Outcomes(self.ledger),
            quota=Quota(folder),
            find_discarded=lambda _: self.discarded,
        )

    async def send(
        self, *events: dict[str, Any], idempotency_key: str = "", **settings: Any
    ) -> Receipt:
        body = Body(1_000_000, "")
        body.add(b"\n".join(map(msgspec.json.encode, events)))
        rules = read_rules(render_settings(change_settings(NOTHING, settings)))
        grant = Grant(workspace=1, key=7, rights=frozenset({Right.INGEST}), rules=rules)
        delivery = Delivery(
            protocol=PROTOCOL,
            request=REQUEST,
            grant=grant,
            body=body,
            route="/",
            idempotency_key=idempotency_key,
        )
        return await self.intake.keep(delivery)

    async def stored(self) -> Sequence[Event]:
        claim = await self.spool.take(1 << 30, 1 << 30)
        return [event for body in claim.bodies for event in unpack(body)] if claim else []


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 30)
    spool.start()
    yield Way(tmp_path, spool)
    await spool.close()


def say(message: str, severity: int = 2, **fields: Any) -> dict[str, Any]:
    return {"message": message, "severity": severity, **fields}


async def test_a_filtered_event_has_an_id_is_counted_and_is_not_stored(way: Way) -> None:
    receipt = await way.send(
        say("low", 1), say("good", 4), say("health", 4), minimum_severity="info", filter="-health"
    )
    assert len(set(receipt.ids)) == 3
    assert receipt.minimum_severity == 2
    (stored,) = await way.stored()
    assert (stored.id, stored.message) == (receipt.ids[1], "good")
    assert way.ledger.events == {
        (1, 7, "lines", Outcome.FILTERED, reason): 1 for reason in ("severity", "filter")
    }


async def test_when_all_are_filtered_nothing_is_written(way: Way) -> None:
    receipt = await way.send(say("low", 1), minimum_severity="warn")
    assert len(receipt.ids) == 1
    assert await way.stored() == []


async def test_events_are_completed(way: Way) -> None:
    await way.send(say("a"), say("b", application="own"), application="shop", properties={"n": 1})
    stored = await way.stored()
    assert [(event.application, event.properties) for event in stored] == [
        ("shop", {"n": 1}),
        ("own", {"n": 1}),
    ]


async def test_a_large_body_goes_the_same_way(way: Way) -> None:
    events = [say("x" * 100, number % 5) for number in range(500)]
    receipt = await way.send(*events, minimum_severity="warn", application="shop", filter="/x+/")
    assert len(receipt.ids) == 500
    stored = await way.stored()
    assert len(stored) == 200
    assert {event.application for event in stored} == {"shop"}


async def test_a_resend_is_told_the_minimum_of_now(way: Way) -> None:
    first = await way.send(say("a", 4), idempotency_key="k", minimum_severity="info")
    second = await way.send(say("a", 4), idempotency_key="k", minimum_severity="warn")
    assert second.ids == first.ids
    assert (first.minimum_severity, second.minimum_severity) == (2, 3)


async def test_a_repeated_event_behind_a_filtered_one_has_its_first_id(way: Way) -> None:
    first = await way.send(say("low", 0), say("a", 4, identity="one"), minimum_severity="info")
    second = await way.send(
        say("low", 0), say("low", 1), say("a", 4, identity="one"), minimum_severity="info"
    )
    assert second.ids[2] == first.ids[1]
    assert second.repeated == [2]
    assert len(await way.stored()) == 1


async def test_an_event_that_was_filtered_is_stored_when_it_comes_again_and_may(way: Way) -> None:
    await way.send(say("a", 1, identity="one"), minimum_severity="info")
    receipt = await way.send(say("a", 1, identity="one"))
    assert receipt.repeated == []
    assert len(await way.stored()) == 1


async def test_what_is_above_the_limit_is_refused_whole_and_nothing_of_it_is_counted(
    way: Way, tmp_path: Path
) -> None:
    await way.send(say("a"), say("b"), events_per_second=0.001, burst_events=2)
    with pytest.raises(KeyLimitError):
        await way.send(say("c"), {"message": None}, events_per_second=0.001, burst_events=2)
    assert [event.message for event in await way.stored()] == ["a", "b"]
    assert way.ledger.events == {}, "a refused body is counted by whoever answers it"
    assert find_used_bytes(tmp_path, [7])[7] > 0


async def test_filtered_and_bad_events_count_for_the_rate(way: Way) -> None:
    limit: dict[str, Any] = {
        "events_per_second": 0.001,
        "burst_events": 2,
        "minimum_severity": "warn",
    }
    await way.send(say("low", 0), {"message": None}, **limit)
    with pytest.raises(KeyLimitError):
        await way.send(say("a", 4), **limit)


async def test_a_body_that_the_spool_has_no_room_for_is_not_counted(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise SpoolFullError("full", 1)

    monkeypatch.setattr(way.spool, "append", refuse)
    with pytest.raises(SpoolFullError):
        await way.send(say("a"), daily_bytes=1000)
    assert find_used_bytes(tmp_path, [7]) == {7: 0}


async def test_a_resend_of_what_is_kept_is_answered_whatever_the_limit(way: Way) -> None:
    first = await way.send(say("a"), idempotency_key="k", daily_bytes=1)
    assert (await way.send(say("a"), idempotency_key="k", daily_bytes=1)).ids == first.ids


async def test_an_error_of_a_discarded_issue_has_an_id_is_counted_and_is_not_stored(
    way: Way,
) -> None:
    way.discarded = frozenset({fingerprint(Evidence(message="noise 1"))})
    receipt = await way.send(say("noise 2", 4), say("other", 4), say("noise 3"))
    assert len(set(receipt.ids)) == 3
    assert [event.message for event in await way.stored()] == ["other", "noise 3"]
    assert way.ledger.events == {(1, 7, "lines", Outcome.FILTERED, "discarded"): 1}


async def test_the_bad_events_of_a_body_that_comes_again_for_want_of_room_count_once(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise SpoolFullError("full", 1)

    with monkeypatch.context() as patch:
        patch.setattr(way.spool, "append", refuse)
        with pytest.raises(SpoolFullError):
            await way.send(say("a"), {"message": None})
    assert not way.ledger.events.total()
    assert way.ledger.kept == []

    await way.send(say("a"), {"message": None})
    assert way.ledger.events == {(1, 7, "lines", "rejected", "missing_message"): 1}
    assert len(way.ledger.kept) == 1


async def test_a_body_that_an_error_of_ours_has_stopped_is_not_counted(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(way.spool, "append", fail)
    with pytest.raises(RuntimeError):
        await way.send(say("a"), daily_bytes=1000)
    assert find_used_bytes(tmp_path, [7]) == {7: 0}


async def test_whose_sender_leaves_while_it_is_written_is_kept_and_counted(
    way: Way, tmp_path: Path
) -> None:
    sending = asyncio.ensure_future(way.send(say("a"), {"message": None}, daily_bytes=1000))
    while not way.spool._room.held_bytes:
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending

    assert find_used_bytes(tmp_path, [7])[7] > 0
    assert way.ledger.events == {(1, 7, "lines", "rejected", "missing_message"): 1}
    while not way.spool.state.events:
        await asyncio.sleep(0.01)
