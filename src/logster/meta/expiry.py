"""The end of events' time: the table keeps what was chosen, and days that are over go.

In: the retention; a table that can be read and changed. Out: a table that is as it should be.
Promise: the table is changed by one worker at a time, and by none when it is as it should be;
one worker of all sweeps.

See docs/decisions/013-retention.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Protocol

from logster.errors import MetaUnavailableError, StoreError
from logster.meta.lease import Lease, LeaseLostError

if TYPE_CHECKING:
    from logster.meta.database import Database
    from logster.meta.retention import Retention

log = logging.getLogger(__name__)

#: How often every worker looks whether the choice is another one.
LOOK_S = 1.0
#: A worker that dies while it changes the table is waited for this long. On a busy machine a
#: change may take longer; the table tells its new days at once, so that whoever has the lease
#: next finds nothing to do.
CHANGE_LEASE_S = 20.0
#: How often one worker looks for days that are over, and that the engine had no room to drop.
SWEEP_S = 60.0
#: How long it may be silent, and how often the others ask whether it is.
SWEEP_LEASE_S = 90.0
ASK_AGAIN_S = 10.0
#: How long an ending worker waits until another may sweep.
RELEASE_S = 1.0


class Table(Protocol):
    """The store's table of events, as far as its age is concerned."""

    async def kept_days(self) -> int:
        """How many days it keeps an event now."""
        ...

    async def keep_days(self, days: int) -> None:
        """Keep events for so many days."""
        ...

    async def drop_expired(self) -> list[int]:
        """Drop the days that are over, and give them."""
        ...


class Expiry:
    """What one worker does for it."""

    def __init__(self, database: Database, retention: Retention, table: Table) -> None:
        self._retention = retention
        self._table = table
        self._applied_days: int | None = None
        self._changing = Lease(database, "retention", duration_s=CHANGE_LEASE_S)
        self._sweeping = Lease(database, "sweep", duration_s=SWEEP_LEASE_S)
        self._sweep_at = 0.0

    async def run(self) -> None:
        """Apply and sweep for ever; what is away is tried again."""
        said = ""
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                try:
                    if await self.apply():
                        await self._sweep()
                    said = ""
                except (StoreError, MetaUnavailableError) as error:
                    if str(error) != said:
                        said = str(error)
                        log.warning("The retention cannot be looked after: %s", said)
        finally:
            # Not released, it ends by itself.
            with contextlib.suppress(MetaUnavailableError, TimeoutError):
                await asyncio.wait_for(self._sweeping.release(), RELEASE_S)

    async def apply(self) -> bool:
        """Let the table keep what is chosen; False while another worker sees to it.

        Without a change this asks nobody.
        """
        wanted = self._retention.chosen_days
        if wanted == self._applied_days:
            return True
        self._applied_days = None
        if await self._table.kept_days() != wanted and not await self._change():
            return False
        if await self._retention.find_days() != wanted:
            return False
        self._retention.limit(wanted)
        self._applied_days = wanted
        return True

    async def _change(self) -> bool:
        """Change the table, when no other worker is at it."""
        if not await self._changing.take():
            return False
        try:
            # Asked again: the worker before us may have done it a moment ago.
            wanted = await self._retention.find_days()
            if await self._table.kept_days() != wanted:
                self._changing.check()
                await self._table.keep_days(wanted)
        except LeaseLostError:
            return False
        finally:
            await self._changing.release()
        return True

    async def _sweep(self) -> None:
        now = time.monotonic()
        if now < self._sweep_at:
            return
        if not await self._sweeping.take():
            self._sweep_at = now + ASK_AGAIN_S
            return
        self._sweep_at = now + SWEEP_S
        if days := await self._table.drop_expired():
            log.info("Days that are over were dropped: %s", ", ".join(map(str, days)))
