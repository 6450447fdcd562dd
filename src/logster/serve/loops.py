"""What goes on in a worker beside the requests: each loop under its own name.

In: the parts of a worker. Out: nothing; a loop ends when it is cancelled.
Promise: accepting never waits for one of them. One that fails ends the process: the supervisor
starts it again, clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from logster import metrics
from logster.errors import LogsterError, MetaUnavailableError, StoreError
from logster.faults import Fault
from logster.serve.health import watch_losses, watch_meta, watch_spool, watch_store
from logster.spool.gauges import show_spool
from logster.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence
    from pathlib import Path

    from logster.faults import Faults
    from logster.ingest.intake import Intake
    from logster.meta.expiry import Expiry
    from logster.meta.grants import Grants
    from logster.meta.meta import Meta
    from logster.spool.drain import Drain
    from logster.spool.orphans import Orphans
    from logster.spool.spool import Spool
    from logster.store.engine import Engine
    from logster.web.live import TailStreams

log = logging.getLogger(__name__)

#: How often gauges are refreshed, and how often vanished workers' spools are looked for.
GAUGE_S = 1.0
ADOPT_S = 5.0
#: How often it is said that the meta database is away, or back.
META_LOOK_S = 1.0
#: When a key was last used is for people: a write a minute is fine enough and costs nothing.
KEY_USE_S = 60.0
#: How long the end waits for the last of them.
LAST_KEY_USE_S = 2.0
#: How often the engine's books are looked into for damaged parts.
DAMAGE_LOOK_S = 5.0
#: Between two tries to prepare a store that is away.
PREPARE_AGAIN_S = 0.5


@contextlib.asynccontextmanager
async def going_on(**loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the loops for as long as it is entered."""
    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    for task in tasks:
        task.add_done_callback(end_on_fault)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def end_on_fault(task: asyncio.Task[None]) -> None:
    """End the process when a task that must run for ever has failed."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("the worker ends: %s: %r", task.get_name(), error, exc_info=error)
        os.kill(os.getpid(), signal.SIGKILL)


async def drain_for_ever(
    drain: Drain,
    engine: Engine,
    expiry: Expiry,
    is_store_ready: asyncio.Event,
    faults: Faults,
) -> None:
    """Prepare the store, then move the spool into it and let old events go."""
    await _prepare_store(engine, expiry, is_store_ready, faults)
    async with asyncio.TaskGroup() as group:
        group.create_task(expiry.run())
        group.create_task(drain.run())


async def _prepare_store(
    engine: Engine, expiry: Expiry, is_store_ready: asyncio.Event, faults: Faults
) -> None:
    """Make or upgrade the tables; a store that is away is waited for, accepting goes on."""
    while not is_store_ready.is_set():
        try:
            await migrate(engine)
            # Before the first event: what was accepted as young enough must not expire.
            if await expiry.apply():
                is_store_ready.set()
        except (StoreError, MetaUnavailableError) as error:
            faults.begin("preparing the store", _prepare_fault(error))
        if not is_store_ready.is_set():
            await asyncio.sleep(PREPARE_AGAIN_S)
    faults.end("preparing the store")


def _prepare_fault(error: LogsterError) -> Fault:
    return Fault(
        part="store",
        cause="not_ready",
        message="The tables of the store cannot be prepared",
        advice=getattr(error, "advice", ""),
        detail=str(error),
    )


async def show_gauges(
    spools: Sequence[Spool[Any]], intake: Intake, streams: TailStreams, faults: Faults
) -> None:
    """Keep the metrics true, and say what keeps a spool from its work."""
    while True:
        metrics.flush()
        metrics.PENDING_BYTES.set(intake.pending_bytes)
        metrics.LIVE_STREAMS.set(streams.count)
        for spool in spools:
            state = spool.state
            show_spool(state)
            watch_spool(state, faults)
        await asyncio.sleep(GAUGE_S)


async def watch_meta_database(meta: Meta, faults: Faults) -> None:
    """Say that the meta database is away, and for how long."""
    while True:
        watch_meta(meta.live.failure, faults)
        await asyncio.sleep(META_LOOK_S)


async def record_key_use(grants: Grants) -> None:
    """Write down from time to time which keys were used."""
    while True:
        await asyncio.sleep(KEY_USE_S)
        with contextlib.suppress(MetaUnavailableError):  # they are remembered until it is back
            await grants.record_use()


async def record_last_key_use(grants: Grants) -> None:
    """Write down at the end which keys were used; what takes long is not waited for."""
    try:
        await asyncio.wait_for(grants.record_use(), LAST_KEY_USE_S)
    except (MetaUnavailableError, TimeoutError):
        log.warning("The last use of some keys could not be written down.")


async def watch_damage(
    path: Path, engine: Engine, is_store_ready: asyncio.Event, faults: Faults
) -> None:
    """Say what the spool at `path` has lost, and which parts of the store are damaged."""
    while True:
        await watch_losses(path, faults)
        if is_store_ready.is_set():
            await watch_store(engine, faults)
        await asyncio.sleep(DAMAGE_LOOK_S)


async def adopt_orphans(orphans: Orphans, is_store_ready: asyncio.Event) -> None:
    """Look after the spools of workers that are gone for good."""
    while True:
        await asyncio.sleep(ADOPT_S)
        await orphans.visit(can_adopt=is_store_ready.is_set())
