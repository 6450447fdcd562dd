"""Whether a worker accepts and searches, and what is wrong beside that.

In: its spool, its engine, the faults of all workers. Out: what `/health/ready` says.
Promise: what keeps it from its work is an obstacle, with what to do; what is lost or damaged
beside it is a warning, and both stay until they are mended.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec

from logster import metrics
from logster.errors import RetryLaterError, StoreError
from logster.faults import Fault, Faults, list_faults
from logster.spool.gauges import show_aside
from logster.spool.state import look_into
from logster.store.damage import DamagedPart, find_damage

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.spool import Spool
    from logster.spool.state import SpoolState
    from logster.store.engine import Engine

_MEND_DAMAGED = (
    "Look at the health of the disk. Then stop Logster, move the folder of each such part away, "
    "and start it again: all other events are searched without it, and its own are back when that "
    "folder is put in its place from a back-up. Set-up / System and the log name the folders."
)
_MEND_DETACHED = (
    "They are not searched. When the log says that a write had failed before, their events were "
    "stored again and their folders may be deleted; else put the parts in their place from a "
    "back-up, with Logster stopped. Set-up / System and the log name the folders."
)


#: Folders in one line of the log.
MAX_NAMED = 10


class Health(msgspec.Struct, frozen=True):
    """Sentences by part of the server."""

    obstacles: dict[str, str]
    warnings: dict[str, str]


async def find_health(
    spool: Spool[Any], engine: Engine, faults: Faults, *, is_store_ready: bool
) -> Health:
    """Look at what this worker needs, now, and at what all workers have met."""
    obstacles: dict[str, str] = {}
    try:
        spool.check_room(0)
    except RetryLaterError as error:
        obstacles["spool"] = str(error)
    if not await engine.ping():
        obstacles["store"] = "The store does not answer; events are accepted and kept."
    elif not is_store_ready:
        obstacles["store"] = "The tables of the store are being prepared."
    else:
        await watch_store(engine, faults)
    warnings: dict[str, str] = {}
    for fault in {fault.told: fault for fault in (*list_faults(), *faults.list())}.values():
        told = obstacles if fault.is_blocking else warnings
        if fault.told not in told.get(fault.part, ""):
            told[fault.part] = " ".join(filter(None, (told.get(fault.part), fault.told)))
    return Health(obstacles, warnings)


def watch_spool(state: SpoolState, faults: Faults) -> None:
    """Say what keeps a spool of this worker from its work."""
    metrics.SPOOL_FAULTY.labels(state.name).set(int(state.fault is not None))
    source = f"file of {state.name}"
    if state.fault:
        faults.begin(source, Fault(part="spool", cause="file", message=state.fault, advice=""))
    else:
        faults.end(source)


def watch_meta(failure: str, faults: Faults) -> None:
    """Say that this worker goes on with what it knows of the meta database."""
    if failure:
        faults.begin("meta database", _absence(failure))
    else:
        faults.end("meta database")


async def watch_losses(path: Path, faults: Faults) -> None:
    """Say what a spool of this worker has lost, until a person has seen it."""
    try:
        state = await asyncio.to_thread(look_into, path)
    except (sqlite3.Error, OSError):  # it is gone or damaged: its owner says so
        return
    show_aside(state)
    source = f"loss of {state.name}"
    if state.lost_events:
        faults.begin(source, _loss(state))
    else:
        faults.end(source)


async def watch_store(engine: Engine, faults: Faults) -> None:
    """Say which parts of the store somebody should look at."""
    try:
        parts = await find_damage(engine)
    except StoreError:  # it is away, or was not asked for its books: that is said elsewhere
        return
    for kind, is_detached in (("damaged", False), ("detached", True)):
        found = [part for part in parts if part.is_detached == is_detached]
        metrics.STORE_DAMAGED.labels(kind).set(len(found))
        if found:
            faults.begin(f"parts that are {kind}", _part_fault(kind, found))
        else:
            faults.end(f"parts that are {kind}")


def _absence(failure: str) -> Fault:
    return Fault(
        part="meta",
        cause="away",
        message="The database of keys and accounts does not answer",
        advice="The keys and the retention that are known keep working; nobody logs in until it is "
        "back. Look after that database (LOGSTER_META_URL, or the data folder).",
        detail=failure,
        is_blocking=False,
    )


def _loss(state: SpoolState) -> Fault:
    return Fault(
        part="spool",
        cause="lost",
        message=f"{state.name} has lost {state.lost_events:,} acknowledged events",
        advice="Set-up / System and `logster spool aside` say how; delete the note there once "
        "you have seen it.",
        is_blocking=False,
    )


def _part_fault(kind: str, parts: list[DamagedPart]) -> Fault:
    days = ", ".join(sorted({part.day for part in parts if part.day}))
    mend = _MEND_DETACHED if parts[0].is_detached else _MEND_DAMAGED
    what = "were set aside" if parts[0].is_detached else "cannot be read"
    return Fault(
        part="store",
        cause=kind,
        message=f"Parts of the store, of {days or 'unknown days'}, {what}, such as {parts[0].name}",
        advice=mend,
        detail=" ".join(part.path for part in parts[:MAX_NAMED]),
        is_blocking=not parts[0].is_detached,
    )
