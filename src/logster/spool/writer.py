"""The thread that writes a spool: everybody who waits shares one commit.

In: items of many senders. Out: each sender is answered once its item is synced, or refused.
Promise: under load one sync serves all who came while the last one was under way (group commit);
an error that nobody expected costs those of its own commit; who has to wait for another worker
holds up nobody else; when nobody waits, the file is looked after.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from logster.errors import RetryLaterError
from logster.spool.commits import Commits, busy
from logster.spool.entry import MAX_BLOCK_BYTES, Entry
from logster.spool.file import RETRY_AFTER_S
from logster.spool.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.answer import Answer
    from logster.spool.commits import Outcome
    from logster.spool.file import SpoolFile
    from logster.spool.queue import Block
    from logster.spool.repeats import Once
    from logster.spool.room import Room

log = logging.getLogger(__name__)

#: Under load a commit waits for half of all who append at the same time, and no longer than this:
#: while it syncs, the other half is read. A lone message never waits.
GATHER_S = 0.001

#: Who waits for another worker to commit looks so often, and is told to come again after so long.
TURN_LOOK_S = 0.001
MAX_TURN_WAIT_S = 5.0

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
        self._on_written = on_written
        self.commits = Commits(file, pack)
        self._waiting: deque[Entry[Item]] = deque()
        #: Those who wait for another worker.
        self._delayed: deque[Entry[Item]] = deque()
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
        receipt: Answer | None,
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
        while not self._is_closing or self._waiting or self._delayed:
            self._wake.wait(self._wait_s())
            self._wake.clear()
            group = self._next_group()
            self._take_step(group)
            # Who came while it synced, and who will be back with the next message.
            self._wanted = max((len(group) + len(self._waiting)) // 2, 1)
            if len(self._waiting) >= self._wanted:
                self._wake.set()
        until = time.monotonic() + LAST_STEPS_S  # an adopted spool is not opened again
        while time.monotonic() < until and self._file.give_back():
            pass
        self._repeats.close()

    def _take_step(self, group: list[Entry[Item]]) -> None:
        """Commit; an error that nobody expected must not leave everybody waiting for ever."""
        try:
            if group:
                self._commit(group)
            else:  # nobody waits for this
                self._look_after_file()
        except Exception as error:
            log.exception("%s: an error that nobody expected", self._file.path)
            self.commits.failure = str(_unexpected(error))
            self._room.look_again()
            left = [entry for entry in group if not (entry.is_told or entry in self._delayed)]
            self._tell([(entry, _unexpected(error)) for entry in left])

    def _wait_s(self) -> float:
        """For how long to wait for somebody; with nobody expected, the first one wakes us."""
        if self._delayed:
            return TURN_LOOK_S
        if self._file.fault or self.commits.failure:
            return FAULT_LOOK_S
        return GATHER_S if self._wanted > 1 or self._may_give_back else IDLE_LOOK_S

    def _look_after_file(self) -> None:
        self._file.is_sound()
        self.commits.look_at_failure()
        self._file.sync_mark()
        self._may_give_back = self._file.give_back()

    def _next_group(self) -> list[Entry[Item]]:
        """Everybody who waits now, but not much more than a few blobs at a time."""
        return _take_some(self._delayed) + _take_some(self._waiting)

    def _commit(self, group: list[Entry[Item]]) -> None:
        """Write a group; for events that are stored once, as the only worker who does so."""
        numbered = [entry for entry in group if entry.once]
        others = [entry for entry in group if not entry.once]
        if numbered and others and not self._repeats.try_lock():
            self._write(others, {}, [])  # they need not wait
            group, others = numbered, []
        if numbered and not self._repeats.lock():
            self._put_off(numbered)
            group, numbered = others, []
        if not group:
            return
        try:
            failed: list[Outcome[Item]] = []
            fresh = self._settle(numbered, failed) if numbered else {}
            gone = {id(entry) for entry, _ in failed}
            self._write([entry for entry in group if id(entry) not in gone], fresh, failed)
        finally:
            if numbered:
                self._repeats.unlock()

    def _put_off(self, entries: list[Entry[Item]]) -> None:
        """Let entries wait for another worker, while the others are written; not for ever."""
        now = time.monotonic()
        late: list[Outcome[Item]] = []
        for entry in entries:
            entry.wait_until = entry.wait_until or now + MAX_TURN_WAIT_S
            if now < entry.wait_until:
                self._delayed.append(entry)
            else:
                late.append((entry, busy()))
        if late:
            self._tell(late)

    def _settle(self, entries: list[Entry[Item]], failed: list[Outcome[Item]]) -> dict[bytes, int]:
        """Take out of entries what came before; gives the digests that are new."""
        known = self._repeats.find([digest for entry in entries for digest in entry.digests])
        fresh = dict[bytes, int]()
        for entry in entries:
            try:
                entry.settle(known, fresh)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to its sender
                failed.append((entry, error))
        return fresh

    def _write(
        self, group: list[Entry[Item]], fresh: dict[bytes, int], failed: list[Outcome[Item]]
    ) -> None:
        outcomes = self.commits.write(group, fresh, failed)
        if self.commits.failure:
            self._room.look_again()
        self._tell(outcomes)

    def _tell(self, outcomes: list[Outcome[Item]]) -> None:
        assert self._loop is not None
        for entry, _ in outcomes:
            entry.is_told = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, outcomes)

    def _answer(self, outcomes: list[Outcome[Item]]) -> None:
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


def _take_some(waiting: deque[Entry[Item]]) -> list[Entry[Item]]:
    some: list[Entry[Item]] = []
    size = 0
    while waiting and size < 4 * MAX_BLOCK_BYTES:
        entry = waiting.popleft()
        size += entry.size
        some.append(entry)
    return some


def _unexpected(error: Exception) -> RetryLaterError:
    return RetryLaterError(
        f"The spool has met an error that nobody expected ({type(error).__name__}; the server's "
        "log has more). Whether this request is kept is not known; send it again.",
        RETRY_AFTER_S,
    )
