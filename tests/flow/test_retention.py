"""How long events are kept: chosen by people, applied by one worker, true for arriving events."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from logster.errors import StoreError
from logster.event import NS_PER_S, Event
from logster.meta import expiry as expiries
from logster.meta.expiry import Expiry
from logster.meta.grants import Right
from logster.meta.lease import Lease
from logster.meta.sessions import Role
from logster.store.schema import EventsTable, migrate
from logster.store.usage import weigh_loss
from support.disk import filled, small_disk
from support.engine import connected, engine_process
from support.meta import add_workspace, running_meta
from support.stored import store_events
from support.web import ADMIN, KEY, PASSWORD, Site, absent_engine, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import httpx

    from logster.meta.meta import Meta
    from logster.store.engine import Engine

DAY_NS = 86_400 * NS_PER_S
MEGABYTE = 1024 * 1024
PATH = "/api/v1/retention"


class CountedTable(EventsTable):
    """The real table; knows how often it was changed, and fails when it is told to."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.changes: list[int] = []
        self.sweeps = 0
        self.is_broken = False

    async def keep_days(self, days: int) -> None:
        if self.is_broken:
            raise StoreError("not now")
        self.changes.append(days)
        await super().keep_days(days)

    async def drop_expired(self) -> list[int]:
        self.sweeps += 1
        return await super().drop_expired()


@pytest.fixture
def table(engine: Engine) -> CountedTable:
    return CountedTable(engine)


def expiry_of(meta: Meta, table: CountedTable) -> Expiry:
    return Expiry(meta.database, meta.retention, table)


def other_lease(meta: Meta, name: str = "retention") -> Lease:
    """That of another worker."""
    return Lease(meta.database, name, duration_s=expiries.CHANGE_LEASE_S)


def aged(number: int, days: float, **fields: Any) -> Event:
    now = time.time_ns()
    at = now - int(days * DAY_NS)
    values: dict[str, Any] = {
        "id": number,
        "timestamp": at,
        "received_at": now,
        "severity": 2,
        "message": f"{days} days old",
        "workspace": 1,
        "protocol": "api_log",
    }
    return Event(**(values | fields))


async def count_events(engine: Engine) -> int:
    return int((await engine.ask("SELECT count() FROM events", {})).rows[0][0])


# -- one worker changes the table ------------------------------------------------------------


async def test_of_several_workers_exactly_one_changes_the_table(
    meta_url: str, table: CountedTable
) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(running_meta(meta_url)) for _ in range(6)]
        workers = [expiry_of(meta, table) for meta in opened]
        for days in (30, 7, 90):
            await opened[0].retention.choose(days, "ada")
            async with asyncio.timeout(30):
                while not (
                    all(await asyncio.gather(*(worker.apply() for worker in workers)))
                    and {meta.retention.days for meta in opened} == {days}
                ):
                    await asyncio.sleep(0.01)
            assert await table.kept_days() == days
        assert table.changes == [30, 7, 90]


async def test_a_choice_survives_a_restart_with_another_setting(
    meta: Meta, meta_url: str, table: CountedTable, engine: Engine
) -> None:
    await meta.retention.choose(12, "ada")
    assert await expiry_of(meta, table).apply()
    await migrate(engine)
    with running_meta(meta_url, retention_days=400) as after:
        assert after.retention.days == 12
        assert await expiry_of(after, table).apply()
    assert (await table.kept_days(), table.changes) == (12, [12])


async def test_without_a_choice_the_setting_counts_and_taking_it_back_too(
    meta: Meta, table: CountedTable
) -> None:
    expiry = expiry_of(meta, table)
    assert await expiry.apply()
    await meta.retention.choose(5, "ada")
    assert await expiry.apply()
    await meta.retention.choose(None, "ada")
    assert await expiry.apply()
    assert table.changes == [30, 5, 30]


async def test_a_choice_that_is_applied_asks_nobody(
    meta: Meta,
    table: CountedTable,
    outage: Callable[[], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expiry = expiry_of(meta, table)
    assert await expiry.apply()

    async def kept_days() -> int:
        raise AssertionError("the table was asked")

    monkeypatch.setattr(table, "kept_days", kept_days)
    with outage():
        assert await expiry.apply()
    assert meta.retention.days == 30


# -- what arrives ----------------------------------------------------------------------------


async def test_older_events_are_let_in_only_when_the_table_keeps_them(
    meta: Meta, table: CountedTable
) -> None:
    expiry = expiry_of(meta, table)
    assert await expiry.apply()
    await meta.retention.choose(90, "ada")
    table.is_broken = True
    with pytest.raises(StoreError):
        await expiry.apply()
    assert meta.retention.days == 30
    table.is_broken = False
    assert await expiry.apply()
    assert meta.retention.days == 90


async def test_a_shorter_time_holds_for_what_arrives_at_once(
    meta: Meta, beside: Meta, table: CountedTable
) -> None:
    expiry = expiry_of(meta, table)
    assert await expiry.apply()
    await meta.retention.choose(7, "ada")
    assert await other_lease(beside).take()
    assert not await expiry.apply()
    assert meta.retention.days == 7
    assert await table.kept_days() == 30


async def test_a_worker_that_died_while_it_changed_the_table_is_not_waited_for_for_ever(
    meta: Meta, beside: Meta, table: CountedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiries, "CHANGE_LEASE_S", 1.0)
    expiry = expiry_of(meta, table)
    await meta.retention.choose(7, "ada")
    assert await other_lease(beside).take()
    assert not await expiry.apply()
    async with asyncio.timeout(30):
        while not await expiry.apply():
            await asyncio.sleep(0.05)
    assert await table.kept_days() == 7


# -- what is removed -------------------------------------------------------------------------


async def test_a_shorter_time_removes_what_was_weighed_and_nothing_else(
    meta: Meta, table: CountedTable, engine: Engine
) -> None:
    await store_events(engine, [aged(n, n) for n in range(1, 21)])
    await store_events(engine, [aged(100 + n, 20 + n / 1000, workspace=2) for n in range(5)])
    today = datetime.now(UTC).date()
    loss = await weigh_loss(engine, 10, 3650)
    assert (loss.days, loss.events) == (11, 16) or loss.days == 10  # at midnight
    assert loss.bytes > 0
    assert loss.last == str(today - timedelta(days=10)) or loss.days == 10
    assert (await weigh_loss(engine, 3650, 3650)).days == 0
    assert (await weigh_loss(engine, 5, 10)).last != loss.last
    assert (await weigh_loss(engine, 10, 10)).days == 0
    await meta.retention.choose(10, "ada")
    assert await expiry_of(meta, table).apply()
    left = 25 - loss.events
    async with asyncio.timeout(30):
        while await count_events(engine) != left:
            await asyncio.sleep(0.1)
    assert (await weigh_loss(engine, 10, 3650)).events == 0


async def test_the_longest_time_removes_nothing(
    meta: Meta, table: CountedTable, engine: Engine
) -> None:
    """The engine counts in 32 bits of seconds: a longer one would wrap round and expire at once."""
    await meta.retention.choose(10_000, "ada")
    assert await expiry_of(meta, table).apply()
    await store_events(engine, [aged(1, 0), aged(2, -1)])
    await engine.command("OPTIMIZE TABLE events FINAL")
    assert await count_events(engine) == 2


async def test_only_days_that_are_over_are_swept_away(engine: Engine, table: CountedTable) -> None:
    midnight_ns = time.time_ns() // DAY_NS * DAY_NS
    await table.keep_days(15)
    await engine.command("SYSTEM STOP TTL MERGES events")
    try:
        ages = (-14, -15, -16, -40)
        await store_events(
            engine, [aged(-day, 0, timestamp=midnight_ns + day * DAY_NS) for day in ages]
        )
        today = datetime.fromtimestamp(midnight_ns / NS_PER_S, UTC)
        over = [int(f"{today - timedelta(days=days):%Y%m%d}") for days in (40, 16)]
        assert await table.drop_expired() == over
        assert await count_events(engine) == 2
        assert await table.drop_expired() == []
    finally:
        await engine.command("SYSTEM START TTL MERGES events")


async def test_a_change_waits_for_no_part_and_is_not_hurt_by_one_that_goes(
    engine: Engine, table: CountedTable
) -> None:
    """The engine rewrites the header of every part; a part that is dropped meanwhile is none."""
    await store_events(engine, [aged(1, 20), aged(2, 0)])
    await engine.command("SYSTEM STOP MERGES events")
    try:
        async with asyncio.timeout(30):
            await table.keep_days(10)
        assert await table.kept_days() == 10
        assert len(await table.drop_expired()) == 1
        assert await count_events(engine) == 1
    finally:
        await engine.command("SYSTEM START MERGES events")


async def test_one_worker_sweeps_what_the_engine_has_left_until_it_stops(
    meta: Meta,
    beside: Meta,
    table: CountedTable,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOOK_S", "SWEEP_S", "ASK_AGAIN_S"):
        monkeypatch.setattr(expiries, name, 0.01)
    beside_table = CountedTable(engine)
    await engine.command("SYSTEM STOP TTL MERGES events")
    first = asyncio.create_task(expiry_of(meta, table).run())
    try:
        async with asyncio.timeout(30):
            while not table.sweeps:
                await asyncio.sleep(0.02)
        second = asyncio.create_task(expiry_of(beside, beside_table).run())
        await store_events(engine, [aged(1, 40), aged(2, 10)])
        async with asyncio.timeout(30):
            while await count_events(engine) > 1:
                await asyncio.sleep(0.02)
        assert not beside_table.sweeps
        first.cancel()
        async with asyncio.timeout(30):
            while not beside_table.sweeps:
                await asyncio.sleep(0.02)
    finally:
        for worker in (first, second):
            worker.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        await engine.command("SYSTEM START TTL MERGES events")


async def test_nothing_is_swept_before_a_longer_time_holds(
    meta: Meta, beside: Meta, table: CountedTable, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker is about to change the table: it still tells the shorter time."""
    monkeypatch.setattr(expiries, "LOOK_S", 0.01)
    monkeypatch.setattr(expiries, "SWEEP_S", 0.0)
    await table.keep_days(15)
    await engine.command("SYSTEM STOP TTL MERGES events")
    await meta.retention.choose(90, "ada")
    assert await other_lease(beside).take()
    worker = asyncio.create_task(expiry_of(meta, table).run())
    try:
        await store_events(engine, [aged(1, 20)])
        await asyncio.sleep(0.5)
        assert await count_events(engine) == 1
        assert not table.sweeps
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await engine.command("SYSTEM START TTL MERGES events")


async def test_a_day_that_is_over_goes_from_a_disk_with_less_room_than_it_takes(
    tmp_path: Path,
) -> None:
    """The engine by itself wants as much as the day's largest part has, and would wait for ever."""
    with small_disk(tmp_path, 320 * MEGABYTE), engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=400)
            for _ in range(3):
                await engine.command(
                    "INSERT INTO events (id, timestamp, message) SELECT number, "
                    "now64(9) - INTERVAL 20 DAY, randomPrintableASCII(500) FROM numbers(40000)"
                )
            await engine.command("OPTIMIZE TABLE events FINAL")
            await store_events(engine, [aged(1, 1)])
            with filled(tmp_path, 40 * MEGABYTE):
                await EventsTable(engine).keep_days(10)
                async with asyncio.timeout(30):
                    while await count_events(engine) > 1:
                        await EventsTable(engine).drop_expired()


# -- the API ---------------------------------------------------------------------------------


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        yield opened


async def visit_as(site: Site, email: str = ADMIN) -> httpx.AsyncClient:
    browser = site.visit()
    await log_in(browser, email, PASSWORD)
    browser.headers.update(csrf_of(browser))
    return browser


async def test_an_administrator_sees_weighs_and_changes(
    site: Site, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    await store_events(engine, [aged(1, 0), aged(2, 20), aged(3, 40)])
    admin = await visit_as(site)
    told = (await admin.get(PATH)).json()
    assert (told["days"], told["chosen_days"], told["default_days"]) == (30, None, 30)
    assert [day["rows"] for day in told["held"]] == [1, 1, 1]
    loss = (await admin.get(f"{PATH}/loss", params={"days": 15})).json()
    assert (loss["days"], loss["events"]) == (1, 1), "the one of 40 days has expired already"
    changed = (await admin.put(PATH, json={"days": 35})).json()
    assert (changed["days"], changed["chosen_days"], changed["changed_by"]) == (35, 35, ADMIN)
    assert changed["changed_at"].endswith("Z")
    assert f"{ADMIN} changed the retention from 30 to 35 days" in caplog.text
    assert await site.expiry.apply()
    assert (await admin.get(PATH)).json()["kept_days"] == 35
    assert (await admin.put(PATH, json={"days": None})).json()["days"] == 30


@pytest.mark.parametrize("days", [0, -1, 10_001, 10**30, 1.5, "7 days", [7], True])
async def test_a_number_of_days_that_cannot_be_is_refused(site: Site, days: object) -> None:
    browser = site.visit(key=KEY)
    answer = await browser.put(PATH, json={"days": days})
    assert answer.status_code == 400
    assert "days" in answer.json()["error"]["message"]
    assert (await browser.get(PATH)).json()["chosen_days"] is None


@pytest.mark.parametrize("days", ["0", "10001", "x", "1;DROP TABLE events", ""])
async def test_a_loss_of_no_number_of_days_is_refused(site: Site, days: str) -> None:
    answer = await site.visit(key=KEY).get(f"{PATH}/loss", params={"days": days})
    assert answer.status_code == 400


async def test_who_does_not_look_after_the_machine_can_change_nothing(site: Site) -> None:
    theirs = add_workspace(site.meta.database, "theirs")
    await site.add_user("boss@example.net", theirs, Role.ADMIN)
    await site.add_user("low@example.com", 1, Role.MEMBER)
    keys = [await site.meta.keys.create(1, "reader", [Right.READ, Right.INGEST])]
    keys.append(await site.meta.keys.create(theirs, "their admin", list(Right)))
    visitors = [await visit_as(site, "boss@example.net"), await visit_as(site, "low@example.com")]
    visitors += [site.visit(key=key.text) for key in keys]
    for visitor in visitors:
        for answer in (
            await visitor.get(PATH),
            await visitor.get(f"{PATH}/loss", params={"days": 1}),
            await visitor.put(PATH, json={"days": 1}),
        ):
            assert answer.status_code == 403
    forger = site.visit()
    await log_in(forger)
    assert (await forger.put(PATH, json={"days": 1})).status_code == 403
    assert (await site.visit().put(PATH, json={"days": 1})).status_code == 401
    assert (await site.meta.retention.find()).days is None


async def test_a_store_that_is_away_is_told_and_the_choice_is_kept(tmp_path: Path) -> None:
    async with absent_engine() as engine, running_site(tmp_path, engine) as site:
        changed = await site.visit(key=KEY).put(PATH, json={"days": 3})
        assert changed.status_code == 200
        told = changed.json()
    assert (told["days"], told["kept_days"], told["held"]) == (3, None, None)
