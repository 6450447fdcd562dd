"""What a spool holds, read from its file: by other workers, the portal, the CLI.

In: a file, or the folder of the spools. Out: sums, and why a file is no spool any more.
Promise: whoever reads never stops the owner of a file; a damaged file hides nothing of the others.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec

from logster.spool.queue import count_aside, find_oldest
from logster.spool.schema import FORM, connect, form_of
from logster.spool.tally import count_blocks, read_tally

if TYPE_CHECKING:
    from pathlib import Path


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


def list_sound_files(folder: Path) -> list[Path]:
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
            path.stem, tally.events, tally.bytes, find_oldest(database), aside, lost_events=lost
        )
