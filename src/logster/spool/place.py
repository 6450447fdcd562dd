"""Whether a spool's files are still where they were opened.

In: the path of a file that is open. Out: what has happened to it, in words.
Promise: a file that was deleted, moved or replaced is noticed before anything in it is
acknowledged: who writes into it would write into nothing that is ever opened again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: The file, its write-ahead log and what its readers share.
SUFFIXES = ("", "-wal", "-shm")


class Place:
    """The files of one spool, as they were opened. Four microseconds for each look."""

    def __init__(self, path: Path, *others: Path) -> None:
        """`others` are files that must stay as well: the lock and the mark."""
        self._own = [f"{path}{suffix}" for suffix in SUFFIXES]
        names = self._own + [str(other) for other in others]
        self._known = {name: _identity_of(name) for name in names}

    def find_change(self) -> str:
        """What was done to the files; empty when they are as they were."""
        for name, known in self._known.items():
            try:
                found = os.stat(name)  # noqa: PTH116 - for each commit: a Path costs as much again
            except FileNotFoundError:
                if known is None:
                    continue
                return f"{name} was deleted or moved"
            except OSError as error:
                return f"{name} cannot be reached: {error.strerror}"
            identity = found.st_dev, found.st_ino
            if known is None:  # the log is made with the first write
                self._known[name] = identity
            elif identity != known:
                return f"{name} was replaced by another file"
        return ""

    def list_foreign(self) -> list[str]:
        """The files that stand where the spool's were."""
        return [name for name in self._own if _identity_of(name) not in (None, self._known[name])]


def _identity_of(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - see above
    except OSError:
        return None
    return found.st_dev, found.st_ino
