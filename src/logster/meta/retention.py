"""How long events are kept, as an administrator chose it.

In: a number of days, or None for the operator's setting. Out: the choice; `days`, how old an
arriving event may be, without I/O.
Promise: a choice holds in every worker within two seconds and after every restart. What makes the
store keep it is `expiry`.

See docs/decisions/013-retention.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select, update

from logster.config import MAX_RETENTION_DAYS
from logster.meta import tables
from logster.meta.live import record_change

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from logster.meta.database import Database
    from logster.meta.live import LiveValues

#: Its name among the live values.
PART = "retention"
MAX_NAME_LENGTH = 300

_ROW = tables.retention.c.table == "events"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose; `days` is None as long as the operator's setting counts."""

    days: int | None
    changed_at: int | None
    changed_by: str | None


class Retention:
    """How long events are kept, as one worker knows it."""

    def __init__(self, database: Database, live: LiveValues, *, default_days: int) -> None:
        self._database = database
        self._live = live
        self._choice = live.add(PART, _find, Choice(days=None, changed_at=None, changed_by=None))
        #: What the table is known to keep, once that is known.
        self._kept_days = MAX_RETENTION_DAYS
        self.default_days = default_days

    @property
    def chosen_days(self) -> int:
        """What the choice comes to, as far as this worker knows."""
        return self._choice.now.days or self.default_days

    @property
    def days(self) -> int:
        """How old an arriving event may be: never more than the table keeps.

        What is accepted as young enough must not be dropped as too old. So a shorter time holds
        at once, a longer one when the table keeps it.
        """
        return min(self.chosen_days, self._kept_days)

    def begin(self) -> None:
        """Take what is chosen at the start for what the table keeps, until that is known."""
        self._kept_days = self.chosen_days

    def limit(self, kept_days: int) -> None:
        """Know what the table keeps from now on."""
        self._kept_days = kept_days

    async def find(self) -> Choice:
        """What was chosen, by whom and when, as the database has it now."""
        return await self._database.read(_find)

    async def find_days(self) -> int:
        """What the choice comes to, as the database has it now."""
        return (await self.find()).days or self.default_days

    async def choose(self, days: int | None, by: str) -> Choice:
        """Keep events for so many days, or as the setting says; raises ValueError."""
        if days is not None and not 1 <= days <= MAX_RETENTION_DAYS:
            raise ValueError(f"Events are kept for 1 to {MAX_RETENTION_DAYS} days, not {days}.")
        choice = Choice(days=days, changed_at=time.time_ns(), changed_by=by[:MAX_NAME_LENGTH])

        def choose(connection: Connection) -> None:
            values = msgspec.structs.asdict(choice)
            connection.execute(update(tables.retention).where(_ROW).values(**values))
            record_change(connection, PART)

        await self._database.write(choose)
        await self._live.catch_up()
        return choice


def _find(connection: Connection) -> Choice:
    retention = tables.retention.c
    question = select(retention.days, retention.changed_at, retention.changed_by).where(_ROW)
    return msgspec.convert(connection.execute(question).one(), Choice, from_attributes=True)
