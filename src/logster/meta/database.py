"""The meta database itself: open it, bring it to the newest form, work in it.

In: a SQLAlchemy URL (`sqlite:///…` or `postgresql://…`). Out: `Database`.
Promise: any number of processes may open (and so upgrade) the same database at the same
moment; the upgrade happens once and whole. A database that cannot be reached is a
`MetaUnavailableError`, whatever the driver called it; one that a person must look after before
it can be opened (damaged, newer, not ours to write) is a `ConfigError`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from sqlalchemy import event, exc

from logster.errors import ConfigError, LogsterError, MetaUnavailableError
from logster.folder.permissions import close_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

#: Threads for questions of this process; each holds at most one connection.
MAX_THREADS = 4
#: How long a writer waits for another one. A write takes milliseconds; this covers a slow disk.
BUSY_TIMEOUT_S = 10
#: How long a start waits for another one that upgrades; an upgrade takes less than a second.
UPGRADE_WAIT_S = 60
UPGRADE_LOOK_S = 0.02
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
    try:
        if engine.dialect.name == "sqlite":
            _upgrade_file(engine, Path(str(engine.url.database)))
        else:
            _upgrade_served(engine)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def check_kept(path: Path) -> None:
    """Refuse an empty file where there were keys and accounts; raises ConfigError."""
    if path.is_file() and not path.stat().st_size and not _size_of_log(path):
        raise ConfigError(f"{path} is empty: the keys and accounts in it are lost. {_RESTORE}")


def _size_of_log(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return log.stat().st_size if log.is_file() else 0


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


def _upgrade_served(engine: Engine) -> None:
    """Upgrade while no other process does, by a lock of the server."""
    with _own_errors(), engine.begin() as connection:
        lock = sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(UPGRADE_LOCK))
        connection.execute(lock)
        _upgrade(connection)


def _upgrade_file(engine: Engine, path: Path) -> None:
    """Upgrade while no other process does, by a lock beside the file."""
    with _own_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_file(path)
        with path.with_name(path.name + ".lock").open("w") as lock_file:
            _wait_for(lock_file, path)
            _check_whole(engine, path)
            _use_wal(engine)
            with engine.execution_options(**{_WRITES: True}).begin() as connection:
                _upgrade(connection)
        # Hashes of passwords and keys are nobody else's business.
        for ending in ("", ".lock", "-wal", "-shm"):
            close_file(path.with_name(path.name + ending))


def _check_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is no file: the database of keys and accounts must be one.")
    for needed in (path, path.parent):
        # SQLite itself would open it to read, and fail at the first log-in.
        if needed.exists() and not os.access(needed, os.W_OK):
            raise ConfigError(f"{needed} cannot be written. {_WRITABLE}")


def _wait_for(lock_file: IO[str], path: Path) -> None:
    deadline = time.monotonic() + UPGRADE_WAIT_S
    while True:
        try:
            return fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise MetaUnavailableError(
                    f"Another process has been upgrading {path} for {UPGRADE_WAIT_S} s; "
                    f"`fuser {path}.lock` names it."
                ) from None
        time.sleep(UPGRADE_LOOK_S)


def _check_whole(engine: Engine, path: Path) -> None:
    # A few milliseconds; else the damage would be met in the middle of somebody's request.
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise _damaged(path, str(found))


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
            "The database of keys and accounts was made by a newer Logster, or is of another "
            f"program ({error}). Run that version or newer, or restore the back-up that was made "
            "before the upgrade."
        ) from None


@contextmanager
def _own_faults(path: Path) -> Iterator[None]:
    """What keeps a file from being opened, as a sentence with what to do."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{error.filename or path} cannot be used: {error.strerror}. {_WRITABLE}"
        ) from None
    except (exc.DBAPIError, sqlite3.Error) as error:
        raise _fault(path, error) from error


def _fault(path: Path, error: Exception) -> LogsterError:
    reason, code = str(getattr(error, "orig", error)), _code_of(error)
    if code in _DAMAGE:
        return _damaged(path, reason)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return MetaUnavailableError(
            f"{path} has been locked by another program for {BUSY_TIMEOUT_S} s; `fuser {path}` "
            "names it. End it, and try again."
        )
    if code == sqlite3.SQLITE_FULL:
        return MetaUnavailableError(f"There is no room on the disk of {path}. Make room there.")
    return ConfigError(f"{path} cannot be used: {reason}. {_WRITABLE}")


def _damaged(path: Path, reason: str) -> ConfigError:
    return ConfigError(f"{path} is damaged ({' '.join(reason.split())}). {_RESTORE}")


_RESTORE = (
    "Restore it from a back-up; or move it elsewhere with its -wal and -shm and start the server, "
    "which makes a first key and account anew. Events are not touched by that."
)
_WRITABLE = (
    "The user that Logster runs as must be able to write the file of keys and accounts and its "
    "folder, on a disk that is not read-only."
)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


def _code_of(error: Exception) -> int | None:
    """SQLite's own number of an error, without its finer kinds; None from another driver."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise MetaUnavailableError(_sentence_on(error)) from error
    except exc.DatabaseError as error:
        # IntegrityError and the like are answers; what has no class of its own is damage.
        if _code_of(error) not in _DAMAGE:
            raise
        raise MetaUnavailableError(_sentence_on(error)) from error


def _sentence_on(error: exc.SQLAlchemyError) -> str:
    code = _code_of(error)
    if code in _DAMAGE:
        return "The database of keys and accounts is damaged; it must be restored from a back-up."
    if code == sqlite3.SQLITE_FULL:
        return "There is no room on the disk of the database of keys and accounts."
    if code == sqlite3.SQLITE_READONLY:
        return "The database of keys and accounts cannot be written to by the server."
    return "The database of keys and accounts cannot be reached just now; try again."
