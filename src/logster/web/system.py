"""How the server is: versions, spools, the store, what fills it.

In: an administrator's session or key. Out: JSON.
Promise: the machine holds the events of all workspaces, so its numbers are for the
administrators of the first workspace; everybody else learns of their own workspace alone.
A part that is away is null, the others are still told.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
import logging
import shutil
import sqlite3
import time
from pathlib import Path

import msgspec
from litestar import get
from litestar.di import NamedDependency

from logster import __version__
from logster.config import Config
from logster.errors import ForbiddenError, StoreError
from logster.event import NS_PER_S, render_instant
from logster.faults import list_faults
from logster.meta.members import Members
from logster.meta.retention import Retention
from logster.spool.state import look_into_spools
from logster.store.damage import DamagedPart, find_damage
from logster.store.engine import Engine
from logster.store.usage import (
    Day,
    Lag,
    Load,
    Piece,
    count_holdings,
    weigh_applications,
)
from logster.web.access import Principal

log = logging.getLogger(__name__)

STARTED_NS = time.time_ns()


class SpoolShape(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker accepted and the store does not have yet; `age_s` is that of the oldest.

    `lost_events` were acknowledged and are gone, by damage; of a spool with a `fault` nobody knows
    what it holds.
    """

    name: str
    events: int
    bytes: int
    age_s: float
    aside_events: int
    lost_events: int
    fault: str | None


class FaultShape(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong just now, and what to do; with `is_blocking` the server is not ready."""

    part: str
    message: str
    advice: str
    detail: str
    is_blocking: bool
    since: str


class DiskShape(msgspec.Struct, frozen=True, kw_only=True):
    """Room where something is kept."""

    free_bytes: int
    total_bytes: int


class StoreShape(msgspec.Struct, frozen=True, kw_only=True):
    """The table of events, of all workspaces."""

    rows: int
    parts: int
    bytes: int
    oldest: str | None
    disk: DiskShape
    days: list[Day]
    pieces: list[Piece]
    lag: Lag
    damaged_parts: list[DamagedPart]


class SocketShape(msgspec.Struct, frozen=True, kw_only=True):
    """A port that is open beside HTTP; `transport` is udp, tcp or tls."""

    dialect: str
    transport: str
    host: str
    port: int


class MachineShape(msgspec.Struct, frozen=True, kw_only=True):
    """The server and its store; null for a part that is away."""

    faults: list[FaultShape]
    workers: int
    spools: list[SpoolShape] | None
    max_spool_bytes: int
    min_free_disk_bytes: int
    disk: DiskShape
    sockets: list[SocketShape]
    store: StoreShape | None


class LoadsShape(msgspec.Struct, frozen=True, kw_only=True):
    """The heaviest applications of the newest `rows` events; bytes before compression."""

    applications: list[Load]
    rows: int
    bytes: int


class SystemShape(msgspec.Struct, frozen=True, kw_only=True):
    """How it is. `machine` is null outside the first workspace, `loads` when the store is away."""

    version: str
    started_at: str
    now: str
    retention_days: int
    machine: MachineShape | None
    loads: LoadsShape | None


@get("/system", summary="How the server is")
async def show_system(
    admin: NamedDependency[Principal],
    members: NamedDependency[Members],
    engine: NamedDependency[Engine],
    config: NamedDependency[Config],
    retention: NamedDependency[Retention],
) -> SystemShape:
    """Tell of the server, its spools and its store, and of what fills the workspace."""
    is_operator = await members.is_first(admin.workspace)
    return SystemShape(
        version=__version__,
        started_at=render_instant(STARTED_NS),
        now=render_instant(time.time_ns()),
        retention_days=retention.days,
        machine=await _machine(engine, config) if is_operator else None,
        loads=await _loads(engine, admin.workspace),
    )


async def provide_operator(
    admin: NamedDependency[Principal], members: NamedDependency[Members]
) -> Principal:
    """Who may look into the machine itself, where the events of all workspaces are."""
    if not await members.is_first(admin.workspace):
        raise ForbiddenError(
            "This is about the events of all workspaces; the administrators of the first one "
            "look after it."
        )
    return admin


async def _machine(engine: Engine, config: Config) -> MachineShape:
    store = await _store(engine)
    return MachineShape(
        faults=_faults(),
        workers=config.workers,
        spools=await asyncio.to_thread(_spools, config.spool_path),
        max_spool_bytes=config.max_spool_bytes,
        min_free_disk_bytes=config.min_free_disk_bytes,
        disk=await asyncio.to_thread(_disk, config.data_path),
        sockets=_sockets(config),
        store=store,
    )


#: Setting -> the dialect, and how it comes.
_SOCKETS = {
    "syslog": ("syslog", ("udp", "tcp")),
    "syslog_tls": ("syslog", ("tls",)),
    "gelf": ("gelf", ("udp", "tcp")),
}


def _sockets(config: Config) -> list[SocketShape]:
    return [
        SocketShape(dialect=dialect, transport=transport, host=each.host, port=each.port)
        for name, endpoints in config.sockets.items()
        for dialect, transports in [_SOCKETS[name]]
        for each in endpoints
        for transport in transports
    ]


def _spools(folder: Path) -> list[SpoolShape] | None:
    now = time.time()
    try:
        states = look_into_spools(folder)
    except (sqlite3.Error, OSError):
        log.warning("the spools could not be looked into", exc_info=True)
        return None
    return [
        SpoolShape(
            name=state.name,
            events=state.events,
            bytes=state.bytes,
            age_s=max(now - state.oldest_at, 0.0) if state.oldest_at else 0.0,
            aside_events=state.aside_events,
            lost_events=state.lost_events,
            fault=state.fault,
        )
        for state in states
    ]


def _faults() -> list[FaultShape]:
    return [
        FaultShape(
            part=fault.part,
            message=fault.message,
            advice=fault.advice,
            detail=fault.detail,
            is_blocking=fault.is_blocking,
            since=render_instant(int(fault.since * NS_PER_S)),
        )
        for fault in list_faults()
    ]


def _disk(folder: Path) -> DiskShape:
    usage = shutil.disk_usage(folder)
    return DiskShape(free_bytes=usage.free, total_bytes=usage.total)


async def _store(engine: Engine) -> StoreShape | None:
    try:
        found = await count_holdings(engine)
        damaged = await find_damage(engine)
    except StoreError as error:
        log.warning("the store's size is not known: %s", error)
        return None
    oldest = None if found.oldest_s is None else render_instant(found.oldest_s * NS_PER_S)
    return StoreShape(
        rows=found.rows,
        parts=found.parts,
        bytes=found.bytes,
        oldest=oldest,
        disk=DiskShape(free_bytes=found.free_bytes, total_bytes=found.total_bytes),
        days=found.days,
        pieces=found.pieces,
        lag=found.lag,
        damaged_parts=damaged,
    )


async def _loads(engine: Engine, workspace: int) -> LoadsShape | None:
    try:
        found = await weigh_applications(engine, workspace)
    except StoreError as error:
        log.warning("the applications could not be weighed: %s", error)
        return None
    return LoadsShape(applications=found.applications, rows=found.rows, bytes=found.bytes)


SYSTEM = (show_system,)
