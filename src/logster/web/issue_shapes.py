"""Issues as the API shows them.

In: what is kept of an issue, and what the store counts. Out: JSON shapes.
Promise: ids are decimal text; instants are ISO 8601 in UTC; what is not there is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import render_instant
from logster.track.states import has_ended
from logster.web.shapes import AnswerShape, render_optional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.store.issues import Count
    from logster.track.history import Entry
    from logster.track.issue import Issue


class UntilShape(msgspec.Struct, frozen=True, kw_only=True):
    """What ends a state by itself; all null: nothing does."""

    release: str | None
    after_release: str | None
    at: str | None
    more: int | None
    per_hour: int | None


class IssueShape(msgspec.Struct, frozen=True, kw_only=True):
    """One issue.

    `count`, `users` (distinct) and `trend` are of the time that was asked for, `first_seen` and
    `last_seen` of all. `trend` has the errors of equal parts of that time, the oldest first.
    """

    id: str
    title: str
    type: str | None
    culprit: str | None
    application: str | None
    severity: int
    state: str
    state_since: str
    until: UntilShape
    is_regressed: bool
    assigned_to: str | None
    count: int
    users: int
    first_seen: str
    last_seen: str
    first_release: str | None
    trend: list[int]


class IssuesShape(AnswerShape, frozen=True, kw_only=True):
    """A page of issues; `total` is how many the search finds, from `offset` on they are given."""

    issues: list[IssueShape]
    total: int
    offset: int
    since: str
    until: str


class EntryShape(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done with an issue; `who` is null for Logster itself."""

    at: str
    who: str | None
    what: str
    detail: dict[str, Any]


class WholeIssueShape(IssueShape, frozen=True, kw_only=True):
    """An issue with what it was grouped by, its keys, and what was done with it, newest first."""

    family: str
    grouped_by: list[str]
    keys: list[str]
    first_event: str
    history: list[EntryShape]


def shape_issue(issue: Issue, count: Count | None, trend: Sequence[int], now: int) -> IssueShape:
    """The issue as a list shows it; `now` is nanoseconds since 1970."""
    return IssueShape(**_members(issue, count, trend, now))


def shape_whole_issue(
    issue: Issue,
    count: Count | None,
    trend: Sequence[int],
    now: int,
    *,
    keys: Sequence[int],
    history: Sequence[Entry],
) -> WholeIssueShape:
    """The issue as its page shows it."""
    return WholeIssueShape(
        **_members(issue, count, trend, now),
        family=issue.family,
        grouped_by=issue.grouped_by,
        keys=list(map(str, keys)),
        first_event=str(issue.first_event),
        history=[
            EntryShape(
                at=render_instant(entry.at),
                who=entry.who or None,
                what=entry.what,
                detail=entry.detail,
            )
            for entry in history
        ],
    )


def _members(issue: Issue, count: Count | None, trend: Sequence[int], now: int) -> dict[str, Any]:
    standing = issue.standing
    is_open = standing.state == "open"
    until = standing.until
    first_ns, last_ns = issue.first_at, issue.last_at
    if count:  # a late event, or one of the last minute
        first_ns, last_ns = min(first_ns, count.first_ns), max(last_ns, count.last_ns)
    return {
        "id": str(issue.id),
        "title": issue.title,
        "type": issue.type,
        "culprit": issue.culprit,
        "application": issue.application,
        "severity": issue.severity,
        "state": "open" if has_ended(standing, now) else standing.state,
        "state_since": render_instant(standing.state_at),
        "until": UntilShape(
            release=until.release,
            after_release=until.after,
            at=render_optional(until.at),
            more=until.more,
            per_hour=until.per_hour,
        ),
        "is_regressed": is_open and issue.regressed_at == standing.state_at,
        "assigned_to": issue.assigned_to,
        "count": count.count if count else 0,
        "users": count.users if count else 0,
        "first_seen": render_instant(first_ns),
        "last_seen": render_instant(last_ns),
        "first_release": issue.first_release,
        "trend": list(trend),
    }
