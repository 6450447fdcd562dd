"""Events on disk, before the receipt.

In: packed blocks of events (bytes; the spool never looks inside).
Out: the same blocks, oldest first, in claims that keep their token until they are forgotten.
Promise: when `append` returns, the events are synced to disk; a block leaves the spool only
through `forget` (the store has it) or `set_aside` (a person can see it).

One SQLite file per worker, written by one thread. Everybody who waits while a commit is
under way shares the next one (group commit), so that under load one sync serves all.

See design.md section 3, steps 7, 9 and 11.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import sqlite3
import threading
import time
import zlib
from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from logster import metrics
from logster.errors import SpoolDamagedError, SpoolFullError
from logster.spool import rescue
from logster.spool.file import RETRY_AFTER_S, connect, cut_off, free_bytes, renew, unwritable
from logster.spool.line import NOBODY, Block, Line, change, oldest, read_tally
from logster.spool.mark import MarkFile, find_loss, keep_log, mark_path, read_mark
from logster.spool.missed import keep_missed, read_missed
from logster.spool.place import Place
from logster.spool.receipts import keep_receipts
from logster.spool.state import SpoolState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from logster.notice import Notice
    from logster.spool.line import Tally
    from logster.spool.slots import Slot

log = logging.getLogger(__name__)

#: Small items share a blob up to this size, so that a claim can be cut to measure. An item is
#: never split: one that is larger makes a blob of its own, as large as it is.
MAX_BLOCK_BYTES = 4 * 1024 * 1024

#: Under load a commit waits for half of all who append at the same time, and no longer than this:
#: while it syncs, the other half is read. A lone message never waits.
GATHER_S = 0.001

#: Free pages (of 4 KiB) that stay in the file: what the largest claim leaves behind, steady
#: traffic fills again. What is free beyond these 32 MB goes back to the disk.
SPARE_PAGES = 8192
#: So many pages are given back between two commits: 2 MB and a few milliseconds, no more, since
#: pages in use at the end of the file move to the front, by way of the write-ahead log.
STEP_PAGES = 512
#: A claim is at most this part of what the disk has left. The store reserves twice its size, for
#: each worker; a claim keeps its size, so one that was made too large would never get in.
CLAIM_PART_OF_DISK = 8
#: An idle spool looks so often whether there is something to give back, and to its files.
LOOK_AT_PAGES_S = 5.0
#: One that has lost its file tries so often to have another.
RESCUE_AGAIN_S = 1.0
#: A spool that is closed, perhaps for good, gives back for so long.
LAST_STEPS_S = 2.0

#: How often the free space of the disk is asked for; a second of full flood is about 100 MB.
DISK_LOOK_S = 0.5

#: More events than this are not found within a second, beside merges and questions.
MAX_BEHIND_EVENTS = 75_000
#: A drain that is at one step for so long waits for the store; nobody should wait for it, and
#: its last speed says nothing any more.
STANDSTILL_S = 5.0
#: However slow the drain is, looking again costs little.
MAX_RETRY_AFTER_S = 60

_DAMAGED_BLOCK = (
    "The spool's disk has changed these {events} events: their checksum does not hold. "
    "They are kept as they are found; look at the health of the disk."
)

Item = TypeVar("Item")
Value = TypeVar("Value")


class Claim(msgspec.Struct, frozen=True):
    """The oldest blocks, taken to be inserted together; `token` stays the same until forgotten."""

    token: str
    first: int
    last: int
    events: int
    bodies: list[bytes]


class _Entry(Generic[Item]):
    __slots__ = ("done", "item", "owner", "receipt", "size")

    def __init__(
        self,
        item: Item,
        size: int,
        owner: int,
        done: asyncio.Future[None],
        receipt: tuple[bytes, bytes] | None,
    ) -> None:
        self.item = item
        self.size = size
        self.owner = owner
        self.done = done
        self.receipt = receipt


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
        self._pack = pack
        self._slot = slot
        self._read_clock: Callable[[], int] = lambda: 0
        self.max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._database_lock = threading.Lock()
        self._waiting: deque[_Entry[Item]] = deque()
        self._waiting_bytes = 0
        #: The same by owner.
        self._waiting_shares: dict[int, int] = {}
        self._wake = threading.Event()
        self._wanted = 1
        self._is_closing = False
        self._may_give_back = True
        self._taken_at = self._forgot_at = time.monotonic()
        self._drained_per_s = 0.0
        self._grown = asyncio.Event()
        self._free_bytes = 0
        self._looked_at = 0.0
        #: Why nothing is accepted: its file is gone, or damaged; empty when all is well.
        self.fault = ""
        self._damage: BaseException | None = None
        #: Why the last commit failed; the next one is tried all the same.
        self._failure = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._commit_loop, name=f"spool-{self.name}")
        self._is_open = False
        self._lost = 0
        self._open()
        self._note_loss()
        self._watch_files()

    def _open(self) -> None:
        """Open the file, or the one that was saved from it before a crash."""
        rescue.settle(self.path)
        self._database = connect(self.path)
        try:
            renew(self._database)
            self._tally: Tally = read_tally(self._database)
            self._oldest_at = oldest(self._database)
            #: What listeners have still to be told of claims that are forgotten.
            self.missed = read_missed(self._database)
        except BaseException:
            self._database.close()
            raise
        self._is_open = True
        self._mark = MarkFile(mark_path(self.path))

    def _note_loss(self) -> None:
        """Say when the file is less than what was acknowledged, before anything is written."""
        count, cause = find_loss(read_mark(self.path), self._tally)
        if count:
            kept = keep_log(self.path)
            reason = (
                f"{count:,} acknowledged events are lost: {cause}. Senders that still have them "
                "may send them again; look at the health of the disk, or restore a back-up."
                f"{f' What is left of the log is in {kept}.' if kept else ''}"
            )
            log.error("%s: %s", self.path, reason)
            with self._change() as line:
                line.note_loss(count, reason)

    def _watch_files(self) -> None:
        """From here on the files must be these."""
        self._mark.write(self._tally)
        others = [self._slot.lock_path] if self._slot else []
        self._place = Place(self.path, mark_path(self.path), *others)

    def start(self) -> None:
        """Begin to commit; must be called in the event loop that appends."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        if self._tally.events:
            self._grown.set()

    def remember_clock(self, last_ms: Callable[[], int]) -> None:
        """Keep the highest millisecond used in an id with every commit.

        So ids never repeat after a restart with a clock that was set back (see `last_ms`).
        """
        self._read_clock = last_ms

    async def close(self) -> None:
        """Commit what waits and close the file; `append` must not be called any more."""
        self._is_closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        self._database.close()
        self._mark.close()

    # -- in -------------------------------------------------------------------------------

    async def append(
        self,
        item: Item,
        size: int,
        receipt: tuple[bytes, bytes] | None = None,
        *,
        owner: int = NOBODY,
    ) -> None:
        """Write `item` (about `size` bytes of its `owner`) and return when it is synced.

        `receipt` is a pair (digest of an idempotency key, answer) that is kept in the same
        commit. Raises SpoolFullError when the spool or the disk is full, SpoolDamagedError when
        its file is gone, and whatever `pack` raises for this very item.
        """
        self.check_room(size)
        assert self._loop is not None, "the spool was not started"
        entry = _Entry(item, size, owner, self._loop.create_future(), receipt)
        self._waiting_bytes += size
        self._waiting_shares[owner] = self._waiting_shares.get(owner, 0) + size
        self._waiting.append(entry)
        if len(self._waiting) >= self._wanted:
            self._wake.set()
        await entry.done

    def check_room(self, size: int) -> None:
        """Raise SpoolFullError when `size` more bytes do not fit, or when the disk is full."""
        if self.fault:
            raise SpoolDamagedError(self.fault, RETRY_AFTER_S)
        excess = self.held_bytes + size - self.max_bytes
        if excess > 0:
            raise SpoolFullError(
                f"The spool holds {self._tally.bytes} of {self.max_bytes} bytes because the store "
                "is slower than the senders or away; try again later "
                "(an operator may raise LOGSTER_MAX_SPOOL_BYTES).",
                self.retry_after_s(excess),
            )
        now = time.monotonic()
        if now - self._looked_at > DISK_LOOK_S:
            self._looked_at = now
            with contextlib.suppress(OSError):  # a folder that is gone is said by `_look_at_place`
                self._free_bytes = free_bytes(self.path)
        # The free pages of the file are no room: on a disk that is short they are on their way
        # back to it, since the store needs them first.
        if self._free_bytes < self._min_free_bytes + size:
            raise SpoolFullError(
                f"The disk of the spool has {self._free_bytes} bytes left; new events are refused "
                f"below {self._min_free_bytes} (LOGSTER_MIN_FREE_DISK_BYTES).",
                max(self.retry_after_s(size), RETRY_AFTER_S),
            )

    @property
    def held_bytes(self) -> int:
        """Bytes on disk and on their way to it."""
        return self._tally.bytes + self._waiting_bytes

    def held_by(self, owner: int) -> int:
        """What an owner has of them."""
        return self._tally.held.get(owner, 0) + self._waiting_shares.get(owner, 0)

    @property
    def held(self) -> dict[int, int]:
        """Bytes on disk by owner."""
        return self._tally.held

    @property
    def is_behind(self) -> bool:
        """Whether the store takes what comes, but later than people wish to find it."""
        return self._tally.events > MAX_BEHIND_EVENTS and self._step_s < STANDSTILL_S

    @property
    def _step_s(self) -> float:
        """For how long the drain has been at its present step."""
        return time.monotonic() - max(self._taken_at, self._forgot_at)

    def retry_after_s(self, size: int) -> int:
        """In how many seconds there may be room for `size` bytes more, as the drain goes now.

        What has stood still is likely to do so for as long again.
        """
        if (step_s := self._step_s) >= STANDSTILL_S:
            return min(math.ceil(step_s), MAX_RETRY_AFTER_S)
        if not self._drained_per_s:
            return RETRY_AFTER_S
        return min(max(math.ceil(size / self._drained_per_s), 1), MAX_RETRY_AFTER_S)

    def _commit_loop(self) -> None:
        while not self._is_closing or self._waiting:
            self._wake.wait(self._patience_s())
            self._wake.clear()
            group = self._next_group()
            if group:
                self._commit(group)
            else:  # nobody waits for this
                self._look_at_place()
                self._look_at_failure()
                self._mark.sync()
                self._may_give_back = self._give_back()
            # Who came while it synced, and who will be back with the next message.
            self._wanted = max((len(group) + len(self._waiting)) // 2, 1)
            if len(self._waiting) >= self._wanted:
                self._wake.set()
        patience = time.monotonic() + LAST_STEPS_S  # an adopted spool is not opened again
        while time.monotonic() < patience and self._give_back():
            pass

    def _patience_s(self) -> float:
        """For how long to wait for somebody; with nobody expected, the first one wakes us."""
        if self.fault or self._failure:
            return RESCUE_AGAIN_S
        return GATHER_S if self._wanted > 1 or self._may_give_back else LOOK_AT_PAGES_S

    def _next_group(self) -> list[_Entry[Item]]:
        """Everybody who waits now, but not much more than a few blobs at a time."""
        group: list[_Entry[Item]] = []
        size = 0
        while self._waiting and size < 4 * MAX_BLOCK_BYTES:
            entry = self._waiting.popleft()
            size += entry.size
            group.append(entry)
        return group

    def _commit(self, group: list[_Entry[Item]]) -> None:
        started = time.perf_counter()
        outcomes: list[tuple[_Entry[Item], BaseException | None]] = []
        blocks: list[tuple[Block, dict[int, int]]] = []
        for entries in _portions(group):
            blocks.extend(self._pack_entries(entries, outcomes))
        try:
            if blocks:
                self._write_safely(blocks, [entry for entry, error in outcomes if error is None])
        except (sqlite3.Error, OSError, MemoryError, SpoolDamagedError) as error:
            refusal = error if isinstance(error, SpoolDamagedError) else unwritable(error)
            outcomes = [(entry, failed or refusal) for entry, failed in outcomes]
            self._looked_at = 0.0
            self._failure = _say_failure(error)
        else:
            self._failure = ""
        metrics.COMMIT_S.observe(time.perf_counter() - started)
        metrics.COMMIT_REQUESTS.observe(len(group))
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _write_safely(
        self, blocks: list[tuple[Block, dict[int, int]]], entries: list[_Entry[Item]]
    ) -> None:
        """Write into a file that is there: when it is not, into a fresh one."""
        is_written = False
        try:
            self._write(blocks, entries)
            is_written = True
        except sqlite3.Error as error:
            if not rescue.is_damage(error):
                raise
            self._damage = error
        if not self._look_at_place(is_quick=not self.fault):
            raise SpoolDamagedError(self.fault, RETRY_AFTER_S)
        if not is_written:
            self._write(blocks, entries)

    def _pack_entries(
        self,
        entries: list[_Entry[Item]],
        outcomes: list[tuple[_Entry[Item], BaseException | None]],
    ) -> Iterator[tuple[Block, dict[int, int]]]:
        """Pack entries together, and tell what each owner has of it.

        When one of them cannot be packed, only that one fails.
        """
        try:
            block = self._pack([entry.item for entry in entries])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to its sender
            if len(entries) == 1:
                outcomes.append((entries[0], error))
                return
            for entry in entries:
                yield from self._pack_entries([entry], outcomes)
        else:
            outcomes.extend((entry, None) for entry in entries)
            yield block, _share_out(block, entries)

    def _write(
        self, blocks: list[tuple[Block, dict[int, int]]], entries: list[_Entry[Item]]
    ) -> None:
        now = time.time()
        receipts = [entry.receipt for entry in entries if entry.receipt]
        with self._change() as line:
            for block, share in blocks:
                line.append(block, share, now)
            if receipts:
                keep_receipts(self._database, receipts, now)
            line.tally.last_ms = max(line.tally.last_ms, self._read_clock())
        self._oldest_at = self._oldest_at or now

    def _settle(self, outcomes: list[tuple[_Entry[Item], BaseException | None]]) -> None:
        for entry, error in outcomes:
            self._waiting_bytes -= entry.size
            self._waiting_shares[entry.owner] -= entry.size
            if not self._waiting_shares[entry.owner]:
                del self._waiting_shares[entry.owner]
            if entry.done.done():  # its sender has left; the event is kept all the same
                continue
            if error is None:
                entry.done.set_result(None)
            else:
                entry.done.set_exception(error)
        self._grown.set()

    # -- out ------------------------------------------------------------------------------

    async def wait_until_grown(self, timeout_s: float) -> None:
        """Return when there is something to take, or after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._grown.wait(), timeout_s)

    async def take(self, max_bytes: int, max_events: int) -> Claim | None:
        """The oldest blocks, up to the given size, or None when the spool is empty.

        An unfinished claim is given again, unchanged and with its token: that is what makes
        an insert that was cut short exactly-once. Raises SpoolFullError, as do the next two,
        when the file cannot be written.
        """
        self._grown.clear()  # before looking: what is appended from here on sets it again
        taken_at = time.monotonic()
        claim = await self._step(self._take, max_bytes, max_events)
        self._taken_at = taken_at  # not when it fails: then the drain stands still
        return claim

    async def forget(self, claim: Claim, missed: dict[str, Notice] | None = None) -> None:
        """Remove a claim's blocks: the store has them.

        `missed` is what listeners have still to be told, of this claim and of earlier ones.
        """
        await self._step(self._remove, claim, [], missed or {})

    async def keep_missed(self, missed: dict[str, Notice]) -> None:
        """Keep what listeners have still to be told, though no claim is forgotten with it."""
        await self._step(self._keep_missed, missed)

    async def set_aside(self, claim: Claim, refused: list[tuple[Block, str]]) -> None:
        """Remove a claim's blocks, and keep those the store refused, with the reason."""
        await self._step(self._remove, claim, refused, self.missed)

    async def narrow(self, claim: Claim) -> None:
        """Claim the first half of a claim's blocks alone, of which the store has nothing."""
        await self._step(self._narrow, claim)

    async def replace(self, claim: Claim, parts: list[Block]) -> None:
        """Put the parts of a claim's only block in its stead, at the end of the line."""
        await self._step(self._replace, claim, parts)

    async def _step(self, step: Callable[..., Value], *arguments: object) -> Value:
        try:
            return await asyncio.to_thread(step, *arguments)
        except (sqlite3.Error, OSError) as error:
            if rescue.is_damage(error):
                self._damage = error
                self._wake.set()
            raise unwritable(error) from error

    def _take(self, max_bytes: int, max_events: int) -> Claim | None:
        while True:
            with self._change():
                found = self._find_claim(max_bytes, max_events)
                if found is None:
                    self._oldest_at = oldest(self._database)
                    return None
                token, first, last = found
                rows = self._database.execute(
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
            self._remove(Claim(token, first, last, 0, []), [], self.missed)

    def _set_damaged_aside(self, rows: list[tuple[int, int, int, int, bytes]]) -> None:
        """Keep blocks that are not as they were written out of the way of the others."""
        with self._change() as line:
            for number, events, size, checksum, body in rows:
                line.remove(number, number)
                reason = _DAMAGED_BLOCK.format(events=f"{events:,}")
                line.set_aside(Block(events, body, size), reason, checksum)
                log.error("%s, block %d: %s", self.path, number, reason)

    def _find_claim(self, max_bytes: int, max_events: int) -> tuple[str, int, int] | None:
        row = self._database.execute("SELECT token, first, last FROM claim LIMIT 1").fetchone()
        if row is not None:
            token, first, last = row
            return token, first, last
        with contextlib.suppress(FileNotFoundError):  # what is open can be drained all the same
            max_bytes = min(max_bytes, free_bytes(self.path) // CLAIM_PART_OF_DISK)
        first = last = None
        size = events = 0
        for number, block_bytes, block_events in self._database.execute(
            "SELECT number, bytes, events FROM block ORDER BY number"
        ):
            size, events = size + block_bytes, events + block_events
            if first is not None and (size > max_bytes or events > max_events):
                break
            first, last = first if first is not None else number, number
        if first is None or last is None:
            return None
        token = self._new_token(first, last)
        self._database.execute("INSERT INTO claim VALUES (?, ?, ?)", (token, first, last))
        return token, first, last

    def _narrow(self, claim: Claim) -> None:
        last = claim.first + (claim.last - claim.first) // 2
        with self._change():
            self._database.execute(
                "UPDATE claim SET token = ?, last = ? WHERE token = ?",
                (self._new_token(claim.first, last), last, claim.token),
            )

    def _replace(self, claim: Claim, parts: list[Block]) -> None:
        with self._change() as line:
            line.replace(claim.first, claim.last, parts)
            self._database.execute("DELETE FROM claim WHERE token = ?", (claim.token,))
        self._oldest_at = oldest(self._database)

    def _new_token(self, first: int, last: int) -> str:
        """Random, not derived from numbers: a spool that is lost and made anew counts from 1."""
        return f"{self.name}-{first}-{last}-{os.urandom(8).hex()}"

    def _keep_missed(self, missed: dict[str, Notice]) -> None:
        if missed != self.missed:
            with self._change():
                keep_missed(self._database, missed)
            self.missed = missed

    def _remove(
        self, claim: Claim, refused: list[tuple[Block, str]], missed: dict[str, Notice]
    ) -> None:
        with self._change() as line:
            for block, reason in refused:
                line.set_aside(block, reason, zlib.crc32(block.body))
            size = line.remove(claim.first, claim.last)
            self._database.execute("DELETE FROM claim WHERE token = ?", (claim.token,))
            if missed != self.missed:
                keep_missed(self._database, missed)
        self.missed = missed
        self._oldest_at = oldest(self._database) if self._tally.events else None
        self._forgot_at = time.monotonic()
        self._drained_per_s = size / max(self._forgot_at - self._taken_at, 0.001)
        self._may_give_back = True
        self._wake.set()

    # -- a file that is gone or damaged ---------------------------------------------------

    def _look_at_place(self, *, is_quick: bool = False) -> bool:
        """Whether the file is there and whole; when it is not, a fresh one is made of it."""
        change = self._place.find_quick_change() if is_quick else self._place.find_change()
        if not change and self._damage is None:
            self.fault = ""
            return True
        reason = change or f"{self.path.name} is damaged ({self._damage})"
        try:
            with self._database_lock:
                self._rescue(reason)
        except (sqlite3.Error, OSError, MemoryError) as error:
            why = getattr(error, "strerror", None) or error
            fault = (
                f"{reason}, and no fresh file could be made of what is left ({why}). Nothing is "
                "accepted until that is possible; look at the folder of the spools and its disk."
            )
            if self.fault != fault:
                log.error("%s: %s", self.path, fault)  # noqa: TRY400 - said, without a trace
            self.fault = fault
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

    def _look_at_failure(self) -> None:
        """Whether a file that could not be written can be now, though nobody sends."""
        if self._failure:
            try:
                with self._change():
                    self._failure = ""
            except (sqlite3.Error, OSError, MemoryError) as error:
                self._failure = _say_failure(error)

    def _rescue(self, reason: str) -> None:
        """Copy what the open file still gives into a fresh one, and go on with that."""
        if self._is_open:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._slot:
                self._slot.renew()
            self._lost = rescue.save(self._database, self._tally, self.path, reason)
            rescue.clear(self._place.list_foreign(), "found")
            self._database.close()
            self._mark.close()
            self._is_open = False
            if self._damage is not None:
                rescue.keep_damaged(self.path)
        self._open()  # from here on the saved file is the spool
        self._watch_files()

    # -- back to the disk -----------------------------------------------------------------

    def _give_back(self) -> bool:
        """Return some free pages to the disk; True when there are more."""
        try:
            with self._database_lock:
                excess = self._count_excess_pages()
                if excess > 0:
                    cut_off(self._database, min(excess, STEP_PAGES))
                return 0 < self._count_excess_pages() < excess
        except (sqlite3.Error, OSError, MemoryError):
            return False  # the next look tries again

    def _count_excess_pages(self) -> int:
        """Free pages that steady traffic does not need; all of them, when the disk is short."""
        free: int = self._database.execute("PRAGMA freelist_count").fetchone()[0]
        is_short = free > 0 and free_bytes(self.path) < self._min_free_bytes
        return free if is_short else free - SPARE_PAGES

    # -- around ---------------------------------------------------------------------------

    @property
    def state(self) -> SpoolState:
        """What waits, as the file said at the last change; what is aside: see `look_into`."""
        tally = self._tally
        fault = self.fault or self._failure or None
        return SpoolState(self.name, tally.events, tally.bytes, self._oldest_at, 0, fault)

    @property
    def last_ms(self) -> int:
        """The highest millisecond of an id that this spool remembers."""
        return self._tally.last_ms

    @contextlib.contextmanager
    def _change(self) -> Iterator[Line]:
        """One durable transaction; the appending and the draining thread take turns."""
        with self._database_lock:
            with change(self._database) as line:
                yield line
            self._tally = line.tally
            self._mark.write(line.tally)


def _say_failure(error: BaseException) -> str:
    return (
        f"The spool cannot be written ({getattr(error, 'strerror', None) or error}): events are "
        "refused. Look at the free space, the rights and the health of its disk."
    )


def _portions(group: list[_Entry[Item]]) -> Iterator[list[_Entry[Item]]]:
    """Cut a group so that each part makes a blob of about MAX_BLOCK_BYTES at most."""
    portion: list[_Entry[Item]] = []
    size = 0
    for entry in group:
        if portion and size + entry.size > MAX_BLOCK_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(entry)
        size += entry.size
    if portion:
        yield portion


def _share_out(block: Block, entries: list[_Entry[Item]]) -> dict[int, int]:
    """What each owner has of a block's bytes, as the sizes of its entries were guessed."""
    if len(entries) == 1:
        return {entries[0].owner: block.size}
    guessed: Counter[int] = Counter()
    for entry in entries:
        guessed[entry.owner] += entry.size
    total = max(guessed.total(), 1)
    shares = {owner: block.size * size // total for owner, size in guessed.items()}
    shares[entries[0].owner] += block.size - sum(shares.values())
    return shares
