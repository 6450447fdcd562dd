"""One web worker: builds the parts of the way, hands them to each other, serves until told to stop.

In: the settings, from the environment. Out: an exit code.
Promise: what was accepted is on disk before this process ends; when it can, it also hands it
to the store first.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import uvloop

from logster import metrics
from logster.config import load_config
from logster.errors import LogsterError, MetaUnavailableError, StoreError
from logster.faults import Fault, Faults
from logster.ids import ID_NODE_BITS, IdMaker
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.protocol import Limits
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.protocols.native import api_log, lookup
from logster.ingest.routes import Routes
from logster.meta.accounts import Accounts
from logster.meta.dashboards import Dashboards
from logster.meta.database import open_database
from logster.meta.keys import Keys, Right
from logster.meta.members import Members
from logster.meta.retention import Retention
from logster.meta.searches import Searches
from logster.pipeline import Pipeline, build_drain
from logster.serve.health import find_health, watch_losses, watch_spool, watch_store
from logster.serve.http1 import Listener
from logster.serve.router import Router
from logster.serverlog import start_log
from logster.spool.gauges import show_spool
from logster.spool.orphans import Orphans
from logster.spool.packing import pack
from logster.spool.receipts import find_receipt
from logster.spool.slots import MAX_SLOTS, Slot, acquire_own_slot
from logster.spool.spool import Spool
from logster.store.engine import Engine
from logster.store.schema import EventsTable, migrate
from logster.store.search import find
from logster.web.app import build_app
from logster.web.live import TailStreams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from logster.config import Config
    from logster.event import Batch

log = logging.getLogger(__name__)

#: How often gauges are refreshed, and how often vanished workers' spools are looked for.
GAUGE_S = 1.0
ADOPT_S = 5.0
#: How often the engine's books are looked into for damaged parts.
DAMAGE_LOOK_S = 5.0
#: How long a stopping worker tries to hand its spool to the store; the rest stays on disk.
DRAIN_S = 10.0
#: Requests under way may end by themselves for this long; live tails are ended at once.
LAST_REQUESTS_S = 5.0
#: Between two tries to prepare a store that is away.
PREPARE_AGAIN_S = 0.5

#: A request makes some thirty containers and drops them without cycles; look less often.
GC_THRESHOLD = 20_000

#: Ingestion says itself, in the client's dialect, that a body took too long; the rest hears it
#: this much later.
BODY_GRACE_S = 5.0
#: Connections open at the same time; the next one waits until one of them ends.
MAX_CONNECTIONS = 1024


class Worker:
    """The parts of one worker, and their life."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.is_stopping = asyncio.Event()
        self.is_store_ready = False
        self.streams = TailStreams()
        #: Under the name of its spool, once it has one.
        self.faults = Faults(f"worker-{os.getpid()}")
        #: Its own, and an orphan while it drains one.
        self.spools: list[Spool[Batch]] = []

    async def run(self) -> None:
        """Serve until `is_stopping`."""
        async with contextlib.AsyncExitStack() as stack:
            router = await self._build(stack)
            most = count_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            listener = Listener(
                router,
                self.config.host,
                self.config.port,
                most=most,
                body_timeout_s=self.config.body_timeout_s + BODY_GRACE_S,
            )
            serving = asyncio.create_task(listener.serve())
            serving.add_done_callback(_end_on_fault)
            await self.is_stopping.wait()
            self.streams.end_all()
            serving.cancel()
            await asyncio.wait([serving])
            await listener.finish(LAST_REQUESTS_S)

    async def _build(self, stack: contextlib.AsyncExitStack) -> Router:
        """Build the parts in the order of the way; the stack ends them the other way round."""
        config = self.config
        database = await asyncio.to_thread(open_database, config.meta_address)
        stack.callback(database.close)
        keys = Keys(database).start()
        stack.callback(keys.close)
        accounts = Accounts(database, session_days=config.session_days)
        stack.callback(accounts.close)
        reader_secret = os.environ.get("LOGSTER_ENGINE_READER_SECRET", "")
        engine = await Engine.open(config.store_url, reader_secret)
        stack.push_async_callback(engine.close)
        retention = Retention(database, EventsTable(engine), default_days=config.retention_days)
        await retention.load()
        slot = acquire_own_slot(config.spool_path)
        stack.callback(slot.release)
        self.faults = Faults(slot.path.stem)
        spool, ids = await stack.enter_async_context(self._spool(slot))
        receipts = Receipts(config.spool_path, find_receipt)
        stack.callback(receipts.close)
        pipeline = Pipeline(spool, ids, retention_days=lambda: retention.days)
        intake = Intake(
            pipeline,
            receipts,
            limits=Limits(
                max_events=config.max_batch_events, max_message_bytes=config.max_message_bytes
            ),
            max_pending_bytes=config.max_pending_bytes,
        )
        await stack.enter_async_context(self._draining(spool, engine, intake, retention))
        portal = build_app(
            config,
            keys=keys,
            accounts=accounts,
            members=Members(database),
            searches=Searches(database),
            retention=retention,
            dashboards=Dashboards(database),
            engine=engine,
            streams=self.streams,
        )
        return Router(
            Receiver(
                _build_routes(keys, engine),
                admit=lambda text: keys.admit(text, Right.INGEST),
                intake=intake,
                config=config,
            ),
            portal,
            find_health=lambda: find_health(
                spool, engine, self.faults, is_store_ready=self.is_store_ready
            ),
            root=config.root,
        )

    @contextlib.asynccontextmanager
    async def _spool(self, slot: Slot) -> AsyncIterator[tuple[Spool[Batch], IdMaker]]:
        config = self.config
        spool = Spool(
            slot.path,
            pack=pack,
            max_bytes=config.max_spool_bytes,
            min_free_bytes=config.min_free_disk_bytes,
            slot=slot,
        )
        node = config.node * MAX_SLOTS + slot.number
        assert node < 1 << ID_NODE_BITS
        ids = IdMaker(node, spool.last_ms)
        spool.remember_clock(lambda: ids.last_ms)
        spool.start()
        self.spools.append(spool)
        try:
            yield spool, ids
        finally:
            self.spools.remove(spool)
            await spool.close()

    @contextlib.asynccontextmanager
    async def _draining(
        self,
        spool: Spool[Batch],
        engine: Engine,
        intake: Intake,
        retention: Retention,
    ) -> AsyncIterator[None]:
        """Everything that goes on beside the requests."""
        drain = build_drain(spool, engine, self.faults)
        tasks = [
            asyncio.create_task(self._drain_for_ever(drain, engine, retention)),
            asyncio.create_task(self._watch(intake)),
            asyncio.create_task(self._watch_damage(spool, engine)),
            asyncio.create_task(self._adopt_orphans(engine)),
        ]
        for task in tasks:
            task.add_done_callback(_end_on_fault)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.is_store_ready and not await drain.drain_all(DRAIN_S):
                log.warning("%d events stay in the spool for the next start", spool.state.events)

    async def _drain_for_ever(self, drain: Any, engine: Engine, retention: Retention) -> None:
        await self._prepare_store(engine, retention)
        async with asyncio.TaskGroup() as group:
            group.create_task(retention.run())
            group.create_task(drain.run())

    async def _prepare_store(self, engine: Engine, retention: Retention) -> None:
        """Make or upgrade the tables; a store that is away is waited for, accepting goes on."""
        while not self.is_store_ready:
            try:
                await migrate(engine)
                # Before the first event: what was accepted as young enough must not expire.
                self.is_store_ready = await retention.settle()
            except (StoreError, MetaUnavailableError) as error:
                self.faults.begin("preparing the store", _prepare_fault(error))
            if not self.is_store_ready:
                await asyncio.sleep(PREPARE_AGAIN_S)
        self.faults.end("preparing the store")

    async def _watch(self, intake: Intake) -> None:
        """Keep the metrics true, and say what is wrong."""
        while True:
            metrics.flush()
            metrics.PENDING_BYTES.set(intake.pending_bytes)
            metrics.LIVE_STREAMS.set(self.streams.count)
            for spool in self.spools:
                state = spool.state
                show_spool(state)
                watch_spool(state, self.faults)
            await asyncio.sleep(GAUGE_S)

    async def _watch_damage(self, spool: Spool[Batch], engine: Engine) -> None:
        while True:
            await watch_losses(spool.path, self.faults)
            if self.is_store_ready:
                await watch_store(engine, self.faults)
            await asyncio.sleep(DAMAGE_LOOK_S)

    async def _adopt_orphans(self, engine: Engine) -> None:
        """Look after the spools of workers that are gone for good."""

        async def drain_whole(slot: Slot) -> None:
            async with self._spool(slot) as (spool, _):
                drain = build_drain(spool, engine, self.faults)
                while await drain.drain_once():
                    pass
                await drain.tell_missed()

        orphans = Orphans(self.config.spool_path, drain_whole, self.faults)
        while True:
            await asyncio.sleep(ADOPT_S)
            await orphans.visit(can_adopt=self.is_store_ready)


def _build_routes(keys: Keys, engine: Engine) -> Routes:
    """What clients send to, and the native API's reading side."""
    routes = Routes(PROTOCOLS)
    stored = lookup.build_routes(
        admit=lambda text: keys.admit(text, Right.READ),
        find=lambda workspace, number: find(engine, workspace, number),
    )
    routes.add(api_log.PROTOCOL, stored)
    return routes


def _prepare_fault(error: LogsterError) -> Fault:
    return Fault(
        part="store",
        cause="not_ready",
        message="The tables of the store cannot be prepared",
        advice=getattr(error, "advice", ""),
        detail=str(error),
    )


def count_connections(max_files: int) -> int:
    """How many connections there may be: half of the files are left for the spool and the rest."""
    if max_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max_files // 2)


class NoPandas:
    """Keeps pandas out of this process.

    pyarrow would load it at its first value, only to see whether a list is a Series: a second
    of work and 60 MB. The engine's package installs it; nothing here uses it.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse to find it; every other module is found as ever."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not loaded here", name=name)


def _end_on_fault(task: asyncio.Task[None]) -> None:
    """End the process when a task that must run for ever has failed: it starts again, clean."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("the worker ends: %r", error, exc_info=error)
        os.kill(os.getpid(), signal.SIGKILL)


def _watch_parent(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    """Stop when the supervisor is gone: its end of our stdin closes."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(worker.is_stopping.set)

    threading.Thread(target=wait, daemon=True, name="parent").start()


async def _work() -> None:
    worker = Worker(load_config())
    # What lives as long as the process is not looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.is_stopping.set)
    _watch_parent(loop, worker)
    await worker.run()


def main() -> None:
    """Run one worker; the settings come from the environment."""
    start_log(logging.WARNING)
    sys.meta_path.insert(0, NoPandas)
    try:
        uvloop.run(_work())
    except LogsterError as error:  # what keeps it from starting is a sentence already
        log.critical("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
