"""The engine takes no notice of writes that fail: what it acknowledged is whole all the same."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING

import pytest

from logster.errors import StoreError, StoreRefusedError, StoreUnavailableError
from logster.store.embedded.writes import LOOK_S, TRIES, TRY_AGAIN_S
from logster.store.engine import Engine
from logster.store.insert import insert
from logster.store.schema import migrate
from support.disk import filled, small_disk
from support.engine import READER_SECRET, connected, engine_process
from support.shim import Shim, needs_shim
from support.stored import block_of, counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.engine import EngineProcess

_SELECT_TABLE = "SELECT create_table_query FROM system.tables WHERE name = 'events'"
#: Files of a part, in the order in which they are written.
FILES = ("data.bin", "data.cmrk4", "message_words", "columns.txt", "checksums.txt")
SIGKILLED = -9


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    return Shim(tmp_path)


@pytest.fixture
def process(tmp_path: Path, shim: Shim) -> Iterator[EngineProcess]:
    with engine_process(tmp_path / "engine", shim.environment) as process:
        yield process


@needs_shim
async def test_a_block_that_was_cut_is_not_acknowledged_and_is_taken_again(
    process: EngineProcess, shim: Shim
) -> None:
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        await insert(engine, block_of(10), "whole")
    for number, file in enumerate(FILES, start=1):
        block, token = block_of(10, first_id=1 + 10 * number), f"cut-{number}"
        async with connected(process) as engine:
            shim.fill_disk(file)
            with pytest.raises(StoreUnavailableError):
                await insert(engine, block, token)
        assert process.wait_until_ended() == os.EX_IOERR
        shim.fill_disk("")
        process.start()
        async with connected(process) as engine:
            assert await counts(engine) == (10 * number, 10 * number), file
            await insert(engine, block, token)
            assert await counts(engine) == (10 + 10 * number, 10 + 10 * number), file


@needs_shim
async def test_what_a_cut_merge_was_made_of_is_still_there(
    process: EngineProcess, shim: Shim
) -> None:
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        for number in range(3):
            await insert(engine, block_of(10, first_id=1 + 10 * number), f"part-{number}")
    for file in FILES:
        async with connected(process) as engine:
            shim.fill_disk(file)
            with pytest.raises(StoreError):
                await engine.command("OPTIMIZE TABLE events FINAL")
        assert process.wait_until_ended() == os.EX_IOERR
        shim.fill_disk("")
        process.start()
        async with connected(process) as engine:
            assert await counts(engine) == (30, 30), file
            assert await rows_with_a_word(engine) == 30, file
    async with connected(process) as engine:
        await engine.command("OPTIMIZE TABLE events FINAL")
        assert await counts(engine) == (30, 30)


@needs_shim
async def test_a_cut_merge_that_nobody_waits_for_is_found_out_too(
    process: EngineProcess, shim: Shim
) -> None:
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        await engine.command("SYSTEM STOP MERGES events")
        for number in range(16):
            await insert(engine, block_of(10, first_id=1 + 10 * number), f"part-{number}")
        shim.fill_disk("tmp_merge")
        await engine.command("SYSTEM START MERGES events")
    assert process.wait_until_ended() == os.EX_IOERR
    shim.fill_disk("")
    process.start()
    async with connected(process) as engine:
        assert await counts(engine) == (160, 160)


async def test_merged_parts_stay_much_longer_than_it_takes_to_find_out(engine: Engine) -> None:
    answer = await engine.ask(_SELECT_TABLE, {})
    found = re.search(r"old_parts_lifetime = (\d+)", answer.rows[0][0])
    assert found
    assert int(found[1]) >= 4 * (LOOK_S + TRIES * TRY_AGAIN_S)


@needs_shim
async def test_a_kill_between_a_token_and_its_part_loses_nothing(
    process: EngineProcess, shim: Shim
) -> None:
    """The engine writes down that it has a block before it has."""
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        shim.kill_at_rename("tmp_insert")
        with pytest.raises(StoreUnavailableError):
            await insert(engine, block_of(10), "killed")
    assert process.wait_until_ended() == SIGKILLED
    shim.kill_at_rename("")
    process.start()
    async with connected(process) as engine:
        for _ in range(2):
            await insert(engine, block_of(10), "killed")
            assert await counts(engine) == (10, 10)


@needs_shim
async def test_an_insert_that_fails_behind_its_token_is_not_taken_for_done(
    process: EngineProcess, shim: Shim
) -> None:
    """The engine would pass over the block that comes again, as long as it runs."""
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        await insert(engine, block_of(10), "whole")
        shim.refuse_rename("tmp_insert")
        with pytest.raises(StoreUnavailableError):
            await insert(engine, block_of(10, first_id=11), "refused")
    assert process.wait_until_ended() == os.EX_IOERR
    shim.refuse_rename("")
    process.start()
    async with connected(process) as engine:
        await insert(engine, block_of(10, first_id=11), "refused")
        assert await counts(engine) == (20, 20)


@needs_shim
async def test_an_insert_that_fails_before_its_token_ends_nobody(
    process: EngineProcess, shim: Shim
) -> None:
    async with connected(process) as engine:
        await migrate(engine, retention_days=3650)
        with pytest.raises(StoreRefusedError):
            await insert(engine, b"garbage", "broken")
        await insert(engine, block_of(10), "whole")
        assert await counts(engine) == (10, 10)


async def test_an_engine_waits_for_another_one_that_has_its_folder(tmp_path: Path) -> None:
    """What it takes back at its start might be under way in the other one."""
    with engine_process(tmp_path / "engine") as first:
        async with connected(first) as engine:
            await migrate(engine, retention_days=3650)
            await insert(engine, block_of(10), "first")
        with engine_process(tmp_path / "engine") as second:
            assert not await answers_soon(second)
            assert first.stop() == 0
            async with connected(second) as engine:
                assert await counts(engine) == (10, 10)


async def answers_soon(process: EngineProcess) -> bool:
    """Whether an engine answers within the time that it takes to open."""
    engine = await Engine.open(process.url, READER_SECRET)
    try:
        for _ in range(30):
            if await engine.ping():
                return True
            await asyncio.sleep(0.1)
        return False
    finally:
        await engine.close()


async def rows_with_a_word(engine: Engine) -> int:
    """Rows that the index of the messages' words tells of."""
    words = "SELECT count() FROM events WHERE hasAllTokens(lowerUTF8(message), ['event'])"
    return int((await engine.ask(words, {})).rows[0][0])


async def test_a_table_is_not_changed_without_room_for_its_description(tmp_path: Path) -> None:
    """It would be cut, and the engine would never open again."""
    with (
        small_disk(tmp_path, 128 * 1024 * 1024),
        engine_process(tmp_path / "engine") as process,
    ):
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            await insert(engine, block_of(10), "kept")
            with filled(tmp_path), pytest.raises(StoreError, match="make room"):
                await migrate(engine, retention_days=7000)
        process.kill()
        process.start()
        async with connected(process) as engine:
            assert await counts(engine) == (10, 10)
            await migrate(engine, retention_days=7000)


async def test_a_new_store_is_not_made_without_room_for_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path, 24 * 1024 * 1024):
        with engine_process(tmp_path / "engine") as process:
            assert process.wait_until_ended() == os.EX_IOERR
        assert "make room" in capfd.readouterr().err
        assert not (tmp_path / "engine" / "chdb").exists()
