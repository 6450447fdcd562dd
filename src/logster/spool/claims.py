"""Claims: the oldest blocks of a spool, on their way into the store.

In: a spool's file, in a thread of the drain. Out: claims that keep their token until their blocks
are removed. Promise: each step is one transaction, so that after a crash the blocks are claimed as
before or as after it; a block that the disk has changed is set aside, alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import zlib
from typing import TYPE_CHECKING

import msgspec

from logster.spool.file import free_bytes
from logster.spool.missed import keep_missed
from logster.spool.queue import Block, find_oldest

if TYPE_CHECKING:
    import sqlite3

    from logster.notice import Notice
    from logster.spool.file import SpoolFile

log = logging.getLogger(__name__)

#: A claim is at most this part of what the disk has left. The store reserves twice its size, for
#: each worker; a claim keeps its size, so one that was made too large would never get in.
CLAIM_PART_OF_DISK = 8

_DAMAGED_BLOCK = (
    "The spool's disk has changed these {events} events: their checksum does not hold. "
    "They are kept as they are found; look at the health of the disk."
)


class Claim(msgspec.Struct, frozen=True):
    """The oldest blocks, taken to be inserted together; `token` stays the same until forgotten."""

    token: str
    first: int
    last: int
    events: int
    bodies: list[bytes]


class Claims:
    """What the drain takes out of one spool's file."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    def take(self, max_bytes: int, max_events: int) -> Claim | None:
        """The unfinished claim, or the oldest blocks as a new one; None when there are none."""
        while True:
            with self._file.change() as queue:
                found = self._find(queue.database, max_bytes, max_events)
                if found is None:
                    self._file.oldest_at = find_oldest(queue.database)
                    return None
                token, first, last = found
                rows = queue.database.execute(
                    "SELECT number, events, bytes, checksum, body FROM block "
                    "WHERE number BETWEEN ? AND ? ORDER BY number",
                    (first, last),
                ).fetchall()
            damaged = [row for row in rows if row[3] not in (None, zlib.crc32(row[4]))]
            if damaged:
                self._set_damaged_aside(damaged)
                rows = [row for row in rows if row not in damaged]
            if rows:
                events = sum(row[1] for row in rows)
                return Claim(token, first, last, events, [row[4] for row in rows])
            self.remove(Claim(token, first, last, 0, []), [])

    def _find(
        self, database: sqlite3.Connection, max_bytes: int, max_events: int
    ) -> tuple[str, int, int] | None:
        row = database.execute("SELECT token, first, last FROM claim LIMIT 1").fetchone()
        if row is not None:
            token, first, last = row
            return token, first, last
        with contextlib.suppress(FileNotFoundError):  # what is open can be drained all the same
            max_bytes = min(max_bytes, free_bytes(self._file.path) // CLAIM_PART_OF_DISK)
        first = last = None
        size = events = 0
        for number, block_bytes, block_events in database.execute(
            "SELECT number, bytes, events FROM block ORDER BY number"
        ):
            size, events = size + block_bytes, events + block_events
            if first is not None and (size > max_bytes or events > max_events):
                break
            first, last = first if first is not None else number, number
        if first is None or last is None:
            return None
        token = self._new_token(first, last)
        database.execute("INSERT INTO claim VALUES (?, ?, ?)", (token, first, last))
        return token, first, last

    def _set_damaged_aside(self, rows: list[tuple[int, int, int, int, bytes]]) -> None:
        """Keep blocks that are not as they were written out of the way of the others."""
        with self._file.change() as queue:
            for number, events, size, checksum, body in rows:
                queue.remove(number, number)
                reason = _DAMAGED_BLOCK.format(events=f"{events:,}")
                queue.set_aside(Block(events, body, size), reason, checksum)
                log.error("%s, block %d: %s", self._file.path, number, reason)

    def narrow(self, claim: Claim) -> None:
        """Claim the first half of a claim's blocks alone."""
        last = claim.first + (claim.last - claim.first) // 2
        with self._file.change() as queue:
            queue.database.execute(
                "UPDATE claim SET token = ?, last = ? WHERE token = ?",
                (self._new_token(claim.first, last), last, claim.token),
            )

    def replace(self, claim: Claim, parts: list[Block]) -> None:
        """Put the parts of a claim's only block in its stead, at the end of the queue."""
        with self._file.change() as queue:
            queue.replace(claim.first, claim.last, parts)
            _end(queue.database, claim)
            oldest_at = find_oldest(queue.database)
        self._file.oldest_at = oldest_at

    def remove(
        self,
        claim: Claim,
        refused: list[tuple[Block, str]],
        missed: dict[str, Notice] | None = None,
    ) -> int:
        """Take a claim's blocks out for good, and keep those that were refused; gives their bytes.

        `missed` is what listeners have still to be told; None when that is as it was.
        """
        if missed is None:
            missed = self._file.missed
        with self._file.change() as queue:
            for block, reason in refused:
                queue.set_aside(block, reason, zlib.crc32(block.body))
            size = queue.remove(claim.first, claim.last)
            _end(queue.database, claim)
            if missed != self._file.missed:
                keep_missed(queue.database, missed)
            oldest_at = find_oldest(queue.database)
        self._file.oldest_at = oldest_at
        self._file.missed = missed
        return size

    def keep_missed(self, missed: dict[str, Notice]) -> None:
        """Keep what listeners have still to be told, when no claim is removed with it."""
        if missed != self._file.missed:
            with self._file.change() as queue:
                keep_missed(queue.database, missed)
            self._file.missed = missed

    def _new_token(self, first: int, last: int) -> str:
        """Random, not derived from numbers: a spool that is lost and made anew counts from 1."""
        return f"{self._file.path.stem}-{first}-{last}-{os.urandom(8).hex()}"


def _end(database: sqlite3.Connection, claim: Claim) -> None:
    database.execute("DELETE FROM claim WHERE token = ?", (claim.token,))
