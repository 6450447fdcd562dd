"""Releases that appear: what Python finds in the same rows."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from logster.event import NS_PER_S, Event
from logster.query.parse import parse_filter
from logster.store.releases import MAX_RELEASES, find_releases
from logster.store.selection import Selection
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

OURS, THEIRS = 7, 8
START_NS = 1_790_000_000_123_456_789
HOUR_NS = 3_600 * NS_PER_S


def make_events(seed: int = 1) -> list[Event]:
    """A day: every application goes from release to release, production later than staging."""
    rng = random.Random(seed)
    events = []
    for number in range(1, 801):
        hour = rng.randrange(24)
        application = rng.choice(["shop", "cart", None])
        environment = rng.choice(["production", "staging"])
        pace = 3 if environment == "staging" else 4
        release = f"{application}-{hour // pace}" if application else rng.choice([None, "", "x'"])
        events.append(
            event_at(
                number,
                START_NS + hour * HOUR_NS + rng.randrange(HOUR_NS),
                application=application,
                environment=environment,
                release=release,
                message=rng.choice(["timeout", "done"]),
            )
        )
    return events


@pytest.fixture
async def stored(engine: Engine) -> list[Event]:
    ours = make_events()
    theirs = [
        event_at(10_000 + n, START_NS + n * HOUR_NS, workspace=THEIRS, release=f"secret-{n}")
        for n in range(24)
    ]
    await store_events(engine, ours + theirs)
    return ours


def expected(
    stored: list[Event], since_ns: int | None, until_ns: int | None, **place: str
) -> list[tuple[str, int]]:
    """Written anew: the first event of each release, wherever the range begins."""
    first: dict[str, int] = {}
    for event in stored:
        is_there = all(getattr(event, name) == value for name, value in place.items())
        if is_there and event.release and (until_ns is None or event.timestamp < until_ns):
            first[event.release] = min(first.get(event.release, event.timestamp), event.timestamp)
    found = [(name, ns) for name, ns in first.items() if since_ns is None or ns >= since_ns]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:MAX_RELEASES]


PLACES: dict[str, dict[str, str]] = {
    "": {},
    "timeout severity>=error": {},
    "application:shop": {"application": "shop"},
    "application:shop timeout -nothing": {"application": "shop"},
    "(environment:production OR environment:production) done": {"environment": "production"},
    "application:cart environment:staging release:x": {
        "application": "cart",
        "environment": "staging",
    },
    "application:shop OR timeout": {},
    "application:nobody": {"application": "nobody"},
}


async def test_a_release_appears_with_its_first_event(engine: Engine, stored: list[Event]) -> None:
    instants = (None, START_NS + 5 * HOUR_NS, START_NS + 15 * HOUR_NS + 1)
    for (text, place), since_ns, until_ns in product(PLACES.items(), instants, instants):
        selection = Selection(
            workspace=OURS, filter=parse_filter(text), since_ns=since_ns, until_ns=until_ns
        )
        found = await find_releases(engine, selection)
        told = [(release.name, release.first_ns) for release in found.releases]
        wanted = (
            [] if _is_empty(since_ns, until_ns) else expected(stored, since_ns, until_ns, **place)
        )
        assert told == wanted, (text, since_ns, until_ns)
        assert found.elapsed_ms > 0


def _is_empty(since_ns: int | None, until_ns: int | None) -> bool:
    return since_ns is not None and until_ns is not None and since_ns >= until_ns


async def test_the_newest_are_told_when_there_are_many(engine: Engine) -> None:
    await store_events(
        engine, [event_at(n, START_NS + n * NS_PER_S, release=f"r{n}") for n in range(1, 40)]
    )
    found = await find_releases(engine, Selection(workspace=OURS, since_ns=START_NS))
    assert [release.name for release in found.releases] == [f"r{n}" for n in range(39, 19, -1)]


async def test_one_that_is_new_is_found_among_many_old_ones_that_speak_later(
    engine: Engine,
) -> None:
    old = [
        event_at(n + late, START_NS + (n + late) * NS_PER_S, release=f"old{n}")
        for n in range(1, 40)
        for late in (0, 1_000)
    ]
    new = event_at(500, START_NS + 500 * NS_PER_S, release="new")
    unreadable = event_at(501, START_NS + 501 * NS_PER_S, release="x" * 201)
    await store_events(engine, [*old, new, unreadable])
    since = Selection(workspace=OURS, since_ns=START_NS + 300 * NS_PER_S)
    found = await find_releases(engine, since)
    assert [release.name for release in found.releases] == ["new"]
