"""A fresh file for a spool whose own is gone, replaced or damaged, with all that can still be read.

In: a connection that still reads, and where the file should be. Out: a file there, whole and
synced; what could not be read is a row among the set-aside blocks.
Promise: after a crash at any moment there is the old file or the whole new one. Blocks keep their
numbers and claims their tokens, so that nothing is stored twice. Files that are not ours, and the
first damaged one, stay beside it for a person.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from logster.spool.identity import SUFFIXES
from logster.spool.missed import keep_missed
from logster.spool.queue import count_aside, transaction
from logster.spool.repeats import copy_digests
from logster.spool.schema import make_copy
from logster.spool.tally import write_tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from logster.notice import Notice
    from logster.spool.tally import Tally

#: SQLite's primary codes: malformed, and no database at all.
_DAMAGE_CODES = frozenset({11, 26})
#: Of its I/O errors, those of reading: a sector that cannot be read, a file that is too short.
_UNREAD_CODES = frozenset({10 | 1 << 8, 10 | 2 << 8, 10 | 33 << 8})

_BLOCK = "number, events, appended_at, bytes, shares, checksum, body"
_ASIDE = "number, events, set_aside_at, reason, bytes, checksum, body"


def is_damage(error: BaseException) -> bool:
    """Whether an error says that a file is not what was written."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE_CODES or code in _UNREAD_CODES


def save(
    database: sqlite3.Connection, tally: Tally, missed: dict[str, Notice], path: Path, reason: str
) -> int:
    """Copy what can be read beside `path`, and sync it; gives the events that are lost."""
    making = path.with_suffix(".saving")
    making.unlink(missing_ok=True)
    try:
        with contextlib.closing(make_copy(making)) as fresh:
            lost = _copy(database, fresh, tally, missed, reason)
        _sync(making)
        making.replace(_saved(path))
        _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            making.unlink(missing_ok=True)
        raise
    return lost


def move_away(names: Iterable[str], suffix: str) -> None:
    """Keep files beside their place: `spool-00.sqlite` is then `spool-00.found-…`."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    for name in names:
        stem, _, ending = name.rpartition(".sqlite")
        with contextlib.suppress(FileNotFoundError):
            Path(name).rename(f"{stem}.{suffix}-{stamp}{ending}")


def keep_damaged(path: Path) -> None:
    """Keep a damaged file for a person; only the first, since a sick disk makes many."""
    if not any(path.parent.glob(f"{path.stem}.damaged-*")):
        move_away([f"{path}{suffix}" for suffix in SUFFIXES[:2]], "damaged")


def put_in_place(path: Path) -> bool:
    """Put a saved file in its place, now or after a crash; False when there is none."""
    saved = _saved(path)
    if not saved.exists():
        return False
    for suffix in SUFFIXES[1:]:  # a log of another file would be read into it
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    saved.replace(path)
    _sync(path.parent)
    return True


def _saved(path: Path) -> Path:
    return path.with_suffix(".saved")


def _copy(
    database: sqlite3.Connection,
    fresh: sqlite3.Connection,
    tally: Tally,
    missed: dict[str, Notice],
    reason: str,
) -> int:
    fresh.execute("BEGIN")
    for table, columns, numbers in (
        ("block", _BLOCK, range(tally.removed + 1, tally.last + 1)),
        ("aside", _ASIDE, _numbers_aside(database)),
    ):
        marks = ", ".join("?" * len(columns.split(",")))
        for row in _read_rows(database, table, columns, numbers):
            fresh.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608
    for table, count in (("claim", 3), ("receipt", 3)):
        with contextlib.suppress(sqlite3.DatabaseError):
            marks = ", ".join("?" * count)
            rows = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - two names of ours
            fresh.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608
    if missed:
        keep_missed(fresh, missed)
    write_tally(fresh, tally)
    fresh.execute("COMMIT")
    with transaction(fresh) as queue:
        queue.tally.recount(fresh)
        lost = max(tally.events - queue.tally.events, 0)
        with contextlib.suppress(sqlite3.DatabaseError):
            lost += count_aside(database)[0] - count_aside(fresh)[0]
        if lost:
            # Who sends again must not hear that it is here: twice is better than never.
            queue.note_loss(lost, reason)
        else:
            copy_digests(database, fresh)
    return lost


def _read_rows(
    database: sqlite3.Connection, table: str, columns: str, numbers: Iterable[int]
) -> Iterator[tuple[object, ...]]:
    """One row after the other, past those that cannot be read."""
    question = f"SELECT {columns} FROM {table} WHERE number = ?"  # noqa: S608 - names of ours
    for number in numbers:
        with contextlib.suppress(sqlite3.DatabaseError):
            row = database.execute(question, (number,)).fetchone()
            if row is not None:
                yield row


def _numbers_aside(database: sqlite3.Connection) -> list[int]:
    numbers: list[int] = []
    with contextlib.suppress(sqlite3.DatabaseError):
        for (number,) in database.execute("SELECT number FROM aside"):
            numbers.append(number)
    return numbers


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
