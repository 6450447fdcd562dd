"""What listeners have not been told yet, kept in the spool's own file.

In: notices by the name of their listener. Out: the same, after any crash.
Promise: what a listener has missed is written in the transaction that forgets the claim.

The table is made when there is something to keep, so most files never have it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from logster.notice import Notice
from logster.spool.schema import connect

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS missed (listener TEXT PRIMARY KEY, notice BLOB NOT NULL)"


def read_missed(database: sqlite3.Connection) -> dict[str, Notice]:
    """What is still to be told, by listener."""
    missed: dict[str, Notice] = {}
    if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'missed'").fetchone():
        for listener, notice in database.execute("SELECT listener, notice FROM missed"):
            with contextlib.suppress(msgspec.DecodeError):  # events are worth more than word of it
                missed[listener] = _decoder.decode(notice)
    return missed


def has_missed(path: Path) -> bool:
    """Whether somebody has still to be told of events that a spool has handed over."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        return bool(read_missed(database))


def keep_missed(database: sqlite3.Connection, missed: dict[str, Notice]) -> None:
    """Write within a transaction what is still to be told, and nothing else."""
    database.execute(_TABLE)
    database.execute("DELETE FROM missed")
    rows = [(listener, msgspec.json.encode(notice)) for listener, notice in missed.items()]
    database.executemany("INSERT INTO missed VALUES (?, ?)", rows)


_decoder = msgspec.json.Decoder(Notice)
