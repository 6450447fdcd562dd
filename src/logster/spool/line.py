"""What waits in a spool, and what it sums to: both change together, here and nowhere else.

In: a connection to the file, whichever process has it. Out: the sums after the change.
Promise: the sums of a file are those of its rows after every commit and after every crash, since
they are a row of the same file; nobody who reads them has counted for himself.
"""

from __future__ import annotations

import os
import time
import zlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

#: The owner of what no key has brought: blocks that a person put back, and those of an earlier
#: version. Keys count from 1.
NOBODY = 0

#: What is lost is a line among the set-aside blocks, without a body.
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


class Tally(msgspec.Struct):
    """The sums of a file; `held` is the bytes by owner.

    `last` and `removed` are the numbers of the last block that came and of the last that went,
    `appended` counts all events that ever came: so a file that has lost something is known
    (spool/mark). `last_ms` is the highest millisecond of an id.
    """

    file: str
    last_ms: int = 0
    events: int = 0
    bytes: int = 0
    held: dict[int, int] = {}
    last: int = 0
    removed: int = 0
    appended: int = 0


class Line:
    """The blocks of a file within a transaction; `tally` is what they sum to at its end."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.tally = read_tally(database)

    def append(self, block: Block, share: dict[int, int], now: float) -> None:
        """Put a block at the end; `share` is what each owner has of its bytes."""
        self._insert(block, share, now, zlib.crc32(block.body))

    def _insert(
        self, block: Block, share: dict[int, int], now: float, checksum: int | None
    ) -> None:
        self.tally.last += 1
        self.tally.appended += block.events
        self._database.execute(
            "INSERT INTO block (number, events, appended_at, bytes, shares, checksum, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.tally.last, block.events, now, block.size, _encode(share), checksum, block.body),
        )
        _count(self.tally, 1, block.events, block.size, share)

    def remove(self, first: int, last: int) -> int:
        """Take blocks out for good; gives their bytes."""
        size = 0
        for events, block_size, share in self._database.execute(_SELECT_SHARES, (first, last)):
            _count(self.tally, -1, events, block_size, _read_share(share, block_size))
            size += block_size
        self._database.execute("DELETE FROM block WHERE number BETWEEN ? AND ?", (first, last))
        [oldest] = self._database.execute("SELECT min(number) FROM block").fetchone()
        self.tally.removed = self.tally.last if oldest is None else oldest - 1
        return size

    def replace(self, first: int, last: int, parts: list[Block]) -> None:
        """Put the parts of a block at the end of the line, in its stead: no event came or went."""
        [size, share, since] = self._database.execute(
            "SELECT bytes, shares, appended_at FROM block WHERE number BETWEEN ? AND ?",
            (first, last),
        ).fetchone()
        owners = _read_share(share, size)
        appended = self.tally.appended
        self.remove(first, last)
        for part in parts:
            self.append(part, _scale(owners, part.size), since)
        self.tally.appended = appended

    def set_aside(self, block: Block, reason: str, checksum: int | None = None) -> int:
        """Keep a block for a person, and give its number there.

        `checksum` is that of a body which is not as it was.
        """
        [number] = self._database.execute(
            "INSERT INTO aside (events, set_aside_at, reason, bytes, checksum, body)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING number",
            (block.events, time.time(), reason, block.size, checksum, block.body),
        ).fetchone()
        return int(number)

    def note_loss(self, events: int, reason: str) -> None:
        """Keep in view that events are lost, until a person has seen it."""
        self.set_aside(Block(events, LOST, 0), reason)

    def put_back(self, number: int) -> bool:
        """Put a set-aside block at the end of the line; False when there is none to put back."""
        row = self._database.execute(
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
        return self._database.execute("DELETE FROM aside WHERE number = ?", (number,)).rowcount == 1

    def recount(self) -> None:
        """Count what is there anew: for a file that nobody has counted, or that was damaged."""
        found = count_blocks(self._database)
        tally = self.tally
        tally.events, tally.bytes, tally.held = found.events, found.bytes, found.held
        tally.last = max(tally.last, found.last)


class change:  # noqa: N801 - used as a function; a class is half the cost on the hot path
    """One durable transaction: the blocks and their sums, or nothing of both."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> Line:
        """Begin it, and read the sums of the file."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._line = Line(self._database)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        return self._line

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
                database.execute("UPDATE tally SET body = ?", (_write(self._line.tally),))
                database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


def read_tally(database: sqlite3.Connection) -> Tally:
    """What the file held at its last commit."""
    [body] = database.execute("SELECT body FROM tally").fetchone()
    return _tally_decoder.decode(body)


def count_blocks(database: sqlite3.Connection) -> Tally:
    """What the rows sum to, those of a file of an earlier version too."""
    tally = Tally("")
    columns = {name for (name,) in database.execute("SELECT name FROM pragma_table_info('block')")}
    shares = "shares" if "shares" in columns else "NULL"
    question = f"SELECT number, events, bytes, {shares} FROM block"  # noqa: S608 - names of ours
    for number, events, size, share in database.execute(question):
        _count(tally, 1, events, size, _read_share(share, size))
        tally.last = max(tally.last, number)
    return tally


def _count(tally: Tally, sign: int, events: int, size: int, share: dict[int, int]) -> None:
    tally.events += sign * events
    tally.bytes += sign * size
    for owner, part in share.items():
        held = tally.held.get(owner, 0) + sign * part
        if held:
            tally.held[owner] = held
        else:
            tally.held.pop(owner, None)


def _scale(share: dict[int, int], size: int) -> dict[int, int]:
    """The same shares of another size."""
    total = max(sum(share.values()), 1)
    scaled = {owner: size * part // total for owner, part in share.items()}
    scaled[next(iter(share))] += size - sum(scaled.values())
    return scaled


def count_aside(database: sqlite3.Connection) -> tuple[int, int]:
    """The events that are set aside, and those that are lost."""
    aside, lost = database.execute(
        "SELECT sum(events) FILTER (WHERE length(body) > 0),"
        " sum(events) FILTER (WHERE length(body) = 0) FROM aside"
    ).fetchone()
    return aside or 0, lost or 0


def oldest(database: sqlite3.Connection) -> float | None:
    """Since when the oldest block waits."""
    row = database.execute("SELECT appended_at FROM block ORDER BY number LIMIT 1").fetchone()
    return None if row is None else float(row[0])


def begin_tally(database: sqlite3.Connection, last_ms: int = 0, last: int = 0) -> None:
    """Count the blocks of a file that has no sums yet."""
    tally = Tally(os.urandom(8).hex(), last_ms, last=last)
    database.execute("INSERT INTO tally VALUES (1, ?)", (_write(tally),))
    line = Line(database)
    line.recount()
    database.execute("UPDATE tally SET body = ?", (_write(line.tally),))


def copy_tally(database: sqlite3.Connection, tally: Tally) -> None:
    """Let a new file go on counting where another one ended."""
    database.execute("UPDATE tally SET body = ?", (_write(tally),))


def _write(tally: Tally) -> str:
    return msgspec.json.encode(tally).decode()


def _encode(share: dict[int, int]) -> str:
    return msgspec.json.encode(share).decode()


def _read_share(share: str | None, size: int) -> dict[int, int]:
    return {NOBODY: size} if share is None else _share_decoder.decode(share)


_tally_decoder = msgspec.json.Decoder(Tally)
_share_decoder = msgspec.json.Decoder(dict[int, int])
