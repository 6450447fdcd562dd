"""The API of the portal, and of programs: /api/v1/….

In: questions and changes, from people (session) and programs (key). Out: JSON.
Promise: whatever is asked stays inside the caller's workspace.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster import __version__
from logster.errors import NotFoundError
from logster.meta.accounts import Accounts
from logster.meta.grants import Right
from logster.meta.sessions import Role
from logster.query.question import equals_in
from logster.query.tree import Field
from logster.store.engine import Engine
from logster.store.export.columns import Column, choose_columns
from logster.store.search import find, search
from logster.store.selection import Selection
from logster.store.suggestion import find_suggestion
from logster.track.aliases import Merged
from logster.web.access import Access, Principal, csrf_token_of, token_of
from logster.web.choice import CHOICE
from logster.web.clock import CLOCK
from logster.web.complete import complete_search
from logster.web.context import show_context
from logster.web.dashboards import DASHBOARDS
from logster.web.export import export_events
from logster.web.gate import show_gate
from logster.web.issues import ISSUES
from logster.web.keys import KEYS
from logster.web.live import tail_events
from logster.web.orders import check_parameters
from logster.web.patterns import show_patterns
from logster.web.quarantine import ASIDE
from logster.web.receipts import RECEIPTS
from logster.web.refused import REFUSED
from logster.web.retention import RETENTION
from logster.web.retries import RETRIES
from logster.web.saved import SAVED
from logster.web.selection import MERGED, SELECTION, Text, Wanted
from logster.web.shapes import (
    NeighbourShape,
    PageShape,
    WholeEventShape,
    parse_event_id,
    shape_columns,
    shape_events,
    shape_hint,
    shape_whole_event,
)
from logster.web.sql import ask_sql
from logster.web.stats import show_stats
from logster.web.summary import SUMMARIES
from logster.web.system import SYSTEM
from logster.web.triage import TRIAGE
from logster.web.users import USERS
from logster.web.whereabouts import WHEREABOUTS

API_PATH = "/api/v1"
MAX_LIMIT = 10_000


class SessionShape(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks; `email` is null for a key."""

    email: str | None
    workspace: str
    version: str
    role: Role


class WholePageShape(NeighbourShape, frozen=True, kw_only=True):
    """Events with their details, newest first."""

    events: list[WholeEventShape]


class ColumnsShape(NeighbourShape, frozen=True, kw_only=True):
    """The columns of events that were asked for, under those names; newest first."""

    events: list[dict[str, Any]]


@get("/session", summary="Who am I")
async def show_session(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    access: NamedDependency[Access],
    accounts: NamedDependency[Accounts],
) -> Response[SessionShape]:
    """Say who asks, in which workspace and role."""
    if session := principal.session:
        shape = SessionShape(
            email=session.email,
            workspace=session.workspace_name,
            version=__version__,
            role=session.role,
        )
        # The portal asks this first: it gets the CSRF token it must send with every change.
        return Response(
            shape, cookies=[access.csrf_cookie(request, csrf_token_of(token_of(request)))]
        )
    role = Role.ADMIN if Right.ADMIN in principal.rights else Role.VIEWER
    name = await accounts.workspace_name(principal.workspace)
    return Response(SessionShape(email=None, workspace=name, version=__version__, role=role))


@get("/events", summary="Search")
async def list_events(
    *,
    engine: NamedDependency[Engine],
    selection: NamedDependency[Selection],
    merged: NamedDependency[Merged],
    q: Text = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = 200,
    before: Annotated[str, QueryParameter(description="`next` of a page: the older events.")] = "",
    after: Annotated[
        str, QueryParameter(description="`previous` of a page: the newer events.")
    ] = "",
    column: Annotated[
        list[str] | None,
        QueryParameter(description="Fields or properties; may be repeated. Default: all fields."),
    ] = None,
    details: Annotated[
        bool, QueryParameter(description="Whether each event has its details, too.")
    ] = False,
    exceptions: Annotated[
        bool, QueryParameter(description="Whether each event has its `exceptions`.")
    ] = True,
    hint: Wanted = True,
) -> PageShape | WholePageShape | ColumnsShape:
    """Give a page of events that match, newest first."""
    columns = choose_columns(column) if column else None
    page = await search(
        engine,
        selection,
        limit=limit,
        before=before or None,
        after=after or None,
        is_whole=details if columns is None else any(map(_is_of_details, columns)),
    )
    is_first = not (before or after)
    found = (
        await find_suggestion(engine, selection) if hint and is_first and not page.events else None
    )
    told: dict[str, Any] = {
        "next": page.next,
        "previous": page.previous,
        "hint": shape_hint(found),
        "notice": equals_in(q) if is_first else None,
        "elapsed_ms": page.elapsed_ms + (found.elapsed_ms if found else 0),
        "rows_read": page.rows_read + (found.rows_read if found else 0),
    }
    if columns is None and details:
        return WholePageShape(
            events=[shape_whole_event(event, merged) for event in page.events], **told
        )
    if columns is None:
        return PageShape(events=await shape_events(page.events, merged, exceptions), **told)
    return ColumnsShape(
        events=[shape_columns(event, columns, merged) for event in page.events], **told
    )


def _is_of_details(column: Column) -> bool:
    return column.field == Field("details")


@get("/events/{event_id:str}", summary="One event")
async def show_event(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    merged: NamedDependency[Merged],
    event_id: FromPath[str],
) -> WholeEventShape:
    """Give the event with this id."""
    number = parse_event_id(event_id)
    event = None if number is None else await find(engine, principal.workspace, number)
    if event is None:
        raise NotFoundError(f"There is no event {event_id[:30]!r} in this workspace (yet).")
    return shape_whole_event(event, merged)


def make_api() -> Router:
    """The routes; what they need is provided by `build_app`."""
    handlers = (
        show_session,
        list_events,
        show_stats,
        complete_search,
        tail_events,
        show_event,
        *SUMMARIES,
        show_patterns,
        show_context,
        export_events,
        ask_sql,
        *SAVED,
        *DASHBOARDS,
        *KEYS,
        *USERS,
        *SYSTEM,
        *ASIDE,
        *RETENTION,
        *RECEIPTS,
        *WHEREABOUTS,
        *REFUSED,
        *RETRIES,
        *ISSUES,
        *TRIAGE,
        show_gate,
    )
    return Router(
        API_PATH,
        route_handlers=handlers,
        dependencies={"clock": CLOCK, "merged": MERGED, "selection": SELECTION, "choice": CHOICE},
        before_request=check_parameters,
        response_headers={"Cache-Control": "no-store"},
    )
