"""Events on disk, before the receipt.

In: packed blocks of events (bytes; the spool never looks inside).
Out: the same blocks, oldest first, in claims that keep their token until they are forgotten.
Promise: when `append` returns, the events are synced to disk; a block leaves the spool only
through `forget` (the store has it) or `set_aside` (a person can see it).

One SQLite file per worker. This module is what the others know of it; inside, each part has its
own: the file (spool/file), how much fits (spool/room), the thread that writes (spool/writer), what
it does for a group (spool/commits) and what the drain takes (spool/claims).

See design.md section 3, steps 7, 9 and 11.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from logster.spool.claims import Claims
from logster.spool.file import SpoolFile, unwritable
from logster.spool.room import Room
from logster.spool.state import SpoolState
from logster.spool.tally import NOBODY
from logster.spool.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from logster.answer import Answer
    from logster.notice import Notice
    from logster.spool.claims import Claim
    from logster.spool.queue import Block
    from logster.spool.repeats import Once
    from logster.spool.slots import Slot

Item = TypeVar("Item")
Value = TypeVar("Value")


class Spool(Generic[Item]):
    """One worker's spool. `append` may be called from one event loop only."""

    def __init__(
        self,
        path: Path,
        *,
        pack: Callable[[list[Item]], Block],
        max_bytes: int,
        min_free_bytes: int = 0,
        slot: Slot | None = None,
    ) -> None:
        """`pack` turns the items of one group into a block; it runs in the spool's thread.

        `slot` is the right to the file, which is renewed when its lock is deleted.
        """
        self.path = path
        self.name = path.stem
        self._grown = asyncio.Event()
        self._file = SpoolFile(path, min_free_bytes=min_free_bytes, slot=slot)
        self._room = Room(self._file, max_bytes)
        self._writer = Writer(self._file, self._room, pack=pack, on_written=self._grown.set)
        self._claims = Claims(self._file)

    def start(self) -> None:
        """Begin to commit; must be called in the event loop that appends."""
        self._writer.start()
        if self._file.tally.events:
            self._grown.set()

    def remember_clock(self, last_ms: Callable[[], int]) -> None:
        """Keep the highest millisecond used in an id with every commit.

        So ids never repeat after a restart with a clock that was set back (see `last_ms`).
        """
        self._writer.commits.read_clock = last_ms

    async def close(self) -> None:
        """Commit what waits and close the file; `append` must not be called any more."""
        await self._writer.close()
        self._file.close()

    # -- in -------------------------------------------------------------------------------

    async def append(
        self,
        item: Item,
        size: int,
        receipt: Answer | None = None,
        *,
        owner: int = NOBODY,
        once: Once[Item] | None = None,
    ) -> dict[int, int]:
        """Write `item` (about `size` bytes of its `owner`) and return when it is synced.

        `receipt` is the answer to a resend, and is kept in the same commit. With `once`, events
        that came before are not written: gives their indexes, with the ids that they have.
        Raises SpoolFullError when the spool or the disk is full, SpoolDamagedError when its file
        is gone, RetryLaterError when nobody can say what came before, and whatever `pack` raises
        for this very item.
        """
        self._room.check(size)
        return await self._writer.append(item, size, owner, receipt, once)

    def check_room(self, size: int) -> None:
        """Raise SpoolFullError when `size` more bytes do not fit, or when the disk is full."""
        self._room.check(size)

    @property
    def max_bytes(self) -> int:
        """How much may be held."""
        return self._room.max_bytes

    @property
    def held_bytes(self) -> int:
        """Bytes on disk and on their way to it."""
        return self._room.held_bytes

    def held_by(self, owner: int) -> int:
        """What an owner has of them."""
        return self._room.held_by(owner)

    @property
    def held(self) -> dict[int, int]:
        """Bytes on disk by owner."""
        return self._file.tally.held

    @property
    def is_behind(self) -> bool:
        """Whether the store takes what comes, but later than people wish to find it."""
        return self._room.is_behind

    def retry_after_s(self, size: int) -> int:
        """In how many seconds there may be room for `size` bytes more."""
        return self._room.retry_after_s(size)

    # -- out ------------------------------------------------------------------------------

    async def wait_until_grown(self, timeout_s: float) -> None:
        """Return when there is something to take, or after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._grown.wait(), timeout_s)

    async def take(self, max_bytes: int, max_events: int) -> Claim | None:
        """The oldest blocks, up to the given size, or None when the spool is empty.

        An unfinished claim is given again, unchanged and with its token: that is what makes
        an insert that was cut short exactly-once. Raises SpoolFullError, as do all that follow,
        when the file cannot be written.
        """
        self._grown.clear()  # before looking: what is appended from here on sets it again
        taken_at = time.monotonic()
        claim = await self._step(self._claims.take, max_bytes, max_events)
        self._room.record_take(taken_at)  # not when it fails: then the drain stands still
        return claim

    async def forget(self, claim: Claim, missed: dict[str, Notice] | None = None) -> None:
        """Remove a claim's blocks: the store has them.

        `missed` is what listeners have still to be told, of this claim and of earlier ones.
        """
        await self._remove(claim, [], missed)

    async def set_aside(self, claim: Claim, refused: list[tuple[Block, str]]) -> None:
        """Remove a claim's blocks, and keep those the store refused, with the reason."""
        await self._remove(claim, refused, None)

    async def narrow(self, claim: Claim) -> None:
        """Claim the first half of a claim's blocks alone, of which the store has nothing."""
        await self._step(self._claims.narrow, claim)

    async def replace(self, claim: Claim, parts: list[Block]) -> None:
        """Put the parts of a claim's only block in its stead, at the end of the queue."""
        await self._step(self._claims.replace, claim, parts)

    @property
    def missed(self) -> dict[str, Notice]:
        """What listeners have still to be told of claims that are forgotten."""
        return self._file.missed

    async def keep_missed(self, missed: dict[str, Notice]) -> None:
        """Keep what listeners have still to be told, when no claim is forgotten with it."""
        await self._step(self._claims.keep_missed, missed)

    async def _remove(
        self, claim: Claim, refused: list[tuple[Block, str]], missed: dict[str, Notice] | None
    ) -> None:
        self._room.record_removal(await self._step(self._claims.remove, claim, refused, missed))
        self._writer.look(may_give_back=True)

    async def _step(self, step: Callable[..., Value], *arguments: object) -> Value:
        try:
            return await asyncio.to_thread(step, *arguments)
        except (sqlite3.Error, OSError) as error:
            if self._file.note_damage(error):
                self._writer.look()
            raise unwritable(error) from error

    # -- around ---------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """Why nothing is accepted: its file is gone, or damaged; empty when all is well."""
        return self._file.fault

    @property
    def state(self) -> SpoolState:
        """What waits, as the file said at the last change; what is aside: see `look_into`."""
        file = self._file
        fault = file.fault or self._writer.commits.failure or None
        return SpoolState(self.name, file.tally.events, file.tally.bytes, file.oldest_at, 0, fault)

    @property
    def last_ms(self) -> int:
        """The highest millisecond of an id that this spool remembers."""
        return self._file.tally.last_ms
