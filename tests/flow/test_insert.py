"""Blocks into the real engine: each exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from logster.block import join_blocks
from logster.errors import (
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from logster.store.insert import insert
from logster.store.schema import migrate
from support.disk import filled, small_disk
from support.engine import connected, engine_process
from support.stored import block_of, counts

if TYPE_CHECKING:
    from pathlib import Path

    from logster.store.engine import Engine


async def test_a_token_stores_nothing_twice(engine: Engine) -> None:
    block = block_of(100)
    for _ in range(3):
        await insert(engine, block, "batch-1")
    assert await counts(engine) == (100, 100)


async def test_another_token_stores_the_same_rows_again(engine: Engine) -> None:
    """Proves that it is the token which tells blocks apart, not their content."""
    for token in ("batch-1", "batch-2"):
        await insert(engine, block_of(10), token)
    assert await counts(engine) == (20, 10)


async def test_a_token_means_all_days_and_all_batches_of_its_block(engine: Engine) -> None:
    block = join_blocks([block_of(500, days=40, first_id=1 + 500 * part) for part in range(5)])
    for _ in range(2):
        await insert(engine, block, "many-days")
    assert await counts(engine) == (2500, 2500)


async def test_a_large_block_is_one_insert(engine: Engine) -> None:
    block = join_blocks([block_of(70_000, first_id=1 + 70_000 * part) for part in range(3)])
    for _ in range(2):
        await insert(engine, block, "large")
    assert await counts(engine) == (210_000, 210_000)


async def test_a_block_of_more_than_a_hundred_days_is_taken(engine: Engine) -> None:
    await insert(engine, block_of(300, days=150), "a sender with a broken clock")
    assert await counts(engine) == (300, 300)


async def test_senders_of_one_token_at_the_same_time_store_it_once(engine: Engine) -> None:
    block = block_of(1000, days=3)
    await asyncio.gather(*(insert(engine, block, "raced") for _ in range(5)))
    assert await counts(engine) == (1000, 1000)


@pytest.mark.parametrize("body", [b"", b"garbage", block_of(1000)[:-2000]])
async def test_a_block_that_is_none_is_refused_and_leaves_nothing(
    engine: Engine, body: bytes
) -> None:
    with pytest.raises(StoreRefusedError):
        await insert(engine, body, "broken")
    assert await counts(engine) == (0, 0)
    await insert(engine, block_of(5), "broken")
    assert await counts(engine) == (5, 5)


async def test_a_store_without_its_tables_is_not_the_blocks_fault(engine: Engine) -> None:
    await engine.command("DROP TABLE events SYNC")
    with pytest.raises(StoreUnavailableError):
        await insert(engine, block_of(1), "early")


async def test_a_killed_engine_has_what_it_acknowledged_and_takes_the_rest_again(
    tmp_path: Path,
) -> None:
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
        acknowledged = 0
        for life, delay_s in enumerate((0.005, 0.02, 0.05, 0.1), start=1):
            block = block_of(3000, days=30, first_id=life * 3000)
            async with connected(process) as engine:
                assert await counts(engine) == (acknowledged, acknowledged)
                dying = asyncio.create_task(insert(engine, block, f"life-{life}"))
                await asyncio.sleep(delay_s)
                process.kill()
                with contextlib.suppress(StoreError):
                    await dying
            process.start()
            async with connected(process) as engine:
                await insert(engine, block, f"life-{life}")
                acknowledged += 3000
                process.kill()
            process.start()
        async with connected(process) as engine:
            assert await counts(engine) == (acknowledged, acknowledged)


async def test_a_full_disk_is_told_and_the_block_is_taken_when_there_is_room(
    tmp_path: Path,
) -> None:
    """The engine's own way for inserted data would call this a success and store nothing."""
    with (
        small_disk(tmp_path, 128 * 1024 * 1024),
        engine_process(tmp_path / "engine") as process,
    ):
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            with filled(tmp_path), pytest.raises(StoreUnavailableError, match="space") as refusal:
                await insert(engine, block_of(100), "full")
            assert refusal.value.cause == "full"
            assert "Make room" in refusal.value.advice
            await insert(engine, block_of(100), "full")
            assert await counts(engine) == (100, 100)
