"""Folders in memory: what is synced to them waits for no disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: More than all tests at once put there; a container may give less.
MIN_FREE_BYTES = 1 << 29


def find_memory() -> Path | None:
    """The folder that is in memory, where there is one with room; else tests take the disk."""
    shared = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > MIN_FREE_BYTES:
            return shared
    return None


@contextlib.contextmanager
def memory_folder() -> Iterator[Path]:
    """An empty folder, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="logster-test-", dir=find_memory()) as folder:
        yield Path(folder)
