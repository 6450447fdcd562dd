"""One event that is on its way or was set aside; and the id of one that its client has numbered.

In: the folder of the spools, a workspace and an id. Out: where it is. Nothing is changed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from logster.ids import ms_of_id
from logster.spool.packing import unpack
from logster.spool.repeats import Repeats
from logster.spool.schema import connect
from logster.spool.state import list_sound_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: An event is in a block that was written soon after its id was made.
MAX_COMMIT_S = 60.0
#: Blocks that are looked through for one event.
MAX_BLOCKS = 500

_WAITING = "SELECT body FROM block WHERE appended_at BETWEEN ? AND ? ORDER BY number LIMIT ?"
_ASIDE = (
    "SELECT body FROM aside WHERE set_aside_at >= ? AND length(body) > 0 ORDER BY number LIMIT ?"
)


def find_waiting(folder: Path, workspace: int, number: int) -> str | None:
    """Where an event is that is not in the store: `waiting`, `aside`, or None."""
    made_s = ms_of_id(number) / 1000
    early, late = made_s - MAX_COMMIT_S, made_s + MAX_COMMIT_S
    for path in list_sound_files(folder):
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(connect(path, is_reader=True)) as database,
        ):
            for place, question, values in (
                ("waiting", _WAITING, (early, late, MAX_BLOCKS)),
                ("aside", _ASIDE, (early, MAX_BLOCKS)),
            ):
                for (body,) in database.execute(question, values):
                    if _holds(body, workspace, number):
                        return place
    return None


def _holds(body: bytes, workspace: int, number: int) -> bool:
    try:
        events = unpack(body)
    except ValueError:
        return False
    return any(event.id == number and event.workspace == workspace for event in events)


def find_digests(folder: Path, digests: Sequence[bytes]) -> dict[bytes, int]:
    """The ids of events that their clients have numbered."""
    repeats = Repeats(folder)
    try:
        return repeats.find(digests)
    finally:
        repeats.close()
