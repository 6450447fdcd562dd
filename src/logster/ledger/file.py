"""The file of the ledger: one for all workers of a machine, beside the spools.

In: a path. Out: a connection. Promise: nothing in it is worth an event: a file that is damaged is
put aside and made anew, and whoever has the old one open notices before it writes again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

#: Another worker's write takes milliseconds.
BUSY_S = 2.0

#: Of an earlier form, the bodies are given up: they are no events.
FORM = 2

_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS refused;
DROP TABLE IF EXISTS held;
CREATE TABLE IF NOT EXISTS count (
    minute INTEGER, workspace INTEGER, key INTEGER, protocol TEXT, outcome TEXT, reason TEXT,
    events INTEGER NOT NULL, requests INTEGER NOT NULL,
    PRIMARY KEY (workspace, minute, key, protocol, outcome, reason)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_minute ON count (minute);
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,             -- tells it from others: see ledger/twins
    times INTEGER NOT NULL DEFAULT 1,        -- how often it came
    at REAL NOT NULL, last_at REAL NOT NULL, -- the first time and the last
    workspace INTEGER NOT NULL, key INTEGER NOT NULL, protocol TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT NOT NULL,
    note TEXT NOT NULL,                      -- JSON of what a list shows of it
    bytes INTEGER NOT NULL,                  -- of disk, about
    state TEXT NOT NULL,                     -- kept, cut (not repeatable), stored (by a retry)
    tried_at REAL, tried TEXT,               -- the last retry, and what came of it
    body BLOB NOT NULL                       -- zstd
);
CREATE INDEX IF NOT EXISTS by_workspace ON refused (workspace, id);
CREATE INDEX IF NOT EXISTS by_key ON refused (key, id);
CREATE INDEX IF NOT EXISTS by_time ON refused (last_at);
CREATE TABLE IF NOT EXISTS held (key INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS keeping AFTER INSERT ON refused BEGIN
    INSERT INTO held VALUES (new.key, new.bytes)
        ON CONFLICT (key) DO UPDATE SET bytes = bytes + new.bytes;
END;
CREATE TRIGGER IF NOT EXISTS dropping AFTER DELETE ON refused BEGIN
    UPDATE held SET bytes = bytes - old.bytes WHERE key = old.key;
END;
"""
#: The last thing that is made: a file of this form has everything.
_END = f"PRAGMA user_version = {FORM}; COMMIT;"

#: SQLite's primary codes: malformed, and no database at all.
_DAMAGE_CODES = frozenset({11, 26})


class LedgerFile:
    """The connection of one process; not to be used by two threads at the same time."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before it is needed."""
        self.path = path
        self._database: sqlite3.Connection | None = None
        self._identity = (0, 0)

    def open(self) -> sqlite3.Connection:
        """The file that is there now; raises sqlite3.Error or OSError."""
        if self._database is not None and self._identity != self._found():
            self.close()
        if self._database is None:
            self._database = connect(self.path)
            self._identity = self._found()
        return self._database

    def close(self) -> None:
        """Let go of it."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def note(self, error: BaseException) -> None:
        """Put a damaged file aside, so that the next one to open it makes a new one."""
        self.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE_CODES:
            return
        log.error(
            "%s is damaged (%s): it was put aside, and is made anew. What became of earlier events "
            "that were not stored is not known any more.",
            self.path,
            error,
        )
        with contextlib.suppress(OSError):
            for suffix in ("-wal", "-shm", ""):  # a log of another file would be read into it
                file = self.path.with_name(self.path.name + suffix)
                if suffix:
                    file.unlink(missing_ok=True)
                else:
                    file.replace(self.path.with_suffix(".damaged"))

    def _found(self) -> tuple[int, int]:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_dev, status.st_ino)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, and make what is not there; whoever can read it is its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
    try:
        # A crash of the machine may cost the last seconds, never the file.
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA journal_size_limit = 8388608")
        if database.execute("PRAGMA user_version").fetchone() != (FORM,):
            _make(database)
    except BaseException:
        database.close()
        raise
    return database


def _make(database: sqlite3.Connection) -> None:
    until = time.monotonic() + BUSY_S
    while True:
        try:
            database.executescript(_SCHEMA + _END)
        except sqlite3.OperationalError as error:
            # Two that make it at the same time: turning to WAL does not wait for the other.
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            if database.in_transaction:
                database.execute("ROLLBACK")
            time.sleep(0.05)
        else:
            return
