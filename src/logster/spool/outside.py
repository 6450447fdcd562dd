"""A folder of spools, looked at and settled from outside: by other workers, the portal, the CLI.

In: the folder. Out: what its spools hold, set-aside blocks, receipts.
Promise: whoever reads never stops the owner of a file; a set-aside block is in line or set aside,
whatever crashes when; a damaged file hides nothing of the others.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

import msgspec

from logster.spool.file import FORM, connect, form_of, unwritable
from logster.spool.line import change, count_aside, count_blocks, oldest, read_tally

if TYPE_CHECKING:
    from pathlib import Path


#: SQLite numbers rows with 63 bits; a larger number would be an error, not an unknown one.
MAX_NUMBER = 2**63 - 1

#: Receipts of resent requests are kept this long (the native API promises 24 h).
RECEIPT_LIFE_S = 24 * 3600


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


class SpoolState(msgspec.Struct, frozen=True):
    """What a spool holds: for gauges, `logster spool` and the readiness answer.

    One with a `fault` cannot be read: what it holds is not known.
    """

    name: str
    events: int
    bytes: int
    oldest_at: float | None
    aside_events: int
    fault: str | None = None
    lost_events: int = 0


def look_into_spools(folder: Path) -> list[SpoolState]:
    """What every spool of a folder holds, read from the files of living or dead workers."""
    states = []
    for path in _list_files(folder):
        fault = find_damage(path)
        states.append(SpoolState(path.stem, 0, 0, None, 0, fault) if fault else look_into(path))
    return states


def _list_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("spool-*.sqlite"))


def _list_sound_files(folder: Path) -> list[Path]:
    """Without the damaged ones, which hide nothing of the others (see `look_into_spools`)."""
    return [path for path in _list_files(folder) if not find_damage(path)]


def find_damage(path: Path) -> str | None:
    """Why a file is no spool any more; None for one that is only out of reach just now."""
    try:
        look_into(path)
    except sqlite3.OperationalError:
        return None
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        return str(error)
    return None


def look_into(path: Path) -> SpoolState:
    """What one spool holds; sqlite3.Error when it cannot be read."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        database.execute("BEGIN")  # the sums and the rows of the same moment
        tally = read_tally(database) if form_of(database) == FORM else count_blocks(database)
        aside, lost = count_aside(database)
        return SpoolState(
            path.stem, tally.events, tally.bytes, oldest(database), aside, lost_events=lost
        )


def list_aside(folder: Path) -> dict[str, list[AsideBlock]]:
    """The set-aside blocks of every spool, oldest first, by the spool's name."""
    found: dict[str, list[AsideBlock]] = {}
    for path in _list_sound_files(folder):
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
    for path in _list_sound_files(folder):
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


def find_receipt(path: Path, digest: bytes) -> bytes | None:
    """The answer a spool keeps for an idempotency key's digest, or None."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT answer FROM receipt WHERE digest = ? AND made_at >= ?",
            (digest, time.time() - RECEIPT_LIFE_S),
        ).fetchone()
    return None if row is None else bytes(row[0])


def replay_aside(folder: Path, spool: str, number: int) -> bool:
    """Put a set-aside block back in line to be inserted; False when there is no such block.

    What is lost cannot be tried again.
    """
    return _settle_aside(folder, spool, number, is_replay=True)


def drop_aside(folder: Path, spool: str, number: int) -> bool:
    """Remove a set-aside block for good, on a person's word; False when there is none."""
    return _settle_aside(folder, spool, number, is_replay=False)


def _settle_aside(folder: Path, spool: str, number: int, *, is_replay: bool) -> bool:
    path = _named_path(folder, spool)
    if path is None or not 0 <= number <= MAX_NUMBER:
        return False
    try:
        with contextlib.closing(connect(path)) as database, change(database) as line:
            # One transaction of one file: after a crash the block is in line or set aside, never
            # both and never neither.
            return line.put_back(number) if is_replay else line.drop(number)
    except (sqlite3.Error, OSError) as error:
        raise unwritable(error) from error


def _named_path(folder: Path, spool: str) -> Path | None:
    """The file of a spool that somebody named; None for what is none of ours."""
    path = folder / f"{spool}.sqlite"
    is_ours = path.parent == folder and path.name.startswith("spool-") and path.exists()
    return path if is_ours else None
