"""How long events are kept: what an administrator chose, and the one worker that makes it so.

In: a number of days, or None for the operator's setting; a table that can be read and changed.
Out: `days`, how old an arriving event may be, without I/O.
Promise: a choice holds in every worker within two seconds and after every restart; the table
is changed by one worker at a time, and by none when it is as it should be. `days` is never more
than what the table keeps: what is accepted as young enough is not dropped as too old.

See docs/decisions/013-retention.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

import msgspec
from sqlalchemy import select, update

from logster.config import MAX_RETENTION_DAYS
from logster.errors import MetaUnavailableError, StoreError
from logster.event import NS_PER_S
from logster.meta import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from logster.meta.database import Database

log = logging.getLogger(__name__)

#: How often every worker asks what is chosen: one row by its key.
LOOK_S = 1.0
#: A worker that dies while it changes the table is waited for this long. A change may take
#: longer, while the engine rewrites the parts' headers; the table tells its new days at once,
#: so that whoever takes the next turn meanwhile finds nothing to do.
TURN_S = 20
#: How often every worker looks for days that are over, and that the engine had no room to drop.
SWEEP_S = 60.0
MAX_NAME_LENGTH = 300

_ROW = tables.retention.c.table == "events"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose; `days` is None as long as the operator's setting counts."""

    days: int | None
    changed_at: int | None
    changed_by: str | None


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


class Retention:
    """How long events are kept, as one worker knows it."""

    def __init__(self, database: Database, table: Table, *, default_days: int) -> None:
        self._database = database
        self._table = table
        self._settled: int | None = None
        self.default_days = default_days
        #: How old an arriving event may be.
        self.days = default_days

    async def load(self) -> None:
        """Begin with what was chosen; raises MetaUnavailableError."""
        self.days = await self._wanted()

    async def find(self) -> Choice:
        """What was chosen, by whom and when."""
        return await self._database.read(_find)

    async def choose(self, days: int | None, by: str) -> Choice:
        """Keep events for so many days, or as the setting says; raises ValueError."""
        if days is not None and not 1 <= days <= MAX_RETENTION_DAYS:
            raise ValueError(f"Events are kept for 1 to {MAX_RETENTION_DAYS} days, not {days}.")
        choice = Choice(days=days, changed_at=time.time_ns(), changed_by=by[:MAX_NAME_LENGTH])

        def choose(connection: Connection) -> Choice:
            values = msgspec.structs.asdict(choice)
            connection.execute(update(tables.retention).where(_ROW).values(**values))
            return choice

        return await self._database.write(choose)

    async def run(self) -> None:
        """Settle and sweep for ever; what is away is tried again."""
        said, swept_at = "", 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                is_settled = await self.settle()
                if is_settled and time.monotonic() - swept_at >= SWEEP_S:
                    swept_at = time.monotonic()
                    await self._sweep()
                said = ""
            except (StoreError, MetaUnavailableError) as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("The retention cannot be looked after: %s", said)

    async def settle(self) -> bool:
        """Let the table keep what is chosen; False while another worker sees to it.

        Without a change this is one look into the meta database.
        """
        wanted = await self._wanted()
        if wanted == self._settled:
            return True
        self._settled = None
        # Shorter holds at once; longer only when the table keeps what would be accepted.
        self.days = min(self.days, wanted)
        if await self._table.kept_days() != wanted and not await self._change():
            return False
        if await self._wanted() != wanted:
            return False
        self._settled = self.days = wanted
        return True

    async def _change(self) -> bool:
        """Change the table, when no other worker is at it."""
        until = await self._database.write(_take_turn)
        if until is None:
            return False
        try:
            # Asked again: the worker before us may have done it a moment ago.
            wanted = await self._wanted()
            if await self._table.kept_days() != wanted:
                await self._table.keep_days(wanted)
        finally:
            await self._database.write(lambda connection: _end_turn(connection, until))
        return True

    async def _sweep(self) -> None:
        if days := await self._table.drop_expired():
            log.info("Days that are over were dropped: %s", ", ".join(map(str, days)))

    async def _wanted(self) -> int:
        return (await self.find()).days or self.default_days


def _find(connection: Connection) -> Choice:
    retention = tables.retention.c
    question = select(retention.days, retention.changed_at, retention.changed_by).where(_ROW)
    return msgspec.convert(connection.execute(question).one(), Choice, from_attributes=True)


def _take_turn(connection: Connection) -> int | None:
    """Until when we may, or None while another may."""
    now, held_until = time.time_ns(), tables.retention.c.held_until
    until = now + TURN_S * NS_PER_S
    taking = update(tables.retention).where(_ROW & (held_until < now)).values(held_until=until)
    return until if connection.execute(taking).rowcount else None


def _end_turn(connection: Connection, until: int) -> None:
    mine = _ROW & (tables.retention.c.held_until == until)
    connection.execute(update(tables.retention).where(mine).values(held_until=0))
