"""The drain: everything reaches the store once, in order; the bad is set aside, not in the way."""

import asyncio
import contextlib
import sqlite3

import pytest

from logster.errors import StoreFullError, StoreRefusedError, StoreUnavailableError
from logster.spool import drain as drain_module
from logster.spool.drain import Drain
from logster.spool.line import Block
from logster.spool.outside import list_aside
from logster.spool.spool import Spool


class RecordingStore:
    """Keeps words once per token, as the engine does; refuses and fails on demand."""

    def __init__(self):
        self.words = []
        self.tokens = set()
        self.calls = 0
        self.is_away = False
        self.is_full = False
        self.refused = set()
        self.poison = set()

    async def insert(self, bodies, token):
        self.calls += 1
        words = [word for body in bodies for word in body.decode().split()]
        if self.is_away:
            raise StoreUnavailableError("connection refused")
        if self.is_full:
            raise StoreFullError("not enough space")
        if self.refused & set(words):
            raise StoreRefusedError("cannot parse")
        if self.poison & set(words):
            raise StoreUnavailableError("memory limit exceeded")
        if token not in self.tokens:
            self.tokens.add(token)
            self.words += words

    async def is_well(self):
        return not self.is_away


def pack(words):
    return Block(len(words), " ".join(words).encode(), len(words))


def split(body):
    words = body.decode().split()
    if len(words) == 1:
        return [Block(1, body, 1)]
    half = len(words) // 2
    return [pack(words[:half]), pack(words[half:])]


@pytest.fixture
async def spool(tmp_path):
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    spool.start()
    yield spool
    await spool.close()


@pytest.fixture
def store():
    return RecordingStore()


@pytest.fixture
def drain(spool, store, monkeypatch):
    monkeypatch.setattr(drain_module, "BACK_OFF_S", 0.001)
    monkeypatch.setattr(drain_module, "MAX_BACK_OFF_S", 0.01)
    return Drain(spool, insert=store.insert, split=split, is_well=store.is_well)


@contextlib.asynccontextmanager
async def running(drain):
    task = asyncio.create_task(drain.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_events_reach_the_store_in_order_and_leave_the_spool(spool, store, drain):
    async with running(drain):
        for word in ("one", "two", "three"):
            await spool.append(word, 3)
        await until(lambda: len(store.words) == 3 and spool.state.events == 0)

    assert store.words == ["one", "two", "three"]


async def test_a_store_that_is_away_costs_nothing_but_time(spool, store, drain):
    store.is_away = True
    async with running(drain):
        await spool.append("patient", 7)
        await until(lambda: store.calls > 20)
        assert spool.state.events == 1
        await spool.append("later", 5)
        store.is_away = False
        await until(lambda: spool.state.events == 0)

    assert store.words == ["patient", "later"]


async def test_a_store_without_room_is_waited_for_and_nothing_is_set_aside(
    spool, store, drain, tmp_path
):
    store.is_full = True  # and answers questions all the while
    async with running(drain):
        await spool.append("patient", 7)
        await until(lambda: store.calls > 20)
        store.is_full = False
        await until(lambda: spool.state.events == 0)

    assert store.words == ["patient"]
    assert list_aside(tmp_path) == {}


async def test_a_crash_between_insert_and_forget_stores_nothing_twice(spool, store, drain):
    await spool.append("once", 4)
    claim = await spool.take(1 << 20, 100)
    await store.insert(claim.bodies, claim.token)

    assert await drain.drain_all(5)
    assert store.words == ["once"]


async def test_only_the_bad_events_of_a_refused_block_are_set_aside(spool, store, drain, tmp_path):
    store.refused = {"bad7", "bad13"}
    words = [f"bad{n}" if n in (7, 13) else f"good{n}" for n in range(20)]
    await spool.append(" ".join(words), 100)

    assert await drain.drain_all(5)
    assert sorted(store.words) == sorted(set(words) - store.refused)
    aside = list_aside(tmp_path)["spool-00"]
    assert {block.body.decode() for block in aside} == store.refused
    assert {block.reason for block in aside} == {"cannot parse"}


async def test_a_bad_block_does_not_stand_in_the_way_of_the_next(spool, store, drain):
    store.refused = {"bad"}
    await spool.append("bad", 3)
    claim = await spool.take(1 << 20, 100)
    await spool.append("next", 4)

    assert await drain.drain_all(5)
    assert claim.bodies == [b"bad"]
    assert store.words == ["next"]


async def test_a_block_that_keeps_failing_in_a_well_store_is_set_aside(
    spool, store, drain, tmp_path
):
    store.poison = {"poison"}
    await spool.append("fine poison fine2", 20)

    assert await drain.drain_all(5)
    assert sorted(store.words) == ["fine", "fine2"]
    [aside] = list_aside(tmp_path)["spool-00"]
    assert (aside.body, aside.reason) == (b"poison", "memory limit exceeded")


async def test_draining_at_the_end_gives_up_in_time_and_loses_nothing(spool, store, drain):
    store.is_away = True
    await spool.append("kept", 4)

    assert not await drain.drain_all(0.1)
    assert spool.state.events == 1


async def test_a_spool_that_cannot_be_written_is_waited_for(spool, store, drain, monkeypatch):
    monkeypatch.setattr(drain_module, "MAX_BACK_OFF_S", 0.01)
    await spool.append("patient", 7)
    tries = []

    def fail(*_):
        tries.append(1)
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(spool, "_take", fail)
        async with running(drain):
            await until(lambda: len(tries) > 2)
            patch.undo()
            await until(lambda: spool.state.events == 0)

    assert store.words == ["patient"]
