"""What one worker writes into the ledger: in memory now, in the file within a second.

In: counts and refused bodies, from the event loop. Out: rows, written by a thread.
Promise: recording never waits and never fails; memory and disk are bounded. What is too much, or
cannot be written, is counted as not kept (docs/decisions/045).
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from logster import metrics, zstd
from logster.ledger.file import LedgerFile
from logster.ledger.notes import Note
from logster.ledger.twins import CUT, KEPT, WHOLE, digest_of, join_notes

if TYPE_CHECKING:
    from pathlib import Path

    from logster.outcome import Outcome, Refused

log = logging.getLogger(__name__)

#: How often what is in memory is written.
WRITE_S = 1.0
#: A body is kept whole when it is no larger than this, packed by us; logs pack to a fifth or less.
MAX_KEPT_BYTES = 64 * 1024
#: Larger bodies are not even tried: of those, and of what does not pack, the beginning is kept.
MAX_WHOLE_BYTES = 1024 * 1024
#: How much waits in memory, of all keys and of one: a client whose every request is wrong is
#: understood by a few of them.
MAX_WAITING_BYTES = 8 * 1024 * 1024
MAX_WAITING_OF_KEY = 20
#: Kept counts: a handful of labels each minute and key.
MAX_COUNTS = 10_000

COUNT_LIFE_S = 30 * 86_400
BODY_LIFE_S = 7 * 86_400
#: How often what is too old is removed.
TRIM_S = 60.0
#: What a row takes beside its body.
ROW_BYTES = 512
#: Bodies that make room together, and pages given back to the disk each time.
TRIM_ROWS = 50
TRIM_PAGES = 512

_INSERT = (
    "INSERT INTO refused (digest, at, last_at, workspace, key, protocol, outcome, reason, note,"
    " bytes, state, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_COME_AGAIN = "UPDATE refused SET times = times + 1, last_at = max(last_at, ?) WHERE digest = ?"
_CHANGE = "UPDATE refused SET outcome = ?, reason = ?, note = ?, state = ? WHERE digest = ?"
_COUNT = (
    "INSERT INTO count (minute, workspace, key, protocol, outcome, reason, events, requests)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET events = events + excluded.events, requests = requests + excluded.requests"
)

#: minute, workspace, key, protocol, outcome, reason
Label = tuple[int, int, int, str, str, str]


class Ledger:
    """The ledger of one machine, as one worker writes it."""

    def __init__(self, path: Path, *, max_bytes: int, min_free_bytes: int = 0) -> None:
        """`max_bytes` is what bodies may take on disk, 0 for none; counts are always kept."""
        self._file = LedgerFile(path)
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._counts: dict[Label, tuple[int, int]] = {}
        self._waiting: list[Refused] = []
        self._waiting_bytes = 0
        self._waiting_of: Counter[int] = Counter()
        self._trimmed_at = 0.0
        self._failure = ""

    # -- in the event loop ----------------------------------------------------------------

    def count(
        self,
        outcome: Outcome,
        *,
        workspace: int,
        key: int,
        protocol: str,
        reason: str = "",
        events: int = 0,
        requests: int = 0,
    ) -> None:
        """Count events or requests that were not stored; requests without a key are of 0."""
        label = (int(time.time()) // 60, workspace, key, protocol, outcome.value, reason)
        counted = self._counts.get(label, (0, 0))
        if label in self._counts or len(self._counts) < MAX_COUNTS:
            self._counts[label] = (counted[0] + events, counted[1] + requests)

    def wants(self, key: int) -> bool:
        """Whether a body of this key would be kept; what is not wanted need not be gathered."""
        is_wanted = (
            self._max_bytes > 0
            and self._waiting_bytes < MAX_WAITING_BYTES
            and self._waiting_of[key] < MAX_WAITING_OF_KEY
        )
        if not is_wanted:
            metrics.count(metrics.UNKEPT)
        return is_wanted

    def keep(self, refused: Refused) -> None:
        """Let a body be written; the caller has asked whether it is wanted."""
        self._waiting.append(refused)
        self._waiting_bytes += len(refused.body)
        self._waiting_of[refused.key] += 1

    async def run(self) -> None:
        """Write every second, for ever."""
        while True:
            await asyncio.sleep(WRITE_S)
            await self.write()

    async def write(self) -> None:
        """Write what waits, and make room."""
        counts, self._counts = self._counts, {}
        waiting, self._waiting = self._waiting, []
        self._waiting_bytes = 0
        self._waiting_of.clear()
        unkept = await asyncio.to_thread(self._write, counts, waiting)
        if unkept:
            metrics.count(metrics.UNKEPT, by=unkept)

    async def close(self) -> None:
        """Write the last, and let go of the file."""
        await self.write()
        await asyncio.to_thread(self._file.close)

    # -- in a thread ----------------------------------------------------------------------

    def _write(self, counts: dict[Label, tuple[int, int]], waiting: list[Refused]) -> int:
        """Write both; gives how many bodies were not."""
        is_late = time.monotonic() - self._trimmed_at > TRIM_S
        if not (counts or waiting or is_late):
            return 0
        try:
            kept = waiting if self._has_room() else []
            rows = [_row_of(refused) for refused in kept]  # before the lock: packing takes time
            database = self._file.open()
            database.execute("BEGIN IMMEDIATE")
            try:
                database.executemany(_COUNT, [(*label, *sums) for label, sums in counts.items()])
                for row in rows:
                    _keep(database, row)
                self._make_room(database, is_late=is_late)
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
            self._give_back(database)
        except (sqlite3.Error, OSError, MemoryError) as error:
            self._file.note(error)
            if self._failure != str(error):
                log.warning("%s: what was refused cannot be kept: %s", self._file.path, error)
            self._failure = str(error)
            return len(waiting)
        self._failure = ""
        return len(waiting) - len(kept)

    def _has_room(self) -> bool:
        """What events need of the disk is not taken by those that were refused."""
        self._file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._file.path.parent).free >= self._min_free_bytes

    def _make_room(self, database: sqlite3.Connection, *, is_late: bool) -> None:
        """Remove what is too old, and the oldest of the key that has most when it is too much."""
        if is_late:
            now = time.time()
            database.execute("DELETE FROM refused WHERE last_at < ?", (now - BODY_LIFE_S,))
            minute = int(now - COUNT_LIFE_S) // 60
            database.execute("DELETE FROM count WHERE minute < ?", (minute,))
            self._trimmed_at = time.monotonic()
        while True:
            [held] = database.execute("SELECT coalesce(sum(bytes), 0) FROM held").fetchone()
            if held <= self._max_bytes:
                return
            [key] = database.execute("SELECT key FROM held ORDER BY bytes DESC").fetchone()
            gone = database.execute(
                "DELETE FROM refused WHERE id IN"
                " (SELECT id FROM refused WHERE key = ? ORDER BY id LIMIT ?)",
                (key, TRIM_ROWS),
            )
            if not gone.rowcount:  # sums that do not fit their rows must not hold us here
                database.execute("DELETE FROM held WHERE key = ?", (key,))

    def _give_back(self, database: sqlite3.Connection) -> None:
        [free] = database.execute("PRAGMA freelist_count").fetchone()
        if free > TRIM_PAGES:
            database.executescript(f"PRAGMA incremental_vacuum({TRIM_PAGES})")


_read_note = msgspec.json.Decoder(Note).decode


def _keep(database: sqlite3.Connection, row: _Row) -> None:
    """Write a body, or that it came again."""
    question = "SELECT state, note FROM refused WHERE digest = ?"
    found = database.execute(question, (row.digest,)).fetchone()
    if found is None:
        database.execute(_INSERT, msgspec.structs.astuple(row))
        return
    database.execute(_COME_AGAIN, (row.at, row.digest))
    state, note = found
    if state == KEPT:
        state = row.state
        if state == KEPT:
            joined, state = join_notes(
                *(msgspec.json.decode(each, type=Note) for each in (note, row.note))
            )
            note = msgspec.json.encode(joined).decode()
        database.execute(_CHANGE, (row.outcome, row.reason, note, state, row.digest))


class _Row(msgspec.Struct, frozen=True):
    """As it is inserted."""

    digest: bytes
    at: float
    last_at: float
    workspace: int
    key: int
    protocol: str
    outcome: str
    reason: str
    note: str
    size: int
    state: str
    body: bytes


def _row_of(refused: Refused) -> _Row:
    body = refused.body
    packed = zstd.compress(body)
    is_whole = refused.is_whole and len(body) == refused.size and len(packed) <= MAX_KEPT_BYTES
    if not is_whole:
        packed = zstd.compress(body[:MAX_KEPT_BYTES])
    note = msgspec.json.encode(
        Note(
            method=refused.method,
            path=refused.path,
            query=refused.query,
            headers=refused.headers,
            events=refused.events,
            faults=refused.faults,
            size=refused.size,
            places=refused.places,
            count=refused.count,
        )
    )
    is_repeatable = is_whole and (refused.events is None or refused.places is not None)
    return _Row(
        digest_of(refused),
        refused.at,
        refused.at,
        refused.workspace,
        refused.key,
        refused.protocol,
        refused.outcome.value,
        refused.reason,
        note.decode(),
        len(packed) + len(note) + ROW_BYTES,
        KEPT if is_repeatable else WHOLE if is_whole else CUT,
        packed,
    )
