"""Events that were set aside: listed, looked at, put back into the queue, dropped.

In: the folder of the spools, from any process. Out: set-aside blocks.
Promise: whoever reads never stops the owner of a file; a set-aside block waits or is set aside,
whatever crashes when.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec

from logster.spool.file import unwritable
from logster.spool.queue import transaction
from logster.spool.schema import connect
from logster.spool.state import list_sound_files

if TYPE_CHECKING:
    from pathlib import Path

#: SQLite numbers rows with 63 bits; a larger number would be an error, not an unknown one.
MAX_NUMBER = 2**63 - 1


class AsideBlock(msgspec.Struct, frozen=True):
    """Events that were set aside, and why; without a body they are lost."""

    number: int
    events: int
    set_aside_at: float
    reason: str
    body: bytes


class AsideNote(msgspec.Struct, frozen=True, array_like=True):
    """A set-aside block without its events, which may be many."""

    spool: str
    number: int
    events: int
    set_aside_at: float
    bytes: int
    reason: str
    is_lost: bool


def list_aside(folder: Path) -> dict[str, list[AsideBlock]]:
    """The set-aside blocks of every spool, oldest first, by the spool's name."""
    found: dict[str, list[AsideBlock]] = {}
    for path in list_sound_files(folder):
        with contextlib.closing(connect(path, is_reader=True)) as database:
            rows = database.execute(
                "SELECT number, events, set_aside_at, reason, body FROM aside ORDER BY number"
            ).fetchall()
        if rows:
            found[path.stem] = [AsideBlock(*row) for row in rows]
    return found


def note_aside(folder: Path, limit: int) -> list[AsideNote]:
    """The newest set-aside blocks of each spool, at most `limit` of each, without their events."""
    found: list[AsideNote] = []
    for path in list_sound_files(folder):
        with contextlib.closing(connect(path, is_reader=True)) as database:
            rows = database.execute(
                "SELECT ?, number, events, set_aside_at, bytes, reason, length(body) = 0 "
                "FROM aside ORDER BY number DESC LIMIT ?",
                (path.stem, limit),
            )
            found += [msgspec.convert(row, AsideNote, strict=False) for row in rows]
    return sorted(found, key=lambda note: -note.set_aside_at)


def find_aside(folder: Path, spool: str, number: int) -> AsideBlock | None:
    """One set-aside block with its events, or None."""
    path = _named_path(folder, spool)
    if path is None or not 0 <= number <= MAX_NUMBER:
        return None
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT number, events, set_aside_at, reason, body FROM aside WHERE number = ?",
            (number,),
        ).fetchone()
    return AsideBlock(*row) if row else None


def replay_aside(folder: Path, spool: str, number: int) -> bool:
    """Put a set-aside block back into the queue to be inserted; False when there is no such block.

    What is lost cannot be tried again.
    """
    return _change_aside(folder, spool, number, is_replay=True)


def drop_aside(folder: Path, spool: str, number: int) -> bool:
    """Remove a set-aside block for good, on a person's word; False when there is none."""
    return _change_aside(folder, spool, number, is_replay=False)


def _change_aside(folder: Path, spool: str, number: int, *, is_replay: bool) -> bool:
    path = _named_path(folder, spool)
    if path is None or not 0 <= number <= MAX_NUMBER:
        return False
    try:
        with contextlib.closing(connect(path)) as database, transaction(database) as queue:
            # One transaction of one file: after a crash the block waits or is set aside, never
            # both and never neither.
            return queue.put_back(number) if is_replay else queue.drop(number)
    except (sqlite3.Error, OSError) as error:
        raise unwritable(error) from error


def _named_path(folder: Path, spool: str) -> Path | None:
    """The file of a spool that somebody named; None for what is none of ours."""
    path = folder / f"{spool}.sqlite"
    is_ours = path.parent == folder and path.name.startswith("spool-") and path.exists()
    return path if is_ours else None
