"""The thread that writes a spool: everybody who waits shares one commit.

In: items of many senders. Out: each sender is answered once its item is synced, or refused.
Promise: under load one sync serves all who came while the last one was under way (group commit);
an item that cannot be packed fails alone; when nobody waits, the file is looked after.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, TypeVar

from logster import metrics
from logster.errors import SpoolDamagedError
from logster.spool.file import RETRY_AFTER_S, unwritable, words_of
from logster.spool.receipts import keep_receipts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.spool.file import SpoolFile
    from logster.spool.queue import Block
    from logster.spool.room import Room

#: Small items share a blob up to this size, so that a claim can be cut to measure. An item is
#: never split: one that is larger makes a blob of its own, as large as it is.
MAX_BLOCK_BYTES = 4 * 1024 * 1024

#: Under load a commit waits for half of all who append at the same time, and no longer than this:
#: while it syncs, the other half is read. A lone message never waits.
GATHER_S = 0.001

#: An idle spool looks so often whether there is something to give back, and to its files.
IDLE_LOOK_S = 5.0
#: One that has lost its file, or could not write it, tries so often again.
FAULT_LOOK_S = 1.0
#: A spool that is closed, perhaps for good, gives back for so long.
LAST_STEPS_S = 2.0

Item = TypeVar("Item")


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


class Writer(Generic[Item]):
    """Writes one spool's file, in a thread of its own."""

    def __init__(
        self,
        file: SpoolFile,
        room: Room,
        *,
        pack: Callable[[list[Item]], Block],
        on_written: Callable[[], None],
    ) -> None:
        """`pack` makes a block of the items of one group, in this thread.

        `on_written` is called in the event loop after each commit.
        """
        self._file = file
        self._room = room
        self._pack = pack
        self._on_written = on_written
        self.read_clock: Callable[[], int] = lambda: 0
        #: Why the last commit failed; the next one is tried all the same.
        self.failure = ""
        self._waiting: deque[_Entry[Item]] = deque()
        self._wake = threading.Event()
        self._wanted = 1
        self._is_closing = False
        self._may_give_back = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=file.path.stem)

    def start(self) -> None:
        """Begin; must be called in the event loop that appends."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Commit what waits, and end."""
        self._is_closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)

    def look(self, *, may_give_back: bool = False) -> None:
        """Look after the file now: it is said to be damaged, or has become emptier."""
        self._may_give_back = self._may_give_back or may_give_back
        self._wake.set()

    def append(
        self, item: Item, size: int, owner: int, receipt: tuple[bytes, bytes] | None
    ) -> asyncio.Future[None]:
        """Let an item wait for the next commit; done when it is synced."""
        assert self._loop is not None, "the spool was not started"
        entry = _Entry(item, size, owner, self._loop.create_future(), receipt)
        self._room.enter(owner, size)
        self._waiting.append(entry)
        if len(self._waiting) >= self._wanted:
            self._wake.set()
        return entry.done

    # -- the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_closing or self._waiting:
            self._wake.wait(self._wait_s())
            self._wake.clear()
            group = self._next_group()
            if group:
                self._commit(group)
            else:  # nobody waits for this
                self._look_after_file()
            # Who came while it synced, and who will be back with the next message.
            self._wanted = max((len(group) + len(self._waiting)) // 2, 1)
            if len(self._waiting) >= self._wanted:
                self._wake.set()
        until = time.monotonic() + LAST_STEPS_S  # an adopted spool is not opened again
        while time.monotonic() < until and self._file.give_back():
            pass

    def _wait_s(self) -> float:
        """For how long to wait for somebody; with nobody expected, the first one wakes us."""
        if self._file.fault or self.failure:
            return FAULT_LOOK_S
        return GATHER_S if self._wanted > 1 or self._may_give_back else IDLE_LOOK_S

    def _look_after_file(self) -> None:
        self._file.is_sound()
        self._look_at_failure()
        self._file.sync_mark()
        self._may_give_back = self._file.give_back()

    def _look_at_failure(self) -> None:
        """Whether a file that could not be written can be now, though nobody sends."""
        if self.failure:
            try:
                with self._file.change():
                    self.failure = ""
            except (sqlite3.Error, OSError, MemoryError) as error:
                self.failure = _render_failure(error)

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
            self._room.look_again()
            self.failure = _render_failure(error)
        else:
            self.failure = ""
        metrics.COMMIT_S.observe(time.perf_counter() - started)
        metrics.COMMIT_REQUESTS.observe(len(group))
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, outcomes)

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

    def _write_safely(
        self, blocks: list[tuple[Block, dict[int, int]]], entries: list[_Entry[Item]]
    ) -> None:
        """Write into a file that is there: when it is not, into a fresh one."""
        file, is_written = self._file, False
        try:
            self._write(blocks, entries)
            is_written = True
        except sqlite3.Error as error:
            if not file.note_damage(error):
                raise
        if not file.is_sound(is_quick=not file.fault):
            raise SpoolDamagedError(file.fault, RETRY_AFTER_S)
        if not is_written:
            self._write(blocks, entries)

    def _write(
        self, blocks: list[tuple[Block, dict[int, int]]], entries: list[_Entry[Item]]
    ) -> None:
        now = time.time()
        receipts = [entry.receipt for entry in entries if entry.receipt]
        with self._file.change() as queue:
            for block, share in blocks:
                queue.append(block, share, now)
            if receipts:
                keep_receipts(queue.database, receipts, now)
            queue.tally.last_ms = max(queue.tally.last_ms, self.read_clock())
        self._file.oldest_at = self._file.oldest_at or now

    def _answer(self, outcomes: list[tuple[_Entry[Item], BaseException | None]]) -> None:
        """Tell the senders, in the event loop."""
        for entry, error in outcomes:
            self._room.leave(entry.owner, entry.size)
            if entry.done.done():  # its sender has left; the event is kept all the same
                continue
            if error is None:
                entry.done.set_result(None)
            else:
                entry.done.set_exception(error)
        self._on_written()


def _render_failure(error: BaseException) -> str:
    return (
        f"The spool cannot be written ({words_of(error)}): events are refused. "
        "Look at the free space, the rights and the health of its disk."
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
