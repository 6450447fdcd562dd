"""The tables of the store: numbered SQL, applied once, safe under several starters.

In: an engine. Out: a store whose tables are those of this version.
Promise: a step that was applied is never applied again, and never changed silently.
What differs between one machine and a cluster is decided here, and how days are told to the table.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from logster.errors import StoreError
from logster.store.topology import EVENTS, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.store.engine import Engine

#: Each starter may write its own line; the steps themselves are idempotent (IF NOT EXISTS), so
#: two starters at the same moment do the same work twice and no harm.
_CREATE_STEPS = f"""
CREATE TABLE IF NOT EXISTS {STEPS.altered}
(
    number UInt32,
    name String,
    digest String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {STEPS.engine} ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
_SELECT_STEPS = f"SELECT number, digest FROM {STEPS.read} FINAL"
_INSERT_STEP = (
    f"INSERT INTO {STEPS.written} (number, name, digest) "
    "VALUES ({number:UInt32}, {name:String}, {digest:String})"
)
_SELECT_TTL = (
    "SELECT create_table_query FROM system.tables "
    f"WHERE database = currentDatabase() AND name = '{EVENTS.altered}'"
)
_TTL = re.compile(r"toIntervalDay\((\d+)\)|INTERVAL (\d+) DAY")


class Step(msgspec.Struct, frozen=True):
    """One numbered file of `sql/`."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """What tells whether the file was changed after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(engine: Engine, *, retention_days: int | None = None) -> None:
    """Bring the store to this version; raises StoreError.

    How long events are kept stays as it is unless it is said: `meta/retention` decides it.
    """
    await engine.command(_CREATE_STEPS)
    answer = await engine.ask(_SELECT_STEPS, {})
    applied = dict(answer.rows)
    for step in load_steps():
        if step.number not in applied:
            await _apply(engine, step)
        elif applied[step.number] != step.digest:
            raise StoreError(
                f"The store was made with another {step.name} than this version brings; "
                "run the version that made it, or a newer one."
            )
    events = EventsTable(engine)
    if retention_days is not None and await events.kept_days() != retention_days:
        await events.keep_days(retention_days)


class EventsTable:
    """How long the table of events keeps them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def kept_days(self) -> int:
        """How many days it keeps an event; 0 when it does not say."""
        answer = await self._engine.ask(_SELECT_TTL, {})
        found = _TTL.search(answer.rows[0][0]) if answer.rows else None
        return int(found[1] or found[2]) if found else 0

    async def keep_days(self, days: int) -> None:
        """Keep events for so many days from now on; the engine then looks at every part for it.

        That look is not waited for: it may take longer than any answer, and it is told as a failure
        when one of its parts is dropped meanwhile, which is all that was wanted of it.
        """
        await self._engine.command(
            f"ALTER TABLE {EVENTS.altered} MODIFY TTL"
            f" toDateTime(timestamp) + INTERVAL {int(days)} DAY DELETE SETTINGS alter_sync = 0"
        )

    async def drop_expired(self) -> list[int]:
        """Drop the days that are over, as a whole; gives them as 20261128.

        The engine does so by itself, but wants as much free disk for it as their largest part has.
        """
        kept = await self.kept_days()
        if not kept:
            return []
        answer = await self._engine.inspect(_select_expired(kept))
        days = [int(row[0]) for row in answer.rows]
        for day in days:
            await self._engine.command(f"ALTER TABLE {EVENTS.altered} DROP PARTITION ID '{day}'")
        return days


def _select_expired(days: int) -> str:
    """Days of which the table keeps no moment any more, by the engine's own clock."""
    return f"""
SELECT toUInt32(partition_id) AS day
FROM system.parts
WHERE {EVENTS.in_books} AND active AND rows > 0 AND match(partition_id, '^[0-9]{{8}}$')
GROUP BY day
HAVING day < toYYYYMMDD(toDate32(now('UTC')) - {int(days)})
    AND max(max_time) <= now() - INTERVAL {int(days)} DAY
ORDER BY day
"""


def load_steps() -> Iterator[Step]:
    """The steps of this version, in order."""
    folder = resources.files("logster.store") / "sql"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        number, _, rest = file.name.partition("_")
        if number.isdecimal() and rest.endswith(".sql"):
            yield Step(int(number), file.name, file.read_text("utf-8"))


async def _apply(engine: Engine, step: Step) -> None:
    for statement in step.sql.split(";\n"):
        if statement.strip():
            await engine.command(statement)
    values = {"number": step.number, "name": step.name, "digest": step.digest}
    await engine.command(_INSERT_STEP, values)
