"""One commit of a spool: what a group has brought is packed, written and synced.

In: the entries of a group, with the digests that are new. Out: for each entry, whether it is
written, or why not. Promise: an item that cannot be packed fails alone; what is written is in a
file that is there.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from logster import metrics
from logster.errors import RetryLaterError, SpoolDamagedError
from logster.spool.entry import Entry, portions, share_out
from logster.spool.file import RETRY_AFTER_S, unwritable, words_of
from logster.spool.receipts import keep_receipts
from logster.spool.repeats import keep_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.spool.file import SpoolFile
    from logster.spool.queue import Block

Item = TypeVar("Item")

#: An entry, and why it was not written.
Outcome = tuple[Entry[Item], BaseException | None]


class Commits(Generic[Item]):
    """Those of one spool's file, for the thread that writes it."""

    def __init__(self, file: SpoolFile, pack: Callable[[list[Item]], Block]) -> None:
        self._file = file
        self._pack = pack
        self.read_clock: Callable[[], int] = lambda: 0
        #: Why the last commit failed; the next one is tried all the same.
        self.failure = ""

    def write(
        self, group: list[Entry[Item]], fresh: dict[bytes, int], failed: list[Outcome[Item]]
    ) -> list[Outcome[Item]]:
        """Pack and write; `fresh` are the digests that are new, `failed` who has failed before."""
        started = time.perf_counter()
        outcomes = [*failed, *((entry, None) for entry in group if entry.item is None)]
        blocks: list[tuple[Block, dict[int, int]]] = []
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
            self.failure = _render_failure(error)
        else:
            self.failure = ""
        metrics.COMMIT_S.observe(time.perf_counter() - started)
        metrics.COMMIT_REQUESTS.observe(len(group))
        return outcomes

    def look_at_failure(self) -> None:
        """Whether a file that could not be written can be now, though nobody sends."""
        if self.failure:
            try:
                with self._file.change():
                    self.failure = ""
            except (sqlite3.Error, OSError, MemoryError) as error:
                self.failure = _render_failure(error)

    def _pack_entries(
        self,
        entries: list[Entry[Item]],
        outcomes: list[Outcome[Item]],
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


def _without_failed(outcomes: list[Outcome[Item]], fresh: dict[bytes, int]) -> list[Outcome[Item]]:
    """What could not be packed did not come: who repeats it is told to come again."""
    gone = set[int]()
    for entry, error in outcomes:
        if error is not None:
            gone.update(number for digest in entry.digests if (number := fresh.pop(digest, 0)))
    if not gone:
        return outcomes
    return [
        (entry, error or (None if gone.isdisjoint(entry.repeated.values()) else busy()))
        for entry, error in outcomes
    ]


def busy() -> RetryLaterError:
    """What a sender is told when nobody can say which of its events came before."""
    return RetryLaterError(
        "Events with ids of their client cannot be compared with earlier ones just now; try again.",
        1,
    )


def _render_failure(error: BaseException) -> str:
    return (
        f"The spool cannot be written ({words_of(error)}): events are refused. "
        "Look at the free space, the rights and the health of its disk."
    )
