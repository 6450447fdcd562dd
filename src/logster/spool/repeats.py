"""Events that their clients have numbered: what is sent again is not stored again.

In: digests of the clients' ids, with the ids that the events get here. Out: which of them came
before within a day, through whichever worker of this machine, and the id they got then.
Promise: a digest is written in the commit of its event, so there is no moment in which one is
there without the other; two that come at the same time are kept apart by a lock, which the kernel
gives back when its holder dies (docs/decisions/045).

The rows of half a day are a table; the oldest of three is emptied as a whole, since to look for
rows that are old would cost more than to write new ones. The tables are made with the first row,
so files of servers whose clients number nothing never have them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from logster.answer import Answer
from logster.ids import id_at, ms_of_id
from logster.spool.schema import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Item = TypeVar("Item")

#: An event is stored once within this time.
LIFE_S = 24 * 3600
#: Two whole parts are a day, the third is being filled.
PARTS = 3
PART_S = LIFE_S / (PARTS - 1)
#: 50 MB of disk for each part: who numbers more than eleven events a second and worker is known
#: for less than a day.
MAX_PART_ROWS = 1_000_000

#: A commit of another worker takes milliseconds. One that takes longer is waited for by who is
#: numbered, not by this thread.
MAX_WAIT_S = 0.25
LOOK_AGAIN_S = 0.0002

_TABLES = tuple(f"known_{part}" for part in range(PARTS))
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS known (part INTEGER, begun_at REAL, events INTEGER)",
    *(
        f"CREATE TABLE IF NOT EXISTS {table} (digest BLOB PRIMARY KEY, id INTEGER) WITHOUT ROWID"
        for table in _TABLES
    ),
)
#: Digests of one question: few texts of SQL, which stay prepared.
_QUESTION_SIZES = (1, 16, 512)


class Once(msgspec.Struct, Generic[Item], frozen=True):
    """What of an item is to be stored once: its events' digests, None for one without.

    `without` gives the item without those that came before, by their index, with its receipt; no
    item when nothing is left. It is called in the thread that writes.
    """

    digests: Sequence[bytes | None]
    ids: Sequence[int]
    without: Callable[[Mapping[int, int]], tuple[Item | None, Answer | None]]


# -- written, within a transaction ------------------------------------------------------------


def keep_digests(database: sqlite3.Connection, ids: Mapping[bytes, int], now: float) -> None:
    """Write the digests of new events; a part that is old or full makes room for a new one."""
    part, begun_at, events = _current(database, now)
    if now - begun_at >= PART_S or events >= MAX_PART_ROWS:
        part, begun_at, events = (part + 1) % PARTS, now, 0
        database.execute(f"DELETE FROM {_TABLES[part]}")  # noqa: S608 - a name of ours
    database.executemany(
        f"INSERT OR REPLACE INTO {_TABLES[part]} VALUES (?, ?)",  # noqa: S608 - a name of ours
        sorted(ids.items()),
    )
    database.execute(
        "UPDATE known SET part = ?, begun_at = ?, events = ?",
        (part, min(begun_at, now), events + len(ids)),  # a clock that was ahead must not hold it
    )


def _current(database: sqlite3.Connection, now: float) -> tuple[int, float, int]:
    """The part that is being filled: its number, since when, and how many it has."""
    if not _has_digests(database):
        for statement in _SCHEMA:
            database.execute(statement)
        database.execute("INSERT INTO known VALUES (0, ?, 0)", (now,))
    part, begun_at, events = database.execute("SELECT * FROM known").fetchone()
    return part, begun_at, events


def _has_digests(database: sqlite3.Connection) -> bool:
    question = "SELECT 1 FROM sqlite_schema WHERE name = 'known'"
    return database.execute(question).fetchone() is not None


def copy_digests(database: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    """What can be read of them, into a file that takes the place of a damaged one."""
    with contextlib.suppress(sqlite3.DatabaseError):
        if not _has_digests(database):
            return
        part, begun_at, events = database.execute("SELECT * FROM known").fetchone()
        for statement in _SCHEMA:
            fresh.execute(statement)
        fresh.execute("INSERT INTO known VALUES (?, ?, ?)", (part, begun_at, events))
        for table in _TABLES:
            with contextlib.suppress(sqlite3.DatabaseError):
                rows = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
                fresh.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", rows)  # noqa: S608


# -- looked up ----------------------------------------------------------------------------------


class Repeats:
    """What all spools of a folder know, for the thread that writes one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._readers: dict[Path, _Reader] = {}
        self._lock = -1
        self._is_hung = False

    def close(self) -> None:
        """Close the files; the lock is given back with them."""
        for reader in self._readers.values():
            reader.database.close()
        self._readers.clear()
        self._give_up_lock()

    # -- one worker at a time -------------------------------------------------------------

    def try_lock(self) -> bool:
        """Be the only one of this machine who looks and writes; False when somebody else is."""
        path = self._folder / "repeats.lock"
        try:
            if self._lock < 0:
                self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(path.stat(), os.fstat(self._lock)):
                return True
        except FileNotFoundError:
            pass
        except OSError:  # somebody else has it
            return False
        self._give_up_lock()  # it was deleted, and others have one of their own
        return False

    def lock(self) -> bool:
        """Wait for it; False when that takes too long, or there is no place for it.

        Whoever has waited in vain does not wait again before it was free once.
        """
        until = time.monotonic() + (0 if self._is_hung else MAX_WAIT_S)
        while not self.try_lock():
            if time.monotonic() >= until:
                self._is_hung = True
                return False
            time.sleep(LOOK_AGAIN_S)
        self._is_hung = False
        return True

    def unlock(self) -> None:
        """Let the next one."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _give_up_lock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # -- who came before ------------------------------------------------------------------

    def find(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """The ids of those that came within a day.

        A file that cannot be read knows nothing: better an event twice than refused for ever.
        """
        found: dict[bytes, int] = {}
        oldest_ms = (time.time() - LIFE_S) * 1000
        for path in self._folder.glob("spool-*.sqlite"):
            with contextlib.suppress(sqlite3.Error, OSError):
                for digest, number in self._open(path).find(digests):
                    if ms_of_id(number) >= oldest_ms:
                        found[digest] = max(number, found.get(digest, 0))
        return found

    def find_newest(self, ranges: Sequence[tuple[bytes, bytes]]) -> int | None:
        """The newest id that came within a day, of those whose digests are within these ranges."""
        oldest = id_at(int((time.time() - LIFE_S) * 1000))
        found: list[int] = []
        for path in self._folder.glob("spool-*.sqlite"):
            with contextlib.suppress(sqlite3.Error, OSError):
                found += self._open(path).find_between(ranges)
        return max((number for number in found if number >= oldest), default=None)

    def _open(self, path: Path) -> _Reader:
        """A connection that is kept, for as long as the file is the same."""
        status = path.stat()
        identity = (status.st_dev, status.st_ino)
        reader = self._readers.pop(path, None)
        if reader is not None and reader.identity != identity:
            reader.database.close()
            reader = None
        if reader is None:
            reader = _Reader(connect(path, is_reader=True), identity)
        self._readers[path] = reader
        return reader


class _Reader(msgspec.Struct, frozen=True):
    database: sqlite3.Connection
    identity: tuple[int, int]

    def find(self, digests: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        """The rows of these digests; sqlite3.OperationalError when there are no tables yet."""
        for size, portion in _portions(digests):
            marks = ", ".join(f"?{number}" for number in range(1, size + 1))
            yield from self.database.execute(
                " UNION ALL ".join(
                    f"SELECT digest, id FROM {table} WHERE digest IN ({marks})"  # noqa: S608
                    for table in _TABLES
                ),
                portion,
            ).fetchall()

    def find_between(self, ranges: Sequence[tuple[bytes, bytes]]) -> Iterator[int]:
        """The newest id of each range and table."""
        for table in _TABLES:
            question = f"SELECT max(id) FROM {table} WHERE digest BETWEEN ? AND ?"  # noqa: S608
            for first, last in ranges:
                [number] = self.database.execute(question, (first, last)).fetchone()
                if number is not None:
                    yield number


def _portions(digests: Sequence[bytes]) -> Iterable[tuple[int, Sequence[bytes]]]:
    """Digests in the sizes of questions, the last one filled up with one that was asked for."""
    most = _QUESTION_SIZES[-1]
    for start in range(0, len(digests), most):
        portion = list(digests[start : start + most])
        size = next(size for size in _QUESTION_SIZES if size >= len(portion))
        yield size, portion + portion[:1] * (size - len(portion))
