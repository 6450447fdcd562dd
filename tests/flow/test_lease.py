"""Leases: one holder of all, the database's own clock, and holders that stall."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from typing import TYPE_CHECKING

import pytest

from logster.meta import tables
from logster.meta.database import open_database
from logster.meta.lease import Lease, LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.meta.database import Database

NAME = "sweep"
DURATION_S = 30.0
HOUR_NS = 3_600 * 10**9


class HandTurnedClock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandTurnedClock:
    return HandTurnedClock()


@pytest.fixture
def other_database(database: Database, meta_url: str) -> Iterator[Database]:
    opened = open_database(meta_url)
    yield opened
    opened.close()


@pytest.fixture
def mine(database: Database, clock: HandTurnedClock) -> Lease:
    return Lease(database, NAME, duration_s=DURATION_S, clock=clock)


@pytest.fixture
def theirs(other_database: Database) -> Lease:
    return Lease(other_database, NAME, duration_s=DURATION_S)


def move_end(database: Database, by_ns: int) -> None:
    """Let the database's clock go on, by setting the end of the lease back."""
    expires_at = tables.leases.c.expires_at
    with database.writing() as connection:
        connection.execute(tables.leases.update().values(expires_at=expires_at - by_ns))


async def test_one_of_all_has_it_until_it_is_released(mine: Lease, theirs: Lease) -> None:
    assert await mine.take()
    assert not await theirs.take()
    assert (mine.is_held, theirs.is_held) == (True, False)
    await theirs.release()
    await mine.release()
    assert not mine.is_held
    assert await theirs.take()


async def test_leases_of_other_names_are_nobodys_business(
    mine: Lease, other_database: Database
) -> None:
    assert await mine.take()
    assert await Lease(other_database, "evaluate", duration_s=DURATION_S).take()


async def test_a_holder_that_died_is_followed_when_the_lease_expires(
    mine: Lease, theirs: Lease, database: Database
) -> None:
    assert await mine.take()
    move_end(database, int((DURATION_S - 5) * 1e9))
    assert not await theirs.take()
    move_end(database, int(5 * 1e9))
    assert await theirs.take()


async def test_a_holder_that_takes_it_again_keeps_it(
    mine: Lease, theirs: Lease, database: Database
) -> None:
    for _ in range(3):
        assert await mine.take()
        move_end(database, int((DURATION_S - 5) * 1e9))
        assert not await theirs.take()


async def test_a_holder_that_stalls_notices_before_it_acts(
    mine: Lease, theirs: Lease, database: Database, clock: HandTurnedClock
) -> None:
    assert await mine.take()
    mine.check()
    clock.now_s += DURATION_S  # it slept; nobody has taken the lease yet
    with pytest.raises(LeaseLostError):
        mine.check()
    assert not mine.is_held
    assert await mine.take()
    clock.now_s += DURATION_S
    move_end(database, int(DURATION_S * 1e9))
    assert await theirs.take()
    assert not await mine.take()
    await mine.release()
    assert not await mine.take(), "what is released is ours alone"


async def test_an_answer_that_comes_late_is_no_lease(
    mine: Lease, clock: HandTurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = mine._take

    def take_slowly(connection: object) -> bool:
        clock.now_s += DURATION_S
        return taken(connection)  # type: ignore[arg-type]  # handed on as it is

    monkeypatch.setattr(mine, "_take", take_slowly)
    assert not await mine.take()


async def test_a_write_is_undone_when_the_lease_is_lost_though_the_holder_believes_in_it(
    mine: Lease, theirs: Lease, database: Database
) -> None:
    def write(name: str) -> None:
        with database.writing() as connection:
            connection.execute(tables.workspaces.insert().values(name=name, created_at=1))
            mine.check_in(connection)

    assert await mine.take()
    write("first")
    move_end(database, int(DURATION_S * 1e9))
    assert await theirs.take()
    assert mine.is_held
    with pytest.raises(LeaseLostError):
        write("second")
    assert not mine.is_held
    with database.reading() as connection:
        assert [row.name for row in connection.execute(tables.workspaces.select())] == ["first"]


@pytest.mark.parametrize("wrong_by_s", [-86_400 * 365, 86_400 * 365])
async def test_the_clocks_of_the_workers_may_be_wrong(
    mine: Lease, theirs: Lease, monkeypatch: pytest.MonkeyPatch, wrong_by_s: int
) -> None:
    real, real_ns = time.time, time.time_ns
    assert await mine.take()
    monkeypatch.setattr(time, "time", lambda: real() + wrong_by_s)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + wrong_by_s * 10**9)
    assert not await theirs.take()
    assert await mine.take()


async def test_a_clock_of_the_database_that_is_set_back_stops_nobody_for_long(
    mine: Lease, theirs: Lease, database: Database
) -> None:
    assert await mine.take()
    move_end(database, -HOUR_NS)
    assert await theirs.take()


def _count_up(url: str, rounds: int) -> None:
    """A worker: reads a number, and a moment later writes the next one."""

    async def work() -> None:
        database = open_database(url)
        lease = Lease(database, NAME, duration_s=DURATION_S)
        revisions = tables.revisions.update().where(tables.revisions.c.part == "keys")
        done = 0
        while done < rounds:
            if not await lease.take():
                await asyncio.sleep(0.002)
                continue
            with database.reading() as connection:
                row = connection.execute(tables.revisions.select().filter_by(part="keys")).one()
            await asyncio.sleep(0.001)
            with database.writing() as connection:
                lease.check_in(connection)
                connection.execute(revisions.values(revision=row.revision + 1))
            done += 1
            await lease.release()
        database.close()

    asyncio.run(work())


def test_processes_that_all_want_it_have_it_one_after_the_other(
    database: Database, meta_url: str
) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count_up, args=(meta_url, 10)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with database.reading() as connection:
        row = connection.execute(tables.revisions.select().filter_by(part="keys")).one()
    assert row.revision == 20
