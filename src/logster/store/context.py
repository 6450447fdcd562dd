"""What happened around an event: its neighbours in time, of the same application, host, …

In: a `Selection`, an event's id and what the neighbours share with it. Out: one list, newest first.
Promise: the neighbours are the nearest ones, in the order of a search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.errors import NotFoundError, QueryError
from logster.event import Event
from logster.query.render import render_filter
from logster.query.tree import And, Equal, Field
from logster.store.cursor import key_of, render_cursor
from logster.store.search import find, search

if TYPE_CHECKING:
    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: What neighbours can share -> its field; `all` is everything of the workspace.
SCOPES = {
    "application": Field("application"),
    "host": Field("host"),
    "user": Field("user"),
    "trace": Field("trace_id"),
}
ALL = "all"
DEFAULT_NEIGHBOURS, MAX_NEIGHBOURS = 20, 500


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Events newest first, the one that was asked for among them.

    `filter` finds them all; `next` and `previous` are the cursors of a search by it.
    """

    events: list[Event]
    filter: str
    next: str | None
    previous: str | None
    elapsed_ms: float
    rows_read: int


async def find_context(
    engine: Engine,
    selection: Selection,
    event_id: int,
    *,
    scope: str,
    before: int = DEFAULT_NEIGHBOURS,
    after: int = DEFAULT_NEIGHBOURS,
) -> Context:
    """The event with its neighbours that the selection holds; raises `NotFoundError`."""
    for name, count in (("before", before), ("after", after)):
        if not 0 <= count <= MAX_NEIGHBOURS:
            raise QueryError(f"`{name}` is {count}, it can be 0 to {MAX_NEIGHBOURS}")
    event = await find(engine, selection.workspace, event_id)
    if event is None:
        raise NotFoundError(f"There is no event '{event_id}' in this workspace (yet).")
    shared = _shared(event, scope)
    cursor = render_cursor(key_of(event))
    near = selection.with_filter(And((*shared, selection.filter)))
    older = newer = None
    if before:
        older = await search(engine, near, before=cursor, limit=before)
    if after:
        newer = await search(engine, near, after=cursor, limit=after)
    pages = [page for page in (newer, older) if page]
    return Context(
        events=[*(newer.events if newer else []), event, *(older.events if older else [])],
        filter=render_filter(And(shared) if len(shared) != 1 else shared[0]),
        next=older.next if older else cursor,
        previous=newer.previous if newer else cursor,
        elapsed_ms=sum(page.elapsed_ms for page in pages),
        rows_read=sum(page.rows_read for page in pages),
    )


def _shared(event: Event, scope: str) -> tuple[Equal, ...]:
    """The condition that the event fulfils itself."""
    if scope == ALL:
        return ()
    if scope not in SCOPES:
        raise QueryError(
            f"the scope is {scope[:40]!r}, it can be {', '.join(SCOPES)} or {ALL}", 0, len(scope)
        )
    field = SCOPES[scope]
    value = getattr(event, field.name)
    if not value:
        raise QueryError(f"this event has no {field.name}; ask with another scope, such as {ALL}")
    return (Equal(field, value),)
