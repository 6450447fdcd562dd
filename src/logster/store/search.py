"""A page of events, and one event.

In: a `Selection`, how many events, and a cursor to go on from.
Out: a `Page`, newest first, with the cursors of its neighbours; or one `Event`.
Promise: paging from cursor to cursor gives each event that was there at the start
exactly once, whatever arrives meanwhile; a cursor is a place, not a snapshot.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import QueryError
from logster.event import Event
from logster.query.moment import MAX_INSTANT_NS
from logster.query.tree import And, Equal, Field, Filter
from logster.store.cursor import key_of, parse_cursor, render_cursor
from logster.store.meter import Meter
from logster.store.select import (
    SELECT_OLDEST,
    read_event,
    read_whole_event,
    select_event,
    select_events,
)
from logster.store.selection import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from logster.store.cursor import Key
    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: A page, when nobody says how large.
DEFAULT_LIMIT = 100
#: More would be an export, which goes another way.
MAX_LIMIT = 10_000
#: A property's value of this length is taken for an identifier, as a UUID or a hash is one.
MIN_IDENTIFIER_CHARACTERS = 16
#: The first span is a screenful in a busy system, the second one in a quiet one.
DAY_NS = 24 * HOUR_NS


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Events newest first; `next` is the cursor to older ones, `previous` to newer ones.

    `next` is None at the end. `previous` is there even when nothing newer has
    arrived yet, because something may.
    """

    events: list[Event]
    next: str | None
    previous: str | None
    elapsed_ms: float
    rows_read: int


async def search(
    engine: Engine,
    selection: Selection,
    *,
    limit: int = DEFAULT_LIMIT,
    before: str | None = None,
    after: str | None = None,
    is_whole: bool = False,
) -> Page:
    """Ask for a page; raises `QueryError` for a limit or cursor that cannot be.

    `before` continues to older events, `after` to newer ones. Whole events have their details.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"the limit is {limit}, it can be 1 to {MAX_LIMIT}")
    if before is not None and after is not None:
        raise QueryError("a page continues from `before` or from `after`, not from both")
    gathering = _Gathering(engine, selection, limit, is_whole=is_whole)
    if after is not None:
        return await _page_after(gathering, after)
    await _gather_older(gathering, None if before is None else parse_cursor(before))
    events = gathering.events(gathering.rows[:limit])
    return gathering.page(events, has_older=gathering.is_full)


async def _page_after(gathering: _Gathering, cursor: str) -> Page:
    """The events next to the cursor come oldest first; a page is always newest first."""
    await gathering.ask(gathering.selection, after=parse_cursor(cursor))
    events = gathering.events(reversed(gathering.rows[: gathering.limit]))
    page = gathering.page(events, has_older=bool(events))
    return page if events else msgspec.structs.replace(page, previous=cursor)


async def find(engine: Engine, workspace: int, event_id: int) -> Event | None:
    """The event with this id, whole, if it is in this workspace."""
    statement = select_event(workspace, event_id)
    answer = await engine.ask(statement.sql, statement.parameters)
    return read_whole_event(answer.rows[0]) if answer.rows else None


class _Gathering:
    """The rows of one page, gathered by one or more questions."""

    def __init__(self, engine: Engine, selection: Selection, limit: int, *, is_whole: bool) -> None:
        self.selection = selection
        self.limit = limit
        self._is_whole = is_whole
        self.rows: list[tuple[Any, ...]] = []
        self._meter = Meter(engine)

    @property
    def is_full(self) -> bool:
        """Whether there is a row beyond the page, which tells that there are more."""
        return len(self.rows) > self.limit

    async def ask(self, selection: Selection, **cursor: Key | None) -> None:
        """Add the rows of one place, as many as the page still needs and one more."""
        limit = self.limit + 1 - len(self.rows)
        statement = select_events(selection, limit=limit, is_whole=self._is_whole, **cursor)
        self.rows += await self._meter.rows(statement.sql, statement.parameters)

    def events(self, rows: Iterable[tuple[Any, ...]]) -> list[Event]:
        """The events of rows."""
        return list(map(read_whole_event if self._is_whole else read_event, rows))

    async def ask_oldest(self) -> int:
        """A time that no event of the store is older than, in ns; the engine knows it by heart."""
        [[oldest_ns]] = await self._meter.rows(SELECT_OLDEST.sql, SELECT_OLDEST.parameters)
        return int(oldest_ns)

    def promised_ns(self, width_ns: int) -> int:
        """How much further the page is likely filled, when this much gave the rows so far.

        Twice as far as that, since no two days are alike; for ever when there were none.
        """
        missing = self.limit + 1 - len(self.rows)
        return 2 * width_ns * missing // len(self.rows) if self.rows else MAX_INSTANT_NS

    def page(self, events: list[Event], *, has_older: bool) -> Page:
        return Page(
            events=events,
            next=render_cursor(key_of(events[-1])) if events and has_older else None,
            previous=render_cursor(key_of(events[0])) if events else None,
            elapsed_ms=self._meter.elapsed_ms,
            rows_read=self._meter.rows_read,
        )


async def _gather_older(gathering: _Gathering, before: Key | None) -> None:
    """Fill a page span by span, newest first, each one wider than the last.

    The newest events of a large table are then found in the rows of an hour: with 3 M
    rows 10 ms instead of 40 ms and not growing; two empty spans cost about 5 ms each.
    After a whole day the rows so far tell how far to look: not through years for a page
    that some days fill (with 50 M rows 210 ms instead of 310 ms for a rare user).
    """
    selection = gathering.selection
    newest_ns = time.time_ns() if before is None else before.timestamp_ns
    if selection.until_ns is not None:
        newest_ns = min(newest_ns, selection.until_ns)
    until_ns = selection.until_ns
    for since_ns in _first_starts(selection, newest_ns):
        await gathering.ask(selection.between(since_ns, until_ns), before=before)
        if gathering.is_full:
            return
        until_ns = since_ns
    if until_ns == newest_ns - DAY_NS:
        oldest_ns = max(await gathering.ask_oldest(), selection.since_ns or 0)
        if oldest_ns >= until_ns:
            return
        since_ns = until_ns - gathering.promised_ns(newest_ns - until_ns)
        if since_ns > oldest_ns:
            await gathering.ask(selection.between(since_ns, until_ns), before=before)
            if gathering.is_full:
                return
            until_ns = since_ns
    await gathering.ask(selection.between(selection.since_ns, until_ns), before=before)


def _first_starts(selection: Selection, newest_ns: int) -> Iterator[int]:
    """Where the first spans start, as far as they are narrower than the selection.

    A user is in an hour too seldom, and their index tells the rows of a day.
    """
    if names_few(selection.filter):
        return
    for width_ns in (DAY_NS,) if names_user(selection.filter) else (HOUR_NS, DAY_NS):
        since_ns = newest_ns - width_ns
        if since_ns > (selection.since_ns or 0):
            yield since_ns


def names_few(tree: Filter) -> bool:
    """Whether the filter asks for an identifier: an index finds the few events that have it.

    Looking for them in the newest hour first would nearly always be in vain.
    """
    match tree:
        case And(filters):
            return any(map(names_few, filters))
        case Equal(field, str(value)):
            is_own = field.name in ("trace_id", "span_id") and not field.is_property
            return is_own or (field.is_property and len(value) >= MIN_IDENTIFIER_CHARACTERS)
        case Equal(field):
            return field.name in ("id", "issue") and not field.is_property
        case _:
            return False


def names_user(tree: Filter) -> bool:
    """Whether the filter asks for the events of one user, among other things."""
    match tree:
        case And(filters):
            return any(map(names_user, filters))
        case Equal(Field("user", False), value):
            return bool(value)
        case _:
            return False
