"""What goes on in a worker beside the requests, as far as it can be seen without a store."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from logster.faults import Faults
from logster.meta.grants import Right
from logster.serve import loops
from logster.serve.loops import going_on, record_key_use, record_last_key_use, watch_meta_database
from support.meta import add_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    from logster.meta.meta import Meta


@asynccontextmanager
async def within_seconds() -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        yield


@pytest.fixture
def faults() -> Faults:
    return Faults("worker")


async def test_a_meta_database_that_is_away_is_a_fault_that_blocks_nothing(
    meta: Meta,
    faults: Faults,
    outage: Callable[[], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "META_LOOK_S", 0.01)
    async with going_on(meta=watch_meta_database(meta, faults)):
        with outage():
            async with within_seconds():
                while not faults.list():
                    await asyncio.sleep(0.01)
            [fault] = faults.list()
            assert (fault.part, fault.cause, fault.is_blocking) == ("meta", "away", False)
            assert "keep working" in fault.told
        async with within_seconds():
            while faults.list():
                await asyncio.sleep(0.01)


async def test_the_last_use_of_keys_is_written_down_at_the_end(meta: Meta) -> None:
    workspace = add_workspace(meta.database, "default")
    new = await meta.keys.create(workspace, "shop", [Right.INGEST])
    meta.grants.check(new.text, Right.INGEST)
    assert (await meta.keys.find(workspace, new.info.id)).last_used_at is None
    await record_last_key_use(meta.grants)
    assert (await meta.keys.find(workspace, new.info.id)).last_used_at is not None


async def test_what_cannot_be_written_down_now_is_written_later(
    meta: Meta,
    outage: Callable[[], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "KEY_USE_S", 0.01)
    workspace = add_workspace(meta.database, "default")
    new = await meta.keys.create(workspace, "shop", [Right.INGEST])
    async with going_on(key_use=record_key_use(meta.grants)):
        with outage():
            meta.grants.check(new.text, Right.INGEST)
            await asyncio.sleep(0.1)
        async with within_seconds():
            while (await meta.keys.find(workspace, new.info.id)).last_used_at is None:
                await asyncio.sleep(0.01)
