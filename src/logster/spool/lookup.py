"""One event that is on its way or was set aside; and the id of one that its client has numbered.

In: the folder of the spools, a workspace and an id. Out: where it is. Nothing is changed.
Promise: of blocks nothing but the ids is unpacked, one after the other, and not more bytes of them
than are read in a moment; what was not looked into is said.
"""

from __future__ import annotations

import contextlib
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from logster.ids import ms_of_id
from logster.spool.packing import holds
from logster.spool.repeats import Repeats
from logster.spool.schema import connect
from logster.spool.state import list_sound_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: An event is in a block that was written soon after its id was made.
MAX_COMMIT_S = 60.0
#: Bytes of blocks that are looked through for one event: a second's work.
MAX_LOOKED_BYTES = 512 * 1024 * 1024

WAITING, ASIDE, UNSEEN = "waiting", "aside", "unseen"

#: Those first that were written after the event was made.
_BLOCKS = (
    "SELECT number, length(body) FROM block WHERE appended_at BETWEEN ? AND ?"
    " ORDER BY appended_at < ?, number"
)
_ASIDES = (
    "SELECT number, length(body) FROM aside WHERE set_aside_at >= ? AND length(body) > 0"
    " ORDER BY number"
)


def find_waiting(folder: Path, workspace: int, number: int) -> str | None:
    """Where an event is that is not in the store: `waiting`, `aside`, or None.

    `unseen`: nobody knows, since there is more than can be looked through.
    """
    left = MAX_LOOKED_BYTES
    for place, size, body in _list_bodies(folder, ms_of_id(number) / 1000):
        left -= size
        if left < 0:
            return UNSEEN
        if holds(body(), workspace, number):
            return place
    return None


def _list_bodies(folder: Path, made_s: float) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """The place and the size of each block that may have an event, and how to read it."""
    early, late = made_s - MAX_COMMIT_S, made_s + MAX_COMMIT_S
    for path in list_sound_files(folder):
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(connect(path, is_reader=True)) as database,
        ):
            for place, table, question, values in (
                (WAITING, "block", _BLOCKS, (early, late, made_s)),
                (ASIDE, "aside", _ASIDES, (early,)),
            ):
                for block, size in database.execute(question, values).fetchall():
                    yield place, size, partial(_read_body, database, table, block)


def _read_body(database: sqlite3.Connection, table: str, number: int) -> bytes:
    question = f"SELECT body FROM {table} WHERE number = ?"  # noqa: S608 - names of ours
    row = database.execute(question, (number,)).fetchone()
    return row[0] if row else b""  # it was stored meanwhile


def find_numbered(folder: Path, ranges: Sequence[tuple[bytes, bytes]]) -> int | None:
    """The newest event of which the digest of its client's id is in one of these ranges."""
    repeats = Repeats(folder)
    try:
        return repeats.find_newest(ranges)
    finally:
        repeats.close()
