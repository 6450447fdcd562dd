"""Live tail: the rows that became visible since the last look, again and again.

In: a `Selection` and, after a broken connection, the cursor of the last step seen.
Out: an endless row of `Step`s, each with a cursor to resume from; its events are in the order
of their time, then of their ids.

A row's id and timestamp are made when it is received and it becomes visible when its
block is inserted, so neither tells what is new. `stored_at` does: the engine sets it at
the insert. Inserts overlap, so a row may become visible after one with a later
`stored_at`; each look therefore goes back `OVERLAP_MS` and leaves out what was shown.
A tail that goes on from nowhere begins with what is visible by then, and shows none of it.

Promise: a row that becomes visible at most `OVERLAP_MS` after its `stored_at` is shown
exactly once, by whichever worker or node it came, also across a resume; with two limits:
- a resume remembers the newest `MAX_CURSOR_IDS` rows shown: when more matched within
  the overlap, rows that became visible late during the break may be missed;
- in a step with more than `max_events` the rest is counted in `skipped` and rows that
  become visible late then may be missed.
No row is ever shown twice.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import math
import struct
import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import QueryError, StoreUnavailableError
from logster.event import Event
from logster.store.select import (
    SELECT_NOW,
    count_stored,
    read_event,
    select_places,
    select_stored,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: Longer than an insert takes, retries and a busy disk included; a retry has a new stored_at.
OVERLAP_MS = 10_000
#: Ids held against repetition; at more matches than this per overlap the overlap shrinks.
MAX_SHOWN_IDS = 2_000
#: Rows in a cursor: at 16 bytes each it stays near 1 kB of header in base64.
MAX_CURSOR_IDS = 50
#: How often a quiet tail asks the engine for its clock, so that it looks at recent rows only.
CLOCK_EVERY_S = 5.0

#: The instants DateTime64(3) can hold end in 2299.
_MAX_MS = 10_413_791_999_999
_WORD_BYTES = 8


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found; `cursor` resumes behind it. Without events it is a heartbeat."""

    events: list[Event]
    cursor: str
    skipped: int


class Position(msgspec.Struct):
    """How far somebody has seen: everything up to `floor_ms`, and `shown` above it.

    `shown` maps the id of a row to its `stored_at` in ms.
    """

    floor_ms: int
    shown: dict[int, int]

    def advance(self, to_ms: int) -> None:
        """Raise the floor; never lowers it."""
        if to_ms > self.floor_ms:
            self.floor_ms = to_ms
            self.shown = {row: at for row, at in self.shown.items() if at > to_ms}

    def trim(self, max_ids: int) -> None:
        """Remember at most `max_ids` rows, by raising the floor over the oldest."""
        if len(self.shown) > max_ids:
            self.advance(sorted(self.shown.values(), reverse=True)[max_ids])


async def follow(
    engine: Engine,
    selection: Selection,
    *,
    cursor: str | None,
    max_events: int = 500,
    interval_s: float = 0.25,
) -> AsyncIterator[Step]:
    """Look every `interval_s` for new events, forever.

    Without a cursor it shows what becomes visible after its first step, which is empty then.
    While the engine is away the steps are empty; its other errors end the tail, as its being
    away does before there is a cursor. A text that is no cursor raises `QueryError` at the
    first step.
    """
    follower = _Follower(engine, selection, max_events)
    if cursor:
        follower.position = parse_cursor(cursor)
    else:
        yield await follower.begin()
        await asyncio.sleep(interval_s)
    while True:
        try:
            step = await follower.look()
        except StoreUnavailableError:
            step = follower.step([], 0)
        yield step
        await asyncio.sleep(interval_s)


class _Follower:
    """One tail: asks the engine and moves its position."""

    def __init__(self, engine: Engine, selection: Selection, max_events: int) -> None:
        self._engine = engine
        self._selection = selection
        self._max_events = max_events
        self._clock_read_at_s = -math.inf
        self.position = Position(0, {})

    async def begin(self) -> Step:
        """Take what is visible by now for shown."""
        self.position.advance(await self._ask_clock() - OVERLAP_MS)
        statement = select_places(
            self._selection,
            above_ms=self.position.floor_ms,
            limit=MAX_SHOWN_IDS + 1,
        )
        answer = await self._engine.ask(statement.sql, statement.parameters)
        self._remember(answer.rows)
        return self.step([], 0)

    async def look(self) -> Step:
        # Read before the look: what is stored up to then and visible, the look finds.
        now_ms = await self._read_clock()
        rows = await self._ask_rows()
        skipped = 0
        if len(rows) > self._max_events:
            skipped = await self._skip_to(_stored_at(rows[0]))
            rows = rows[: self._max_events]
        else:
            self._remember(rows)
        if now_ms is not None:
            self.position.advance(now_ms - OVERLAP_MS)
        # Stored in the order of the blocks: what one program sent comes through several workers.
        events = sorted(map(read_event, rows), key=lambda event: (event.timestamp, event.id))
        return self.step(events, skipped)

    def step(self, events: list[Event], skipped: int) -> Step:
        return Step(events=events, cursor=render_cursor(self.position), skipped=skipped)

    async def _read_clock(self) -> int | None:
        """The engine's clock, now and then: a quiet tail must still look at recent rows only."""
        if time.monotonic() - self._clock_read_at_s < CLOCK_EVERY_S:
            return None
        return await self._ask_clock()

    async def _ask_clock(self) -> int:
        asked_at_s = time.monotonic()
        answer = await self._engine.ask(SELECT_NOW.sql, SELECT_NOW.parameters)
        self._clock_read_at_s = asked_at_s
        return int(answer.rows[0][0])

    async def _ask_rows(self) -> list[tuple[Any, ...]]:
        statement = select_stored(
            self._selection,
            above_ms=self.position.floor_ms,
            shown=self.position.shown,
            limit=self._max_events + 1,
        )
        answer = await self._engine.ask(statement.sql, statement.parameters)
        return answer.rows

    async def _skip_to(self, head_ms: int) -> int:
        """Let the floor be the newest row, and count what is not given of the rows up to it."""
        statement = count_stored(
            self._selection,
            above_ms=self.position.floor_ms,
            until_ms=head_ms,
            shown=self.position.shown,
        )
        answer = await self._engine.ask(statement.sql, statement.parameters)
        self.position.advance(head_ms)
        return max(0, int(answer.rows[0][0]) - self._max_events)

    def _remember(self, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self.position.shown.update({row[0]: _stored_at(row) for row in rows})
            self.position.advance(_stored_at(rows[0]) - OVERLAP_MS)
            self.position.trim(MAX_SHOWN_IDS)


def _stored_at(row: tuple[Any, ...]) -> int:
    return int(row[-1])


def render_cursor(position: Position) -> str:
    """A position as text for a URL or a header: the floor and the ids shown above it."""
    kept = Position(position.floor_ms, position.shown)
    kept.trim(MAX_CURSOR_IDS)
    words = [kept.floor_ms, *(word for pair in kept.shown.items() for word in pair)]
    return base64.urlsafe_b64encode(struct.pack(f">{len(words)}Q", *words)).decode().rstrip("=")


def parse_cursor(text: str) -> Position:
    """A position from its text; raises `QueryError` when it is none."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    count, rest = divmod(len(data), _WORD_BYTES)
    if rest or count % 2 == 0 or count > 1 + 2 * MAX_CURSOR_IDS:
        raise QueryError(f"{text[:40]!r} is no cursor of a live tail", 0, len(text) or 1)
    floor_ms, *words = struct.unpack(f">{count}Q", data)
    if max(floor_ms, *words[1::2], 0) >= _MAX_MS:
        raise QueryError(f"{text[:40]!r} is no cursor of a live tail", 0, len(text))
    return Position(floor_ms, dict(zip(words[::2], words[1::2], strict=True)))
