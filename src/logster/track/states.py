"""How an issue fares: its states, what people may ask of it, and what its events make of it.

In: where an issue stands, and what was seen of its errors since. Out: the change that follows.
Promise: pure. A change follows once: what has become open again is open.

| state | until |
| --- | --- |
| open | somebody decides |
| resolved | an error comes of a later time; or of a release that should not have it |
| muted | a moment, so many more errors, or so many within an hour |
| ignored | somebody decides |
| discarded | somebody decides; its errors are counted and not kept |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from logster.event import NS_PER_S
from logster.track.versions import is_newer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

State = Literal["open", "resolved", "ignored", "muted", "discarded"]
STATES: tuple[State, ...] = ("open", "resolved", "ignored", "muted", "discarded")

HOUR_NS = 3600 * NS_PER_S
#: More errors than these nobody waits for.
MAX_COUNT = 1_000_000_000
MAX_RELEASE_CHARACTERS = 200


class Until(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ends a state; with none of them, only a person does.

    `release`: an error of that release or a newer one; `after`: of one that is newer than that.
    `at`: a moment, in nanoseconds since 1970. `more`: so many errors since. `per_hour`: so many
    within an hour.
    """

    release: str | None = None
    after: str | None = None
    at: int | None = None
    more: int | None = None
    per_hour: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an issue stands; `state_at` is since when, in nanoseconds since 1970."""

    state: State
    state_at: int
    until: Until = Until()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Errors of one issue and one release since its state began.

    `last_at` is the time of the last, in nanoseconds since 1970; `in_hour` how many of them are
    of the last hour.
    """

    release: str
    count: int
    last_at: int
    in_hour: int = 0


Change = Literal["regressed", "unmuted"]


def decide(
    standing: Standing, seen: Sequence[Seen], *, now: int, first_seen: Mapping[str, int]
) -> Change | None:
    """What follows for an issue from errors that were seen; None: nothing.

    `first_seen` says when each release was first seen, of the issue's application.
    """
    if standing.state == "resolved":
        is_back = any(_is_regression(standing, errors, first_seen) for errors in seen)
        return "regressed" if is_back else None
    if standing.state == "muted":
        return "unmuted" if has_ended(standing, now) or _is_loud(standing.until, seen) else None
    return None


def has_ended(standing: Standing, now: int) -> bool:
    """Whether the moment has come for which it was muted."""
    at = standing.until.at
    return standing.state == "muted" and at is not None and now >= at


def _is_regression(standing: Standing, errors: Seen, first_seen: Mapping[str, int]) -> bool:
    """An error of a release that should not have it any more; a late one is none."""
    if errors.last_at <= standing.state_at:
        return False
    until, release = standing.until, errors.release
    if until.after is not None:
        return bool(release) and is_newer(release, until.after, first_seen)
    if until.release is not None:
        return bool(release) and not is_newer(until.release, release, first_seen)
    return True


def _is_loud(until: Until, seen: Sequence[Seen]) -> bool:
    if until.more is not None and sum(errors.count for errors in seen) >= until.more:
        return True
    in_hour = sum(errors.in_hour for errors in seen)
    return until.per_hour is not None and in_hour >= until.per_hour


def check_until(state: State, until: Until, now: int) -> None:
    """Raise ValueError for what a state cannot wait for."""
    given = {name for name in Until.__struct_fields__ if getattr(until, name) is not None}
    fitting = {"resolved": {"release", "after"}, "muted": {"at", "more", "per_hour"}}.get(
        state, set()
    )
    if wrong := sorted(given - fitting):
        fit = " or ".join(sorted(fitting)) or "nothing"
        raise ValueError(f"An issue cannot be {state} until {wrong[0]!r}; until {fit} it can.")
    if len(given) > 1:
        raise ValueError(f"An issue is {state} until one thing, not {' and '.join(sorted(given))}.")
    if until.at is not None and until.at <= now:
        raise ValueError("An issue cannot be muted until a moment that is over; name a later one.")
    for release in (until.release, until.after):
        if release is not None and (
            not 1 <= len(release) <= MAX_RELEASE_CHARACTERS or "\0" in release
        ):
            raise ValueError(f"The name of a release has 1 to {MAX_RELEASE_CHARACTERS} characters.")
    for name in ("more", "per_hour"):
        count = getattr(until, name)
        if count is not None and not 1 <= count <= MAX_COUNT:
            raise ValueError(f"`{name}` is {count}, it can be 1 to {MAX_COUNT}.")
