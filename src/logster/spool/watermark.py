"""The high-water mark of a spool: a file that has lost its end is known for it.

In: the sums after each commit. Out: what is missing, when the file is opened again.
Promise: the mark never says more than was synced; what it costs is a write of 200 bytes to the
page cache for each commit, and a sync when nobody waits.

SQLite reads its write-ahead log up to the first frame that does not hold, and goes on as if
nothing had ever followed. A log that was cut, damaged or deleted so takes acknowledged events
with it without a word. The mark is a file beside it (`spool-00.mark`); it outlives every death of
a process, and a power failure takes its last seconds at most.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.tally import Tally

#: Always as long, so that no earlier one shows behind it.
WATERMARK_BYTES = 200


class Watermark(msgspec.Struct, frozen=True):
    """The sums of a file at a commit that was synced; their names are those of `Tally`."""

    file: str
    events: int
    last: int
    removed: int
    appended: int


class WatermarkFile:
    """The mark of a spool that is open."""

    def __init__(self, path: Path) -> None:
        self._is_synced = True
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # a full disk, or one that is gone: a loss would not be seen, and no more
            self._file = -1

    def write(self, tally: Tally) -> None:
        """Note what was just synced."""
        mark = Watermark(tally.file, tally.events, tally.last, tally.removed, tally.appended)
        with contextlib.suppress(OSError):
            os.pwrite(self._file, msgspec.json.encode(mark).ljust(WATERMARK_BYTES), 0)
            self._is_synced = False

    def sync(self) -> None:
        """Bring it to the disk; for moments in which nobody waits."""
        if not self._is_synced:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
                self._is_synced = True

    def close(self) -> None:
        """The last thing that is done with a spool."""
        self.sync()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1  # closed again, the number may be somebody else's


def watermark_path(path: Path) -> Path:
    """Where the mark of a spool's file is."""
    return path.with_suffix(".mark")


def read_watermark(path: Path) -> Watermark | None:
    """The mark of a spool's file; None when there is none that can be read."""
    try:
        return msgspec.json.decode(watermark_path(path).read_bytes(), type=Watermark)
    except (OSError, msgspec.DecodeError):
        return None


def keep_log(path: Path) -> Path | None:
    """Keep what is there of a log that was damaged, before it is written over; once."""
    log, kept = path.with_name(f"{path.name}-wal"), path.with_suffix(".lost-wal")
    try:
        if kept.exists() or not log.stat().st_size:
            return None
        shutil.copyfile(log, kept)
    except OSError:
        return None
    kept.chmod(0o600)
    return kept


def find_loss(mark: Watermark | None, tally: Tally) -> tuple[int, str]:
    """How many acknowledged events a file has lost since its mark, and how that looks."""
    if mark is None:
        return 0, ""
    if mark.file != tally.file:
        return mark.events, "its file is gone, or is another one, and these waited in it"
    missing = mark.last - max(tally.last, mark.removed)
    if missing <= 0:
        return 0, ""
    # Of blocks that had gone before, nobody knows how many events they had.
    return min(mark.appended - tally.appended, mark.events), (
        f"its last {missing:,} blocks are missing, since its log (the -wal file) was cut or damaged"
    )
