"""The drain: everything reaches the store once, in order; the bad is set aside, not in the way."""

import asyncio
import contextlib
import sqlite3

import pytest

from logster import metrics
from logster.errors import StoreRefusedError, StoreUnavailableError
from logster.faults import Faults
from logster.spool import drain as drain_module
from logster.spool.drain import Drain
from logster.spool.line import Block
from logster.spool.quarantine import list_aside
from logster.spool.spool import Spool
from logster.store.failures import insert_error


class RecordingStore:
    """Keeps words once per token, as the engine does; refuses and fails on demand."""

    def __init__(self):
        self.words = []
        self.tokens = set()
        self.calls = 0
        self.failure = None
        self.max_words = 1_000_000
        self.refused = set()

    async def insert(self, bodies, token):
        self.calls += 1
        words = [word for body in bodies for word in body.decode().split()]
        if self.failure:
            raise self.failure
        if len(words) > self.max_words:
            raise insert_error("Code: 241. DB::Exception: Memory limit exceeded", 241)
        if self.refused & set(words):
            raise StoreRefusedError("cannot parse")
        if token not in self.tokens:
            self.tokens.add(token)
            self.words += words


AWAY = StoreUnavailableError("connection refused")


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
def faults():
    return Faults("test")


@pytest.fixture
def drain(spool, store, faults, monkeypatch):
    monkeypatch.setattr(drain_module, "BACK_OFF_S", 0.001)
    monkeypatch.setattr(drain_module, "MAX_BACK_OFF_S", 0.01)
    return Drain(spool, insert=store.insert, split=split, faults=faults)


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
    store.failure = AWAY
    async with running(drain):
        await spool.append("patient", 7)
        await until(lambda: store.calls > 20)
        assert spool.state.events == 1
        await spool.append("later", 5)
        store.failure = None
        await until(lambda: spool.state.events == 0)

    assert store.words == ["patient", "later"]


@pytest.mark.parametrize(
    ("code", "words", "cause"),
    [
        (1001, "std::exception: filesystem error: Permission denied [/data/x]", "denied"),
        (1001, "std::exception: filesystem error: Operation not permitted [/data/x]", "denied"),
        (1001, "std::exception: filesystem error: No space left on device [/data/x]", "full"),
        (243, "Cannot reserve 1.00 MiB, not enough space", "full"),
        (1001, "Cannot rename: Disk quota exceeded", "quota"),
        (76, "Cannot open file /data/x: , errno: 30, strerror: Read-only file system", "read_only"),
        (75, "Cannot write to file: errno: 5, strerror: Input/output error", "faulty"),
        (76, "Cannot open file /data/x: errno: 24, strerror: Too many open files", "files"),
        (173, "Allocator: Cannot malloc: errno: 12, strerror: Cannot allocate memory", "memory"),
        (60, "Table logster.events does not exist", "missing"),
        (81, "Database logster does not exist", "missing"),
        (242, "Table is in readonly mode: replica_path=/x", "read_only"),
        (164, "logster: Cannot execute query in readonly mode", "read_only"),
        (252, "Too many parts (3000) in table", "parts"),
        (516, "logster: Authentication failed: password is incorrect", "password"),
        (999, "Coordination error: Connection loss", "replica"),
        (285, "Number of alive replicas (0) is less than requested quorum (1/2)", "replica"),
        (159, "Timeout exceeded: elapsed 120 seconds", "slow"),
        (202, "Too many simultaneous queries", "slow"),
        (33, "Cannot read all data: (while reading column message)", "other"),
        (49, "Logical error: whatever the engine has not thought of", "other"),
        (987_654, "A code of a version to come", "other"),
        (None, "Connection refused", "away"),
    ],
)
async def test_a_store_that_cannot_be_written_is_waited_for_and_nothing_is_set_aside(  # noqa: PLR0917
    spool, store, drain, faults, tmp_path, caplog, code, words, cause
):
    store.failure = insert_error(f"Code: {code}. DB::Exception: {words}", code)
    async with running(drain):
        await spool.append("patient", 7)
        await until(lambda: store.calls > 20)
        [fault] = faults.list()
        assert (fault.part, fault.cause, fault.is_blocking) == ("store", cause, True)
        assert words in fault.detail
        assert fault.advice
        assert metrics.FAULT.labels("store", cause)._value.get() == 1
        assert caplog.text.count(words) == 1  # said once, not at each try
        store.failure = None
        await until(lambda: spool.state.events == 0)

    assert store.words == ["patient"]
    assert list_aside(tmp_path) == {}
    assert faults.list() == []
    assert metrics.FAULT.labels("store", cause)._value.get() == 0
    assert "well again" in caplog.text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (6, "Cannot parse string 'x' as UInt8"),
        (117, "Corrupted Arrow IPC message metadata"),
        (321, "Value is out of range"),
        (33, "Cannot read all data. Bytes read: 7: While executing ArrowIPCBlockInputFormat"),
    ],
)
def test_what_is_certainly_about_the_rows_is_laid_at_their_door(code, words):
    error = insert_error(
        f"Received ClickHouse exception, code: {code}: DB::Exception: {words}", code
    )

    assert isinstance(error, StoreRefusedError)
    assert str(error) == words


async def test_a_failure_that_is_over_at_once_is_not_said(spool, store, drain, faults, caplog):
    async def fail_once(bodies, token):
        if not store.calls:
            store.calls += 1
            raise AWAY
        await RecordingStore.insert(store, bodies, token)

    drain._insert = fail_once
    await spool.append("patient", 7)

    assert await drain.drain_all(5)
    assert store.words == ["patient"]
    assert not caplog.text


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


@pytest.mark.parametrize("crash_at", [2, 4, 6, 9, 12, 17, 26, 29, 32, 40])
@pytest.mark.parametrize("kind", ["memory", "content"])
async def test_a_crash_while_a_block_goes_in_in_pieces_stores_nothing_twice(
    spool, store, drain, tmp_path, kind, crash_at
):
    """The store may take the whole after it: it has more memory then, or knows the type."""
    words = [f"word{n}" for n in range(12)]
    if kind == "memory":
        store.max_words = 3
    else:
        store.refused = {"word1", "word6", "word7"}
    await spool.append(" ".join(words[:7]), 40)
    await spool.append(" ".join(words[7:]), 40)

    async with running(drain):  # ended at any moment, as by a kill
        await until(lambda: store.calls >= crash_at or not spool.state.events)
    store.max_words, store.refused = 100, set()

    assert await Drain(spool, insert=store.insert, split=split, faults=Faults("again")).drain_all(5)
    aside = [block.body.decode() for block in list_aside(tmp_path).get("spool-00", [])]
    assert sorted(store.words + aside) == sorted(words)


async def test_a_bad_block_does_not_stand_in_the_way_of_the_next(spool, store, drain):
    store.refused = {"bad"}
    await spool.append("bad", 3)
    claim = await spool.take(1 << 20, 100)
    await spool.append("next", 4)

    assert await drain.drain_all(5)
    assert claim.bodies == [b"bad"]
    assert store.words == ["next"]


async def test_a_block_too_large_for_the_stores_memory_is_inserted_in_pieces(
    spool, store, drain, tmp_path
):
    store.max_words = 3
    words = [f"word{n}" for n in range(20)]
    await spool.append(" ".join(words), 20)

    assert await drain.drain_all(5)
    assert sorted(store.words) == sorted(words)
    assert list_aside(tmp_path) == {}


async def test_an_event_for_which_there_is_no_memory_waits_and_is_not_set_aside(
    spool, store, drain, tmp_path
):
    store.max_words = 0
    await spool.append("one two", 20)
    async with running(drain):
        await until(lambda: store.calls > 40)
        assert list_aside(tmp_path) == {}
        store.max_words = 1
        await until(lambda: spool.state.events == 0)

    assert sorted(store.words) == ["one", "two"]


async def test_draining_at_the_end_gives_up_in_time_and_loses_nothing(spool, store, drain):
    store.failure = AWAY
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
