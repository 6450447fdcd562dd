"""The drain: everything reaches the store once, in order; the bad is set aside, not in the way."""

import asyncio
import contextlib
import shutil
import sqlite3

import pytest

from logster import metrics
from logster.errors import StoreRefusedError, StoreUnavailableError
from logster.faults import Faults
from logster.notice import Listener, Notice, Stored
from logster.spool import drain as drain_module
from logster.spool import listeners as listeners_module
from logster.spool.drain import Drain
from logster.spool.listeners import Listeners
from logster.spool.missed import has_missed
from logster.spool.quarantine import list_aside, replay_aside
from logster.spool.queue import Block
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

    async def insert(self, block, token):
        self.calls += 1
        words = block.decode().split()
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


def join(bodies):
    return b" ".join(bodies)


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
    return drain_into(store, spool, faults)


def drain_into(store, spool, faults, *listeners):
    return Drain(
        spool,
        join=join,
        insert=store.insert,
        split=split,
        listeners=Listeners(listeners, read_notice=read_notice, faults=faults),
        faults=faults,
    )


def read_notice(block, token):
    """Words as events of one workspace, each of its own application."""
    words = block.decode().split()
    return Notice(token, {7: Stored(len(words), 1, 2, frozenset(words))})


@contextlib.asynccontextmanager
async def running(drain):
    task = asyncio.create_task(drain.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(30):
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
    async def fail_once(block, token):
        if not store.calls:
            store.calls += 1
            raise AWAY
        await RecordingStore.insert(store, block, token)

    drain._insert = fail_once
    await spool.append("patient", 7)

    assert await drain.drain_all(5)
    assert store.words == ["patient"]
    assert not caplog.text


async def test_a_crash_between_insert_and_forget_stores_nothing_twice(spool, store, drain):
    await spool.append("once", 4)
    claim = await spool.take(1 << 20, 100)
    await store.insert(join(claim.bodies), claim.token)

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

    assert await drain_into(store, spool, Faults("again")).drain_all(5)
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
        patch.setattr(spool._claims, "take", fail)
        async with running(drain):
            await until(lambda: len(tries) > 2)
            patch.undo()
            await until(lambda: spool.state.events == 0)

    assert store.words == ["patient"]


# -- notice ------------------------------------------------------------------------------------


class Ear:
    """Remembers what it is told, and fails as long as it is told to."""

    def __init__(self, name="ear"):
        self.notices = []
        self.failure = None
        self.listener = Listener(name, self.hear)

    async def hear(self, notice):
        self.notices.append(notice)
        if self.failure:
            raise self.failure

    @property
    def words(self):
        return {word for notice in self.notices for word in notice.workspaces[7].applications}


@pytest.fixture
def ear(monkeypatch):
    monkeypatch.setattr(listeners_module, "HOLD_S", 0.02)
    monkeypatch.setattr(listeners_module, "HOLD_AGAIN_S", 0.02)
    monkeypatch.setattr(listeners_module, "AGAIN_S", 0.0)
    monkeypatch.setattr(listeners_module, "BACK_OFF_S", 0.005)
    return Ear()


async def test_who_listens_is_told_once_the_store_has_it_and_the_spool_has_it_still(
    spool, store, faults
):
    seen = []

    async def look(notice):
        seen.append((notice, list(store.words), spool.state.events))

    await spool.append("one two", 7)
    drain = drain_into(store, spool, faults, Listener("looker", look))
    assert await drain.drain_all(5)

    [(notice, words, waiting)] = seen
    assert notice.token in store.tokens
    assert notice.workspaces[7].count == 2
    assert (words, waiting) == (["one", "two"], 1)


async def test_nothing_is_looked_at_when_nobody_listens(spool, store, faults, monkeypatch):
    drain = drain_into(store, spool, faults)
    monkeypatch.setattr(drain._listeners, "_read_notice", None)
    await spool.append("one", 3)

    assert await drain.drain_all(5)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("dies_at", ["insert", "notice", "forget"])
async def test_a_claim_is_told_again_with_its_token_after_a_crash(
    spool, store, faults, ear, monkeypatch, dies_at
):
    async def die(*_):
        raise Killed

    await spool.append("once", 4)
    drain = drain_into(store, spool, faults, ear.listener)
    with monkeypatch.context() as patch:
        if dies_at == "insert":
            patch.setattr(drain._listeners, "tell", die)
        elif dies_at == "notice":
            patch.setattr(spool, "forget", die)
        else:  # it is forgotten, and nobody learns of it
            forget = spool.forget

            async def forget_and_die(*arguments):
                await forget(*arguments)
                raise Killed

            patch.setattr(spool, "forget", forget_and_die)
        with pytest.raises(Killed):
            await drain.drain_once()

    assert await drain_into(store, spool, faults, ear.listener).drain_all(5)
    assert len(ear.notices) == (2 if dies_at == "notice" else 1)
    assert {notice.token for notice in ear.notices} == store.tokens
    assert store.words == ["once"]


async def test_a_listener_that_fails_holds_nothing_up_and_hears_of_it_later(
    spool, store, faults, ear, caplog
):
    other = Ear("other")
    ear.failure = RuntimeError("no such table")
    drain = drain_into(store, spool, faults, ear.listener, other.listener)
    for word in ("one", "two", "three"):
        await spool.append(word, 3)
        assert await drain.drain_all(5)
    assert store.words == ["one", "two", "three"]
    assert len(other.notices) == 3
    assert caplog.text.count("no such table") == 1
    [fault] = faults.list()
    assert (fault.part, fault.cause, fault.is_blocking) == ("ear", "notice", False)

    ear.failure = None
    ear.notices.clear()
    await drain.tell_missed()
    [notice] = ear.notices
    assert notice.token is None
    assert notice.workspaces == {7: Stored(3, 1, 2, frozenset(("one", "two", "three")))}
    assert faults.list() == []
    await spool.append("four", 4)
    assert await drain.drain_all(5)
    assert ear.notices[-1].token == other.notices[-1].token


@pytest.mark.parametrize("is_idle", [True, False])
async def test_what_was_missed_is_told_after_a_restart(
    tmp_path, spool, store, faults, ear, is_idle
):
    ear.failure = RuntimeError("away")
    await spool.append("one", 3)
    assert await drain_into(store, spool, faults, ear.listener).drain_all(5)
    left = tmp_path / "left"
    left.mkdir()
    shutil.copytree(spool.path.parent, left, dirs_exist_ok=True, ignore=lambda *_: ["left"])
    again = Spool(left / spool.path.name, pack=pack, max_bytes=1 << 20)
    again.start()

    ear.failure = None
    ear.notices.clear()
    drain = drain_into(store, again, faults, ear.listener)
    if not is_idle:
        await again.append("two", 3)
        await drain.drain_once()
    else:
        await drain.tell_missed()
    assert ear.words == {"one"} if is_idle else {"one", "two"}
    assert not has_missed(again.path)
    await again.close()


async def test_what_was_missed_is_in_the_file_that_is_made_of_a_damaged_one(
    spool, store, faults, ear
):
    ear.failure = RuntimeError("away")
    await spool.append("one", 3)
    assert await drain_into(store, spool, faults, ear.listener).drain_all(5)
    spool.path.unlink()
    await spool.append("two", 3)

    assert has_missed(spool.path)
    assert list(spool.missed) == ["ear"]


async def test_who_listens_no_more_is_forgotten(spool, store, faults, ear):
    ear.failure = RuntimeError("away")
    await spool.append("one", 3)
    assert await drain_into(store, spool, faults, ear.listener).drain_all(5)
    assert has_missed(spool.path)

    await drain_into(store, spool, faults).tell_missed()
    assert not has_missed(spool.path)


async def test_every_stored_piece_of_a_block_is_told_and_none_that_was_refused(
    spool, store, faults, ear, tmp_path
):
    store.refused = {"bad3"}
    words = [f"{'bad' if n == 3 else 'good'}{n}" for n in range(8)]
    for part in (words[:5], words[5:]):
        await spool.append(" ".join(part), 40)
    drain = drain_into(store, spool, faults, ear.listener)
    assert await drain.drain_all(5)
    assert ear.words == set(words) - store.refused
    assert {notice.token for notice in ear.notices} == store.tokens

    store.refused = set()
    [aside] = list_aside(tmp_path)["spool-00"]
    assert replay_aside(tmp_path, "spool-00", aside.number)
    assert await drain.drain_all(5)
    assert ear.words == set(words)
