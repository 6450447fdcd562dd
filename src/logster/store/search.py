"""A page of events, and one event.

In: a `Question` (whose workspace the caller has checked) and the engine.
Out: a `Page`, newest first, with the cursors of its neighbours; or one `Event`.
Promise: paging from cursor to cursor gives each event that was there at the start
exactly once, whatever arrives meanwhile; a cursor is a place, not a snapshot.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import QueryError
from logster.event import NS_PER_S, TEXT_FIELDS, Event, read_properties
from logster.query.moment import MAX_INSTANT_NS
from logster.query.tree import EVERYTHING, And, Equal, Field, Filter
from logster.store.select import SELECT_OLDEST, Key, select_event, select_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from logster.store.engine import Answer, Engine

#: More would be an export, which goes another way.
MAX_LIMIT = 10_000
#: A property's value of this length is taken for an identifier, as a UUID or a hash is one.
MIN_IDENTIFIER_CHARACTERS = 16
#: The first span is a screenful in a busy system, the second one in a quiet one.
HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: at or after `since_ns`, before `until_ns`, beside at most one cursor.

    `before` continues to older events, `after` to newer ones.
    """

    workspace: int
    filter: Filter = EVERYTHING
    since_ns: int | None = None
    until_ns: int | None = None
    limit: int = 100
    before: str | None = None
    after: str | None = None


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


async def search(engine: Engine, question: Question) -> Page:
    """Ask for a page; raises `QueryError` for a limit or cursor that cannot be."""
    _check_question(question)
    gathering = _Gathering(engine, question)
    if question.after is not None:
        return await _page_after(gathering, parse_cursor(question.after))
    before = None if question.before is None else parse_cursor(question.before)
    await _gather_older(gathering, before)
    events = [read_event(row) for row in gathering.rows[: question.limit]]
    return gathering.page(events, has_older=gathering.is_full)


async def _page_after(gathering: _Gathering, after: Key) -> Page:
    """The events next to the cursor come oldest first; a page is always newest first."""
    question = gathering.question
    await gathering.ask(since_ns=question.since_ns, until_ns=question.until_ns, after=after)
    events = [read_event(row) for row in reversed(gathering.rows[: question.limit])]
    return gathering.page(events, has_older=bool(events))


class _Gathering:
    """The rows of one page, gathered by one or more questions."""

    def __init__(self, engine: Engine, question: Question) -> None:
        self.question = question
        self.rows: list[tuple[Any, ...]] = []
        self._engine = engine
        self._elapsed_ms = 0.0
        self._rows_read = 0

    @property
    def is_full(self) -> bool:
        """Whether there is a row beyond the page, which tells that there are more."""
        return len(self.rows) > self.question.limit

    async def ask(self, **place: Any) -> None:
        """Add the rows of one place, as many as the page still needs and one more."""
        statement = select_events(
            self.question.workspace,
            self.question.filter,
            limit=self.question.limit + 1 - len(self.rows),
            **place,
        )
        answer = await self._engine.ask(statement.sql, statement.parameters)
        self.rows += answer.rows
        self._count(answer)

    async def ask_oldest(self) -> int:
        """A time that no event of the store is older than, in ns; the engine knows it by heart."""
        answer = await self._engine.ask(SELECT_OLDEST.sql, SELECT_OLDEST.parameters)
        self._count(answer)
        return int(answer.rows[0][0])

    def promised_ns(self, width_ns: int) -> int:
        """How much further the page is likely filled, when this much gave the rows so far.

        Twice as far as that, since no two days are alike; for ever when there were none.
        """
        missing = self.question.limit + 1 - len(self.rows)
        return 2 * width_ns * missing // len(self.rows) if self.rows else MAX_INSTANT_NS

    def _count(self, answer: Answer) -> None:
        self._elapsed_ms += answer.elapsed_ms
        self._rows_read += answer.rows_read

    def page(self, events: list[Event], *, has_older: bool) -> Page:
        return Page(
            events=events,
            next=render_cursor(_key_of(events[-1])) if events and has_older else None,
            previous=render_cursor(_key_of(events[0])) if events else self.question.after,
            elapsed_ms=self._elapsed_ms,
            rows_read=self._rows_read,
        )


async def _gather_older(gathering: _Gathering, before: Key | None) -> None:
    """Fill a page span by span, newest first, each one wider than the last.

    The newest events of a large table are then found in the rows of an hour: with 3 M
    rows 10 ms instead of 40 ms and not growing; two empty spans cost about 5 ms each.
    After a whole day the rows so far tell how far to look: not through years for a page
    that some days fill (with 50 M rows 210 ms instead of 310 ms for a rare user).
    """
    question = gathering.question
    newest_ns = time.time_ns() if before is None else before.timestamp_ns
    if question.until_ns is not None:
        newest_ns = min(newest_ns, question.until_ns)
    until_ns = question.until_ns
    for since_ns in _first_starts(question, newest_ns):
        await gathering.ask(since_ns=since_ns, until_ns=until_ns, before=before)
        if gathering.is_full:
            return
        until_ns = since_ns
    if until_ns == newest_ns - DAY_NS:
        oldest_ns = max(await gathering.ask_oldest(), question.since_ns or 0)
        if oldest_ns >= until_ns:
            return
        since_ns = until_ns - gathering.promised_ns(newest_ns - until_ns)
        if since_ns > oldest_ns:
            await gathering.ask(since_ns=since_ns, until_ns=until_ns, before=before)
            if gathering.is_full:
                return
            until_ns = since_ns
    await gathering.ask(since_ns=question.since_ns, until_ns=until_ns, before=before)


def _first_starts(question: Question, newest_ns: int) -> Iterator[int]:
    """Where the first spans start, as far as they are narrower than the question.

    A user is in an hour too seldom, and their index tells the rows of a day.
    """
    if names_few(question.filter):
        return
    for width_ns in (DAY_NS,) if names_user(question.filter) else (HOUR_NS, DAY_NS):
        since_ns = newest_ns - width_ns
        if question.since_ns is None or since_ns > question.since_ns:
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


def _check_question(question: Question) -> None:
    if not 1 <= question.limit <= MAX_LIMIT:
        raise QueryError(f"the limit is {question.limit}, it can be 1 to {MAX_LIMIT}")
    if question.before is not None and question.after is not None:
        raise QueryError("a page continues from `before` or from `after`, not from both")
    check_instants(question.since_ns, question.until_ns)


def check_instants(since_ns: int | None, until_ns: int | None) -> None:
    """Refuse what 64-bit nanoseconds since 1970 cannot hold, by `QueryError`."""
    for name, instant in (("since", since_ns), ("until", until_ns)):
        if instant is not None and not 0 <= instant <= MAX_INSTANT_NS:
            raise QueryError(f"`{name}` is {instant} ns, it can be from 1970 to 2262")


def _key_of(event: Event) -> Key:
    return Key(event.timestamp, event.id)


async def find(engine: Engine, workspace: int, event_id: int) -> Event | None:
    """The event with this id, if it is in this workspace."""
    statement = select_event(workspace, event_id)
    answer = await engine.ask(statement.sql, statement.parameters)
    return read_event(answer.rows[0]) if answer.rows else None


def read_event(row: Sequence[Any]) -> Event:
    """An event from the columns of `select.EVENT_COLUMNS`."""
    event_id, timestamp, received_at, severity, *texts = row[: 4 + len(TEXT_FIELDS)]
    blank, properties, workspace, key, protocol, issue = row[4 + len(TEXT_FIELDS) :][:6]
    present: dict[str, Any] = {
        name: text
        for bit, (name, text) in enumerate(zip(TEXT_FIELDS, texts, strict=True))
        if text or blank >> bit & 1
    }
    present.setdefault("message", "")
    return Event(
        id=event_id,
        timestamp=timestamp,
        received_at=received_at,
        severity=severity,
        properties=read_properties(properties) if properties else {},
        workspace=workspace,
        key=key,
        protocol=protocol,
        issue=issue,
        **present,
    )


def render_cursor(key: Key) -> str:
    """A key as text for a URL."""
    return f"{key.timestamp_ns:x}-{key.id:x}"


def parse_cursor(text: str) -> Key:
    """A key from its text; raises `QueryError` when it is none."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise QueryError(f"{text[:40]!r} is no cursor of a search", 0, len(text))
    return Key(int(found[1], 16), int(found[2], 16))


#: Instants are signed 64-bit and not before 1970, ids are unsigned 64-bit.
_CURSOR = re.compile(r"([0-7]?[0-9a-f]{1,15})-([0-9a-f]{1,16})")
