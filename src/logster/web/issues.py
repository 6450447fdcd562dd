"""Issues: GET /api/v1/issues and one of them, with its events.

In: a search, which may say how issues fare. Out: JSON.
Promise: nobody sees an issue of another workspace.
"""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from logster.errors import NotFoundError
from logster.event import NS_PER_S, render_instant
from logster.query.moment import Clock
from logster.query.parse import parse_filter
from logster.query.tree import And, Equal
from logster.store.engine import Engine
from logster.store.issues import Count, count_issues, count_steps
from logster.store.meter import Meter
from logster.store.search import search
from logster.store.selection import Selection
from logster.track.aliases import ISSUE, Merged
from logster.track.issue import Sketch
from logster.track.issues import Issues
from logster.track.terms import split_terms
from logster.web.access import Principal
from logster.web.issue_shapes import (
    IssuesShape,
    WholeIssueShape,
    shape_issue,
    shape_whole_issue,
)
from logster.web.selection import Since, Text, Until, select
from logster.web.shapes import PageShape, parse_event_id, shape_events

#: The time that is looked at when nothing else is said.
DEFAULT_SINCE = "14d"
DEFAULT_SINCE_NS = 14 * 86_400 * NS_PER_S
MAX_PAGE = 200
#: Steps of the small chart beside each issue.
STEPS = 28
#: Events on one page of an issue's.
MAX_EVENTS = 1_000

Sort = Literal["seen", "newest", "frequent", "users", "regressed"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The issues that a search finds, in their order, and what the store counts of each."""

    pairs: list[tuple[Sketch, Count]]
    selection: Selection
    elapsed_ms: float
    rows_read: int


async def find_issues(  # what a list is made of
    principal: Principal,
    engine: Engine,
    issues: Issues,
    merged: Merged,
    clock: Clock,
    *,
    q: str,
    since: str,
    until: str,
    sort: Sort = "seen",
) -> Found:
    """All issues with errors in that time, of which the search's other words tell."""
    me = principal.session.email if principal.session else None
    terms, tree = split_terms(parse_filter(q, clock.zone), me)
    selection = select(principal, clock, tree, since or DEFAULT_SINCE, until, merged=merged)
    if selection.until_ns is None:
        # What is a little ahead of our clock has happened as well.
        selection = selection.between(selection.since_ns, clock.now_ns + 60 * NS_PER_S)
    counted = await count_issues(engine, selection, merged.issues)
    numbers = [count.issue for count in counted.counts]
    kept = await issues.sketches(principal.workspace, numbers)
    pairs = [
        (kept[count.issue], count)
        for count in counted.counts
        if count.issue in kept and terms.find(kept[count.issue], clock.now_ns)
    ]
    pairs.sort(key=_ORDERS[sort], reverse=True)
    return Found(
        pairs=pairs,
        selection=selection,
        elapsed_ms=counted.elapsed_ms,
        rows_read=counted.rows_read,
    )


_ORDERS = {
    "seen": lambda pair: (pair[1].last_ns, pair[0].id),
    "newest": lambda pair: (pair[0].first_at, pair[0].id),
    "frequent": lambda pair: (pair[1].count, pair[1].last_ns),
    "users": lambda pair: (pair[1].users, pair[1].count),
    "regressed": lambda pair: (pair[0].regressed_at or 0, pair[1].last_ns),
}


@get("/issues", summary="Issues")
async def list_issues(
    *,
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    q: Text = "",
    since: Since = DEFAULT_SINCE,
    until: Until = "",
    sort: Annotated[
        Sort,
        QueryParameter(
            description="By when an error came last, by the first one, by errors, by users, or "
            "by when it came back."
        ),
    ] = "seen",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    offset: Annotated[int, QueryParameter(ge=0)] = 0,
) -> IssuesShape:
    """Give the issues that have errors in this time.

    Beside what finds events, `q` may say `is:open`, `is:regressed`, `assigned:me` and the like.
    """
    found = await find_issues(
        principal, engine, issues, merged, clock, q=q, since=since, until=until, sort=sort
    )
    page = found.pairs[offset : offset + limit]
    shown = await issues.standings(principal.workspace, [issue.id for issue, _ in page])
    meter = Meter(engine)
    keys = [key for issue, _ in page for key in merged.keys_of(issue.id)]
    trends = await count_steps(meter, found.selection, merged.issues, keys, steps=STEPS)
    return IssuesShape(
        issues=[
            shape_issue(shown[issue.id], count, trends.get(issue.id, []), clock.now_ns)
            for issue, count in page
            if issue.id in shown
        ],
        total=len(found.pairs),
        offset=offset,
        since=render_instant(found.selection.since_ns or 0),
        until=render_instant(found.selection.until_ns or 0),
        elapsed_ms=found.elapsed_ms + meter.elapsed_ms,
        rows_read=found.rows_read + meter.rows_read,
    )


@get("/issues/{issue_id:str}", summary="One issue")
async def show_issue(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    issue_id: FromPath[str],
) -> WholeIssueShape:
    """Give an issue with its history; one that was merged into another is that other one."""
    number = merged.issue_of(parse_issue_id(issue_id))
    return await show_whole(principal, engine, issues, merged, clock, number)


async def show_whole(  # what an issue is made of
    principal: Principal,
    engine: Engine,
    issues: Issues,
    merged: Merged,
    clock: Clock,
    number: int,
) -> WholeIssueShape:
    """The issue of this number, as its page shows it; raises NotFoundError."""
    issue, history = await issues.find(principal.workspace, number)
    keys = merged.keys_of(number)
    whole = Selection(workspace=principal.workspace, filter=merged.spell_out(Equal(ISSUE, number)))
    counted = await count_issues(engine, whole, merged.issues)
    count = counted.counts[0] if counted.counts else None
    until_ns = clock.now_ns + 60 * NS_PER_S
    recent = whole.between(until_ns - DEFAULT_SINCE_NS, until_ns)
    trends = await count_steps(Meter(engine), recent, merged.issues, keys, steps=STEPS)
    return shape_whole_issue(
        issue, count, trends.get(number, [0] * STEPS), clock.now_ns, keys=keys, history=history
    )


@get("/issues/{issue_id:str}/events", summary="The events of an issue")
async def list_issue_events(
    *,
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    issue_id: FromPath[str],
    q: Text = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_EVENTS)] = 100,
    before: Annotated[str, QueryParameter(description="`next` of a page: the older events.")] = "",
    after: Annotated[
        str, QueryParameter(description="`previous` of a page: the newer events.")
    ] = "",
    exceptions: Annotated[
        bool, QueryParameter(description="Whether each event has its `exceptions`.")
    ] = True,
) -> PageShape:
    """Give a page of the events of an issue that match, newest first."""
    number = merged.issue_of(parse_issue_id(issue_id))
    await issues.find(principal.workspace, number)
    tree = And((Equal(ISSUE, number), parse_filter(q, clock.zone)))
    selection = select(principal, clock, tree, since, until, merged=merged)
    page = await search(engine, selection, limit=limit, before=before or None, after=after or None)
    return PageShape(
        events=await shape_events(page.events, merged, has_exceptions=exceptions),
        next=page.next,
        previous=page.previous,
        hint=None,
        notice=None,
        elapsed_ms=page.elapsed_ms,
        rows_read=page.rows_read,
    )


def parse_issue_id(text: str) -> int:
    """The number of an issue; raises NotFoundError for what is none."""
    number = parse_event_id(text)
    if not number or number >= 1 << 63:
        raise NotFoundError(f"There is no issue {text[:30]!r} in this workspace.")
    return number


ISSUES = (list_issues, show_issue, list_issue_events)
