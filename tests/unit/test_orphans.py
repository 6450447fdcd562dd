"""Spools of workers that are gone: drained, and never in the way of those who serve."""

import contextlib
import logging
import os
import sqlite3

import pytest

from logster import metrics
from logster.errors import SpoolFullError
from logster.faults import Faults
from logster.spool import orphans as orphans_module
from logster.spool.orphans import Orphans
from logster.spool.queue import Block, transaction
from logster.spool.schema import connect
from logster.spool.slots import acquire_own_slot


def make_spool(folder, number, events=0):
    path = folder / f"spool-{number:02}.sqlite"
    with contextlib.closing(connect(path)) as database:
        if events:
            with transaction(database) as queue:
                queue.append(Block(events, b"x", 100), {1: 100}, 1.0)
    return path


async def drain(slot):
    with contextlib.closing(connect(slot.path)) as database, transaction(database) as queue:
        queue.remove(1, queue.tally.last)


def shown(gauge, path):
    return gauge.labels(path.stem)._value.get()


def reports(caplog):
    return [record for record in caplog.records if record.levelno == logging.ERROR]


async def test_only_abandoned_spools_with_events_are_drained(tmp_path):
    owned = acquire_own_slot(tmp_path)
    for number, events in ((0, 1), (1, 0), (2, 3)):
        make_spool(tmp_path, number, events)
    drained = []

    async def note(slot):
        drained.append(slot.number)
        await drain(slot)

    orphans = Orphans(tmp_path, note, Faults("test"))
    await orphans.visit(can_adopt=True)
    await orphans.visit(can_adopt=True)

    assert drained == [2]
    owned.release()


async def test_an_orphan_is_shown_while_the_store_is_away_and_empty_once_drained(tmp_path):
    path = make_spool(tmp_path, 3, events=7)
    orphans = Orphans(tmp_path, drain, Faults("test"))

    await orphans.visit(can_adopt=False)
    assert shown(metrics.SPOOL_EVENTS, path) == 7
    assert shown(metrics.SPOOL_BYTES, path) == 100
    assert shown(metrics.SPOOL_AGE_S, path) > 1e9

    await orphans.visit(can_adopt=True)
    assert shown(metrics.SPOOL_EVENTS, path) == 0
    assert shown(metrics.SPOOL_AGE_S, path) == 0


async def test_a_damaged_orphan_is_reported_once_and_the_others_are_drained(tmp_path, caplog):
    damaged = tmp_path / "spool-01.sqlite"
    damaged.write_bytes(body := os.urandom(8192))
    good = make_spool(tmp_path, 2, events=5)
    orphans = Orphans(tmp_path, drain, Faults("test"))

    await orphans.visit(can_adopt=True)
    await orphans.visit(can_adopt=True)

    assert shown(metrics.SPOOL_EVENTS, good) == 0
    [report] = reports(caplog)
    assert str(damaged) in report.getMessage()
    assert "file is not a database" in report.getMessage()
    assert "moved elsewhere" in report.getMessage()
    assert shown(metrics.SPOOL_FAULTY, damaged) == 1
    assert damaged.read_bytes() == body


async def test_a_damaged_orphan_that_was_moved_away_is_faulty_no_more(tmp_path):
    damaged = tmp_path / "spool-04.sqlite"
    damaged.write_bytes(os.urandom(8192))
    orphans = Orphans(tmp_path, drain, Faults("test"))
    await orphans.visit(can_adopt=True)

    damaged.rename(tmp_path / "kept")
    await orphans.visit(can_adopt=True)

    assert shown(metrics.SPOOL_FAULTY, damaged) == 0


async def test_an_empty_orphan_holds_nothing(tmp_path, caplog):
    path = tmp_path / "spool-05.sqlite"
    path.touch()

    await Orphans(tmp_path, drain, Faults("test")).visit(can_adopt=True)

    assert not reports(caplog)
    assert shown(metrics.SPOOL_EVENTS, path) == 0


@pytest.mark.parametrize(
    "fault",
    [
        SpoolFullError("The spool could not be written", 5),
        sqlite3.OperationalError("database or disk is full"),
        ValueError("these bytes are no events"),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_an_orphan_that_cannot_be_drained_now_is_drained_later(tmp_path, caplog, fault):
    path = make_spool(tmp_path, 6, events=2)
    faults = [fault, fault]

    async def try_to_drain(slot):
        if faults:
            raise faults.pop()
        await drain(slot)

    orphans = Orphans(tmp_path, try_to_drain, Faults("test"))
    for _ in range(2):
        await orphans.visit(can_adopt=True)
        assert shown(metrics.SPOOL_FAULTY, path) == 1
        assert shown(metrics.SPOOL_EVENTS, path) == 2
    await orphans.visit(can_adopt=True)

    assert len(reports(caplog)) == 1
    assert shown(metrics.SPOOL_FAULTY, path) == 0
    assert shown(metrics.SPOOL_EVENTS, path) == 0


async def test_a_worker_without_a_file_to_spare_looks_again_later(tmp_path, caplog, monkeypatch):
    path = make_spool(tmp_path, 7, events=2)
    orphans = Orphans(tmp_path, drain, Faults("test"))

    def fail(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(orphans_module, "acquire_slot", fail)
        await orphans.visit(can_adopt=True)
    assert "Too many open files" in reports(caplog)[0].getMessage()

    await orphans.visit(can_adopt=True)
    assert shown(metrics.SPOOL_EVENTS, path) == 0
