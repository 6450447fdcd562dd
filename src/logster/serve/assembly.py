"""The parts of one worker, built in the order of the way and handed to each other.

In: the settings. Out: the application that answers its requests.
Promise: the parts end in the opposite order; what was accepted is on disk before the spool is
closed, and when it can be it is handed to the store first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
from typing import TYPE_CHECKING

from logster.faults import Faults
from logster.ids import ID_NODE_BITS, IdMaker
from logster.ingest.http import Receiver
from logster.ingest.idempotency import Receipts
from logster.ingest.intake import Intake
from logster.ingest.outcomes import Outcomes
from logster.ingest.protocol import Limits
from logster.ingest.protocols import DIALECTS, PROTOCOLS
from logster.ingest.protocols.native import api_log, lookup
from logster.ingest.retry import Retries
from logster.ingest.routes import Routes
from logster.ingest.sockets.sockets import Sockets, opened
from logster.ingest.sockets.tcp import count_connections
from logster.ledger.ledger import Ledger
from logster.meta.expiry import Expiry
from logster.meta.grants import Right
from logster.meta.meta import open_meta
from logster.meta.quota import Quota
from logster.pipeline import Pipeline, build_drain
from logster.serve.health import find_health
from logster.serve.issues import listen_for_issues
from logster.serve.loops import (
    adopt_orphans,
    drain_for_ever,
    end_on_fault,
    going_on,
    record_key_use,
    record_last_key_use,
    show_gauges,
    watch_damage,
    watch_meta_database,
)
from logster.serve.router import Router
from logster.spool.orphans import Orphans
from logster.spool.packing import pack
from logster.spool.receipts import find_receipt
from logster.spool.slots import MAX_SLOTS, acquire_own_slot
from logster.spool.spool import Spool
from logster.store.engine import Engine
from logster.store.schema import EventsTable
from logster.store.search import find
from logster.track.aliases import Aliases
from logster.web.app import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from logster.config import Config
    from logster.event import Batch
    from logster.meta.meta import Meta
    from logster.notice import Listener
    from logster.spool.drain import Drain
    from logster.spool.slots import Slot
    from logster.web.live import TailStreams

    Spools = list[Spool[Batch]]

log = logging.getLogger(__name__)

#: How long a stopping worker tries to hand its spool to the store; the rest stays on disk.
DRAIN_S = 10.0


@contextlib.asynccontextmanager
async def assembled(config: Config, streams: TailStreams) -> AsyncIterator[Router]:
    """Build the parts, and let them work for as long as it is entered."""
    async with contextlib.AsyncExitStack() as stack:
        meta = await asyncio.to_thread(open_meta, config)
        stack.callback(meta.close)
        # Last of all: a meta database that hangs must not keep the spool from the store.
        stack.push_async_callback(record_last_key_use, meta.grants)
        reader_secret = os.environ.get("LOGSTER_ENGINE_READER_SECRET", "")
        engine = await Engine.open(config.store_url, reader_secret)
        stack.push_async_callback(engine.close)
        slot = acquire_own_slot(config.spool_path)
        stack.callback(slot.release)
        faults = Faults(slot.path.stem)
        #: Its own, and an orphan while it is drained.
        spools: Spools = []
        spool, ids = await stack.enter_async_context(_opened_spool(config, slot, spools))
        receipts = Receipts(config.spool_path, find_receipt)
        stack.callback(receipts.close)
        quota = Quota(config.data_path)
        stack.callback(quota.close)
        ledger = Ledger(
            config.ledger_path,
            max_bytes=config.max_refused_bytes,
            min_free_bytes=config.min_free_disk_bytes,
        )
        stack.push_async_callback(ledger.close)
        aliases = Aliases(meta.live)
        await meta.live.catch_up()
        intake = Intake(
            Pipeline(spool, ids, retention_days=lambda: meta.retention.days),
            receipts,
            limits=Limits(
                max_events=config.max_batch_events,
                max_message_bytes=config.max_message_bytes,
                max_batch_bytes=config.max_batch_bytes,
            ),
            max_pending_bytes=config.max_pending_bytes,
            outcomes=Outcomes(ledger),
            quota=quota,
            find_discarded=lambda workspace: aliases.within(workspace).discarded,
        )
        listeners = (listen_for_issues(meta, engine),)
        drain = build_drain(spool, engine, faults, listeners)
        is_store_ready = asyncio.Event()
        stack.push_async_callback(_empty, spool, drain, is_store_ready)
        expiry = Expiry(meta.database, meta.retention, EventsTable(engine))
        orphans = _build_orphans(config, engine, faults, spools, listeners)
        loops = going_on(
            drain=drain_for_ever(drain, engine, expiry, is_store_ready, faults),
            gauges=show_gauges(spools, intake, streams, faults),
            meta=watch_meta_database(meta, faults),
            key_use=record_key_use(meta.grants),
            damage=watch_damage(spool.path, engine, is_store_ready, faults),
            orphans=adopt_orphans(orphans, is_store_ready),
            ledger=ledger.run(),
        )
        await stack.enter_async_context(loops)
        sockets = Sockets(
            config,
            DIALECTS,
            intake=intake,
            admit=meta.socket_keys.check,
            faults=faults,
            most=count_connections(config, resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        )
        await stack.enter_async_context(opened(sockets, end_on_fault))
        routes = _build_routes(meta, engine)
        retries = Retries(
            routes,
            PROTOCOLS,
            intake=intake,
            find_grant=lambda workspace, key: meta.grants.find(workspace, key, Right.INGEST),
            max_bytes=config.max_batch_bytes,
            zone=config.syslog_zone,
        )
        portal = build_app(
            config, meta=meta, engine=engine, aliases=aliases, streams=streams, retries=retries
        )
        yield Router(
            Receiver(
                routes,
                admit=lambda text: meta.grants.admit(text, Right.INGEST),
                intake=intake,
                config=config,
            ),
            portal,
            find_health=lambda: find_health(
                spool, engine, faults, is_store_ready=is_store_ready.is_set()
            ),
            root=config.root,
        )


def _build_routes(meta: Meta, engine: Engine) -> Routes:
    """What clients send to, and the native API's reading side."""
    routes = Routes(PROTOCOLS)
    stored = lookup.build_routes(
        admit=lambda text: meta.grants.admit(text, Right.READ),
        find=lambda workspace, number: find(engine, workspace, number),
    )
    routes.add(api_log.PROTOCOL, stored)
    return routes


@contextlib.asynccontextmanager
async def _opened_spool(
    config: Config, slot: Slot, spools: Spools
) -> AsyncIterator[tuple[Spool[Batch], IdMaker]]:
    """A spool that works and is among those that are shown, and what numbers its events."""
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
    spools.append(spool)
    try:
        yield spool, ids
    finally:
        spools.remove(spool)
        await spool.close()


async def _empty(spool: Spool[Batch], drain: Drain, is_store_ready: asyncio.Event) -> None:
    if is_store_ready.is_set() and not await drain.drain_all(DRAIN_S):
        log.warning("%d events stay in the spool for the next start", spool.state.events)


def _build_orphans(
    config: Config,
    engine: Engine,
    faults: Faults,
    spools: Spools,
    listeners: Sequence[Listener],
) -> Orphans:
    async def drain_whole(slot: Slot) -> None:
        async with _opened_spool(config, slot, spools) as (spool, _):
            drain = build_drain(spool, engine, faults, listeners)
            while await drain.drain_once():
                pass
            await drain.tell_missed()

    return Orphans(config.spool_path, drain_whole, faults)
