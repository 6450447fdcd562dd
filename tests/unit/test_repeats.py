"""Events that their clients have numbered are stored once, whatever crashes and whoever sends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.answer import Answer
from logster.errors import RetryLaterError
from logster.ids import IdMaker, id_at
from logster.spool import repair, repeats, writer
from logster.spool.receipts import find_receipt
from logster.spool.repeats import Once, Repeats, keep_digests
from logster.spool.schema import connect
from logster.spool.spool import Spool
from logster.spool.tally import read_tally
from support.spooled import open_spool, pack_words, take_all, words_on_disk

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

ids = IdMaker(0)


def digest_of(word: str) -> bytes:
    return word.encode().ljust(16, b".")


async def send(spool: Spool[Any], *words: str, receipt: Any = None) -> dict[int, int]:
    """Each word is its own id; those in capitals have none."""

    def without(repeated: Any) -> Any:
        left = [word for index, word in enumerate(words) if index not in repeated]
        answer = Answer(b"key", repr(dict(repeated)).encode()) if receipt else None
        return (" ".join(left) or None), answer

    digests = [None if word.isupper() else digest_of(word) for word in words]
    once = Once(digests, ids.take(len(words)), without)
    return await spool.append(" ".join(words), 5, receipt, once=once)


async def test_what_comes_again_is_not_written_again_and_has_its_first_id(tmp_path):
    async with open_spool(tmp_path) as spool:
        assert await send(spool, "a", "b") == {}
        again = await send(spool, "a", "b")

        assert sorted(again) == [0, 1]
        assert again == await send(spool, "a", "b")
        assert words_on_disk(spool.path) == ["a", "b"]


async def test_only_what_is_new_is_written_of_a_batch(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "b")

        assert list(await send(spool, "a", "b", "c")) == [1]
        assert words_on_disk(spool.path) == ["b", "a", "c"]


async def test_the_same_id_twice_in_one_body_is_stored_once(tmp_path):
    async with open_spool(tmp_path) as spool:
        assert list(await send(spool, "a", "b", "a")) == [2]
        assert words_on_disk(spool.path) == ["a", "b"]


async def test_events_without_an_id_are_all_stored(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "NONE", "a")
        assert list(await send(spool, "NONE", "a")) == [1]
        assert words_on_disk(spool.path) == ["NONE", "a", "NONE"]


async def test_resends_that_share_a_commit_are_stored_once(tmp_path):
    async with open_spool(tmp_path) as spool:
        told = await asyncio.gather(*(send(spool, "a") for _ in range(50)), spool.append("x", 1))

        assert told.count({}) == 2
        assert sorted(words_on_disk(spool.path)) == ["a", "x"]


async def test_what_is_in_the_store_by_now_is_still_known(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        await spool.forget(await take_all(spool))
        assert list(await send(spool, "a")) == [0]

    async with open_spool(tmp_path) as spool:  # after a restart
        assert list(await send(spool, "a")) == [0]
        assert words_on_disk(spool.path) == []


async def test_another_worker_knows_it_too(tmp_path):
    other = Spool(tmp_path / "spool-01.sqlite", pack=pack_words, max_bytes=1 << 20)
    other.start()
    async with open_spool(tmp_path) as spool:
        await asyncio.gather(*(send(each, "a", "b") for each in (spool, other) * 20))
        await other.close()

        assert sorted(words_on_disk(spool.path) + words_on_disk(other.path)) == ["a", "b"]
        assert list(await send(spool, "a")) == [0]


async def test_the_answer_for_a_resend_knows_what_came_before(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        first = await send(spool, "a", "b", receipt=True)

        assert find_receipt(spool.path, b"key") == repr(first).encode()


async def test_what_cannot_be_packed_did_not_come(tmp_path):
    async with open_spool(tmp_path) as spool:
        told = await asyncio.gather(
            send(spool, "unpackable"),
            send(spool, "unpackable", "a"),
            send(spool, "b"),
            return_exceptions=True,
        )
        assert isinstance(told[0], ValueError)
        assert isinstance(told[1], RetryLaterError)  # it would have been told an id of nothing
        assert told[2] == {}

        assert list(await send(spool, "a", "c")) == [0]
        assert sorted(words_on_disk(spool.path)) == ["a", "b", "c"]


async def test_a_worker_that_hangs_delays_only_what_is_numbered(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "MAX_TURN_WAIT_S", 0.2)
    hung = Repeats(tmp_path)
    assert hung.try_lock()
    async with open_spool(tmp_path) as spool:
        numbered = asyncio.ensure_future(send(spool, "a"))
        await asyncio.wait_for(spool.append("x", 1), 30)
        with pytest.raises(RetryLaterError):
            await numbered
        hung.close()

        assert await send(spool, "a") == {}
        assert words_on_disk(spool.path) == ["x", "a"]


async def test_a_lock_that_was_deleted_is_made_again(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        (tmp_path / "repeats.lock").unlink()

        assert list(await send(spool, "a", "b")) == [0]
        other = Repeats(tmp_path)
        assert other.lock()
        other.close()


@pytest.mark.parametrize("hours", [25, -25])
async def test_an_id_is_known_for_a_day_whatever_the_clock_does(tmp_path, monkeypatch, hours):
    now = time.time()
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
        is_old = hours > 24

        assert list(await send(spool, "a")) == ([] if is_old else [0])


def test_the_oldest_go_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(repeats, "MAX_PART_ROWS", 100)
    now = time.time()
    first = id_at(int(now * 1000))
    with contextlib.closing(connect(tmp_path / "spool-00.sqlite")) as database:
        for number in range(1000):
            with database:
                keep_digests(database, {number.to_bytes(16): first + number}, now)
    known = Repeats(tmp_path)
    found = known.find([number.to_bytes(16) for number in range(1000)])
    known.close()

    assert 200 <= len(found) <= 300
    assert min(found) == (1000 - len(found)).to_bytes(16)


def test_half_a_day_later_the_oldest_half_day_goes(tmp_path):
    now = time.time()
    with contextlib.closing(connect(tmp_path / "spool-00.sqlite")) as database:
        for half_day in range(6):
            keep_digests(database, {bytes([half_day] * 16): id_at(0)}, now + half_day * 43_201)
        kept = [
            digest[0]
            for part in range(repeats.PARTS)
            for (digest,) in database.execute(f"SELECT digest FROM known_{part}")
        ]
    assert sorted(kept) == [3, 4, 5]


async def test_many_ids_are_found_in_any_number(tmp_path):
    words = [f"w{number}" for number in range(1100)]
    async with open_spool(tmp_path) as spool:
        await send(spool, *words)
        for count in (1, 2, 16, 17, 511, 513, 1100):
            assert len(await send(spool, *words[:count])) == count


async def test_a_damaged_file_of_another_worker_refuses_nobody(tmp_path):
    (tmp_path / "spool-01.sqlite").write_bytes(b"no database at all" * 1000)
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        assert list(await send(spool, "a")) == [0]


async def test_a_file_that_is_made_anew_knows_what_could_be_read(tmp_path):
    async with open_spool(tmp_path) as spool:
        await send(spool, "a")
        for name in tmp_path.glob("spool-00.sqlite*"):
            name.unlink()
        await spool.append("x", 1)

        assert list(await send(spool, "a")) == [0]


def test_a_repair_that_loses_events_forgets_their_ids(tmp_path):
    path = tmp_path / "spool-00.sqlite"
    database = connect(path)
    with database:
        database.execute("BEGIN")
        keep_digests(database, {digest_of("a"): 7}, time.time())
    # A block of one event that cannot be read any more.
    tally = msgspec.structs.replace(read_tally(database), last=1, events=1)

    assert repair.save(database, tally, {}, path, "damaged") == 1
    database.close()
    repair.put_in_place(path)
    assert Repeats(tmp_path).find([digest_of("a")]) == {}


async def test_a_file_of_an_earlier_version_has_tables_with_the_first_id(tmp_path):
    async with open_spool(tmp_path) as spool:
        await spool.append("x", 1)
        with contextlib.closing(connect(spool.path, is_reader=True)) as database:
            assert not list_tables(database)
        await send(spool, "a")
        with contextlib.closing(connect(spool.path, is_reader=True)) as database:
            assert list_tables(database) == ["known", "known_0", "known_1", "known_2"]


def list_tables(database: sqlite3.Connection) -> list[str]:
    question = "SELECT name FROM sqlite_schema WHERE name LIKE 'known%' AND type = 'table'"
    return sorted(name for (name,) in database.execute(question))


WORKER = """
import asyncio, pathlib, sys
from logster.ids import IdMaker
from logster.spool.repeats import Once
from logster.spool.spool import Spool
from support.spooled import pack_words

async def work(folder, number, count):
    path = pathlib.Path(folder) / f"spool-0{number}.sqlite"
    spool = Spool(path, pack=pack_words, max_bytes=1 << 30)
    spool.start()
    ids = IdMaker(number, spool.last_ms)

    async def send(word):
        once = Once([word.encode().ljust(16)], ids.take(1), lambda repeated: (None, None))
        await spool.append(word, 5, once=once)
        print(word, flush=True)

    print("ready", flush=True)
    for start in range(0, count, 4):
        await asyncio.gather(*(send(f"w{n}") for n in range(start, start + 4)))
    await spool.close()

asyncio.run(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def start_worker(folder: Path, number: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(folder), str(number), str(count)]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize("acknowledged", [1, 7, 30])
def test_workers_that_are_killed_at_any_moment_store_each_once(tmp_path, acknowledged):
    """Two workers are sent the same, one is killed; then both are sent everything again."""
    count = 100
    workers = [start_worker(tmp_path, number, count) for number in (0, 1)]
    assert workers[0].stdout
    for _ in range(acknowledged + 1):
        workers[0].stdout.readline()
    workers[0].kill()
    for worker in workers:
        worker.communicate()
    for number in (0, 1):
        start_worker(tmp_path, number, count).communicate()

    stored = [word for path in tmp_path.glob("*.sqlite") for word in words_on_disk(path)]
    assert sorted(stored) == sorted(f"w{number}" for number in range(count))


HOLDER = """
import pathlib, sys, time
from logster.spool.repeats import Repeats

repeats = Repeats(pathlib.Path(sys.argv[1]))
assert repeats.lock()
print("held", flush=True)
time.sleep(600)
"""


async def test_a_worker_that_is_stopped_holds_up_nobody_else(tmp_path, monkeypatch):
    """Stopped (SIGSTOP) with the lock: what is numbered is told to come again, the rest is kept."""
    monkeypatch.setattr(writer, "MAX_TURN_WAIT_S", 1.5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        async with open_spool(tmp_path) as spool:
            numbered = [asyncio.ensure_future(send(spool, word)) for word in "abc"]
            await asyncio.sleep(0.01)
            waits = []
            for number in range(10):
                begun = time.monotonic()
                await spool.append(f"x{number}", 1)
                waits.append(time.monotonic() - begun)
            told = await asyncio.gather(*numbered, return_exceptions=True)

            assert [type(each) for each in told] == [RetryLaterError] * 3
            assert sum(waits) < 1, waits
            holder.send_signal(signal.SIGCONT)
            holder.kill()
            holder.wait()
            assert await send(spool, "a") == {}
            assert await send(spool, "a") != {}
    finally:
        holder.kill()
        holder.communicate()
