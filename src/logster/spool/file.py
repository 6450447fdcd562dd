"""The file of a spool, as long as its worker has it open.

In: changes, one transaction at a time. Out: what the file holds after each.
Promise: what is written is in a file that is there. One that was deleted, replaced or damaged is
noticed, and a fresh one is made of what can be read; until that is done, nothing is accepted.

How a file is made and opened is in spool/schema, what is done to a sick one in spool/repair.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

from logster.errors import SpoolFullError
from logster.spool import repair
from logster.spool.identity import FileIdentity
from logster.spool.missed import read_missed
from logster.spool.queue import find_oldest, transaction
from logster.spool.schema import connect, renew
from logster.spool.tally import read_tally
from logster.spool.watermark import (
    WatermarkFile,
    find_loss,
    keep_log,
    read_watermark,
    watermark_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from logster.notice import Notice
    from logster.spool.queue import Queue
    from logster.spool.slots import Slot
    from logster.spool.tally import Tally

log = logging.getLogger(__name__)

#: What a sender is told to wait when nobody knows better.
RETRY_AFTER_S = 5

#: Free pages (of 4 KiB) that stay in the file: what the largest claim leaves behind, steady
#: traffic fills again. What is free beyond these 32 MB goes back to the disk.
SPARE_PAGES = 8192
#: So many pages are given back between two commits: 2 MB and a few milliseconds, no more, since
#: pages in use at the end of the file move to the front, by way of the write-ahead log.
STEP_PAGES = 512


class SpoolFile:
    """One spool's file; the appending and the draining thread take turns."""

    def __init__(self, path: Path, *, min_free_bytes: int, slot: Slot | None) -> None:
        """`slot` is the right to the file, which is renewed when its lock is deleted."""
        self.path = path
        self.min_free_bytes = min_free_bytes
        self._slot = slot
        self._lock = threading.Lock()
        #: Why nothing is accepted: the file is gone, or damaged; empty when all is well.
        self.fault = ""
        self._damage: BaseException | None = None
        self._is_open = False
        self._lost = 0
        self.missed: dict[str, Notice] = {}
        self._open()
        self._note_loss()
        self._watch()

    def _open(self) -> None:
        """Open the file, or the one that was saved from it before a crash."""
        repair.put_in_place(self.path)
        self.database = connect(self.path)
        try:
            renew(self.database)
            self.tally: Tally = read_tally(self.database)
            self.oldest_at = find_oldest(self.database)
            self._read_missed()
        except BaseException:
            self.database.close()
            raise
        self._is_open = True
        self._mark = WatermarkFile(watermark_path(self.path))

    def _read_missed(self) -> None:
        """What listeners have still to be told of claims that are forgotten.

        It is not worth the events: what is damaged is left, and the file made anew.
        """
        try:
            self.missed = read_missed(self.database)
        except sqlite3.DatabaseError as error:
            if not self.note_damage(error):
                raise

    def _note_loss(self) -> None:
        """Say when the file is less than what was acknowledged, before anything is written."""
        count, cause = find_loss(read_watermark(self.path), self.tally)
        if count:
            kept = keep_log(self.path)
            reason = (
                f"{count:,} acknowledged events are lost: {cause}. Senders that still have them "
                "may send them again; look at the health of the disk, or restore a back-up."
                f"{f' What is left of the log is in {kept}.' if kept else ''}"
            )
            log.error("%s: %s", self.path, reason)
            with self.change() as queue:
                queue.note_loss(count, reason)

    def _watch(self) -> None:
        """From here on the files must be these."""
        self._mark.write(self.tally)
        others = [self._slot.lock_path] if self._slot else []
        self._identity = FileIdentity(self.path, watermark_path(self.path), *others)

    @contextlib.contextmanager
    def change(self) -> Iterator[Queue]:
        """One durable transaction."""
        with self._lock:
            with transaction(self.database) as queue:
                yield queue
            self.tally = queue.tally
            self._mark.write(queue.tally)

    def sync_mark(self) -> None:
        """Bring the high-water mark to the disk; for moments in which nobody waits."""
        self._mark.sync()

    def close(self) -> None:
        """The last thing that is done with it."""
        self.database.close()
        self._mark.close()

    # -- gone or damaged ------------------------------------------------------------------

    def note_damage(self, error: BaseException) -> bool:
        """Remember an error that says the file is damaged; False for any other."""
        if not repair.is_damage(error):
            return False
        self._damage = error
        return True

    def is_sound(self, *, is_quick: bool = False) -> bool:
        """Whether the file is there and whole; when it is not, a fresh one is made of it."""
        identity = self._identity
        change = identity.find_quick_change() if is_quick else identity.find_change()
        if not change and self._damage is None:
            self.fault = ""
            return True
        reason = change or f"{self.path.name} is damaged ({self._damage})"
        try:
            with self._lock:
                self._repair(reason)
        except (sqlite3.Error, OSError, MemoryError) as error:
            self._say_fault(reason, error)
            return False
        self.fault, self._damage = "", None
        log.error(
            "%s: %s; a fresh file was made at once, %s. Files of the spool must not be touched "
            "while the server runs.",
            self.path,
            reason,
            f"without {self._lost:,} events that could not be read"
            if self._lost
            else "with all its events",
        )
        return True

    def _repair(self, reason: str) -> None:
        """Copy what the open file still gives into a fresh one, and go on with that."""
        if self._is_open:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._slot:
                self._slot.renew()
            self._lost = repair.save(self.database, self.tally, self.missed, self.path, reason)
            repair.move_away(self._identity.list_foreign(), "found")
            self.close()
            self._is_open = False
            if self._damage is not None:
                repair.keep_damaged(self.path)
        self._open()  # from here on the saved file is the spool
        self._watch()

    def _say_fault(self, reason: str, error: BaseException) -> None:
        fault = (
            f"{reason}, and no fresh file could be made of what is left ({words_of(error)}). "
            "Nothing is accepted until that is possible; look at the folder of the spools and its "
            "disk."
        )
        if self.fault != fault:
            log.error("%s: %s", self.path, fault)
        self.fault = fault

    # -- back to the disk -----------------------------------------------------------------

    def give_back(self) -> bool:
        """Return some free pages to the disk; True when there are more."""
        try:
            with self._lock:
                excess = self._count_excess_pages()
                if excess > 0:
                    _cut_off(self.database, min(excess, STEP_PAGES))
                return 0 < self._count_excess_pages() < excess
        except (sqlite3.Error, OSError, MemoryError):
            return False  # the next look tries again

    def _count_excess_pages(self) -> int:
        """Free pages that steady traffic does not need; all of them, when the disk is short."""
        free: int = self.database.execute("PRAGMA freelist_count").fetchone()[0]
        is_short = free > 0 and free_bytes(self.path) < self.min_free_bytes
        return free if is_short else free - SPARE_PAGES


def _cut_off(database: sqlite3.Connection, pages: int) -> None:
    """Shorten a file by so many free pages."""
    try:  # a script, since `execute` would stop after the first page
        database.executescript(f"PRAGMA incremental_vacuum({pages})")
    finally:  # only now the file is shorter, and the log can be written from its beginning
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")


def free_bytes(path: Path) -> int:
    """What the disk of a file has left."""
    return shutil.disk_usage(path.parent).free


def unwritable(error: Exception) -> SpoolFullError:
    """What a sender is told when the file takes nothing."""
    return SpoolFullError(
        f"The spool could not be written ({error}); nothing of this request was kept. "
        "Look at the free space and the health of its disk.",
        RETRY_AFTER_S,
    )


def words_of(error: BaseException) -> str:
    """What the system says of an error, without its number and the path."""
    return str(getattr(error, "strerror", None) or error)
