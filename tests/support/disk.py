"""A small disk that can be filled, where this machine allows one (root may mount)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BALLAST = "ballast"
MAX_TRIES = 50


def mount_small_disk(folder: Path, size: int) -> bool:
    """Make a folder a disk of its own; False where that is not allowed."""
    if os.getuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def unmount(folder: Path) -> None:
    """Take it away again, whoever still has a file open there."""
    subprocess.run(["umount", "-l", folder], check=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A folder is a disk of its own, until the end; skips the test where none can be mounted."""
    if not mount_small_disk(folder, size):
        pytest.skip("mounting a small disk needs root")
    try:
        yield
    finally:
        unmount(folder)


@contextlib.contextmanager
def filled(folder: Path, left: int = 0) -> Iterator[None]:
    """Nothing but `left` bytes are free from one moment to the next, until the end."""
    ballast = folder / BALLAST
    try:
        _fill(ballast, left)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _fill(ballast: Path, left: int) -> None:
    """Enlarge the ballast until `left` bytes are free.

    Others write at the same time, and what does not fit any more is not made at all: tried again.
    """
    with contextlib.suppress(OSError), ballast.open("ab") as file:
        for _ in range(MAX_TRIES):
            room = os.statvfs(ballast.parent)
            size = room.f_bavail * room.f_frsize - left
            if size <= 0:
                break
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                break
