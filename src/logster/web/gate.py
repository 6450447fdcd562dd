"""Whether a release may go on: GET /api/v1/gate.

In: two releases and a time. Out: JSON with the verdict, its reasons and what was measured.
"""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.query.moment import Clock
from logster.query.parse import parse_filter
from logster.query.tree import And, Equal, Field
from logster.store.engine import Engine
from logster.store.issues import count_issues
from logster.store.rates import Rate, count_rates
from logster.track.aliases import Merged
from logster.track.gate import Allowed, Measured, judge
from logster.track.issue import Issue, Sketch
from logster.track.issues import Issues
from logster.web.access import Principal
from logster.web.selection import Since, Text, Until, select
from logster.web.shapes import AnswerShape

#: Issues that are named; the counts are of all.
MAX_NAMED = 50
RELEASE = Field("release")
DAY_NS = 86_400 * NS_PER_S


class RateShape(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a release in the time, errors among them, and their share (0 to 1)."""

    release: str
    events: int
    errors: int
    share: float


class NamedShape(msgspec.Struct, frozen=True, kw_only=True):
    """An issue in short."""

    id: str
    title: str
    count: int


class GateShape(AnswerShape, frozen=True, kw_only=True):
    """The verdict; `reasons` are empty when it is passed."""

    passed: bool
    reasons: list[str]
    release: RateShape
    against: RateShape
    new_issues: list[NamedShape]
    regressed_issues: list[NamedShape]


@get("/gate", summary="Whether a release may go on")
async def show_gate(
    *,
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    issues: NamedDependency[Issues],
    merged: NamedDependency[Merged],
    clock: NamedDependency[Clock],
    release: Annotated[str, QueryParameter(min_length=1, description="The release to be judged.")],
    against: Annotated[str, QueryParameter(min_length=1, description="The one before it.")],
    q: Text = "",
    since: Since = "30m",
    until: Until = "",
    new_issues: Annotated[int, QueryParameter(ge=0, description="So many may be new.")] = 0,
    regressed_issues: Annotated[int, QueryParameter(ge=0, description="So many may return.")] = 0,
    more_errors: Annotated[
        float, QueryParameter(ge=0, description="So many per cent more errors, by their share.")
    ] = 50.0,
) -> GateShape:
    """Compare a release with the one before it: new issues, issues that came back, errors.

    `q` narrows both, as by `application:shop`. The release before it is looked at in a day before
    `since`, too, for it may be gone by now.
    """
    if not since.strip():
        raise QueryError("`since` is empty: say when the release began, as 30m or a time")
    tree = parse_filter(q, clock.zone)
    selection = select(principal, clock, tree, since, until, merged=merged)
    before = select(principal, clock, tree, "", until, merged=merged).between(
        (selection.since_ns or 0) - DAY_NS, selection.until_ns
    )
    of_release = selection.with_filter(And((selection.filter, Equal(RELEASE, release))))
    now, then = (
        await count_rates(engine, selection, [release]),
        await count_rates(engine, before, [against]),
    )
    counted = await count_issues(engine, of_release, merged.issues)
    kept = await issues.standings(principal.workspace, [each.issue for each in counted.counts])
    counts = {each.issue: each.count for each in counted.counts}
    new = [issue for issue in kept.values() if issue.first_release == release]
    back = [issue for issue in kept.values() if _is_back(issue, selection.since_ns or 0)]
    rate, rate_before = now.rates[release], then.rates[against]
    verdict = judge(
        Measured(
            release=release,
            against=against,
            events=rate.events,
            errors=rate.errors,
            events_before=rate_before.events,
            errors_before=rate_before.errors,
            new_issues=len(new),
            regressed_issues=len(back),
        ),
        Allowed(new_issues=new_issues, regressed_issues=regressed_issues, more_errors=more_errors),
    )

    def name(found: list[Issue]) -> list[NamedShape]:
        found.sort(key=lambda issue: -counts[issue.id])
        return [
            NamedShape(id=str(issue.id), title=issue.title, count=counts[issue.id])
            for issue in found[:MAX_NAMED]
        ]

    return GateShape(
        passed=verdict.is_passed,
        reasons=verdict.reasons,
        release=_shape_rate(release, rate),
        against=_shape_rate(against, rate_before),
        new_issues=name(new),
        regressed_issues=name(back),
        elapsed_ms=now.elapsed_ms + then.elapsed_ms + counted.elapsed_ms,
        rows_read=now.rows_read + then.rows_read + counted.rows_read,
    )


def _is_back(issue: Sketch, since_ns: int) -> bool:
    return issue.standing.state == "open" and (issue.regressed_at or 0) >= max(since_ns, 1)


def _shape_rate(release: str, rate: Rate) -> RateShape:
    return RateShape(release=release, events=rate.events, errors=rate.errors, share=rate.share)
