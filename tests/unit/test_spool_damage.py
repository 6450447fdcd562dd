"""A spool whose file is gone, cut or changed says so, and keeps what can be kept."""

import asyncio
import contextlib
import os
import shutil
import sqlite3

import pytest

from logster.errors import SpoolDamagedError
from logster.notice import Notice
from logster.spool import repair, writer
from logster.spool.quarantine import drop_aside, list_aside, replay_aside
from logster.spool.queue import Block
from logster.spool.schema import connect
from logster.spool.slots import acquire_own_slot
from logster.spool.spool import Spool
from logster.spool.state import look_into_spools
from logster.spool.tally import read_tally
from logster.spool.watermark import watermark_path

NAME = "spool-00.sqlite"


def pack(words):
    body = " ".join(words).encode()
    return Block(len(words), body, len(body))


@contextlib.asynccontextmanager
async def open_spool(folder, slot=None):
    spool = Spool(folder / NAME, pack=pack, max_bytes=1 << 24, slot=slot)
    spool.start()
    try:
        yield spool
    finally:
        await spool.close()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data" / "spool"  # a test moves it one folder up
    path.mkdir(parents=True)
    return path


async def append_all(spool, words):
    for word in words:
        await spool.append(word, len(word), owner=1)


def words_in(folder):
    with contextlib.closing(connect(folder / NAME, is_reader=True)) as database:
        rows = database.execute("SELECT body FROM block ORDER BY number").fetchall()
    return [body.decode() for (body,) in rows]


def lost_in(folder):
    return look_into_spools(folder)[0].lost_events


async def leave_as_killed(folder, words):
    """What is on the disk when a worker is killed after it has acknowledged these."""
    left = folder.with_name("left")
    async with open_spool(folder) as spool:
        await append_all(spool, words)
        shutil.copytree(folder, left)
    return left


# -- while it runs -----------------------------------------------------------------------------


def delete(path):
    path.unlink()


def move(path):
    path.rename(path.parent.parent / path.name)


def replace(path):
    path.with_name("other").write_bytes(b"not what was written" * 1000)
    path.with_name("other").replace(path)


@pytest.mark.parametrize("harm", [delete, move, replace])
@pytest.mark.parametrize("suffix", [".sqlite", ".sqlite-wal", ".sqlite-shm", ".mark", ".lock"])
async def test_what_is_accepted_after_a_file_is_gone_is_in_one_that_is_there(
    folder, suffix, harm, caplog
):
    slot = acquire_own_slot(folder)
    async with open_spool(folder, slot) as spool:
        await append_all(spool, ["one", "two"])
        harm(folder / f"spool-00{suffix}")
        await append_all(spool, ["three"])

        assert words_in(folder) == ["one", "two", "three"]
        assert spool.held == {1: 11}
        assert "Files of the spool must not be touched" in caplog.text
        assert (await spool.take(1 << 20, 100)).bodies == [b"one", b"two", b"three"]
    slot.release()
    async with open_spool(folder):
        assert words_in(folder) == ["one", "two", "three"]


@pytest.mark.parametrize("harm", [shutil.rmtree, move])
async def test_a_folder_that_is_gone_is_made_again(folder, harm):
    slot = acquire_own_slot(folder)
    async with open_spool(folder, slot) as spool:
        await append_all(spool, ["one"])
        claim = await spool.take(1 << 20, 100)
        harm(folder)
        await append_all(spool, ["two"])

        assert words_in(folder) == ["one", "two"]
        assert await spool.take(1 << 20, 100) == claim  # with its token
        another = acquire_own_slot(folder)
        assert another.number == 1
        another.release()
    slot.release()


async def test_a_file_that_is_gone_is_noticed_when_nobody_sends(folder, monkeypatch):
    monkeypatch.setattr(writer, "IDLE_LOOK_S", 0.01)
    async with open_spool(folder) as spool:
        await append_all(spool, ["one"])
        delete(spool.path)
        async with asyncio.timeout(30):
            while not spool.path.exists():
                await asyncio.sleep(0.01)
        assert words_in(folder) == ["one"]


async def test_nothing_is_accepted_while_no_fresh_file_can_be_made(folder, monkeypatch, caplog):
    monkeypatch.setattr(writer, "FAULT_LOOK_S", 0.01)

    def fail(*_):
        raise OSError("Read-only file system")

    async with open_spool(folder) as spool:
        await append_all(spool, ["one"])
        with monkeypatch.context() as patch:
            patch.setattr(repair, "make_copy", fail)
            delete(spool.path)
            with pytest.raises(SpoolDamagedError, match="Read-only file system") as refusal:
                await append_all(spool, ["two"])
            assert (refusal.value.status, refusal.value.retry_after_s) == (503, 5)
            with pytest.raises(SpoolDamagedError):
                spool.check_room(0)
            await asyncio.sleep(0.1)
            assert caplog.text.count("Read-only file system") == 1  # once, not at each try
        async with asyncio.timeout(30):
            while spool.fault:
                await asyncio.sleep(0.01)
        await append_all(spool, ["three"])
        assert words_in(folder)[0] == "one"
        assert words_in(folder)[-1] == "three"


async def test_a_foreign_file_in_the_place_is_kept(folder):
    async with open_spool(folder) as spool:
        await append_all(spool, ["one"])
        replace(spool.path)
        await append_all(spool, ["two"])

    [found] = folder.glob("spool-00.found-*")
    assert found.read_bytes().startswith(b"not what was written")


def overwrite(path, part):
    """Change the pages of a file that hold a part, as a sick disk does."""
    text = bytearray(path.read_bytes())
    place = text.index(part)
    text[place // 4096 * 4096 : (place // 4096 + 1) * 4096] = bytes(4096)
    path.write_bytes(text)


async def test_a_file_that_becomes_damaged_is_made_anew_from_what_can_be_read(folder, caplog):
    async with open_spool(folder) as spool:
        await append_all(spool, [f"word-{n:04} {'x' * 900}" for n in range(40)])
        spool._file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spool._file.database.execute("PRAGMA cache_size = 0")
        overwrite(spool.path, b"word-0020")
        spool._file.database.execute("PRAGMA shrink_memory")

        words: list[str] = []
        async with asyncio.timeout(30):
            while len(words) < 30:
                with contextlib.suppress(Exception):
                    claim = await spool.take(1 << 20, 100)
                    if claim is None:
                        break
                    words += [body.decode()[:9] for body in claim.bodies]
                    await spool.forget(claim)
                await asyncio.sleep(0.01)

        assert {"word-0000", "word-0039"} <= set(words)
        lost = [n for n in range(40) if f"word-{n:04}" not in words]
        assert 20 in lost
        assert len(lost) < 10
        assert (spool.state.events, spool.state.bytes, spool.held) == (0, 0, {})
        assert lost_in(folder) == len(lost)
        assert "is damaged" in caplog.text
    assert list(folder.glob("spool-00.damaged-*"))


# -- a block -----------------------------------------------------------------------------------


def change_body(folder, body):
    with contextlib.closing(sqlite3.connect(folder / NAME)) as database, database:
        database.execute("UPDATE block SET body = ? WHERE body = ?", (body.swapcase(), body))


async def test_a_block_that_was_changed_is_set_aside_and_its_neighbours_go_on(folder, caplog):
    async with open_spool(folder) as spool:
        await append_all(spool, ["one", "two", "three"])
        change_body(folder, b"two")

        claim = await spool.take(1 << 20, 100)
        assert claim.bodies == [b"one", b"three"]
        await spool.forget(claim)
        assert (spool.state.events, spool.state.bytes, spool.held) == (0, 0, {})
        [block] = list_aside(folder)["spool-00"]
        assert (block.events, block.body) == (1, b"TWO")
        assert "checksum" in block.reason
        assert "checksum" in caplog.text

        assert replay_aside(folder, "spool-00", block.number)
        assert await spool.take(1 << 20, 100) is None  # damaged it stays
        [block] = list_aside(folder)["spool-00"]
        assert drop_aside(folder, "spool-00", block.number)


async def test_a_claim_that_is_damaged_as_a_whole_stands_in_nobodys_way(folder):
    async with open_spool(folder) as spool:
        await append_all(spool, ["one", "two"])
        change_body(folder, b"one")

        assert (await spool.take(1, 1)).bodies == [b"two"]


# -- at a start --------------------------------------------------------------------------------


def cut(log):
    os.truncate(log, log.stat().st_size // 2)


def flip(log):
    text = bytearray(log.read_bytes())
    text[len(text) // 2] ^= 1
    log.write_bytes(text)


@pytest.mark.parametrize("harm", [cut, flip, delete])
async def test_events_that_a_damaged_log_has_lost_are_counted_and_said(folder, harm, caplog):
    words = [f"word-{n}" for n in range(20)]
    left = await leave_as_killed(folder, words)
    harm(left / f"{NAME}-wal")

    async with open_spool(left) as spool:
        kept = words_in(left) if harm is not delete else []
        lost = lost_in(spool.path.parent)
        assert len(kept) + lost == 20
        assert lost > 0
        assert f"{lost} acknowledged events are lost" in caplog.text
        [block] = list_aside(left)["spool-00"]
        assert (block.events, block.body) == (lost, b"")
        assert not replay_aside(left, "spool-00", block.number)
        [state] = look_into_spools(left)
        assert (state.lost_events, state.aside_events) == (lost, 0)
        await append_all(spool, ["later"])
        assert words_in(left)[-1] == "later"
    caplog.clear()
    async with open_spool(left) as spool:  # it is said once, and stays to be seen
        assert lost_in(spool.path.parent) == lost
        assert not caplog.text
        assert drop_aside(left, "spool-00", block.number)
    assert look_into_spools(left)[0].lost_events == 0


async def test_a_file_that_is_gone_at_a_start_is_missed_when_events_waited_in_it(folder, caplog):
    left = await leave_as_killed(folder, ["one", "two"])
    for path in left.glob(f"{NAME}*"):
        path.unlink()

    async with open_spool(left) as spool:
        assert lost_in(spool.path.parent) == 2
    assert "2 acknowledged events are lost: its file is gone" in caplog.text


@pytest.mark.parametrize("is_drained", [True, False])
async def test_a_kill_alone_loses_nothing(folder, caplog, is_drained):
    left = folder.with_name("left")
    async with open_spool(folder) as spool:
        await append_all(spool, ["one", "two"])
        if is_drained:
            await spool.forget(await spool.take(1 << 20, 100))
        shutil.copytree(folder, left)
    async with open_spool(left) as spool:
        assert spool.state.events == (0 if is_drained else 2)
        assert lost_in(spool.path.parent) == 0
    assert not caplog.text


async def test_a_file_without_a_mark_is_opened_without_a_word(folder, caplog):
    left = await leave_as_killed(folder, ["one"])
    watermark_path(left / NAME).unlink()

    async with open_spool(left) as spool:
        assert lost_in(spool.path.parent) == 0
        assert words_in(left) == ["one"]
    assert not caplog.text


async def test_a_saved_file_is_put_in_its_place_at_the_next_start(folder, monkeypatch):
    """The process was killed between saving the events and giving the file its name."""

    async with open_spool(folder) as spool:
        await append_all(spool, ["one", "two"])
        repair.save(spool._file.database, spool._file.tally, {}, spool.path, "test")
        left = folder.with_name("left")
        shutil.copytree(folder, left)
    (left / NAME).unlink()

    async with open_spool(left) as spool:
        assert words_in(left) == ["one", "two"]
        assert lost_in(spool.path.parent) == 0


async def test_what_listeners_missed_is_kept_though_the_disk_can_no_longer_be_read(
    folder, monkeypatch
):
    missed = {"ear": Notice("token", {})}
    async with open_spool(folder) as spool:
        await append_all(spool, ["one"])
        await spool.forget(await spool.take(1 << 20, 100), missed)
        spool._file.database.execute("DROP TABLE missed")
        repair.save(spool._file.database, spool._file.tally, spool.missed, spool.path, "test")
        shutil.copytree(folder, folder.with_name("left"))
    async with open_spool(folder.with_name("left")) as spool:
        assert spool.missed == missed


async def test_a_damaged_page_of_what_listeners_missed_costs_no_event(folder):
    async with open_spool(folder) as spool:
        await append_all(spool, ["one", "two"])
        await spool.forget(await spool.take(1, 1), {"ear": Notice("token", {})})
    with contextlib.closing(connect(folder / NAME)) as database:
        question = "SELECT rootpage FROM sqlite_schema WHERE name = 'missed'"
        (page,) = database.execute(question).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (folder / NAME).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    async with open_spool(folder) as spool:
        assert spool.missed == {}
        assert spool._file.is_sound()
        assert words_in(folder) == ["two"]


# -- files of the version before -----------------------------------------------------------------

FORM_1 = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA user_version = 1;
CREATE TABLE block (
    number INTEGER PRIMARY KEY AUTOINCREMENT, events INTEGER NOT NULL, appended_at REAL NOT NULL,
    bytes INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE claim (token TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT, events INTEGER NOT NULL, set_aside_at REAL NOT NULL,
    reason TEXT NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE receipt (
    digest BLOB PRIMARY KEY, made_at REAL NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), last_ms INTEGER NOT NULL);
INSERT INTO clock VALUES (1, 77);
"""
BLOCKS = "INSERT INTO block (events, appended_at, bytes, body) VALUES (2, 5.0, 3, CAST(? AS BLOB))"


def make_form_1(folder, words):
    with contextlib.closing(sqlite3.connect(folder / NAME)) as database, database:
        database.executescript(FORM_1)
        for word in ("gone", *words):
            database.execute(BLOCKS, (word,))
        database.execute("DELETE FROM block WHERE number = 1")
        database.execute("INSERT INTO aside VALUES (1, 4, 0, 'why', 5, x'00')")


async def test_a_file_of_the_version_before_is_read_from_outside(folder):
    make_form_1(folder, ["one", "two"])

    [state] = look_into_spools(folder)
    assert (state.events, state.bytes, state.aside_events, state.oldest_at) == (4, 6, 4, 5.0)


async def test_a_file_of_the_version_before_is_taken_over_with_what_waits(folder):
    make_form_1(folder, ["one", "two"])

    async with open_spool(folder) as spool:
        assert (spool.state.events, spool.state.bytes) == (4, 6)
        assert spool.held == {0: 6}
        assert spool.last_ms == 77
        await append_all(spool, ["three"])
        claim = await spool.take(1 << 20, 100)
        assert claim.bodies == [b"one", b"two", b"three"]
        await spool.forget(claim)
        assert spool.held == {}
        assert replay_aside(folder, "spool-00", 1)
        assert (await spool.take(1 << 20, 100)).bodies == [b"\0"]


async def test_an_empty_file_of_the_version_before_becomes_one_of_this(folder):
    make_form_1(folder, [])

    async with open_spool(folder) as spool:
        await append_all(spool, ["one"])
        columns = spool._file.database.execute(
            "SELECT name FROM pragma_table_info('block')"
        ).fetchall()
        assert columns[-1] == ("body",)
        assert read_tally(spool._file.database).last == 2  # numbers go on
