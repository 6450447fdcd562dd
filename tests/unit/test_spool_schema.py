"""A file that is half made, or of an earlier make, becomes one as it should be."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from logster.spool import schema
from logster.spool.quarantine import list_aside
from logster.spool.schema import connect
from logster.spool.slots import acquire_own_slot
from logster.spool.state import SpoolState, look_into_spools
from support.spooled import open_spool, take_all, words_on_disk


async def test_a_spool_that_could_not_shrink_can_once_it_is_opened_empty(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SHRINKABLE", "PRAGMA auto_vacuum = NONE;")
        async with open_spool(tmp_path, max_bytes=1 << 30) as spool:
            await spool.append("x" * 2_000_000, 2_000_000)
            await spool.append("x" * 2_000_000, 2_000_000)
            await spool.forget(await take_all(spool))
    assert spool.path.stat().st_size > 2_000_000

    async with open_spool(tmp_path) as spool:
        assert spool._file.database.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert spool.path.stat().st_size < 100_000


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


def test_a_spool_that_has_its_tables_is_opened_without_a_write(tmp_path):
    """So that a worker can start on a full disk."""
    path = tmp_path / "spool-00.sqlite"
    connect(path).close()
    before = path.read_bytes()
    with contextlib.closing(connect(path)) as database:
        assert database.total_changes == 0
    assert path.read_bytes() == before
    assert not path.with_name(f"{path.name}-wal").exists()
