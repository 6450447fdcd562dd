"""What was set aside waits for a person, and is put back or dropped in one step."""

import contextlib
import os
import subprocess
import sys

import pytest

from logster.errors import SpoolFullError
from logster.spool import quarantine
from logster.spool.quarantine import drop_aside, list_aside, note_aside, replay_aside
from logster.spool.queue import Block
from logster.spool.schema import connect
from logster.spool.state import look_into_spools
from support.spooled import open_spool, put_aside, take_all, words_on_disk


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


def test_a_damaged_spool_hides_nothing_of_the_others(tmp_path):
    (tmp_path / "spool-00.sqlite").write_bytes(os.urandom(8192))
    put_aside(tmp_path / "spool-01.sqlite", Block(1, b"hello", 5), "why")

    damaged, sound = look_into_spools(tmp_path)
    assert damaged.fault == "file is not a database"
    assert (sound.aside_events, sound.fault) == (1, None)
    assert list(list_aside(tmp_path)) == ["spool-01"]
    assert [note.spool for note in note_aside(tmp_path, 10)] == ["spool-01"]


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
    put_aside(tmp_path / "spool-00.sqlite", Block(1, b"hello", 5), "why")

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
    put_aside(path, Block(1, b"hello", 5), "why")
    with contextlib.closing(connect(path)) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
    put_aside(path, Block(1, b"x" * 1_000_000, 5), "why")

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
