"""The ledger keeps what was not stored, within bounds, and hurts nobody when it cannot."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from logster import metrics, zstd
from logster.ingest.retry import ANSWER_LIFE_S
from logster.ledger import ledger as written
from logster.ledger.file import LedgerFile
from logster.ledger.ledger import Ledger
from logster.outcome import Fault, Outcome, Refused

if TYPE_CHECKING:
    from pathlib import Path


class Usage(NamedTuple):
    free: int


def refused(body: bytes = b"no json", **told: Any) -> Refused:
    given: dict[str, Any] = {
        "at": time.time(),
        "workspace": 1,
        "key": 7,
        "protocol": "api_log",
        "outcome": Outcome.REFUSED,
        "reason": "syntax",
        "method": "POST",
        "path": "/api/Log",
        "query": "",
        "headers": {},
        "events": None,
        "faults": [Fault(0, "syntax", ["It is no JSON."])],
        "size": len(body),
        "body": body,
        "is_whole": True,
    }
    return Refused(**{**given, **told})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.sqlite"


@pytest.fixture
async def ledger(path: Path) -> Any:
    ledger = Ledger(path, max_bytes=1 << 20)
    yield ledger
    await ledger.close()


def rows(path: Path, question: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


def count_some(ledger: Ledger, events: int = 1, key: int = 7) -> None:
    ledger.count(Outcome.FILTERED, workspace=1, key=key, protocol="seq", events=events)


async def test_counts_of_a_minute_are_one_row_whoever_writes_them(ledger, path):
    other = Ledger(path, max_bytes=0)
    for each in (ledger, other, ledger):
        count_some(each, 2)
        count_some(each, 3)
        await each.write()
    await other.close()

    assert rows(path, "SELECT workspace, key, protocol, outcome, sum(events) FROM count") == [
        (1, 7, "seq", "filtered", 15)
    ]


async def test_a_body_is_kept_whole_when_it_packs(ledger, path):
    body = b'{"line":1}\n' * 50_000
    ledger.keep(refused(body))
    await ledger.write()

    [(state, kept)] = rows(path, "SELECT state, body FROM refused")
    assert state == "kept"
    assert zstd.ZstdDecompressor().decompress(kept) == body


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, "kept"),
        ({"is_whole": False}, "cut"),
        ({"body": os.urandom(100_000), "size": 100_000}, "cut"),
        ({"size": 2_000_000}, "cut"),
        ({"events": 1, "places": [0], "count": 2}, "kept"),
        ({"events": 1, "places": None}, "whole"),
    ],
)
async def test_what_cannot_be_tried_again_is_marked(ledger, path, told, state):
    ledger.keep(refused(**told))
    await ledger.write()

    assert rows(path, "SELECT state FROM refused") == [(state,)]
    [(size,)] = rows(path, "SELECT length(body) FROM refused")
    assert size <= written.MAX_KEPT_BYTES + 100


async def test_bodies_take_no_more_disk_than_they_may_and_the_loudest_key_gives(
    ledger, path, monkeypatch
):
    monkeypatch.setattr(written, "TRIM_ROWS", 5)
    for number in range(60):
        for key in (7, 7, 7, 7, 8):
            ledger.keep(refused(random.randbytes(10_000), key=key, reason=str(number)))
        await ledger.write()

    [(held,)] = rows(path, "SELECT sum(bytes) FROM refused")
    assert 500_000 < held <= 1 << 20
    assert rows(path, "SELECT sum(bytes) FROM held") == [(held,)]
    counts = dict(rows(path, "SELECT key, count(*) FROM refused GROUP BY key"))
    assert counts[8] > 0.4 * counts[7]
    assert path.stat().st_size < 2 << 20


async def test_what_is_too_much_at_once_is_counted_as_not_kept(ledger):
    before = metrics._pending.get((metrics.UNKEPT, ()), 0)
    for _ in range(written.MAX_WAITING_OF_KEY + 5):
        if ledger.wants(7):
            ledger.keep(refused())
    assert ledger.wants(8)
    assert metrics._pending[metrics.UNKEPT, ()] - before == 5

    await ledger.write()
    assert ledger.wants(7)


async def test_labels_without_end_do_not_fill_the_memory(ledger):
    for key in range(written.MAX_COUNTS + 100):
        count_some(ledger, key=key)
    assert len(ledger._counts) == written.MAX_COUNTS


async def test_without_room_for_bodies_none_is_wanted(path):
    ledger = Ledger(path, max_bytes=0)
    assert not ledger.wants(7)
    count_some(ledger)
    await ledger.close()
    assert rows(path, "SELECT events FROM count") == [(1,)]


async def test_old_rows_go(ledger, path, monkeypatch):
    ledger.keep(refused(at=time.time() - written.BODY_LIFE_S - 10))
    ledger.keep(refused())
    count_some(ledger)
    await ledger.write()
    assert rows(path, "SELECT count(*) FROM refused") == [(1,)]

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + written.COUNT_LIFE_S + 100)
    ledger._trimmed_at = 0.0
    await ledger.write()
    assert rows(path, "SELECT count(*) FROM count UNION ALL SELECT count(*) FROM refused") == [
        (0,),
        (0,),
    ]


async def test_a_disk_that_is_nearly_full_is_left_to_events(path, monkeypatch):
    ledger = Ledger(path, max_bytes=1 << 20, min_free_bytes=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(999))
    before = metrics._pending.get((metrics.UNKEPT, ()), 0)
    ledger.keep(refused())
    count_some(ledger)
    await ledger.close()

    assert rows(path, "SELECT count(*) FROM refused") == [(0,)]
    assert rows(path, "SELECT events FROM count") == [(1,)]
    assert metrics._pending[metrics.UNKEPT, ()] - before == 1


async def test_a_folder_that_cannot_be_written_is_no_fault_of_a_sender(tmp_path, caplog):
    (tmp_path / "file").touch()
    ledger = Ledger(tmp_path / "file" / "ledger.sqlite", max_bytes=1 << 20)
    for _ in range(3):
        ledger.keep(refused())
        await ledger.write()
    await ledger.close()

    assert len(caplog.records) == 1


async def test_a_damaged_file_is_put_aside_and_made_anew_for_all_workers(ledger, path, caplog):
    other = Ledger(path, max_bytes=1 << 20)
    for each in (ledger, other):
        each.keep(refused())
        await each.write()
    ledger._file.close()
    with path.open("r+b") as file:
        file.write(b"no database at all" * 500)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

    for each in (ledger, other, ledger, other):
        each.keep(refused())
        await each.write()
    await other.close()

    assert rows(path, "SELECT sum(times) >= 2 FROM refused") == [(1,)]
    assert path.with_suffix(".damaged").exists()
    assert "made anew" in caplog.text


async def test_a_file_that_was_deleted_is_made_anew(ledger, path):
    ledger.keep(refused())
    await ledger.write()
    shutil.rmtree(path.parent)
    ledger.keep(refused())
    await ledger.write()

    assert rows(path, "SELECT count(*) FROM refused") == [(1,)]


async def test_nobody_else_may_read_it(ledger, path):
    old = os.umask(0)
    try:
        ledger.keep(refused())
        await ledger.write()
    finally:
        os.umask(old)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_a_lock_that_nobody_gives_back_costs_the_counts_of_a_second(
    ledger, path, monkeypatch
):
    monkeypatch.setattr("logster.ledger.file.BUSY_S", 0.1)
    count_some(ledger)
    await ledger.write()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        ledger._file.close()
        holder.execute("BEGIN IMMEDIATE")
        count_some(ledger)
        await ledger.write()
    count_some(ledger)
    await ledger.write()

    assert rows(path, "SELECT sum(events) FROM count") == [(2,)]


WRITER = """
import asyncio, pathlib, sys
from logster.ledger.ledger import Ledger
from logster.outcome import Outcome

async def write():
    ledger = Ledger(pathlib.Path(sys.argv[1]), max_bytes=1 << 20)
    print("ready", flush=True)
    while True:
        ledger.count(Outcome.FILTERED, workspace=1, key=1, protocol="seq", events=1)
        await ledger.write()

asyncio.run(write())
"""


def test_writers_that_are_killed_leave_a_file_that_works(path):
    for _ in range(3):
        workers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for worker in workers:
            assert worker.stdout
            worker.stdout.readline()
        time.sleep(0.2)
        for worker in workers:
            worker.kill()
            worker.communicate()

    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "SELECT sum(events) > 0 FROM count") == [(1,)]
    LedgerFile(path).open().close()


def kept_note(places: list[int] | None, count: int = 4, events: int | None = 2) -> dict[str, Any]:
    return {"places": places, "count": count, "events": events}


@pytest.mark.parametrize(
    ("first", "second", "state", "places"),
    [
        ({}, {}, "kept", None),
        (kept_note([1, 3]), kept_note([1, 3]), "kept", [1, 3]),
        (kept_note([1, 3]), kept_note([2, 3]), "kept", [3]),
        (kept_note([1]), kept_note([2]), "stored", []),
        (kept_note([1, 3]), {}, "kept", [1, 3]),
        ({}, kept_note([1, 3]), "kept", [1, 3]),
        (kept_note([1, 3]), kept_note([1, 3], count=5), "whole", [1, 3]),
        ({}, kept_note(None), "whole", None),
        (kept_note(None), {}, "whole", None),
    ],
)
async def test_of_a_body_that_comes_again_no_event_is_tried_that_was_good_once(
    ledger, path, first, second, state, places
):
    ledger.keep(refused(**first))
    await ledger.write()
    ledger.keep(refused(**second, reason="other"))
    await ledger.write()

    [(found, times, note)] = rows(path, "SELECT state, times, note FROM refused")
    assert (found, times) == (state, 2)
    assert msgspec.json.decode(note)["places"] == places


@pytest.mark.parametrize(
    "told", [{"key": 8}, {"workspace": 2}, {"path": "/x"}, {"query": "a=b"}, {"size": 9}]
)
async def test_what_came_in_another_way_is_another_body(ledger, path, told):
    ledger.keep(refused())
    ledger.keep(refused(**told))
    ledger.keep(refused(b"other"))
    await ledger.write()

    assert rows(path, "SELECT times FROM refused") == [(1,)] * 3


async def test_a_body_that_comes_again_and_again_is_kept_from_its_last_time_on(ledger, path):
    now = time.time()
    ledger.keep(refused(at=now - 8 * 86_400))
    ledger.keep(refused(b"other", at=now - 8 * 86_400))
    ledger.keep(refused(at=now))
    await ledger.write()

    assert rows(path, "SELECT times, last_at - at > 600000, last_at FROM refused") == [(2, 1, now)]


async def test_a_file_of_an_earlier_form_is_made_anew_with_its_counts(ledger, path):
    count_some(ledger)
    ledger.keep(refused())
    await ledger.write()
    ledger._file.close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE refused; CREATE TABLE refused (id INTEGER PRIMARY KEY, at REAL);"
            "INSERT INTO refused VALUES (1, 1); PRAGMA user_version = 0;"
        )
    ledger.keep(refused())
    await ledger.write()

    assert rows(path, "SELECT times FROM refused") == [(1,)]
    assert rows(path, "SELECT sum(events) FROM count") == [(1,)]


def test_what_came_of_a_try_is_known_for_longer_than_its_body_is_kept():
    assert ANSWER_LIFE_S >= written.BODY_LIFE_S + 86_400
