"""A meta database that is a file: opened, upgraded, and what keeps it from being used.

In: the address of a file. Out: an engine whose transactions are as PostgreSQL's; a sentence that
says what to do, when it cannot be used.
Promise: of any number of processes that open it at once one upgrades it; nobody else reads it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import event, exc

from logster.errors import ConfigError, LogsterError, MetaUnavailableError
from logster.folder.permissions import close_file
from logster.meta.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

#: How long a writer waits for another one. A write takes milliseconds; this covers a slow disk.
BUSY_TIMEOUT_S = 10
#: How long a start waits for another one that upgrades; an upgrade takes less than a second.
UPGRADE_WAIT_S = 60
UPGRADE_LOOK_S = 0.02
#: The execution option of a transaction that will write.
WRITES = "logster_writes"
#: Numbers of errors that say that the file is damaged.
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})

_RESTORE = (
    "Restore it from a back-up; or move it elsewhere with its -wal and -shm and start the server, "
    "which makes a first key and account anew. Events are not touched by that."
)
_WRITABLE = (
    "The user that Logster runs as must be able to write the file of keys and accounts and its "
    "folder, on a disk that is not read-only."
)


def create_engine(address: sqlalchemy.URL) -> Engine:
    """An engine for a file, which it does not open yet; raises ConfigError."""
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
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def check_kept(path: Path) -> None:
    """Refuse an empty file where there were keys and accounts; raises ConfigError."""
    if path.is_file() and not path.stat().st_size and not _size_of_log(path):
        raise ConfigError(f"{path} is empty: the keys and accounts in it are lost. {_RESTORE}")


def _size_of_log(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return log.stat().st_size if log.is_file() else 0


def upgrade_file(engine: Engine, path: Path) -> None:
    """Upgrade while no other process does, by a lock beside the file."""
    with _own_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_file(path)
        with path.with_name(path.name + ".lock").open("w") as lock_file:
            _wait_for(lock_file, path)
            _check_whole(engine, path)
            _use_wal(engine)
            with engine.execution_options(**{WRITES: True}).begin() as connection:
                upgrade(connection)
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
    reason, code = str(getattr(error, "orig", error)), code_of(error)
    if code in DAMAGE:
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


def code_of(error: Exception) -> int | None:
    """SQLite's own number of an error, without its finer kinds; None from another driver."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
