"""Saved searches, and the history of what a person asked.

In: a person's session (a key may look at the shared searches). Out: JSON.
Promise: who may see and change what is decided in `meta/sharing`.
"""

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from logster.event import render_instant
from logster.meta.searches import Draft, SavedSearch, Searches
from logster.meta.sharing import Person, can_change
from logster.web.access import Principal
from logster.web.audit import audit_removed, audit_shared
from logster.web.orders import Order
from logster.web.refusals import refusing


class SearchOrder(Order, frozen=True, kw_only=True):
    """A search to be kept."""

    name: str
    q: str
    columns: list[str] = msgspec.field(default_factory=list)
    since: str = ""
    until: str = ""
    is_shared: bool = False


class SearchShape(msgspec.Struct, frozen=True, kw_only=True):
    """A kept search; `can_change` says whether the one who asks may."""

    id: int
    name: str
    q: str
    columns: list[str]
    since: str
    until: str
    is_shared: bool
    owner: str
    can_change: bool
    created_at: str
    changed_at: str


class SearchesShape(msgspec.Struct, frozen=True, kw_only=True):
    """The principal's own searches and the shared ones, by name."""

    searches: list[SearchShape]


class QueryShape(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, and when last."""

    q: str
    asked_at: str


class HistoryShape(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked lately, newest first, each text once."""

    queries: list[QueryShape]


class QueryOrder(Order, frozen=True, kw_only=True):
    """A search text to be remembered."""

    q: str


@get("/searches", summary="Saved searches")
async def list_searches(
    principal: NamedDependency[Principal], searches: NamedDependency[Searches]
) -> SearchesShape:
    """Give the saved searches the caller may see."""
    user = principal.session.user if principal.session else None
    found = await searches.visible_to(principal.workspace, user)
    return SearchesShape(searches=[_shape(saved, principal) for saved in found])


@post("/searches", summary="Save a search")
async def save_search(
    principal: NamedDependency[Principal],
    searches: NamedDependency[Searches],
    data: JSONBody[SearchOrder],
) -> SearchShape:
    """Keep a search; needs a log-in."""
    with refusing():
        saved = await searches.create(_check_person(principal), _draft(data))
    audit_shared(principal, "search", saved)
    return _shape(saved, principal)


@put("/searches/{search_id:int}", summary="Change a saved search")
async def change_search(
    principal: NamedDependency[Principal],
    searches: NamedDependency[Searches],
    search_id: FromPath[int],
    data: JSONBody[SearchOrder],
) -> SearchShape:
    """Replace a search that is one's own; administrators also replace shared ones."""
    with refusing():
        saved = await searches.change(_check_person(principal), search_id, _draft(data))
    audit_shared(principal, "search", saved)
    return _shape(saved, principal)


@delete("/searches/{search_id:int}", summary="Remove a saved search")
async def remove_search(
    principal: NamedDependency[Principal],
    searches: NamedDependency[Searches],
    search_id: FromPath[int],
) -> None:
    """Forget a search that is one's own; administrators also forget shared ones."""
    audit_removed(principal, "search", await searches.remove(_check_person(principal), search_id))


@get("/history", summary="What I asked lately")
async def show_history(
    principal: NamedDependency[Principal], searches: NamedDependency[Searches]
) -> HistoryShape:
    """Give the person's last search texts, newest first; needs a log-in."""
    found = await searches.history(_check_person(principal))
    return HistoryShape(
        queries=[QueryShape(q=query, asked_at=render_instant(at)) for query, at in found]
    )


@post("/history", summary="Remember a search text", status_code=204)
async def record_query(
    principal: NamedDependency[Principal],
    searches: NamedDependency[Searches],
    data: JSONBody[QueryOrder],
) -> None:
    """Put a text in front of the history; the portal does when a person submits a search."""
    with refusing():
        await searches.record_query(_check_person(principal), data.q)


@delete("/history", summary="Forget what I asked")
async def clear_history(
    principal: NamedDependency[Principal], searches: NamedDependency[Searches]
) -> None:
    """Forget every search text of the person."""
    await searches.clear_history(_check_person(principal))


def _check_person(principal: Principal) -> Person:
    return principal.check_person("Searches and their history")


def _draft(order: SearchOrder) -> Draft:
    return Draft(
        name=order.name,
        query=order.q,
        columns=order.columns,
        since=order.since,
        until=order.until,
        is_shared=order.is_shared,
    )


def _shape(saved: SavedSearch, principal: Principal) -> SearchShape:
    return SearchShape(
        id=saved.id,
        name=saved.name,
        q=saved.query,
        columns=saved.columns,
        since=saved.since,
        until=saved.until,
        is_shared=saved.is_shared,
        owner=saved.owner_email,
        can_change=can_change(principal.person, saved),
        created_at=render_instant(saved.created_at),
        changed_at=render_instant(saved.changed_at),
    )


SAVED = (
    list_searches,
    save_search,
    change_search,
    remove_search,
    show_history,
    record_query,
    clear_history,
)
