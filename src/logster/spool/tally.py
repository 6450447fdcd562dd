"""What the blocks of a spool sum to: a row of the same file, which changes with them.

In: the rows of a file, or one block that comes or goes. Out: the sums, by owner too.
Promise: the sums of a file are those of its rows after every commit and after every crash; nobody
who reads them has counted for himself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3

#: The owner of what no key has brought: blocks that a person put back, and those of an earlier
#: version. Keys count from 1.
NOBODY = 0


class Tally(msgspec.Struct):
    """The sums of a file; `held` is the bytes by owner.

    `last` and `removed` are the numbers of the last block that came and of the last that went,
    `appended` counts all events that ever came: so a file that has lost something is known
    (spool/watermark). `last_ms` is the highest millisecond of an id.
    """

    file: str
    last_ms: int = 0
    events: int = 0
    bytes: int = 0
    held: dict[int, int] = {}
    last: int = 0
    removed: int = 0
    appended: int = 0

    def count(self, sign: int, events: int, size: int, share: dict[int, int]) -> None:
        """Add a block that came (`sign` is 1), or take away one that went (-1)."""
        self.events += sign * events
        self.bytes += sign * size
        for owner, part in share.items():
            held = self.held.get(owner, 0) + sign * part
            if held:
                self.held[owner] = held
            else:
                self.held.pop(owner, None)

    def recount(self, database: sqlite3.Connection) -> None:
        """Count what is there anew: for a file that nobody has counted, or that was damaged."""
        found = count_blocks(database)
        self.events, self.bytes, self.held = found.events, found.bytes, found.held
        self.last = max(self.last, found.last)


def read_tally(database: sqlite3.Connection) -> Tally:
    """What the file held at its last commit."""
    [body] = database.execute("SELECT body FROM tally").fetchone()
    return _tally_decoder.decode(body)


def write_tally(database: sqlite3.Connection, tally: Tally) -> None:
    """Write the sums within a transaction; those of another file let a new one go on counting."""
    database.execute("UPDATE tally SET body = ?", (_encode_tally(tally),))


def begin_tally(database: sqlite3.Connection, last_ms: int = 0, last: int = 0) -> None:
    """Count the blocks of a file that has no sums yet."""
    tally = Tally(os.urandom(8).hex(), last_ms, last=last)
    tally.recount(database)
    database.execute("INSERT INTO tally VALUES (1, ?)", (_encode_tally(tally),))


def _encode_tally(tally: Tally) -> str:
    return msgspec.json.encode(tally).decode()


def count_blocks(database: sqlite3.Connection) -> Tally:
    """What the rows sum to, those of a file of an earlier version too."""
    tally = Tally("")
    columns = {name for (name,) in database.execute("SELECT name FROM pragma_table_info('block')")}
    shares = "shares" if "shares" in columns else "NULL"
    question = f"SELECT number, events, bytes, {shares} FROM block"  # noqa: S608 - names of ours
    for number, events, size, share in database.execute(question):
        tally.count(1, events, size, read_share(share, size))
        tally.last = max(tally.last, number)
    return tally


def encode_share(share: dict[int, int]) -> str:
    """What each owner has of a block, as it is kept beside it."""
    return msgspec.json.encode(share).decode()


def read_share(share: str | None, size: int) -> dict[int, int]:
    """What each owner has of a block of so many bytes."""
    return {NOBODY: size} if share is None else _share_decoder.decode(share)


def scale_share(share: dict[int, int], size: int) -> dict[int, int]:
    """The same shares of another size."""
    total = max(sum(share.values()), 1)
    scaled = {owner: size * part // total for owner, part in share.items()}
    scaled[next(iter(share))] += size - sum(scaled.values())
    return scaled


_tally_decoder = msgspec.json.Decoder(Tally)
_share_decoder = msgspec.json.Decoder(dict[int, int])
