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
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from logster import metrics
from logster.errors import RetryLaterError, SpoolDamagedError
from logster.spool.entry import MAX_BLOCK_BYTES, Entry, portions, share_out
from logster.spool.file import RETRY_AFTER_S, unwritable, words_of
from logster.spool.receipts import keep_receipts
from logster.spool.repeats import Repeats, keep_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.spool.file import SpoolFile
    from logster.spool.queue import Block
    from logster.spool.repeats import Once
    from logster.spool.room import Room

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
        self._waiting: deque[Entry[Item]] = deque()
        self._wake = threading.Event()
        self._wanted = 1
        self._is_closing = False
        self._may_give_back = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._repeats = Repeats(file.path.parent)
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
        self,
        item: Item,
        size: int,
        owner: int,
        receipt: tuple[bytes, bytes] | None,
        once: Once[Item] | None = None,
    ) -> asyncio.Future[dict[int, int]]:
        """Let an item wait for the next commit; done when it is synced.

        Gives which of its events came before, with the ids that they have.
        """
        assert self._loop is not None, "the spool was not started"
        entry = Entry(item, size, owner, self._loop.create_future(), receipt, once)
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
        self._repeats.close()

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

    def _next_group(self) -> list[Entry[Item]]:
        """Everybody who waits now, but not much more than a few blobs at a time."""
        group: list[Entry[Item]] = []
        size = 0
        while self._waiting and size < 4 * MAX_BLOCK_BYTES:
            entry = self._waiting.popleft()
            size += entry.size
            group.append(entry)
        return group

    def _commit(self, group: list[Entry[Item]]) -> None:
        """Write a group; for events that are stored once, as the only worker who does so."""
        numbered = [entry for entry in group if entry.once]
        if not numbered:
            self._commit_settled(group, {})
            return
        if len(numbered) < len(group) and not self._repeats.try_lock():
            self._commit_settled([entry for entry in group if not entry.once], {})
            group = numbered  # the others need not wait
        if not self._repeats.lock():
            self._tell([(entry, _busy()) for entry in numbered])
            group = [entry for entry in group if not entry.once]
            if group:
                self._commit_settled(group, {})
            return
        try:
            digests = [digest for entry in numbered for digest in entry.digests]
            known, fresh = self._repeats.find(digests), dict[bytes, int]()
            for entry in group:
                entry.settle(known, fresh)
            self._commit_settled(group, fresh)
        finally:
            self._repeats.unlock()

    def _commit_settled(self, group: list[Entry[Item]], fresh: dict[bytes, int]) -> None:
        """Pack and write, and answer; `fresh` are the digests that are new."""
        started = time.perf_counter()
        outcomes: list[tuple[Entry[Item], BaseException | None]] = []
        blocks: list[tuple[Block, dict[int, int]]] = []
        outcomes += [(entry, None) for entry in group if entry.item is None]
        for entries in portions([entry for entry in group if entry.item is not None]):
            blocks.extend(self._pack_entries(entries, outcomes))
        if fresh:
            outcomes = _without_failed(outcomes, fresh)
        try:
            if blocks:
                written = [entry for entry, error in outcomes if error is None]
                self._write_safely(blocks, written, fresh)
        except (sqlite3.Error, OSError, MemoryError, SpoolDamagedError) as error:
            refusal = error if isinstance(error, SpoolDamagedError) else unwritable(error)
            outcomes = [(entry, failed or refusal) for entry, failed in outcomes]
            self._room.look_again()
            self.failure = _render_failure(error)
        else:
            self.failure = ""
        metrics.COMMIT_S.observe(time.perf_counter() - started)
        metrics.COMMIT_REQUESTS.observe(len(group))
        self._tell(outcomes)

    def _tell(self, outcomes: list[tuple[Entry[Item], BaseException | None]]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, outcomes)

    def _pack_entries(
        self,
        entries: list[Entry[Item]],
        outcomes: list[tuple[Entry[Item], BaseException | None]],
    ) -> Iterator[tuple[Block, dict[int, int]]]:
        """Pack entries together, and tell what each owner has of it.

        When one of them cannot be packed, only that one fails.
        """
        try:
            block = self._pack([entry.item for entry in entries if entry.item is not None])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to its sender
            if len(entries) == 1:
                outcomes.append((entries[0], error))
                return
            for entry in entries:
                yield from self._pack_entries([entry], outcomes)
        else:
            outcomes.extend((entry, None) for entry in entries)
            yield block, share_out(block, entries)

    def _write_safely(
        self,
        blocks: list[tuple[Block, dict[int, int]]],
        entries: list[Entry[Item]],
        fresh: dict[bytes, int],
    ) -> None:
        """Write into a file that is there: when it is not, into a fresh one."""
        file, is_written = self._file, False
        try:
            self._write(blocks, entries, fresh)
            is_written = True
        except sqlite3.Error as error:
            if not file.note_damage(error):
                raise
        if not file.is_sound(is_quick=not file.fault):
            raise SpoolDamagedError(file.fault, RETRY_AFTER_S)
        if not is_written:
            self._write(blocks, entries, fresh)

    def _write(
        self,
        blocks: list[tuple[Block, dict[int, int]]],
        entries: list[Entry[Item]],
        fresh: dict[bytes, int],
    ) -> None:
        now = time.time()
        receipts = [entry.receipt for entry in entries if entry.receipt]
        with self._file.change() as queue:
            for block, share in blocks:
                queue.append(block, share, now)
            if receipts:
                keep_receipts(queue.database, receipts, now)
            if fresh:
                keep_digests(queue.database, fresh, now)
            queue.tally.last_ms = max(queue.tally.last_ms, self.read_clock())
        self._file.oldest_at = self._file.oldest_at or now

    def _answer(self, outcomes: list[tuple[Entry[Item], BaseException | None]]) -> None:
        """Tell the senders, in the event loop."""
        for entry, error in outcomes:
            self._room.leave(entry.owner, entry.size)
            if entry.done.done():  # its sender has left; the event is kept all the same
                continue
            if error is None:
                entry.done.set_result(entry.repeated)
            else:
                entry.done.set_exception(error)
        self._on_written()


def _without_failed(
    outcomes: list[tuple[Entry[Item], BaseException | None]], fresh: dict[bytes, int]
) -> list[tuple[Entry[Item], BaseException | None]]:
    """What could not be packed did not come: who repeats it is told to come again."""
    gone = set[int]()
    for entry, error in outcomes:
        if error is not None:
            gone.update(number for digest in entry.digests if (number := fresh.pop(digest, 0)))
    if not gone:
        return outcomes
    return [
        (entry, error or (None if gone.isdisjoint(entry.repeated.values()) else _busy()))
        for entry, error in outcomes
    ]


def _busy() -> RetryLaterError:
    return RetryLaterError(
        "Events with ids of their client cannot be compared with earlier ones just now; try again.",
        1,
    )


def _render_failure(error: BaseException) -> str:
    return (
        f"The spool cannot be written ({words_of(error)}): events are refused. "
        "Look at the free space, the rights and the health of its disk."
    )
