"""The folder of the values of /metrics: in memory where there is such, empty at every start.

In: the data folder. Out: a folder that all parts write to, gone at the end.
Promise: nobody else reads it, and two servers never share it; a disk that is full stops no part.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Tells the parts where their metrics are (prometheus_client's own name).
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: Linux keeps these files in memory; containers have 64 MB of it by default.
MEMORY = Path("/dev/shm")  # noqa: S108 - only a private folder in it is used
#: A process has four files that use a page or two; this is room for thousands of restarts.
MIN_MEMORY_BYTES = 16 * 1024 * 1024


@contextlib.contextmanager
def metrics_folder(data: Path) -> Iterator[Path]:
    """An empty folder for the values of /metrics, gone at the end; in memory where there is such.

    All parts write there through maps of sparse files. On a full disk that is a SIGBUS: a worker
    could not start, and nobody would tell the senders why.
    """
    folder = memory_folder(data)
    if not _can_hold_values(folder):
        folder = data / "run" / "metrics"
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.db"):  # of a server that was killed
        leftover.unlink()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def memory_folder(data: Path) -> Path:
    """The folder in memory that belongs to a data folder, whether it is there or not.

    Its name follows from the data folder itself, so that a server that was killed finds its own,
    and containers that share their memory do not share their values.
    """
    info = data.stat()
    return MEMORY / f"logster-{info.st_dev:x}-{info.st_ino:x}"


def _can_hold_values(folder: Path) -> bool:
    """Make a private folder in memory; False where there is none, it is full, or it is taken."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        info = folder.lstat()
        is_private = info.st_uid == os.geteuid() and stat.filemode(info.st_mode) == "drwx------"
        return is_private and shutil.disk_usage(folder).free >= MIN_MEMORY_BYTES
    except OSError:
        return False


def forget_gauges(folder: str, pid: int) -> None:
    """Drop the live gauges of a dead process; its counters stay (see `metrics`)."""
    for leftover in Path(folder).glob(f"gauge_live*_{pid}.db"):
        leftover.unlink(missing_ok=True)
