"""Large batches go at the speed of the store, and never wait for one that is away."""

import time

import pytest

from logster import pipeline as pipeline_module
from logster.ids import IdMaker
from logster.pipeline import Pipeline
from logster.spool import room
from logster.spool.packing import pack
from logster.spool.spool import Spool


@pytest.fixture
async def spool(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MAX_BEHIND_EVENTS", 0)
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    spool._file.tally.events = 1
    yield spool
    spool._file.database.close()
    spool._file._mark.close()


async def seconds_of_a_pace(spool):
    started = time.monotonic()
    await Pipeline(spool, IdMaker(0), retention_days=lambda: 30).pace()
    return time.monotonic() - started


async def test_a_batch_waits_while_the_store_is_behind_but_not_for_ever(spool, monkeypatch):
    monkeypatch.setattr(pipeline_module, "MAX_PACE_S", 0.05)

    assert await seconds_of_a_pace(spool) >= 0.05


async def test_a_store_that_stands_still_holds_nobody_back(spool, monkeypatch):
    monkeypatch.setattr(room, "STANDSTILL_S", 0)

    assert await seconds_of_a_pace(spool) < 0.05


async def test_a_store_that_keeps_up_holds_nobody_back(spool):
    spool._file.tally.events = 0

    assert await seconds_of_a_pace(spool) < 0.05
