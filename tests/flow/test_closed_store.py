"""A store that cannot be written is waited for, whatever the system says; nothing is set aside."""

from __future__ import annotations

import asyncio
import errno
import time
from typing import TYPE_CHECKING

from logster.event import Batch, Columns
from logster.faults import Faults
from logster.pipeline import build_drain
from logster.serve.health import find_health
from logster.spool.packing import pack
from logster.spool.quarantine import list_aside
from logster.spool.spool import Spool
from logster.store.schema import migrate
from support.engine import connected, engine_process
from support.shim import Shim, needs_shim
from support.stored import counts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CAUSES = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.ENOSPC: "full",
    errno.EDQUOT: "quota",
    errno.EIO: "faulty",
    errno.ENOMEM: "memory",
    errno.EMFILE: "files",
}


async def append(spool: Spool[Batch], number: int) -> None:
    now = time.time_ns()
    columns = Columns(message=["m"], severity=[1], timestamp=[now])
    await spool.append(Batch(columns, [number], now, 1, 1, "api_log"), 100, owner=1)


@needs_shim
async def test_events_wait_while_nothing_can_be_made_in_the_store_and_go_on_by_themselves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shim, faults = Shim(tmp_path), Faults("test")
    spool: Spool[Batch] = Spool(tmp_path / "spool-00.sqlite", pack=pack, max_bytes=1 << 20)
    spool.start()
    with engine_process(tmp_path / "engine", shim.environment) as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            drain = asyncio.create_task(build_drain(spool, engine, faults).run())
            for number, (error, cause) in enumerate(CAUSES.items(), start=1):
                shim.close_folder("tmp_insert", error)
                await append(spool, number)
                async with asyncio.timeout(20):
                    while not faults.list():
                        await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)  # it is tried again meanwhile
                assert [fault.cause for fault in faults.list()] == [cause]
                health = await find_health(spool, engine, faults, is_store_ready=True)
                assert faults.list()[0].advice in health.obstacles["store"]
                shim.close_folder("")
                async with asyncio.timeout(30):
                    while spool.state.events:
                        await asyncio.sleep(0.05)
                assert await counts(engine) == (number, number)
            drain.cancel()
            health = await find_health(spool, engine, faults, is_store_ready=True)
            assert (health.obstacles, health.warnings) == ({}, {})
    await spool.close()
    assert list_aside(tmp_path) == {}
    assert caplog.text.count("The store did not take a block") == len(CAUSES)
