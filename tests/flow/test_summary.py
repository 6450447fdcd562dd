"""Histogram, facets, fields, patterns, context: what Python counts from the same rows."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.errors import NotFoundError, QueryError
from logster.event import NS_PER_MS, Event, Severity
from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.query.tree import EVERYTHING, Field
from logster.store import histogram as histogram_module
from logster.store.columns import SEVERITY
from logster.store.context import find_context
from logster.store.facets import facets
from logster.store.field_list import list_fields
from logster.store.histogram import Histogram, histogram
from logster.store.input import field_of
from logster.store.patterns import MORE, SHAPES, find_patterns
from logster.store.search import search
from logster.store.selection import Selection
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

OURS, THEIRS = 7, 8
START_NS = 1_790_000_000_123_456_789
NOW_NS = START_NS + 3_600_000 * NS_PER_MS
FILTERS = ("", "severity>=warn", "application:shop", "took ms>50", "-has:user", "nothing_like_it")


def make_events(count: int = 600, seed: int = 1) -> list[Event]:
    rng = random.Random(seed)
    messages = (
        "GET /orders/{n} took {n} ms",
        'User "{n}" logged in from 10.0.{s}.{s}',
        "job {uuid} done",
        "nothing special",
        "{n}",
    )
    return [
        event_at(
            number,
            START_NS + rng.randrange(3_000_000) * NS_PER_MS + rng.randrange(NS_PER_MS),
            severity=rng.choices(range(7), (1, 5, 50, 10, 5, 1, 1))[0],
            message=rng.choice(messages).format(
                n=rng.randrange(100_000),
                s=rng.randrange(250),
                uuid=f"{rng.getrandbits(128):032x}"[:8] + "-1234-5678-9abc-0123456789ab",
            ),
            application=rng.choice(["shop", "cart", "billing's", None]),
            user=rng.choice([None, "", *(f"u{n}" for n in range(40))]),
            host=rng.choice(["h1", "h2"]),
            trace_id=rng.choice([None, "t1", "t2"]),
            properties=rng.choice(
                [
                    {},
                    {"ms": rng.randrange(100), "http": {"status": rng.choice([200, 404, 200.0])}},
                    {"ms": float(rng.randrange(100)), "ok": rng.random() < 0.5, "list": [1]},
                    {"http.status": str(rng.choice([200, 500])), "none": None, "blank": ""},
                ]
            ),
        )
        for number in range(1, count + 1)
    ]


@pytest.fixture
async def stored(engine: Engine) -> list[Event]:
    """Ours, and in the same blocks of rows a neighbour's."""
    ours = make_events()
    theirs = [
        event_at(
            10_000 + number,
            START_NS + number * 1_000_000 * NS_PER_MS // 10,
            workspace=THEIRS,
            message="secret of the neighbour",
            application="secret",
            user="secret",
            properties={"secret": "secret", "ms": 1},
        )
        for number in range(20)
    ]
    await store_events(engine, ours + theirs)
    return ours


def selection(text: str = "", **place: Any) -> Selection:
    return Selection(workspace=OURS, filter=parse_filter(text), **place)


def matching(stored: list[Event], text: str) -> list[Event]:
    tree = parse_filter(text)
    return [event for event in stored if matches(tree, event)]


def value_of(event: Event, name: str) -> str:
    """A field's value as text, '' without one; written anew, apart from the program."""
    if name == "severity":
        return Severity(event.severity).name.lower()
    if name in ("application", "user", "host", "trace_id"):
        return getattr(event, name) or ""
    value: Any = event.properties.get(name)
    if name not in event.properties:
        value = event.properties
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


async def test_a_histogram_counts_each_event_in_its_bucket(
    engine: Engine, stored: list[Event]
) -> None:
    for text, buckets in product(FILTERS, (1, 7, 60, 500)):
        await check_histogram(engine, stored, text, buckets)


async def check_histogram(engine: Engine, stored: list[Event], text: str, buckets: int) -> None:
    found = await histogram(engine, selection(text), now_ns=NOW_NS, buckets=buckets)
    expected = matching(stored, text)
    assert found.total == len(expected)
    assert len(found.starts_ms) <= buckets
    if not expected:
        assert (found.starts_ms, found.series) == ([], [])
        return
    assert all(start % found.interval_ms == 0 for start in found.starts_ms)
    times = [event.timestamp // NS_PER_MS for event in expected]
    assert found.starts_ms[0] <= min(times)
    assert max(times) < found.starts_ms[-1] + found.interval_ms
    assert found.starts_ms == list(
        range(found.starts_ms[0], found.starts_ms[-1] + 1, found.interval_ms)
    )
    counts = Counter(
        (event.severity, event.timestamp // NS_PER_MS // found.interval_ms) for event in expected
    )
    assert [series.name for series in found.series] == [
        Severity(number).name.lower() for number in sorted({e.severity for e in expected})
    ]
    for series in found.series:
        number = Severity[series.name.upper()]
        assert series.counts == [
            counts[number, start // found.interval_ms] for start in found.starts_ms
        ]


@pytest.mark.parametrize(
    ("few", "cells"), [(100, 20_000), (0, 20_000), (100, 10)], ids=["once", "twice", "too many"]
)
async def test_a_histogram_is_split_by_any_field(
    engine: Engine,
    stored: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    cells: int,
) -> None:
    monkeypatch.setattr(histogram_module, "FEW_VALUES", few)
    monkeypatch.setattr(histogram_module, "MAX_CELLS", cells)
    for name in ("application", "user", "ms", "http.status", "ok", "severity"):
        await check_split(engine, stored, name)


async def check_split(engine: Engine, stored: list[Event], name: str) -> None:
    found = await histogram(
        engine, selection(), now_ns=NOW_NS, buckets=20, split=field_of(name), top=3
    )
    values = Counter(value_of(event, name) for event in stored)
    missing = values.pop("", 0)
    sums = {(series.kind, series.name): sum(series.counts) for series in found.series}
    if name != "severity":
        top = sorted(values.items(), key=lambda item: (-item[1], item[0]))[:3]
        other = values.total() - sum(count for _, count in top)
        expected = {("value", value): count for value, count in top}
        expected |= {("other", ""): other} if other else {}
        expected |= {("missing", ""): missing} if missing else {}
        assert sums == expected
        for series in found.series[: len(top)]:
            assert series.counts == counts_of(stored, name, series.name, found)
    else:
        assert sums == {("value", value): count for value, count in values.items()}
    assert found.total == len(stored)


def counts_of(stored: list[Event], name: str, value: str, found: Histogram) -> list[int]:
    buckets = Counter(
        event.timestamp // NS_PER_MS // found.interval_ms
        for event in stored
        if value_of(event, name) == value
    )
    return [buckets[start // found.interval_ms] for start in found.starts_ms]


async def test_a_histogram_keeps_to_its_range_and_shows_its_empty_ends(
    engine: Engine, stored: list[Event]
) -> None:
    since, until = START_NS + 600_000 * NS_PER_MS, START_NS + 1_200_000 * NS_PER_MS
    found = await histogram(
        engine, selection(since_ns=since, until_ns=until), now_ns=NOW_NS, buckets=60
    )
    assert found.interval_ms == 15_000
    assert found.total == sum(since <= event.timestamp < until for event in stored)
    hour = await histogram(engine, selection(since_ns=START_NS), now_ns=NOW_NS)
    assert hour.interval_ms == 120_000
    assert hour.starts_ms[-1] + hour.interval_ms >= NOW_NS // NS_PER_MS
    assert hour.total == len(stored)
    nothing = await histogram(
        engine, selection("nothing_like_it", since_ns=since, until_ns=until), now_ns=NOW_NS
    )
    assert (len(nothing.starts_ms), nothing.series) == (len(found.starts_ms), [])
    backwards = await histogram(engine, selection(since_ns=until, until_ns=since), now_ns=NOW_NS)
    assert backwards.total == 0
    century = await histogram(engine, selection(since_ns=0, until_ns=2**63 - 1), now_ns=NOW_NS)
    assert len(century.starts_ms) <= 60
    assert century.total == len(stored)


@pytest.mark.parametrize("text", FILTERS)
async def test_facets_count_every_value_of_several_fields(
    engine: Engine, stored: list[Event], text: str
) -> None:
    names = ["severity", "application", "user", "ms", "http.status", "ok", "list", "secret"]
    found = await facets(engine, selection(text), [field_of(name) for name in names], limit=5)
    expected = matching(stored, text)
    assert found.total == len(expected)
    assert [facet.field for facet in found.facets] == names
    for facet in found.facets:
        # Its own condition does not hold for a field (`test_facets`).
        is_own = text == f"{facet.field}:shop"
        counted = matching(stored, "") if is_own else expected
        values = Counter(value_of(event, facet.field) for event in counted)
        assert facet.missing == values.pop("", 0)
        assert [count for _, count in facet.values] == sorted(values.values(), reverse=True)[:5]
        assert all(values[value] == count for value, count in facet.values)


async def test_a_value_of_a_facet_is_found_by_its_filter(
    engine: Engine, stored: list[Event]
) -> None:
    names = ["severity", "application", "user", "ms", "http.status", "ok"]
    found = await facets(engine, selection(), [field_of(name) for name in names], limit=100)
    for facet in found.facets:
        for value, count in facet.values:
            assert len(matching(stored, f'{facet.field}:"{value}"')) == count


async def test_one_facet_alone_and_none_at_all(engine: Engine, stored: list[Event]) -> None:
    found = await facets(engine, selection(), [SEVERITY])
    assert sum(count for _, count in found.facets[0].values) == found.total == len(stored)
    for fields in ([], [Field("host")] * 21):
        with pytest.raises(QueryError, match="number of fields"):
            await facets(engine, selection(), fields)


async def test_fields_tell_what_the_newest_events_have(engine: Engine, stored: list[Event]) -> None:
    found = await list_fields(engine, selection(), sample=200)
    newest = sorted(stored, key=lambda event: (event.timestamp, event.id))[-200:]
    assert found.looked_at == 200
    infos = {info.name: info for info in found.fields}
    assert infos["severity"].count == infos["message"].count == 200
    assert infos["user"].count == sum(bool(event.user) for event in newest)
    assert infos["http.status"].types == Counter(
        "string" if "http.status" in event.properties else "number"
        for event in newest
        if "http" in event.properties or "http.status" in event.properties
    )
    assert set(infos) >= {"ms", "ok", "list"}
    assert not {"none", "blank", "secret"} & set(infos)
    empty = await list_fields(engine, selection("nothing_like_it"))
    assert (empty.fields, empty.looked_at) == ([], 0)


def shape_of(message: str) -> str:
    for placeholder, pattern in SHAPES:
        message = re.sub(pattern, placeholder, message, flags=re.ASCII)
    return message


@pytest.mark.parametrize("text", FILTERS)
async def test_patterns_are_the_shapes_of_the_messages(
    engine: Engine, stored: list[Event], text: str
) -> None:
    found = await find_patterns(engine, selection(text))
    expected = matching(stored, text)
    assert found.looked_at == len(expected)
    counts = Counter(shape_of(event.message) for event in expected)
    assert {pattern.pattern: pattern.count for pattern in found.patterns} == counts
    assert found.distinct == len(counts)
    for pattern in found.patterns:
        events = [event for event in expected if shape_of(event.message) == pattern.pattern]
        times = [event.timestamp for event in events]
        assert (pattern.first_ns, pattern.last_ns) == (min(times), max(times))
        levels = Counter(Severity(event.severity).name.lower() for event in events)
        assert pattern.severities == levels
        newest = max(events, key=lambda event: (event.timestamp, event.id))
        assert (pattern.example_id, pattern.example) == (newest.id, newest.message)


async def test_the_filter_of_a_pattern_selects_its_events(
    engine: Engine, stored: list[Event]
) -> None:
    found = await find_patterns(engine, selection())
    assert {pattern.pattern for pattern in found.patterns if pattern.filter is None} == {"<number>"}
    for pattern in found.patterns:
        if pattern.filter is None:
            continue
        same = Selection(workspace=OURS, filter=parse_filter(pattern.filter))
        page = await search(engine, same, limit=1000)
        assert {event.id for event in page.events} == {
            event.id for event in stored if shape_of(event.message) == pattern.pattern
        }


async def test_a_long_message_ends_its_pattern_where_it_is_cut(engine: Engine) -> None:
    await store_events(
        engine, [event_at(1, message="word " * 2_000), event_at(2, message="x" * 1_000)]
    )
    found = await find_patterns(engine, selection())
    assert sorted(len(pattern.pattern) for pattern in found.patterns) == [7, 1_000 + len(MORE)]


@pytest.mark.parametrize("sample", [1, 10, 30, 31, 45, 60, 100])
@pytest.mark.parametrize("hours", [None, 0.5, 2])
async def test_a_sample_is_the_newest_events_whatever_the_newest_hour_has(
    engine: Engine, sample: int, hours: float | None
) -> None:
    now_ns, hour_ns = time.time_ns(), 3600 * 10**9
    in_the_hour = [now_ns - number * hour_ns // 40 for number in range(30)]
    before_it = [now_ns - (number + 2) * hour_ns for number in range(30)]
    times = [ns // 10**6 * 10**6 for ns in in_the_hour + before_it]
    await store_events(engine, [event_at(id_, ns) for id_, ns in enumerate(times, start=1)])
    until_ns = None if hours is None else now_ns - int(hours * hour_ns)
    expected = [ns for ns in times if until_ns is None or ns < until_ns][:sample]
    question = Selection(workspace=OURS, until_ns=until_ns)
    found = await find_patterns(engine, question, sample=sample)
    assert found.looked_at == len(expected)
    assert min(pattern.first_ns for pattern in found.patterns) == expected[-1]
    assert (await list_fields(engine, question, sample=sample)).looked_at == len(expected)


@pytest.mark.parametrize("scope", ["application", "host", "user", "trace", "all"])
async def test_context_is_the_nearest_events_that_share_something(
    engine: Engine, stored: list[Event], scope: str
) -> None:
    name = "trace_id" if scope == "trace" else scope
    in_order = sorted(stored, key=lambda event: (event.timestamp, event.id), reverse=True)
    for event in in_order[:: len(in_order) // 7]:
        if scope != "all" and not getattr(event, name):
            with pytest.raises(QueryError, match="this event has no"):
                await find_context(engine, selection(), event.id, scope=scope)
            continue
        same = [
            other
            for other in in_order
            if scope == "all" or getattr(other, name) == getattr(event, name)
        ]
        place = same.index(event)
        found = await find_context(engine, selection(), event.id, scope=scope, before=4, after=3)
        assert [e.id for e in found.events] == [e.id for e in same[max(place - 3, 0) : place + 5]]
        page = await search(
            engine, Selection(workspace=OURS, filter=parse_filter(found.filter)), limit=1000
        )
        assert [e.id for e in page.events] == [e.id for e in same]
        if found.next:
            more = await search(
                engine,
                Selection(workspace=OURS, filter=parse_filter(found.filter)),
                before=found.next,
                limit=2,
            )
            assert [e.id for e in more.events] == [e.id for e in same[place + 5 : place + 7]]


async def test_context_keeps_to_the_selection_and_the_workspace(
    engine: Engine, stored: list[Event]
) -> None:
    event = stored[100]
    found = await find_context(engine, selection("severity>=warn"), event.id, scope="all")
    assert all(e.severity >= Severity.WARN for e in found.events if e.id != event.id)
    with pytest.raises(NotFoundError):
        await find_context(engine, selection(), 10_001, scope="all")
    theirs = await find_context(
        engine, Selection(workspace=THEIRS), 10_001, scope="all", before=500, after=500
    )
    assert len(theirs.events) == 20


ATTACKS = (
    "x' OR 1=1 --",
    "x') FROM events --",
    "secret",
    "workspace",
    "{p1:String}",
    "a`b",
    'a"b',
    "\\",
    "a.b'c.d",
    "secret') IN ('secret",
    "properties.secret",
)


async def test_no_name_of_a_field_reaches_another_workspace(
    engine: Engine, stored: list[Event]
) -> None:
    for attack in ATTACKS:
        await check_attack(engine, stored, attack)


async def check_attack(engine: Engine, stored: list[Event], attack: str) -> None:
    field = field_of(attack)
    counted = await facets(engine, selection(), [field, SEVERITY])
    assert counted.total == len(stored)
    assert (counted.facets[0].values, counted.facets[0].missing) == ([], len(stored))
    drawn = await histogram(engine, selection(), now_ns=NOW_NS, split=field)
    assert [(series.kind, sum(series.counts)) for series in drawn.series] == [
        ("missing", len(stored))
    ]


async def test_nothing_of_the_neighbour_is_in_any_summary(
    engine: Engine, stored: list[Event]
) -> None:
    everything = [
        await histogram(engine, selection(), now_ns=NOW_NS, split=Field("application")),
        await facets(engine, selection(), [Field("application"), Field("user")], limit=100),
        await list_fields(engine, selection()),
        await find_patterns(engine, selection(), limit=500),
    ]
    assert b"secret" not in msgspec.json.encode(everything)
    assert selection().filter == EVERYTHING


async def test_a_range_that_cannot_be_is_refused(engine: Engine) -> None:
    mistakes: list[dict[str, Any]] = [{"buckets": 0}, {"buckets": 501}, {"top": 0}, {"top": 101}]
    for wrong in mistakes:
        with pytest.raises(QueryError):
            await histogram(engine, selection(), now_ns=NOW_NS, **wrong)
    with pytest.raises(QueryError):
        Selection(workspace=OURS, since_ns=-1)
    with pytest.raises(QueryError):
        await find_patterns(engine, selection(), limit=0)
