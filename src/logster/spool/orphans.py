"""The spools of workers that are gone for good: shown, and drained by those who are left.

In: the folder of the spools, and `drain(slot)`, which empties one. Out: gauges and the log.
Promise: an orphan that cannot be drained stays as it is, is seen, is tried again, and harms nobody.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from logster import metrics
from logster.faults import Fault, Faults
from logster.spool.gauges import show_aside, show_spool
from logster.spool.missed import has_missed
from logster.spool.slots import MAX_SLOTS, acquire_slot, spool_path
from logster.spool.state import look_into

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from logster.spool.slots import Slot

log = logging.getLogger(__name__)


class Orphans:
    """The orphans of one folder, as one worker sees them."""

    def __init__(
        self, folder: Path, drain: Callable[[Slot], Awaitable[None]], faults: Faults
    ) -> None:
        self._folder = folder
        self._faults = faults
        self._drain = drain

    async def visit(self, *, can_adopt: bool) -> None:
        """Show each spool that nobody owns, and empty it when it may be adopted."""
        for number in range(MAX_SLOTS):
            path = spool_path(self._folder, number)
            try:
                if path.exists():
                    await self._visit(number, can_adopt=can_adopt)
                else:
                    self._forget_fault(path)
            except Exception as error:  # noqa: BLE001 - nothing in a file may end who serves others
                self._report(path, f"{type(error).__name__}: {error}")

    async def _visit(self, number: int, *, can_adopt: bool) -> None:
        slot = acquire_slot(self._folder, number)
        if slot is None:  # its owner shows it
            return
        try:
            events = await self._look(slot.path)
            if can_adopt and (events or await asyncio.to_thread(has_missed, slot.path)):
                if events:  # else listeners are told what they missed, as often as it takes
                    log.warning("adopting %s: %d events", slot.path.stem, events)
                await self._drain(slot)
                await self._look(slot.path)
        finally:
            slot.release()
        metrics.SPOOL_FAULTY.labels(slot.path.stem).set(0)
        self._forget_fault(slot.path)

    async def _look(self, path: Path) -> int:
        """Show a spool's state, and give its events."""
        state = await asyncio.to_thread(look_into, path)
        show_spool(state)
        show_aside(state)
        return state.events

    def _report(self, path: Path, fault: str) -> None:
        metrics.SPOOL_FAULTY.labels(path.stem).set(1)
        self._faults.begin(_source(path), _fault(path, fault))

    def _forget_fault(self, path: Path) -> None:
        if self._faults.end(_source(path)):
            metrics.SPOOL_FAULTY.labels(path.stem).set(0)


def _source(path: Path) -> str:
    return f"orphan {path.stem}"


def _fault(path: Path, fault: str) -> Fault:
    return Fault(
        part="spool",
        cause=f"orphan {path.stem}",
        message=f"{path.stem}, of a worker that is gone, cannot be drained",
        detail=f"{path}: {fault}",
        advice="It stays as it is and is tried again. Look at the free space and the health of its "
        "disk; a damaged file may be moved elsewhere with its -wal and -shm, and read by "
        "`sqlite3 FILE .recover`.",
        is_blocking=False,
    )
