"""A part of the store that a sick disk has changed: said in the answer, in health and in System."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logster.errors import StoreDamagedError, StoreError
from logster.faults import Faults
from logster.serve.health import find_health
from logster.spool.packing import pack
from logster.spool.spool import Spool
from logster.store.damage import find_damage
from logster.store.insert import insert
from logster.store.schema import migrate
from support.engine import connected, engine_process
from support.stored import block_of

_PARTS = "SELECT path FROM system.parts WHERE table = 'events' AND active ORDER BY rows DESC"
_READ_ALL = "SELECT max(message), max(properties) FROM events"


async def test_a_damaged_part_is_told_with_its_day_and_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults("test")
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            await engine.command("SYSTEM STOP MERGES events")
            await insert(engine, block_of(1000), "large")
            await insert(engine, block_of(10, first_id=5000), "small")
            part = Path((await engine.inspect(_PARTS)).rows[0][0])
            assert await find_damage(engine) == []
            with pytest.raises(StoreError):  # a question cannot make health say what is not so
                await engine.ask(f"SELECT throwIf(1, 'while reading from part /{part.name}/')", {})
            assert await find_damage(engine) == []
        process.kill()
        flip_bytes(part / "data.bin")
        process.start()
        async with connected(process) as engine:
            with pytest.raises(StoreDamagedError) as refusal:
                await engine.ask(_READ_ALL, {})
            assert refusal.value.part == part.name
            assert f"events of 2026-09-21 (UTC) cannot be read (part {part.name})" in str(
                refusal.value
            )

            for _ in range(3):
                health = await find_health(spool, engine, faults, is_store_ready=True)
            assert part.name in health.obstacles["store"]
            assert "move the folder" in health.obstacles["store"]
            assert str(tmp_path) not in health.obstacles["store"]
            assert str(part) in faults.list()[0].detail
            assert str(part) in caplog.text
            [found] = await find_damage(engine)
            assert (found.name, found.day, found.is_detached) == (part.name, "2026-09-21", False)
            assert found.rows == 1000
            assert caplog.text.count("cannot be read, such as") == 1
        process.kill()
        part.rename(tmp_path / part.name)  # what the advice says
        process.start()
        async with connected(process) as engine:
            assert (await engine.ask(_READ_ALL, {})).rows[0][0] == "event 9"
            health = await find_health(spool, engine, faults, is_store_ready=True)
            assert health.obstacles == {}
    await close(spool)


async def test_a_part_that_was_set_aside_at_a_start_is_a_warning(tmp_path: Path) -> None:
    faults = Faults("test")
    spool = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            await insert(engine, block_of(10), "whole")
            part = Path((await engine.inspect(_PARTS)).rows[0][0])
        process.kill()
        (part / "checksums.txt").write_bytes(b"x")
        process.start()
        async with connected(process) as engine:
            health = await find_health(spool, engine, faults, is_store_ready=True)
            assert health.obstacles == {}
            assert f"broken-on-start_{part.name}" in health.warnings["store"]
            assert "2026-09-21" in health.warnings["store"]
            [found] = await find_damage(engine)
            assert (found.is_detached, found.reason) == (True, "broken-on-start")
    await close(spool)


def flip_bytes(path: Path) -> None:
    body = bytearray(path.read_bytes())
    for place in range(200, len(body), 50):
        body[place] ^= 0xFF
    path.write_bytes(body)


async def close(spool: Spool[Any]) -> None:
    spool.start()
    await spool.close()
