"""The spool: durable before append returns, claims that keep their token, nothing dropped."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from logster.errors import ConfigError, SpoolFullError
from logster.spool import claims, file, quarantine, receipts, room, schema, writer
from logster.spool.quarantine import drop_aside, list_aside, note_aside, replay_aside
from logster.spool.queue import Block, transaction
from logster.spool.receipts import find_receipt
from logster.spool.schema import connect
from logster.spool.slots import MAX_SLOTS, acquire_own_slot
from logster.spool.spool import Spool
from logster.spool.state import SpoolState, look_into_spools


def pack_words(words):
    if "unpackable" in words:
        raise ValueError("this word cannot be packed")
    body = " ".join(words).encode()
    return Block(len(words), body, len(body))


@contextlib.asynccontextmanager
async def open_spool(folder, *, max_bytes=1 << 20, pack=pack_words, name="spool-00"):
    spool = Spool(folder / f"{name}.sqlite", pack=pack, max_bytes=max_bytes)
    spool.start()
    try:
        yield spool
    finally:
        await spool.close()


def words_on_disk(path):
    with contextlib.closing(connect(path, is_reader=True)) as database:
        rows = database.execute("SELECT body FROM block ORDER BY number").fetchall()
    return [word for (body,) in rows for word in body.decode().split()]


def put_aside(path, body):
    with contextlib.closing(connect(path)) as database, transaction(database) as queue:
        queue.set_aside(Block(1, body, 5), "why")


async def take_all(spool):
    return await spool.take(1 << 30, 1 << 30)


async def test_an_item_is_on_disk_when_append_returns(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("hello", 5)

        assert words_on_disk(spool.path) == ["hello"]


async def test_everybody_who_waits_shares_few_commits(tmp_path):
    commits = []

    def pack(words):
        commits.append(len(words))
        return pack_words(words)

    async with open_spool(tmp_path, pack=pack) as spool:
        await asyncio.gather(*(spool.append(f"w{n}", 2) for n in range(200)))

        assert sum(commits) == 200
        assert len(commits) < 20
        assert sorted(words_on_disk(spool.path)) == sorted(f"w{n}" for n in range(200))


async def test_one_item_that_cannot_be_packed_fails_alone(tmp_path):
    async with open_spool(tmp_path) as spool:
        outcomes = await asyncio.gather(
            *(spool.append(word, 5) for word in ("a", "unpackable", "b")), return_exceptions=True
        )

        assert isinstance(outcomes[1], ValueError)
        assert outcomes[::2] == [None, None]
        assert sorted(words_on_disk(spool.path)) == ["a", "b"]


async def test_a_full_spool_refuses_and_says_which_setting(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)

        with pytest.raises(SpoolFullError, match="LOGSTER_MAX_SPOOL_BYTES") as refusal:
            await spool.append("y" * 30, 30)
        assert refusal.value.retry_after_s > 0


async def refused_retry_after_s(spool):
    with pytest.raises(SpoolFullError) as refusal:
        await spool.append("y" * 90, 90)
    return refusal.value.retry_after_s


async def test_who_waits_for_a_store_that_stands_still_is_told_to_wait_ever_longer(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        await spool.forget(await take_all(spool))
        await spool.append("x" * 80, 80)
        claim = await take_all(spool)
        assert await refused_retry_after_s(spool) == 1

        now = spool._room._taken_at
        spool._room._taken_at = spool._room._forgot_at = now - 25
        assert 25 <= await refused_retry_after_s(spool) <= 30
        spool._room._taken_at = spool._room._forgot_at = now - 3600
        assert await refused_retry_after_s(spool) == room.MAX_RETRY_AFTER_S

        spool._room._taken_at = now
        await spool.forget(claim)
        await spool.append("x" * 80, 80)
        assert await refused_retry_after_s(spool) <= 2


async def test_a_drain_that_cannot_even_take_stands_still(tmp_path, monkeypatch):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        spool._room._taken_at = spool._room._forgot_at = spool._room._taken_at - 25

        def fail(*_):
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(spool._claims, "take", fail)
        with pytest.raises(SpoolFullError):
            await take_all(spool)
        assert await refused_retry_after_s(spool) >= 25


async def test_a_spool_has_room_again_after_forgetting(tmp_path):
    async with open_spool(tmp_path, max_bytes=100) as spool:
        await spool.append("x" * 80, 80)
        await spool.forget(await take_all(spool))

        await spool.append("y" * 80, 80)
        assert words_on_disk(spool.path) == ["y" * 80]


async def test_a_full_disk_refuses_and_says_which_setting(tmp_path):
    spool = Spool(
        tmp_path / "spool-00.sqlite", pack=pack_words, max_bytes=1, min_free_bytes=1 << 60
    )

    with pytest.raises(SpoolFullError, match="LOGSTER_MIN_FREE_DISK_BYTES"):
        spool.check_room(0)
    spool._file.database.close()


async def test_a_failing_disk_refuses_and_keeps_nothing(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:

        def fail(*_):
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr(spool._writer, "_write", fail)
            with pytest.raises(SpoolFullError, match="disk I/O error"):
                await spool.append("lost", 4)
            assert "disk I/O error" in spool.state.fault  # health says so, though nobody sends
        await spool.append("kept", 4)
        assert spool.state.fault is None

        assert words_on_disk(spool.path) == ["kept"]


async def test_a_spool_that_could_not_be_written_looks_by_itself_whether_it_can_be(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(writer, "FAULT_LOOK_S", 0.01)
    async with open_spool(tmp_path) as spool:
        spool._file.database.execute("PRAGMA query_only = ON")
        with pytest.raises(SpoolFullError, match="readonly"):
            await spool.append("lost", 4)
        await asyncio.sleep(0.1)
        assert "readonly" in spool.state.fault
        spool._file.database.execute("PRAGMA query_only = OFF")
        async with asyncio.timeout(5):
            while spool.state.fault:
                await asyncio.sleep(0.01)


async def test_a_claim_is_given_again_with_its_token_until_it_is_forgotten(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("first", 5)
        claim = await take_all(spool)
        await spool.append("second", 6)

        assert await take_all(spool) == claim
        await spool.forget(claim)
        following = await take_all(spool)
        assert following.bodies == [b"second"]
        assert following.token != claim.token


async def test_a_claim_survives_a_restart_unchanged(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("first", 5)
        claim = await take_all(spool)
        await spool.append("second", 6)

    async with open_spool(tmp_path) as spool:
        assert await take_all(spool) == claim


async def test_claims_are_oldest_first_and_cut_to_measure(tmp_path):
    async with open_spool(tmp_path) as spool:
        for word in ("one", "two", "three"):
            await spool.append(word, 3)

        claim = await spool.take(7, 100)
        assert claim.bodies == [b"one", b"two"]
        await spool.forget(claim)
        assert (await spool.take(1, 1)).bodies == [b"three"]


async def test_claims_are_small_when_the_disk_has_little_room_for_the_store(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:
        for word in ("one", "two", "three"):
            await spool.append(word, 3)
        monkeypatch.setattr(claims, "free_bytes", lambda _: 7 * 8)

        assert (await take_all(spool)).bodies == [b"one", b"two"]


async def test_an_empty_spool_has_nothing_to_take(tmp_path):
    async with open_spool(tmp_path) as spool:
        assert await take_all(spool) is None


async def test_what_the_store_refused_is_kept_with_the_reason_and_can_be_replayed(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("bad good", 8)
        await spool.set_aside(await take_all(spool), [(Block(1, b"bad", 3), "no such type")])
        assert await take_all(spool) is None

        [aside] = list_aside(tmp_path)["spool-00"]
        assert (aside.body, aside.reason, aside.events) == (b"bad", "no such type", 1)
        assert look_into_spools(tmp_path)[0].aside_events == 1

        assert replay_aside(tmp_path, "spool-00", aside.number)
        assert (await take_all(spool)).bodies == [b"bad"]
        assert list_aside(tmp_path) == {}


async def test_a_set_aside_block_can_be_dropped_by_a_person(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("bad", 3)
        await spool.set_aside(await take_all(spool), [(Block(1, b"bad", 3), "reason")])
        number = list_aside(tmp_path)["spool-00"][0].number

        assert drop_aside(tmp_path, "spool-00", number)
        assert not drop_aside(tmp_path, "spool-00", number)
        assert not drop_aside(tmp_path, "../spool-00", number)
        assert list_aside(tmp_path) == {}


async def test_a_receipt_is_kept_in_the_same_commit_for_a_day(tmp_path, monkeypatch):
    async with open_spool(tmp_path) as spool:
        await spool.append("hello", 5, receipt=(b"digest", b"answer"))

        assert find_receipt(spool.path, b"digest") == b"answer"
        assert find_receipt(spool.path, b"another") is None
        monkeypatch.setattr(receipts, "RECEIPT_LIFE_S", 0)
        assert find_receipt(spool.path, b"digest") is None


async def test_ids_continue_above_the_highest_one_after_a_restart(tmp_path):
    async with open_spool(tmp_path) as spool:
        spool.remember_clock(lambda: 5_000_000)
        await spool.append("hello", 5)

    async with open_spool(tmp_path) as spool:
        assert spool.last_ms == 5_000_000


async def test_counts_are_right_after_a_restart(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("a b", 3)
        before = spool.state

    async with open_spool(tmp_path) as spool:
        assert spool.state == before
        assert (before.events, before.bytes) == (1, 3)


async def test_a_sender_that_leaves_does_not_harm_the_others(tmp_path):
    async with open_spool(tmp_path) as spool:
        leaving = asyncio.create_task(spool.append("leaving", 7))
        staying = asyncio.create_task(spool.append("staying", 7))
        await asyncio.sleep(0)
        leaving.cancel()

        await staying
        assert "staying" in words_on_disk(spool.path)
        assert spool.held_bytes == spool.state.bytes


async def append_large(spool, count):
    """Items of 1 MB that follow from their number."""
    for number in range(count):
        await spool.append(f"{number}" * 1_000_000, 1_000_000)


async def test_a_drained_spool_gives_the_disk_back_what_steady_traffic_does_not_need(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(file, "SPARE_PAGES", 1024)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await take_all(spool))

    assert 4_000_000 < spool.path.stat().st_size < 4_500_000


async def test_a_spool_gives_back_what_is_free_in_the_middle_and_keeps_what_waits(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(file, "SPARE_PAGES", 0)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await spool.take(7_000_000, 100))

    assert spool.path.stat().st_size < 2_500_000
    assert [word[0] for word in words_on_disk(spool.path)] == ["7", "8"]


async def test_a_spool_on_a_short_disk_keeps_no_free_pages(tmp_path):
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 2)
        spool._file.min_free_bytes = 1 << 60
        await spool.forget(await take_all(spool))

    assert spool.path.stat().st_size < 100_000


async def test_a_spool_gives_back_while_it_lives_and_nothing_is_asked_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "SPARE_PAGES", 0)
    async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
        await append_large(spool, 9)
        await spool.forget(await take_all(spool))

        async with asyncio.timeout(10):
            while spool.path.stat().st_size > 100_000:
                await asyncio.sleep(0.01)
        assert spool.path.with_suffix(".sqlite-wal").stat().st_size <= 33_554_432


async def test_a_spool_that_could_not_shrink_can_once_it_is_opened_empty(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SHRINKABLE", "PRAGMA auto_vacuum = NONE;")
        async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
            await append_large(spool, 2)
            await spool.forget(await take_all(spool))
    assert spool.path.stat().st_size > 2_000_000

    async with open_spool(tmp_path) as spool:
        assert spool._file.database.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert spool.path.stat().st_size < 100_000


def test_two_workers_never_own_the_same_spool(tmp_path):
    first, second = acquire_own_slot(tmp_path), acquire_own_slot(tmp_path)

    assert (first.number, second.number) == (0, 1)
    first.release()
    third = acquire_own_slot(tmp_path)
    assert third.number == 0
    second.release()
    third.release()


def test_more_workers_than_spools_is_a_clear_error(tmp_path):
    slots = [acquire_own_slot(tmp_path) for _ in range(MAX_SLOTS)]

    with pytest.raises(ConfigError, match="LOGSTER_WORKERS"):
        acquire_own_slot(tmp_path)
    for slot in slots:
        slot.release()


def make_half(path):
    """What a worker leaves that is killed after its first write and before its tables."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("make", [Path.touch, make_half], ids=["empty", "without tables"])
async def test_a_file_whose_worker_was_killed_before_its_tables_is_an_empty_spool(tmp_path, make):
    make(tmp_path / "spool-00.sqlite")

    assert look_into_spools(tmp_path) == [SpoolState("spool-00", 0, 0, None, 0)]
    assert list_aside(tmp_path) == {}
    slot = acquire_own_slot(tmp_path)
    assert slot.number == 0
    slot.release()
    async with open_spool(tmp_path) as spool:
        await spool.append("hello", 5)
        assert words_on_disk(spool.path) == ["hello"]


def test_a_damaged_spool_is_left_to_a_person_and_its_worker_takes_the_next(tmp_path):
    (tmp_path / "spool-00.sqlite").write_bytes(os.urandom(8192))

    slot = acquire_own_slot(tmp_path)

    assert slot.number == 1
    slot.release()


def test_a_damaged_spool_hides_nothing_of_the_others(tmp_path):
    (tmp_path / "spool-00.sqlite").write_bytes(os.urandom(8192))
    put_aside(tmp_path / "spool-01.sqlite", b"hello")

    damaged, sound = look_into_spools(tmp_path)
    assert damaged.fault == "file is not a database"
    assert (sound.aside_events, sound.fault) == (1, None)
    assert list(list_aside(tmp_path)) == ["spool-01"]
    assert [note.spool for note in note_aside(tmp_path, 10)] == ["spool-01"]


def test_a_spool_that_has_its_tables_is_opened_without_a_write(tmp_path):
    """So that a worker can start on a full disk."""
    path = tmp_path / "spool-00.sqlite"
    connect(path).close()
    before = path.read_bytes()
    with contextlib.closing(connect(path)) as database:
        assert database.total_changes == 0
    assert path.read_bytes() == before
    assert not path.with_name(f"{path.name}-wal").exists()


#: Tries again, and is killed before the statement that begins with its last argument.
KILLED = """
import os, sys
from pathlib import Path
from logster.spool import quarantine

folder, word = Path(sys.argv[1]), sys.argv[2]

def connect(path, **options):
    database = opened(path, **options)
    database.set_trace_callback(lambda sql: os._exit(9) if sql.startswith(word) else None)
    return database

opened, quarantine.connect = quarantine.connect, connect
quarantine.replay_aside(folder, "spool-00", 1)
os._exit(9)
"""


@pytest.mark.parametrize(
    "word", ["INSERT INTO block", "DELETE FROM aside", "UPDATE tally", "COMMIT", "nothing"]
)
def test_a_crash_in_the_middle_of_trying_again_loses_and_doubles_nothing(tmp_path, word):
    put_aside(tmp_path / "spool-00.sqlite", b"hello")

    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path, word], check=False)

    assert killed.returncode == 9
    [state] = look_into_spools(tmp_path)
    is_moved = word == "nothing"
    assert (state.events, state.aside_events) == ((1, 0) if is_moved else (0, 1))
    assert replay_aside(tmp_path, "spool-00", 1) is not is_moved
    assert words_on_disk(tmp_path / "spool-00.sqlite") == ["hello"]


def test_trying_again_on_a_disk_that_takes_nothing_keeps_the_block_and_says_so(
    tmp_path, monkeypatch
):
    path = tmp_path / "spool-00.sqlite"
    put_aside(path, b"hello")
    with contextlib.closing(connect(path)) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
    put_aside(path, b"x" * 1_000_000)

    def connect_full(path):
        database = connect(path)
        database.execute(f"PRAGMA max_page_count = {pages}")
        return database

    monkeypatch.setattr(quarantine, "connect", connect_full)
    with pytest.raises(SpoolFullError, match="could not be written"):
        replay_aside(tmp_path, "spool-00", 2)
    assert [block.number for block in list_aside_of(tmp_path, monkeypatch)] == [1, 2]


def list_aside_of(folder, monkeypatch):
    monkeypatch.undo()
    return list_aside(folder)["spool-00"]
