"""What people do with issues: PATCH /api/v1/issues/{id}, comments, merge, split, bulk.

In: the wish of a member, or of a program whose key has full rights. Out: JSON, or a refusal.
Promise: every change is in the history of each issue, with who made it; a change of several is
made for all of them or for none.
"""

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath, JSONBody

from logster.errors import QueryError
from logster.meta.members import Members
from logster.query.moment import Clock, parse_moment
from logster.store.engine import Engine
from logster.store.issues import StoredErrors
from logster.track.aliases import Merged
from logster.track.issue import Wanted
from logster.track.issues import Issues
from logster.track.states import State
from logster.track.states import Until as StateUntil
from logster.track.versions import newest_of
from logster.web.access import Principal
from logster.web.audit import AUDIT
from logster.web.issue_shapes import WholeIssueShape
from logster.web.issues import DEFAULT_SINCE, find_issues, parse_issue_id, show_whole
from logster.web.orders import Order
from logster.web.refusals import refusing

NEXT = "next"
#: Issues that one order names; a search may find more of them.
MAX_NAMED = 1_000


class TriageOrder(Order, frozen=True, kw_only=True):
    """How issues are to be; what is left out stays as it is.

    `state` may come with what ends it: `in_release` of a resolved one (the errors of newer
    releases open it again; `next` stands for the newest one so far), `until` (a time, or how
    long: 2h), `more` or `per_hour` of a muted one. `assigned_to` is a member's address, "" for
    nobody. `comment` is written into the history.
    """

    state: State | None = None
    in_release: str | None = None
    until: str | None = None
    more: int | None = None
    per_hour: int | None = None
    assigned_to: str | None = None
    comment: str | None = None


class SearchOrder(Order, frozen=True, kw_only=True):
    """All issues that a search finds, as the list of issues does."""

    q: str = ""
    since: str = DEFAULT_SINCE
    until: str = ""


class BulkOrder(TriageOrder, frozen=True, kw_only=True):
    """The same for the issues that are named, or for all that a search finds."""

    issues: list[str] | None = None
    search: SearchOrder | None = None


class MergeOrder(Order, frozen=True, kw_only=True):
    """Issues that are to be part of another one."""

    into: str
    issues: list[str]


class SplitOrder(Order, frozen=True, kw_only=True):
    """Keys of an issue that are to be issues of their own again."""

    issue: str
    keys: list[str]


class ChangedShape(msgspec.Struct, frozen=True, kw_only=True):
    """Which issues an order was about."""

    changed: int
    issues: list[str]


class PersonShape(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody an issue can be assigned to; `is_me` marks the one who asks."""

    email: str
    is_me: bool


class PeopleShape(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody an issue can be assigned to, by email."""

    members: list[PersonShape]


@get("/issues/members", summary="Who an issue can belong to")
async def list_assignable(
    principal: NamedDependency[Principal], members: NamedDependency[Members]
) -> PeopleShape:
    """Give the members of the workspace who can log in, to those who may assign issues."""
    principal.check_triage()
    me = principal.session.email if principal.session else None
    found = await members.in_workspace(principal.workspace)
    return PeopleShape(
        members=[
            PersonShape(email=each.email, is_me=each.email == me)
            for each in found
            if each.disabled_at is None
        ]
    )


@patch("/issues/{issue_id:str}", summary="Change an issue")
async def change_issue(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    issue_id: FromPath[str],
    data: JSONBody[TriageOrder],
) -> WholeIssueShape:
    """Set the state of an issue, whose it is, or write a comment."""
    number = merged.issue_of(parse_issue_id(issue_id))
    triage = Triage(principal, engine, issues, clock)
    await triage.change([number], data)
    return await show_whole(principal, engine, issues, merged, clock, number)


@post("/issues/bulk", summary="Change several issues", status_code=200)
async def change_issues(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    data: JSONBody[BulkOrder],
) -> ChangedShape:
    """Change the issues that are named, or all that a search finds, also beyond its page."""
    if (data.issues is None) == (data.search is None):
        raise ClientException(
            "Send either `issues`, a list of ids, or `search`: {q, since, until}."
        )
    if data.search is not None:
        search = data.search
        found = await find_issues(
            principal,
            engine,
            issues,
            merged,
            clock,
            q=search.q,
            since=search.since,
            until=search.until,
        )
        numbers = [issue.id for issue, _ in found.pairs]
    else:
        numbers = _numbers(data.issues or [], merged)
    triage = Triage(principal, engine, issues, clock)
    await triage.change(numbers, data)
    return ChangedShape(changed=len(numbers), issues=list(map(str, numbers[:MAX_NAMED])))


@post("/issues/merge", summary="Merge issues", status_code=200)
async def merge_issues(
    principal: NamedDependency[Principal],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    data: JSONBody[MergeOrder],
) -> ChangedShape:
    """Make issues part of another one; their events, past and to come, are its events."""
    principal.check_triage()
    into = merged.issue_of(parse_issue_id(data.into))
    others = _numbers(data.issues, merged)
    with refusing():
        await issues.merge(principal.workspace, into, others, who=principal.name)
    AUDIT.info("%s merged issues into %d: %s", principal.name, into, others)
    return ChangedShape(changed=len(others), issues=[str(into)])


@post("/issues/split", summary="Split an issue", status_code=200)
async def split_issue(
    principal: NamedDependency[Principal],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    data: JSONBody[SplitOrder],
) -> ChangedShape:
    """Give keys of an issue, that were merged into it, their own issues back."""
    principal.check_triage()
    issue = merged.issue_of(parse_issue_id(data.issue))
    keys = list(map(parse_issue_id, _check_named(data.keys)))
    with refusing():
        await issues.split(principal.workspace, issue, keys, who=principal.name)
    AUDIT.info("%s split the issue %d: %s", principal.name, issue, keys)
    return ChangedShape(changed=len(keys), issues=list(map(str, keys)))


def _numbers(ids: list[str], merged: Merged) -> list[int]:
    """The issues that are named, each once."""
    numbers = (merged.issue_of(parse_issue_id(text)) for text in _check_named(ids))
    return list(dict.fromkeys(numbers))


def _check_named(ids: list[str]) -> list[str]:
    if not 1 <= len(ids) <= MAX_NAMED:
        raise ClientException(f"{len(ids)} ids came; 1 to {MAX_NAMED} can be named at once.")
    return ids


class Triage:
    """One caller's changes of issues."""

    def __init__(self, principal: Principal, engine: Engine, issues: Issues, clock: Clock) -> None:
        principal.check_triage()
        self._principal = principal
        self._engine = engine
        self._issues = issues
        self._clock = clock

    async def change(self, numbers: list[int], order: TriageOrder) -> None:
        """Change issues as an order says; raises what the client is told."""
        with refusing():
            _check_order(order)
            workspace, who = self._principal.workspace, self._principal.name
            wanted = Wanted(state=order.state, assigned_to=order.assigned_to, comment=order.comment)
            wishes = [
                (msgspec.structs.replace(wanted, until=until), some)
                for until, some in await self._untils(numbers, order)
            ]
            await self._issues.change(workspace, wishes, who=who)

    async def _untils(
        self, numbers: list[int], order: TriageOrder
    ) -> list[tuple[StateUntil, list[int]]]:
        """What ends the state, and for which issues: `next` is of each application."""
        at = None if order.until is None else _moment(order.until, self._clock)
        until = StateUntil(
            release=order.in_release, at=at, more=order.more, per_hour=order.per_hour
        )
        if order.in_release != NEXT:
            return [(until, numbers)]
        workspace = self._principal.workspace
        kept = await self._issues.standings(workspace, numbers)
        errors = StoredErrors(self._engine)
        named: dict[str | None, list[int]] = {}
        for number in numbers:
            named.setdefault(kept[number].application if number in kept else None, []).append(
                number
            )
        found = []
        for application, some in named.items():
            newest = newest_of(await errors.first_of_releases(workspace, application or ""))
            if newest is None:
                raise ValueError(
                    f"No event of the application {application!r} names a release, so there is no "
                    "next one; resolve without `in_release`, or name the release."
                )
            found.append((StateUntil(after=newest), some))
        return found


def _check_order(order: TriageOrder) -> None:
    """Raise ValueError for an order that says nothing, or what ends a state without the state."""
    ends = (order.in_release, order.until, order.more, order.per_hour)
    if order.state is None and any(end is not None for end in ends):
        raise ValueError("Name the `state` that this ends: resolved or muted.")
    if order.in_release is not None and order.state != "resolved":
        raise ValueError('`in_release` is of issues that are resolved: send `state`: "resolved".')
    if all(each is None for each in (order.state, order.assigned_to, order.comment)):
        raise ValueError("The order changes nothing: send `state`, `assigned_to` or `comment`.")


def _moment(text: str, clock: Clock) -> int:
    """A time to come: an instant, or how long from now."""
    try:
        return parse_moment(f"now+{text.strip()}", clock)
    except QueryError:
        return parse_moment(text, clock)


TRIAGE = (list_assignable, change_issues, merge_issues, split_issue, change_issue)
