"""Free bytes on the disk, before something begins that a full disk would leave broken."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: What a change of a table needs, and a new store: of their descriptions there is no older version
#: to go back to when one is cut. Dropping a day writes only an empty part.
ROOM_TO_CHANGE_BYTES = 32 * 1024 * 1024
ROOM_TO_DROP_BYTES = 1024 * 1024
_CHANGE = re.compile(r"\s*ALTER\s+TABLE\s+\S+\s+(DROP\s+PARTITION\b)?", re.IGNORECASE)


def check_change(folder: Path, query: str) -> None:
    """Refuse a change of a table for which there is no room; other statements pass."""
    if change := _CHANGE.match(query):
        room_bytes = ROOM_TO_DROP_BYTES if change[1] else ROOM_TO_CHANGE_BYTES
        check_room(folder, "a change of a table", room_bytes)


def check_room(folder: Path, what: str, room_bytes: int = ROOM_TO_CHANGE_BYTES) -> None:
    """Refuse what needs so much room, by the error that the engine has for it."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < room_bytes:
        raise RuntimeError(  # as chDB does for other calls that need more than there is
            f"Code: 243. DB::Exception: {what} needs {room_bytes:,} free bytes on the disk "
            f"of {folder}, which has {free_bytes:,}; make room there, and try again."
        )
