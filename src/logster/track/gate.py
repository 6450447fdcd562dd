"""Whether a release is well enough to go on: what is new, what came back, how many errors.

In: the errors of a release and of the one before it, and what is allowed. Out: a `Verdict`.
Promise: pure; a release of which nothing came is not well: nobody knows.
"""

from __future__ import annotations

import msgspec

#: Fewer events than these say nothing of a share.
MIN_EVENTS = 20


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What a release may have: new issues, issues that came back, and how much more errors.

    `more_errors` is in per cent of the share of errors of the release before.
    """

    new_issues: int = 0
    regressed_issues: int = 0
    more_errors: float = 50.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a release has in the time that is looked at, and the one before it at any time there."""

    release: str
    against: str
    events: int
    errors: int
    events_before: int
    errors_before: int
    new_issues: int
    regressed_issues: int


class Verdict(msgspec.Struct, frozen=True):
    """Whether it may go on, and why not."""

    is_passed: bool
    reasons: list[str]


def judge(measured: Measured, allowed: Allowed) -> Verdict:
    """Hold what was measured against what is allowed."""
    if not measured.events:
        unknown = (
            f"No event of the release {measured.release!r} came in this time, so nothing is "
            "known of it; do its programs name their release?"
        )
        return Verdict(is_passed=False, reasons=[unknown])
    reasons = []
    if measured.new_issues > allowed.new_issues:
        reasons.append(f"{measured.new_issues} new issues, {allowed.new_issues} are allowed.")
    if measured.regressed_issues > allowed.regressed_issues:
        reasons.append(
            f"{measured.regressed_issues} issues came back, {allowed.regressed_issues} may."
        )
    if reason := _judge_rate(measured, allowed):
        reasons.append(reason)
    return Verdict(is_passed=not reasons, reasons=reasons)


def _judge_rate(measured: Measured, allowed: Allowed) -> str:
    if min(measured.events, measured.events_before) < MIN_EVENTS:
        return ""
    share = measured.errors / measured.events
    before = measured.errors_before / measured.events_before
    if share <= before * (1 + allowed.more_errors / 100) or measured.errors <= 1:
        return ""
    return (
        f"{share:.2%} of the events are errors, {before:.2%} were in {measured.against!r}; "
        f"{allowed.more_errors:g} % more are allowed."
    )
