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


class FileIdentity:
    """The files of one spool, as they were opened."""

    def __init__(self, path: Path, *others: Path) -> None:
        """`others` are files that must stay as well: the lock and the mark."""
        self._own = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._folder = str(path.parent)
        # Before the files are looked at: what changes meanwhile is looked at again.
        self._folder_state = _state_of(self._folder)
        names = self._own + [str(other) for other in others]
        self._known = {name: _identity_of(name) for name in names}

    def find_quick_change(self) -> str:
        """As `find_change`, with one look at the folder when nothing in it was done.

        Made, renamed and deleted files change the time of their folder.
        """
        state = _state_of(self._folder)
        if state is not None and state == self._folder_state:
            return ""
        change = self.find_change()
        if not change:
            self._folder_state = state
        return change

    def find_change(self) -> str:
        """What was done to the files; empty when they are as they were."""
        for name, known in self._known.items():
            try:
                found = os.stat(name)  # noqa: PTH116 - for commits: a Path costs as much again
            except FileNotFoundError:
                if known is None:  # the log is made with the first write
                    continue
                return f"{os.path.basename(name)} was deleted or moved"  # noqa: PTH119 - see above
            except OSError as error:
                return f"{os.path.basename(name)} cannot be reached: {error.strerror}"  # noqa: PTH119
            identity = found.st_dev, found.st_ino
            if known is None:
                self._known[name] = identity
            elif identity != known:
                return f"{os.path.basename(name)} was replaced by another file"  # noqa: PTH119
        return ""

    def list_foreign(self) -> list[str]:
        """The files that stand where the spool's were."""
        return [name for name in self._own if _identity_of(name) not in (None, self._known[name])]


def _state_of(folder: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(folder)  # noqa: PTH116 - see above
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _identity_of(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - see above
    except OSError:
        return None
    return found.st_dev, found.st_ino
