"""The meta database itself: open it, bring it to the newest form, work in it.

In: a SQLAlchemy URL (`sqlite:///…` or `postgresql://…`). Out: `Database`.
Promise: any number of processes may open (and so upgrade) the same database at the same
moment; the upgrade happens once and whole. A database that cannot be reached is a
`MetaUnavailableError`, whatever the driver called it; one that a person must look after before
it can be opened (damaged, newer, not ours to write) is a `ConfigError`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from sqlalchemy import exc

from logster.errors import ConfigError, MetaUnavailableError
from logster.meta import sqlite
from logster.meta.sqlite import DAMAGE, WRITES, code_of
from logster.meta.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

#: Threads for questions of this process; each holds at most one connection.
MAX_THREADS = 4
#: How long PostgreSQL may take to answer a new connection.
CONNECT_TIMEOUT_S = 5
#: Any number that no other program uses for its advisory lock in this database ("logs").
UPGRADE_LOCK = 0x6C6F6773
#: PostgreSQL's states for a write that this server may not do: on a standby, or without the right.
REFUSED_WRITES = {"25006", "42501"}

_Result = TypeVar("_Result")


class Database:
    """An open meta database: `reading` and `writing` block, `read` and `write` are async."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="meta")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees one state and changes nothing."""
        with _own_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end, undone by an exception."""
        with _own_errors(), self._writer.begin() as connection:
            yield connection

    async def read(self, work: Callable[[Connection], _Result]) -> _Result:
        """Do `work` in a reading transaction, off the event loop."""
        return await self._run(self.reading, work)

    async def write(self, work: Callable[[Connection], _Result]) -> _Result:
        """Do `work` in a writing transaction, off the event loop."""
        return await self._run(self.writing, work)

    async def _run(self, transaction: Any, work: Callable[[Connection], _Result]) -> _Result:
        def run() -> _Result:
            with transaction() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """Let the connections and threads go."""
        self._threads.shutdown()
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Connect, create or upgrade the tables, and give the database back ready."""
    engine = _create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            sqlite.upgrade_file(engine, Path(str(engine.url.database)))
        else:
            _upgrade_served(engine)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _create_engine(url: str) -> Engine:
    try:
        address = sqlalchemy.make_url(url)
        backend = address.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ConfigError(
                f"LOGSTER_META_URL names the database {backend!r}; "
                "sqlite:///PATH and postgresql://USER:PASSWORD@HOST/NAME will do."
            )
        if backend == "sqlite":
            return sqlite.create_engine(address)
        arguments = {"connect_timeout": CONNECT_TIMEOUT_S}
        return sqlalchemy.create_engine(address, pool_pre_ping=True, connect_args=arguments)
    except exc.ArgumentError:
        # The exception's own text would show the password.
        raise ConfigError(
            "LOGSTER_META_URL is not a database URL; postgresql://USER:PASSWORD@HOST/NAME would do."
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"LOGSTER_META_URL needs the Python package {error.name!r}; install it beside Logster."
        ) from None


def _upgrade_served(engine: Engine) -> None:
    """Upgrade while no other process does, by a lock of the server."""
    with _own_errors(), engine.begin() as connection:
        lock = sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(UPGRADE_LOCK))
        connection.execute(lock)
        upgrade(connection)


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise MetaUnavailableError(_sentence_on(error)) from error
    except exc.DatabaseError as error:
        # IntegrityError and the like are answers; what has no class of its own is damage.
        if code_of(error) not in DAMAGE and _state_of(error) not in REFUSED_WRITES:
            raise
        raise MetaUnavailableError(_sentence_on(error)) from error


def _state_of(error: exc.DatabaseError) -> str:
    """PostgreSQL's word for what went wrong; empty for SQLite."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def _sentence_on(error: exc.DBAPIError | exc.TimeoutError) -> str:
    code = code_of(error)
    if code in DAMAGE:
        return "The database of keys and accounts is damaged; it must be restored from a back-up."
    if code == sqlite3.SQLITE_FULL:
        return "There is no room on the disk of the database of keys and accounts."
    is_refused = isinstance(error, exc.DatabaseError) and _state_of(error) in REFUSED_WRITES
    if code == sqlite3.SQLITE_READONLY or is_refused:
        return "The database of keys and accounts cannot be written to by the server."
    return "The database of keys and accounts cannot be reached just now; try again."
