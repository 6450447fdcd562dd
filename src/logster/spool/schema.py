"""The tables of a spool's file, and how it is opened.

In: a path. Out: a connection. Promise: a commit is synced when it returns; a file of an earlier
version is brought to this one in one transaction; one that is up to date is opened without a write.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from logster.spool.tally import begin_tally

if TYPE_CHECKING:
    from pathlib import Path

#: The form of the file. 1 counted its blocks anew whenever it was looked at, and had no checksums.
FORM = 2

_TALLY = """
CREATE TABLE IF NOT EXISTS tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL                       -- see spool/tally
);
"""

_BLOCK = """
CREATE TABLE IF NOT EXISTS block (
    number INTEGER PRIMARY KEY,              -- without gaps, see spool/queue
    events INTEGER NOT NULL,
    appended_at REAL NOT NULL,
    bytes INTEGER NOT NULL,
    shares TEXT,                             -- what each owner has of the bytes
    checksum INTEGER,                        -- zlib.crc32 of the body
    body BLOB NOT NULL
);
"""

_SCHEMA = f"""
PRAGMA user_version = {FORM};
{_BLOCK}CREATE TABLE IF NOT EXISTS claim (
    token TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    events INTEGER NOT NULL,
    set_aside_at REAL NOT NULL,
    reason TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    checksum INTEGER,
    body BLOB NOT NULL                       -- empty: these events are lost
);
CREATE TABLE IF NOT EXISTS receipt (
    digest BLOB PRIMARY KEY,
    made_at REAL NOT NULL,
    answer BLOB NOT NULL
) WITHOUT ROWID;
{_TALLY}
"""

#: From form 1, whose only sum was the clock. The new columns stand behind the body there, which
#: makes them slow to read, until the file is empty when it is opened (`renew`).
_UPGRADE = f"""
ALTER TABLE block ADD COLUMN shares TEXT;
ALTER TABLE block ADD COLUMN checksum INTEGER;
ALTER TABLE aside ADD COLUMN checksum INTEGER;
{_TALLY}
"""

#: Before everything else: a file can shrink only when it is made so.
SHRINKABLE = "PRAGMA auto_vacuum = INCREMENTAL;"

_PRAGMAS = """
PRAGMA journal_mode = WAL;          -- a reader (doctor, another worker) never stops the writer
PRAGMA synchronous = FULL;          -- WAL's NORMAL does not sync each commit: "accepted" would lie
PRAGMA wal_autocheckpoint = 4000;   -- 16 MB: fewer, larger copies into the file under load
PRAGMA journal_size_limit = 33554432;  -- the log alone: 16 MB and the largest commit; so much stays
                                    -- reserved, so that a full disk has room for forgetting
PRAGMA secure_delete = FAST;        -- Debian's SQLite would write zeros over all that is forgotten:
                                    -- 32 MB of log for a claim, which a full disk does not have
PRAGMA cache_size = -16384;         -- 16 MB is enough: every blob is written once and read once
"""


def connect(path: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    """Open a spool file; a reader sees a living spool without ever blocking it."""
    address = f"{path.absolute().as_uri()}{'?mode=ro' if is_reader else ''}"
    database = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=10
    )
    try:
        if not is_reader:
            _prepare(database)
            path.chmod(0o600)
        elif not form_of(database):  # its worker was killed before it had made the tables
            database.close()
            database = sqlite3.connect(":memory:", isolation_level=None)
            _make(database)
    except BaseException:
        database.close()
        raise
    return database


def form_of(database: sqlite3.Connection) -> int:
    """Which form a file has; 0 for one without tables."""
    # The last table of each form; the number alone is written before them.
    for form, table in ((FORM, "tally"), (1, "clock")):
        if database.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone():
            return form
    return 0


def make_copy(path: Path) -> sqlite3.Connection:
    """Make a file that nobody else opens before it is whole and synced."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.executescript(f"{SHRINKABLE} PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    path.chmod(0o600)
    _make(database)
    return database


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables, all or none, and only where there are none: a full disk takes no write."""
    form = form_of(database)
    if not form:
        database.executescript(SHRINKABLE)
    database.executescript(_PRAGMAS)
    if form < FORM:
        database.execute("BEGIN IMMEDIATE")
        try:  # not `executescript`: it would commit first
            (_make if not form else _upgrade)(database)
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise


def _make(database: sqlite3.Connection) -> None:
    """Make the tables, within a transaction."""
    _run(database, _SCHEMA)
    begin_tally(database)


def _upgrade(database: sqlite3.Connection) -> None:
    if form_of(database) == FORM:  # another process was first
        return
    _run(database, _UPGRADE)
    [last_ms] = database.execute("SELECT last_ms FROM clock").fetchone()
    row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'block'").fetchone()
    begin_tally(database, last_ms, row[0] if row else 0)
    database.execute("DROP TABLE clock")
    database.execute(f"PRAGMA user_version = {FORM}")


def _run(database: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        database.execute(statement)


def renew(database: sqlite3.Connection) -> None:
    """Bring a file of an earlier version to the form of a new one, when that is quickly done."""
    if database.execute("SELECT 1 FROM block LIMIT 1").fetchone():
        return
    with contextlib.suppress(sqlite3.Error):  # it serves as it is
        columns = database.execute("SELECT name FROM pragma_table_info('block')").fetchall()
        if columns[-1] != ("body",):
            database.executescript(f"BEGIN IMMEDIATE; DROP TABLE block; {_BLOCK} COMMIT;")
        if not database.execute("PRAGMA auto_vacuum").fetchone()[0]:
            database.executescript(f"{SHRINKABLE} VACUUM;")
