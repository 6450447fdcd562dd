"""Which spool belongs to which worker.

In: the folder of the spools. Out: the right to one file.
Promise: a file has one owner at a time; the kernel takes the right back when its process dies.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from logster.errors import ConfigError
from logster.spool.state import find_damage

#: Spools (and so workers) per machine; with the machine's number it makes the node of an id.
MAX_SLOTS = 16


class Slot(msgspec.Struct, frozen=True):
    """A worker's right to one spool file; the kernel takes it back when the process dies."""

    number: int
    path: Path
    lock: int

    @property
    def lock_path(self) -> Path:
        """The file whose lock is the right."""
        return self.path.with_suffix(".lock")

    def renew(self) -> None:
        """Have the right again when the lock's file was deleted; OSError when another has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = _open_lock(self.lock_path)
        try:
            if not os.path.sameopenfile(found, self.lock):
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.dup2(found, self.lock, inheritable=False)
        finally:
            os.close(found)

    def release(self) -> None:
        """Let another worker have this spool."""
        os.close(self.lock)


def acquire_own_slot(folder: Path) -> Slot:
    """The slot of a starting worker: the first sound one that nobody owns, else ConfigError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(MAX_SLOTS):
        if slot := acquire_slot(folder, number):
            if not find_damage(slot.path):
                return slot
            slot.release()
    raise ConfigError(
        f"All {MAX_SLOTS} spools in {folder} are in use; LOGSTER_WORKERS must be smaller."
    )


def acquire_slot(folder: Path, number: int) -> Slot | None:
    """Own a spool, made or not; None when somebody does."""
    path = spool_path(folder, number)
    lock = _open_lock(path.with_suffix(".lock"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Slot(number, path, lock)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def spool_path(folder: Path, number: int) -> Path:
    """Where the spool of a slot is, or would be."""
    return folder / f"spool-{number:02}.sqlite"
