"""What waits in a spool, oldest first, and what was set aside: changed here and nowhere else.

In: a connection to the file, whichever process has it. Out: the sums after the change.
Promise: the blocks and their sums (spool/tally) change in one transaction, or none of both.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

import msgspec

from logster.spool.tally import (
    NOBODY,
    encode_share,
    read_share,
    read_tally,
    scale_share,
    write_tally,
)

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

#: What is lost is a row among the set-aside blocks, without a body.
LOST = b""

_SELECT_SHARES = "SELECT events, bytes, shares FROM block WHERE number BETWEEN ? AND ?"


class Block(msgspec.Struct, frozen=True):
    """What one commit writes as one blob: how many events it holds, and its bytes.

    `size` is what it takes when unpacked; limits speak of that, since a body that compresses
    well would otherwise fill the memory of whoever takes it.
    """

    events: int
    body: bytes
    size: int


class Queue:
    """The blocks of a file within a transaction; `tally` is what they sum to at its end."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.tally = read_tally(database)

    def append(self, block: Block, share: dict[int, int], now: float) -> None:
        """Put a block at the end; `share` is what each owner has of its bytes."""
        self._insert(block, share, now, zlib.crc32(block.body))

    def _insert(
        self, block: Block, share: dict[int, int], now: float, checksum: int | None
    ) -> None:
        self.tally.last += 1
        self.tally.appended += block.events
        self.database.execute(
            "INSERT INTO block (number, events, appended_at, bytes, shares, checksum, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self.tally.last,
                block.events,
                now,
                block.size,
                encode_share(share),
                checksum,
                block.body,
            ),
        )
        self.tally.count(1, block.events, block.size, share)

    def remove(self, first: int, last: int) -> int:
        """Take blocks out for good; gives their bytes."""
        size = 0
        for events, block_size, share in self.database.execute(_SELECT_SHARES, (first, last)):
            self.tally.count(-1, events, block_size, read_share(share, block_size))
            size += block_size
        self.database.execute("DELETE FROM block WHERE number BETWEEN ? AND ?", (first, last))
        [oldest] = self.database.execute("SELECT min(number) FROM block").fetchone()
        self.tally.removed = self.tally.last if oldest is None else oldest - 1
        return size

    def replace(self, first: int, last: int, parts: list[Block]) -> None:
        """Put the parts of a block at the end, in its stead: no event came or went."""
        [size, share, since] = self.database.execute(
            "SELECT bytes, shares, appended_at FROM block WHERE number BETWEEN ? AND ?",
            (first, last),
        ).fetchone()
        owners = read_share(share, size)
        appended = self.tally.appended
        self.remove(first, last)
        for part in parts:
            self.append(part, scale_share(owners, part.size), since)
        self.tally.appended = appended

    def set_aside(self, block: Block, reason: str, checksum: int | None = None) -> int:
        """Keep a block for a person, and give its number there.

        `checksum` is that of a body which is not as it was.
        """
        [number] = self.database.execute(
            "INSERT INTO aside (events, set_aside_at, reason, bytes, checksum, body)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING number",
            (block.events, time.time(), reason, block.size, checksum, block.body),
        ).fetchone()
        return int(number)

    def note_loss(self, events: int, reason: str) -> None:
        """Keep in view that events are lost, until a person has seen it."""
        self.set_aside(Block(events, LOST, 0), reason)

    def put_back(self, number: int) -> bool:
        """Put a set-aside block at the end; False when there is none to put back."""
        row = self.database.execute(
            "SELECT events, body, bytes, checksum FROM aside WHERE number = ? AND length(body) > 0",
            (number,),
        ).fetchone()
        if row is None:
            return False
        block = Block(*row[:3])
        self._insert(block, {NOBODY: block.size}, time.time(), row[3])
        self.drop(number)
        return True

    def drop(self, number: int) -> bool:
        """Remove what was set aside; False when it is not there."""
        return self.database.execute("DELETE FROM aside WHERE number = ?", (number,)).rowcount == 1


class transaction:  # noqa: N801 - used as a function; a class is half the cost on the hot path
    """One durable transaction: the blocks and their sums, or nothing of both."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> Queue:
        """Begin it, and read the sums of the file."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._queue = Queue(self._database)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        return self._queue

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit it with its sums, or undo it."""
        database = self._database
        try:
            if error is None:
                write_tally(database, self._queue.tally)
                database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


def count_aside(database: sqlite3.Connection) -> tuple[int, int]:
    """The events that are set aside, and those that are lost."""
    aside, lost = database.execute(
        "SELECT sum(events) FILTER (WHERE length(body) > 0),"
        " sum(events) FILTER (WHERE length(body) = 0) FROM aside"
    ).fetchone()
    return aside or 0, lost or 0


def find_oldest(database: sqlite3.Connection) -> float | None:
    """Since when the oldest block waits."""
    row = database.execute("SELECT appended_at FROM block ORDER BY number LIMIT 1").fetchone()
    return None if row is None else float(row[0])
