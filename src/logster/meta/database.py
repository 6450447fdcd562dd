"""The meta database itself: open it, bring it to the newest form, work in it.

In: a SQLAlchemy URL (`sqlite:///…` or `postgresql://…`). Out: `Database`.
Promise: any number of processes may open (and so upgrade) the same database at the same
moment; the upgrade happens once and whole. A database that cannot be reached is a
`MetaUnavailableError`, whatever the driver called it.
"""

from __future__ import annotations

import asyncio
import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from sqlalchemy import event, exc

from logster.errors import ConfigError, MetaUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

#: Threads for questions of this process; each holds at most one connection.
MAX_THREADS = 4
#: How long a writer waits for another one. A write takes milliseconds; this covers a slow disk.
BUSY_TIMEOUT_S = 10
#: How long PostgreSQL may take to answer a new connection.
CONNECT_TIMEOUT_S = 5
#: Any number that no other program uses for its advisory lock in this database ("logs").
UPGRADE_LOCK = 0x6C6F6773

MIGRATIONS = Path(__file__).parent / "migrations"

_WRITES = "logster_writes"
_Result = TypeVar("_Result")


class Database:
    """An open meta database: `reading` and `writing` block, `read` and `write` are async."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
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
    with _own_errors():
        _upgrade_alone(engine)
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
            return _create_sqlite(address)
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


def _create_sqlite(address: sqlalchemy.URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise ConfigError("LOGSTER_META_URL must name a file: sqlite:///PATH.")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver must not begin or commit by itself: `_begin` does, and DDL is transactional.
    connection.isolation_level = None
    # Rows point at each other (a key at its workspace); SQLite checks that only when asked.
    connection.execute("PRAGMA foreign_keys = ON")
    # A revoked key must stay revoked after a power cut: in WAL mode, NORMAL may lose the last
    # commits. Writes are rare here, so one sync each costs nothing that anybody feels.
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    # A transaction that begins as a reader and writes later fails at once (SQLITE_BUSY, no
    # waiting) when another has written meanwhile; so a writer takes the write lock first.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade_alone(engine: Engine) -> None:
    """Upgrade while no other process does: a file lock for SQLite, an advisory lock else."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            lock = sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(UPGRADE_LOCK))
            connection.execute(lock)
            _upgrade(connection)
        return
    path = Path(str(engine.url.database))
    with path.with_name(path.name + ".lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        _use_wal(engine)
        with engine.execution_options(**{_WRITES: True}).begin() as connection:
            _upgrade(connection)
    # Hashes of passwords and keys are nobody else's business.
    path.chmod(0o600)


def _use_wal(engine: Engine) -> None:
    # WAL: readers never wait for a writer. The mode stays with the file; changing it does not
    # wait for others as `timeout` promises, so it is done here, under the file lock, once.
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA journal_mode = WAL")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 80 ms of import that only a start needs
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    alembic.attributes["connection"] = connection
    try:
        command.upgrade(alembic, "head")
    except CommandError as error:
        raise ConfigError(
            f"The database of keys and accounts cannot be upgraded: {error} "
            "Was it made by a newer Logster? Then run that version or newer."
        ) from None


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise MetaUnavailableError(
            "The database of keys and accounts cannot be reached just now; try again."
        ) from error
