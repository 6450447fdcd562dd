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
import fcntl
import math
import os
import shutil
import sqlite3
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from logster import metrics
from logster.errors import ConfigError, SpoolFullError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Spools (and so workers) per machine; with the machine's number it makes the node of an id.
MAX_SLOTS = 16

#: Small items share a blob up to this size, so that a claim can be cut to measure. An item is
#: never split: one that is larger makes a blob of its own, as large as it is.
MAX_BLOCK_BYTES = 4 * 1024 * 1024

#: Under load a commit waits for half of all who append at the same time, and no longer than this:
#: while it syncs, the other half is read. A lone message never waits.
GATHER_S = 0.001

#: Receipts of resent requests are kept this long (the native API promises 24 h).
RECEIPT_LIFE_S = 24 * 3600

#: Free pages (of 4 KiB) that stay in the file: what the largest claim leaves behind, steady
#: traffic fills again. What is free beyond these 32 MB goes back to the disk.
SPARE_PAGES = 8192
#: So many pages are given back between two commits: 2 MB and a few milliseconds, no more, since
#: pages in use at the end of the file move to the front, by way of the write-ahead log.
STEP_PAGES = 512
#: A claim is at most this part of what the disk has left. The store reserves twice its size, for
#: each worker; a claim keeps its size, so one that was made too large would never get in.
CLAIM_PART_OF_DISK = 8
#: An idle spool looks so often whether there is something to give back.
LOOK_AT_PAGES_S = 5.0
#: A spool that is closed, perhaps for good, gives back for so long.
LAST_STEPS_S = 2.0

#: How often the free space of the disk is asked for; a second of full flood is about 100 MB.
DISK_LOOK_S = 0.5

#: What a sender is told to wait when the spool is full and the drain's speed is not known yet.
RETRY_AFTER_S = 5
#: More events than this are not found within a second, beside merges and questions.
MAX_BEHIND_EVENTS = 75_000
#: A drain that is at one step for so long waits for the store; nobody should wait for it, and
#: its last speed says nothing any more.
STANDSTILL_S = 5.0
#: SQLite numbers rows with 63 bits; a larger number would be an error, not an unknown one.
MAX_NUMBER = 2**63 - 1
#: However slow the drain is, looking again costs little.
MAX_RETRY_AFTER_S = 60

_SCHEMA = """
PRAGMA user_version = 1;  -- the form of this file, for the upgrade steps of later versions
CREATE TABLE IF NOT EXISTS block (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    events INTEGER NOT NULL,
    appended_at REAL NOT NULL,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS claim (
    token TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    events INTEGER NOT NULL,
    set_aside_at REAL NOT NULL,
    reason TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS receipt (
    digest BLOB PRIMARY KEY,
    made_at REAL NOT NULL,
    answer BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_ms INTEGER NOT NULL
);
INSERT OR IGNORE INTO clock VALUES (1, 0);
"""

#: Before everything else: a file can shrink only when it is made so.
_SHRINKABLE = "PRAGMA auto_vacuum = INCREMENTAL;"

_PRAGMAS = """
PRAGMA journal_mode = WAL;          -- a reader (doctor, another worker) never stops the writer
PRAGMA synchronous = FULL;          -- WAL's NORMAL does not sync each commit: "accepted" would lie
PRAGMA wal_autocheckpoint = 4000;   -- 16 MB: fewer, larger copies into the file under load
PRAGMA journal_size_limit = 33554432;  -- the log alone: 16 MB and the largest commit; so much stays
                                    -- reserved, so that a full disk has room for forgetting
PRAGMA secure_delete = FAST;        -- Debian's SQLite would write zeros over all that is forgotten:
                                    -- 32 MB of log for a claim, which a full disk does not have
PRAGMA cache_size = -16384;         -- 16 MB is enough: every blob is written once and read once
"""

_SUMS = "SELECT coalesce(sum(events), 0), coalesce(sum(bytes), 0) FROM block"

Item = TypeVar("Item")
Value = TypeVar("Value")


class Block(msgspec.Struct, frozen=True):
    """What one commit writes as one blob: how many events it holds, and its bytes.

    `size` is what it takes when unpacked; limits speak of that, since a body that compresses
    well would otherwise fill the memory of whoever takes it.
    """

    events: int
    body: bytes
    size: int


class Claim(msgspec.Struct, frozen=True):
    """The oldest blocks, taken to be inserted together; `token` stays the same until forgotten."""

    token: str
    first: int
    last: int
    events: int
    bodies: list[bytes]


class AsideBlock(msgspec.Struct, frozen=True):
    """Events the store refused, and the engine's reason."""

    number: int
    events: int
    set_aside_at: float
    reason: str
    body: bytes


class AsideNote(msgspec.Struct, frozen=True):
    """A set-aside block without its events, which may be many."""

    spool: str
    number: int
    events: int
    set_aside_at: float
    bytes: int
    reason: str


class SpoolState(msgspec.Struct, frozen=True):
    """What a spool holds: for gauges, `logster spool` and the readiness answer.

    One with a `fault` cannot be read: what it holds is not known.
    """

    name: str
    events: int
    bytes: int
    oldest_at: float | None
    aside_events: int
    fault: str | None = None


class _Entry(Generic[Item]):
    __slots__ = ("answer", "digest", "done", "item", "size", "written")

    def __init__(
        self, item: Item, size: int, done: asyncio.Future[int], receipt: tuple[bytes, bytes] | None
    ) -> None:
        self.item = item
        self.size = size
        self.written = size
        self.done = done
        self.digest = receipt[0] if receipt else None
        self.answer = receipt[1] if receipt else None


class Spool(Generic[Item]):
    """One worker's spool. `append` may be called from one event loop only."""

    def __init__(
        self,
        path: Path,
        *,
        pack: Callable[[list[Item]], Block],
        max_bytes: int,
        min_free_bytes: int = 0,
    ) -> None:
        """`pack` turns the items of one group into a block; it runs in the spool's thread."""
        self.path = path
        self.name = path.stem
        self._pack = pack
        self._read_clock: Callable[[], int] = lambda: 0
        self.max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._database = connect(path)
        _renew(self._database)
        self._database_lock = threading.Lock()
        self._waiting: deque[_Entry[Item]] = deque()
        self._waiting_bytes = 0
        self._wake = threading.Event()
        self._wanted = 1
        self._is_closing = False
        self._may_give_back = True
        self._events, self._bytes = _count_blocks(self._database)
        self._oldest_at: float | None = _oldest(self._database)
        self._taken_at = self._forgot_at = time.monotonic()
        self._drained_per_s = 0.0
        self._grown = asyncio.Event()
        self._free_bytes = 0
        self._looked_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._commit_loop, name=f"spool-{self.name}")

    def start(self) -> None:
        """Begin to commit; must be called in the event loop that appends."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        if self._events:
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

    # -- in -------------------------------------------------------------------------------

    async def append(
        self, item: Item, size: int, receipt: tuple[bytes, bytes] | None = None
    ) -> int:
        """Write `item` (about `size` bytes) and return when it is synced: what it takes there.

        `receipt` is a pair (digest of an idempotency key, answer) that is kept in the same
        commit. Raises SpoolFullError when the spool or the disk is full, and whatever `pack`
        raises for this very item.
        """
        self.check_room(size)
        assert self._loop is not None, "the spool was not started"
        entry = _Entry(item, size, self._loop.create_future(), receipt)
        self._waiting_bytes += size
        self._waiting.append(entry)
        if len(self._waiting) >= self._wanted:
            self._wake.set()
        return await entry.done

    def check_room(self, size: int) -> None:
        """Raise SpoolFullError when `size` more bytes do not fit, or when the disk is full."""
        excess = self.held_bytes + size - self.max_bytes
        if excess > 0:
            raise SpoolFullError(
                f"The spool holds {self._bytes} of {self.max_bytes} bytes because the store is "
                "slower than the senders or away; try again later "
                "(an operator may raise LOGSTER_MAX_SPOOL_BYTES).",
                self.retry_after_s(excess),
            )
        now = time.monotonic()
        if now - self._looked_at > DISK_LOOK_S:
            self._looked_at = now
            self._free_bytes = _free_bytes(self.path)
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
        return self._bytes + self._waiting_bytes

    @property
    def is_behind(self) -> bool:
        """Whether the store takes what comes, but later than people wish to find it."""
        return self._events > MAX_BEHIND_EVENTS and self._step_s < STANDSTILL_S

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
            # With nobody expected, the first one wakes this thread.
            is_busy = self._wanted > 1 or self._may_give_back
            self._wake.wait(GATHER_S if is_busy else LOOK_AT_PAGES_S)
            self._wake.clear()
            group = self._next_group()
            if group:
                self._commit(group)
            else:  # nobody waits for this
                self._may_give_back = self._give_back()
            # Who came while it synced, and who will be back with the next message.
            self._wanted = max((len(group) + len(self._waiting)) // 2, 1)
            if len(self._waiting) >= self._wanted:
                self._wake.set()
        patience = time.monotonic() + LAST_STEPS_S  # an adopted spool is not opened again
        while time.monotonic() < patience and self._give_back():
            pass

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
        blocks: list[Block] = []
        for entries in _portions(group):
            blocks.extend(self._pack_entries(entries, outcomes))
        try:
            if blocks:
                self._write(blocks, [entry for entry, error in outcomes if error is None])
        except (sqlite3.Error, OSError, MemoryError) as error:
            refusal = _unwritable(error)
            outcomes = [(entry, failed or refusal) for entry, failed in outcomes]
            self._looked_at = 0.0
        metrics.COMMIT_S.observe(time.perf_counter() - started)
        metrics.COMMIT_REQUESTS.observe(len(group))
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _pack_entries(
        self,
        entries: list[_Entry[Item]],
        outcomes: list[tuple[_Entry[Item], BaseException | None]],
    ) -> Iterator[Block]:
        """Pack entries together; when one of them cannot be packed, only that one fails."""
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
            _share_out(block, entries)
            yield block

    def _write(self, blocks: list[Block], entries: list[_Entry[Item]]) -> None:
        now = time.time()
        rows = [(block.events, now, block.size, block.body) for block in blocks]
        receipts = [(e.digest, now, e.answer) for e in entries if e.digest is not None]
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO block (events, appended_at, bytes, body) VALUES (?, ?, ?, ?)", rows
            )
            if receipts:
                database.executemany("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)", receipts)
                database.execute("DELETE FROM receipt WHERE made_at < ?", (now - RECEIPT_LIFE_S,))
            database.execute("UPDATE clock SET last_ms = max(last_ms, ?)", (self._read_clock(),))
            self._events += sum(block.events for block in blocks)
            self._bytes += sum(block.size for block in blocks)
            self._oldest_at = self._oldest_at or now

    def _settle(self, outcomes: list[tuple[_Entry[Item], BaseException | None]]) -> None:
        for entry, error in outcomes:
            self._waiting_bytes -= entry.size
            if entry.done.done():  # its sender has left; the event is kept all the same
                continue
            if error is None:
                entry.done.set_result(entry.written)
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
        claim = await self._change(self._take, max_bytes, max_events)
        self._taken_at = taken_at  # not when it fails: then the drain stands still
        return claim

    async def forget(self, claim: Claim) -> None:
        """Remove a claim's blocks: the store has them."""
        await self._change(self._remove, claim, [])

    async def set_aside(self, claim: Claim, refused: list[tuple[Block, str]]) -> None:
        """Remove a claim's blocks, and keep those the store refused, with the reason."""
        await self._change(self._remove, claim, refused)

    async def _change(self, step: Callable[..., Value], *arguments: object) -> Value:
        try:
            return await asyncio.to_thread(step, *arguments)
        except (sqlite3.Error, OSError) as error:
            raise _unwritable(error) from error

    def _take(self, max_bytes: int, max_events: int) -> Claim | None:
        with self._transaction() as database:
            row = database.execute("SELECT token, first, last FROM claim LIMIT 1").fetchone()
            if row is None:
                row = self._make_claim(database, max_bytes, max_events)
            if row is None:
                self._look_at_all(database)
                return None
            token, first, last = row
            blocks = database.execute(
                "SELECT events, body FROM block WHERE number BETWEEN ? AND ? ORDER BY number",
                (first, last),
            ).fetchall()
        return Claim(token, first, last, sum(b[0] for b in blocks), [b[1] for b in blocks])

    def _look_at_all(self, database: sqlite3.Connection) -> None:
        """Count anew: another process may have replayed a block, or a commit may have failed."""
        self._events, self._bytes = _count_blocks(database)
        self._oldest_at = _oldest(database)

    def _make_claim(
        self, database: sqlite3.Connection, max_bytes: int, max_events: int
    ) -> tuple[str, int, int] | None:
        max_bytes = min(max_bytes, _free_bytes(self.path) // CLAIM_PART_OF_DISK)
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
        # Random, not derived from the numbers: a spool that was lost and made anew counts from 1.
        token = f"{self.name}-{first}-{os.urandom(8).hex()}"
        database.execute("INSERT INTO claim VALUES (?, ?, ?)", (token, first, last))
        return token, first, last

    def _remove(self, claim: Claim, refused: list[tuple[Block, str]]) -> None:
        now, span = time.time(), (claim.first, claim.last)
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO aside (events, set_aside_at, reason, bytes, body) "
                "VALUES (?, ?, ?, ?, ?)",
                [(b.events, now, reason, b.size, b.body) for b, reason in refused],
            )
            # Counting all that is left would take longer the longer the store was away.
            events, size = database.execute(
                f"{_SUMS} WHERE number BETWEEN ? AND ?", span
            ).fetchone()
            database.execute("DELETE FROM block WHERE number BETWEEN ? AND ?", span)
            database.execute("DELETE FROM claim WHERE token = ?", (claim.token,))
            self._events -= events
            self._bytes -= size
            self._oldest_at = _oldest(database)
        self._forgot_at = time.monotonic()
        self._drained_per_s = size / max(self._forgot_at - self._taken_at, 0.001)
        self._may_give_back = True
        self._wake.set()

    # -- back to the disk -----------------------------------------------------------------

    def _give_back(self) -> bool:
        """Return some free pages to the disk; True when there are more."""
        try:
            with self._database_lock:
                excess = self._count_excess_pages()
                if excess > 0:
                    _cut_off(self._database, min(excess, STEP_PAGES))
                return 0 < self._count_excess_pages() < excess
        except (sqlite3.Error, OSError, MemoryError):
            return False  # the next look tries again

    def _count_excess_pages(self) -> int:
        """Free pages that steady traffic does not need; all of them, when the disk is short."""
        free: int = self._database.execute("PRAGMA freelist_count").fetchone()[0]
        is_short = free > 0 and _free_bytes(self.path) < self._min_free_bytes
        return free if is_short else free - SPARE_PAGES

    # -- around ---------------------------------------------------------------------------

    @property
    def state(self) -> SpoolState:
        """Counts without I/O; set-aside events are not counted here (see `look_into_spools`)."""
        return SpoolState(self.name, self._events, self._bytes, self._oldest_at, 0)

    @property
    def last_ms(self) -> int:
        """The highest millisecond of an id that this spool remembers."""
        with self._database_lock:
            row = self._database.execute("SELECT last_ms FROM clock").fetchone()
        return int(row[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; the appending and the draining thread take turns."""
        with self._database_lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def connect(path: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    """Open a spool file; a reader sees a living spool without ever blocking it."""
    address = f"{path.absolute().as_uri()}{'?mode=ro' if is_reader else ''}"
    database = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=10
    )
    try:
        if not is_reader:
            _prepare(database)
            path.chmod(0o600)
        elif not _is_made(database):  # its worker was killed before it had made the tables
            database.close()
            database = sqlite3.connect(":memory:", isolation_level=None)
            database.executescript(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables, all or none, and only where there are none: a full disk takes no write."""
    if _is_made(database):
        database.executescript(_PRAGMAS)
    else:
        database.executescript(f"{_SHRINKABLE} {_PRAGMAS} BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")


def _is_made(database: sqlite3.Connection) -> bool:
    """Whether the last of the tables is there."""
    return bool(database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'clock'").fetchone())


def _renew(database: sqlite3.Connection) -> None:
    """Make a file that cannot shrink anew, when that is quickly done."""
    can_shrink = database.execute("PRAGMA auto_vacuum").fetchone()[0]
    if not can_shrink and database.execute("SELECT 1 FROM block LIMIT 1").fetchone() is None:
        with contextlib.suppress(sqlite3.Error):  # it serves as it is
            database.executescript(f"{_SHRINKABLE} VACUUM;")


def _cut_off(database: sqlite3.Connection, pages: int) -> None:
    """Shorten a file by so many free pages."""
    try:  # a script, since `execute` would stop after the first page
        database.executescript(f"PRAGMA incremental_vacuum({pages})")
    finally:  # only now the file is shorter, and the log can be written from its beginning
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _free_bytes(path: Path) -> int:
    """What the disk of a file has left."""
    return shutil.disk_usage(path.parent).free


def _unwritable(error: Exception) -> SpoolFullError:
    return SpoolFullError(
        f"The spool could not be written ({error}); nothing of this request was kept. "
        "Look at the free space and the health of its disk.",
        RETRY_AFTER_S,
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


def _share_out(block: Block, entries: list[_Entry[Item]]) -> None:
    """Tell the entries of a block what each takes of it, as their sizes were guessed."""
    guessed = sum(entry.size for entry in entries)
    for entry in entries:
        entry.written = block.size * entry.size // max(guessed, 1)


def _count_blocks(database: sqlite3.Connection) -> tuple[int, int]:
    events, size = database.execute(_SUMS).fetchone()
    return events, size


def _oldest(database: sqlite3.Connection) -> float | None:
    row = database.execute("SELECT appended_at FROM block ORDER BY number LIMIT 1").fetchone()
    return None if row is None else float(row[0])


# -- slots: which spool belongs to which worker ----------------------------------------------


class Slot(msgspec.Struct, frozen=True):
    """A worker's right to one spool file; the kernel takes it back when the process dies."""

    number: int
    path: Path
    lock: int

    def release(self) -> None:
        """Let another worker have this spool."""
        os.close(self.lock)


def claim_own_slot(folder: Path) -> Slot:
    """The slot of a starting worker: the first sound one that nobody owns, else ConfigError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(MAX_SLOTS):
        if slot := claim_slot(folder, number):
            if not _find_damage(slot.path):
                return slot
            slot.release()
    raise ConfigError(
        f"All {MAX_SLOTS} spools in {folder} are in use; LOGSTER_WORKERS must be smaller."
    )


def claim_slot(folder: Path, number: int) -> Slot | None:
    """Own a spool, made or not; None when somebody does."""
    path = spool_path(folder, number)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Slot(number, path, lock)


def spool_path(folder: Path, number: int) -> Path:
    """Where the spool of a slot is, or would be."""
    return folder / f"spool-{number:02}.sqlite"


# -- looking from outside --------------------------------------------------------------------


def look_into_spools(folder: Path) -> list[SpoolState]:
    """What every spool of a folder holds, read from the files of living or dead workers."""
    states = []
    for path in _list_files(folder):
        fault = _find_damage(path)
        states.append(SpoolState(path.stem, 0, 0, None, 0, fault) if fault else look_into(path))
    return states


def _list_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("spool-*.sqlite"))


def _list_sound_files(folder: Path) -> list[Path]:
    """Without the damaged ones, which hide nothing of the others (see `look_into_spools`)."""
    return [path for path in _list_files(folder) if not _find_damage(path)]


def _find_damage(path: Path) -> str | None:
    """Why a file is no spool any more; None for one that is only out of reach just now."""
    try:
        look_into(path)
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def look_into(path: Path) -> SpoolState:
    """What one spool holds; sqlite3.Error when it cannot be read."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        events, size = _count_blocks(database)
        aside = database.execute("SELECT coalesce(sum(events), 0) FROM aside").fetchone()[0]
        return SpoolState(path.stem, events, size, _oldest(database), aside)


def list_aside(folder: Path) -> dict[str, list[AsideBlock]]:
    """The set-aside blocks of every spool, oldest first, by the spool's name."""
    found: dict[str, list[AsideBlock]] = {}
    for path in _list_sound_files(folder):
        with contextlib.closing(connect(path, is_reader=True)) as database:
            rows = database.execute(
                "SELECT number, events, set_aside_at, reason, body FROM aside ORDER BY number"
            ).fetchall()
        if rows:
            found[path.stem] = [AsideBlock(*row) for row in rows]
    return found


def note_aside(folder: Path, limit: int) -> list[AsideNote]:
    """The newest set-aside blocks of each spool, at most `limit` of each, without their events."""
    found: list[AsideNote] = []
    for path in _list_sound_files(folder):
        with contextlib.closing(connect(path, is_reader=True)) as database:
            rows = database.execute(
                "SELECT number, events, set_aside_at, bytes, reason FROM aside "
                "ORDER BY number DESC LIMIT ?",
                (limit,),
            )
            found += [AsideNote(path.stem, *row) for row in rows]
    return sorted(found, key=lambda note: -note.set_aside_at)


def find_aside(folder: Path, spool: str, number: int) -> AsideBlock | None:
    """One set-aside block with its events, or None."""
    path = _named_path(folder, spool)
    if path is None or not 0 <= number <= MAX_NUMBER:
        return None
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT number, events, set_aside_at, reason, body FROM aside WHERE number = ?",
            (number,),
        ).fetchone()
    return AsideBlock(*row) if row else None


def find_receipt(path: Path, digest: bytes) -> bytes | None:
    """The answer a spool keeps for an idempotency key's digest, or None."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT answer FROM receipt WHERE digest = ? AND made_at >= ?",
            (digest, time.time() - RECEIPT_LIFE_S),
        ).fetchone()
    return None if row is None else bytes(row[0])


def replay_aside(folder: Path, spool: str, number: int) -> bool:
    """Put a set-aside block back in line to be inserted; False when there is no such block."""
    return _settle_aside(folder, spool, number, is_replay=True)


def drop_aside(folder: Path, spool: str, number: int) -> bool:
    """Remove a set-aside block for good, on a person's word; False when there is none."""
    return _settle_aside(folder, spool, number, is_replay=False)


def _settle_aside(folder: Path, spool: str, number: int, *, is_replay: bool) -> bool:
    path = _named_path(folder, spool)
    if path is None or not 0 <= number <= MAX_NUMBER:
        return False
    try:
        return _move_aside(path, number, is_replay=is_replay)
    except (sqlite3.Error, OSError) as error:
        raise _unwritable(error) from error


def _move_aside(path: Path, number: int, *, is_replay: bool) -> bool:
    with contextlib.closing(connect(path)) as database:
        # One transaction of one file: after a crash the block is in line or set aside, never
        # both and never neither.
        database.execute("BEGIN IMMEDIATE")
        if is_replay:
            database.execute(
                "INSERT INTO block (events, appended_at, bytes, body) "
                "SELECT events, ?, bytes, body FROM aside WHERE number = ?",
                (time.time(), number),
            )
        removed = database.execute("DELETE FROM aside WHERE number = ?", (number,)).rowcount
        database.execute("COMMIT")
    return removed == 1


def _named_path(folder: Path, spool: str) -> Path | None:
    """The file of a spool that somebody named; None for what is none of ours."""
    path = folder / f"{spool}.sqlite"
    is_ours = path.parent == folder and path.name.startswith("spool-") and path.exists()
    return path if is_ours else None
