"""What happened around an event: GET /api/v1/context/{id}."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.errors import NotFoundError
from logster.store.context import (
    DEFAULT_NEIGHBOURS,
    MAX_NEIGHBOURS,
    SCOPES,
    find_context,
)
from logster.store.engine import Engine
from logster.store.selection import Selection
from logster.track.aliases import Merged
from logster.web.shapes import (
    AnswerShape,
    EventShape,
    parse_event_id,
    shape_event,
)


class ContextShape(AnswerShape, frozen=True, kw_only=True):
    """Events newest first, with the one asked for; `q` finds them all, cursors as in a page."""

    events: list[EventShape]
    q: str
    next: str | None
    previous: str | None


@get("/context/{event_id:str}", summary="What happened around an event")
async def show_context(
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    merged: NamedDependency[Merged],
    event_id: FromPath[str],
    shared: Annotated[
        str,
        QueryParameter(name="scope", description=f"What they share: {', '.join(SCOPES)}, or all."),
    ] = "application",
    before: Annotated[int, QueryParameter(ge=0, le=MAX_NEIGHBOURS)] = DEFAULT_NEIGHBOURS,
    after: Annotated[int, QueryParameter(ge=0, le=MAX_NEIGHBOURS)] = DEFAULT_NEIGHBOURS,
) -> ContextShape:
    """Give the event with its neighbours of the same application, host, user or trace."""
    number = parse_event_id(event_id)
    if number is None:
        raise NotFoundError(f"There is no event {event_id[:30]!r} in this workspace (yet).")
    found = await find_context(engine, selection, number, scope=shared, before=before, after=after)
    return ContextShape(
        events=[shape_event(event, merged) for event in found.events],
        q=found.filter,
        next=found.next,
        previous=found.previous,
        elapsed_ms=found.elapsed_ms,
        rows_read=found.rows_read,
    )
