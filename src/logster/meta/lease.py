"""Work that one worker of all does: who looks after the retention, who sweeps, who evaluates.

In: the name of the work, and for how long a holder may be silent. Out: whether we may do it.
Promise: a lease has one holder at a time, on all machines that share a meta database. When it
expires is decided by the database's own clock; the clocks of the workers may be wrong. A holder
that stalls loses it, and notices before it acts.

A holder takes the lease again before it expires, and asks `check` before each thing it does. What
it writes into the meta database is safe beyond that: `check_in` holds in the very transaction.
"""

from __future__ import annotations

import secrets
import time
from math import inf
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, delete, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from logster.errors import LogsterError
from logster.event import NS_PER_S
from logster.meta import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection

    from logster.meta.database import Database

#: The database's own clock in nanoseconds since 1970: now, not when the transaction began.
_CLOCKS = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000000",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000000 AS BIGINT)",
}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class LeaseLostError(LogsterError):
    """Another worker may do the work by now."""


def boot_time_s() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """One worker's part in one kind of work."""

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        duration_s: float,
        clock: Callable[[], float] = boot_time_s,
    ) -> None:
        """All workers must name the same duration."""
        self.name = name
        self._database = database
        self._duration_s = duration_s
        self._clock = clock
        self._holder = secrets.token_hex(16)
        self._until_s = -inf

    async def take(self) -> bool:
        """Take it, or keep it for longer; False while another worker has it.

        Raises MetaUnavailableError; a lease that is held then goes on to its end.
        """
        # Counted from before the database counts: we never believe in it for longer than it does.
        until_s = self._clock() + self._duration_s
        is_ours = await self._database.write(self._take)
        self._until_s = until_s if is_ours else -inf
        return self.is_held

    def _take(self, connection: Connection) -> bool:
        leases, now = tables.leases.c, _now(connection)
        duration_ns = int(self._duration_s * NS_PER_S)
        # An end that is further away than any was written before the clock was set back; a small
        # step back must not free a lease that somebody has just taken.
        is_free = (leases.expires_at <= now) | (leases.expires_at > now + 2 * duration_ns)
        is_ours = leases.holder == self._holder
        insert = _INSERTS[connection.dialect.name](tables.leases).values(
            name=self.name, holder=self._holder, expires_at=now + duration_ns
        )
        taking = insert.on_conflict_do_update(
            index_elements=[leases.name],
            set_={"holder": self._holder, "expires_at": insert.excluded.expires_at},
            where=is_ours | is_free,
        )
        return connection.execute(taking.returning(leases.name)).one_or_none() is not None

    @property
    def is_held(self) -> bool:
        """Whether this worker may do the work now."""
        return self._clock() < self._until_s

    def check(self) -> None:
        """Raise LeaseLostError unless it is held."""
        if not self.is_held:
            raise LeaseLostError(f"Another worker may have {self.name} by now.")

    def check_in(self, connection: Connection) -> None:
        """The same for what a writing transaction does, until its end: nobody else takes it."""
        leases = tables.leases.c
        is_ours = (leases.name == self.name) & (leases.holder == self._holder)
        holding = select(leases.name).where(is_ours & (leases.expires_at > _now(connection)))
        if connection.execute(holding.with_for_update()).one_or_none() is None:
            self._until_s = -inf
            raise LeaseLostError(f"Another worker has {self.name} by now.")

    async def release(self) -> None:
        """Let another worker have it at once; nothing when we never had it."""
        if self._until_s == -inf:
            return
        self._until_s = -inf
        leases = tables.leases.c
        is_ours = (leases.name == self.name) & (leases.holder == self._holder)
        releasing = delete(tables.leases).where(is_ours)
        await self._database.write(lambda connection: connection.execute(releasing))


def _now(connection: Connection) -> ColumnElement[int]:
    return literal_column(_CLOCKS[connection.dialect.name], BigInteger)
