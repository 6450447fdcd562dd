"""Questions on the real engine: what they find, page by page, and what they never find."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.errors import QueryError
from logster.event import NS_PER_MS, NS_PER_S
from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.query.render import render_filter
from logster.query.tree import EVERYTHING
from logster.store.search import MAX_LIMIT, Page, find, search
from logster.store.select import SELECT_OLDEST
from logster.store.selection import HOUR_NS, Selection
from support.engine import Overheard
from support.filters import PIECES, filters
from support.samples import random_events, sample
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

WORKSPACE, NEIGHBOUR = 7, 8


async def ask(
    engine: Engine,
    text: str,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    **place: Any,
) -> Page:
    selection = Selection(
        workspace=WORKSPACE, filter=parse_filter(text), since_ns=since_ns, until_ns=until_ns
    )
    return await search(engine, selection, **place)


def ids_of(page: Page) -> list[int]:
    return [event.id for event in page.events]


async def test_the_engine_finds_what_the_filter_means(engine: Engine) -> None:
    stored = random_events(WORKSPACE, 200)
    await store_events(engine, stored)
    trees = sample(filters, 300)
    # Within one hour, a search is one question.
    span: dict[str, Any] = {"since_ns": stored[0].timestamp, "until_ns": stored[-1].timestamp + 1}
    partial = 0
    for tree in trees:
        selection = Selection(workspace=WORKSPACE, filter=tree, **span)
        page = await search(engine, selection, limit=MAX_LIMIT)
        expected = [event.id for event in reversed(stored) if matches(tree, event)]
        assert expected == ids_of(page), render_filter(tree)
        # 0 only where the indexes alone tell that there is nothing.
        assert page.rows_read > 0 or not expected, render_filter(tree)
        partial += 0 < len(expected) < len(stored)
    assert partial > len(trees) / 4


async def test_an_event_comes_back_as_it_went_in(engine: Engine) -> None:
    stored = random_events(WORKSPACE, 100)
    await store_events(engine, stored)
    page = await ask(engine, "", limit=MAX_LIMIT)
    assert page.events == [
        msgspec.structs.replace(event, received_at=stored[0].received_at)
        for event in reversed(stored)
    ]
    assert await find(engine, WORKSPACE, 50) == page.events[-50]


async def test_every_piece_of_text_finds_the_events_that_hold_it(engine: Engine) -> None:
    stored = [event_at(number, message=text) for number, text in enumerate(PIECES, start=1)]
    await store_events(engine, stored)
    for number, text in enumerate(PIECES, start=1):
        tree = parse_filter('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
        page = await search(engine, Selection(workspace=WORKSPACE, filter=tree))
        assert number in ids_of(page), text


async def test_paging_gives_each_event_once_while_events_arrive(engine: Engine) -> None:
    start = time.time_ns() // NS_PER_MS * NS_PER_MS
    # Many share an instant, and the ages reach over all spans of the search.
    ages_s = [0, 0, 0, 1, 1, 1800, 1800, 4000, 30_000, 90_000, 200_000, 900_000, 9_000_000]
    stored = [
        event_at(number, start - age_s * NS_PER_S)
        for number, age_s in enumerate(ages_s * 9, start=1)
    ]
    await store_events(engine, stored)
    seen: list[int] = []
    before: str | None = None
    for turn in range(100):
        page = await ask(engine, "", limit=10, before=before)
        seen += ids_of(page)
        if page.next is None:
            break
        before = page.next
        late = [event_at(1_000 + turn * 2), event_at(1_001 + turn * 2, start - 1_000 * NS_PER_S)]
        await store_events(engine, late)
    of_the_start = [event_id for event_id in seen if event_id < 1_000]
    in_order = sorted(stored, key=lambda event: (event.timestamp, event.id), reverse=True)
    assert of_the_start == [event.id for event in in_order]
    assert len(seen) == len(set(seen))


def spans_of(engine: Overheard) -> list[tuple[int | None, int | None]]:
    """From when to when events were asked for; the questions are forgotten."""
    spans = []
    for sql, parameters in engine.asked:
        instants = re.findall(r"timestamp (>=|<) fromUnixTimestamp64Nano\({(\w+):", sql)
        named = {side: parameters[name] for side, name in instants}
        if sql != SELECT_OLDEST.sql:
            spans.append((named.get(">="), named.get("<")))
    engine.asked.clear()
    return spans


async def test_a_sparse_page_looks_as_far_as_its_events_promise(engine: Engine) -> None:
    start = time.time_ns()
    every_eighth = [
        event_at(number, start - (number * 8 - 1) * HOUR_NS) for number in range(1, 301)
    ]
    await store_events(engine, every_eighth)
    engine = Overheard(engine)
    page = await ask(engine, "", limit=20)
    assert ids_of(page) == list(range(1, 21))
    hour, day, (since, until) = spans_of(engine)
    assert hour[1] is None
    assert until == day[0]
    # Three in a day: 18 more likely within six days, so it looks twice as far.
    assert since is not None
    assert round((start - since) / HOUR_NS) == (1 + 12) * 24

    assert len((await ask(engine, "", limit=290)).events) == 290
    # Half a year of it is more than there is.
    hour, day, *rest = spans_of(engine)
    assert rest == [(None, day[0])]


async def test_a_page_does_not_look_where_the_store_has_nothing(engine: Engine) -> None:
    start = time.time_ns()
    await store_events(engine, [event_at(1, start), event_at(2, start - 23 * HOUR_NS)])
    engine = Overheard(engine)
    assert ids_of(await ask(engine, "")) == [1, 2]
    assert len(spans_of(engine)) == 2


async def test_paging_goes_back_to_newer_events(engine: Engine) -> None:
    await store_events(engine, [event_at(number) for number in range(1, 31)])
    newest = await ask(engine, "", limit=10)
    middle = await ask(engine, "", limit=10, before=newest.next)
    assert ids_of(middle) == list(range(20, 10, -1))
    assert ids_of(await ask(engine, "", limit=10, after=middle.previous)) == ids_of(newest)
    assert ids_of(await ask(engine, "", limit=4, after=middle.previous)) == [24, 23, 22, 21]

    nothing_yet = await ask(engine, "", after=newest.previous)
    assert (nothing_yet.events, nothing_yet.previous) == ([], newest.previous)
    await store_events(engine, [event_at(31)])
    assert ids_of(await ask(engine, "", after=nothing_yet.previous)) == [31]


async def test_the_last_page_says_so(engine: Engine) -> None:
    await store_events(engine, [event_at(number) for number in range(1, 11)])
    assert (await ask(engine, "", limit=10)).next is None
    assert (await ask(engine, "", limit=9)).next is not None


async def test_a_time_range_includes_its_start_and_not_its_end(engine: Engine) -> None:
    start = time.time_ns() // NS_PER_S * NS_PER_S
    await store_events(
        engine, [event_at(number, start + number * NS_PER_MS) for number in (1, 2, 3)]
    )
    page = await ask(engine, "", since_ns=start + 1 * NS_PER_MS, until_ns=start + 3 * NS_PER_MS)
    assert ids_of(page) == [2, 1]
    day_ns = 24 * 3600 * NS_PER_S
    assert ids_of(await ask(engine, "", since_ns=start - day_ns)) == [3, 2, 1]
    assert ids_of(await ask(engine, "", until_ns=start - day_ns)) == []


@pytest.mark.parametrize(
    "place",
    [
        {"limit": 0},
        {"limit": MAX_LIMIT + 1},
        {"before": "x"},
        {"after": "1-2; DROP"},
        {"before": "1-1", "after": "1-1"},
        {"since_ns": -1},
        {"until_ns": 2**63},
    ],
)
async def test_a_question_that_cannot_be_is_refused(engine: Engine, place: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        await ask(engine, "", **place)


ATTACKS = (
    "' OR 1=1 --",
    "') OR (1=1",
    "\\",
    "\\' OR 1=1 --",
    "x' UNION ALL SELECT * FROM events --",
    "{p1:UInt32}",
    "{p1:String}) OR 1=1 OR (1={p2:UInt32}",
    "8",
    "%' OR '%'='",
    "\x00') OR 1=1 --",
    ".*",
    ")|(.*",
    "[^x]",
    "*/ OR 1=1 /*",
    "`workspace` = 8",
    "workspace = 8",
    "\n) OR workspace = 8 -- ",
    "é') OR 1 OR ('",
)


async def test_no_search_reaches_another_workspace(engine: Engine) -> None:
    secret = event_at(99, workspace=NEIGHBOUR, message="secret of the neighbour", user="eve")
    ours = event_at(1, message="ours", properties={"a": {"b": 1}})
    await store_events(engine, [ours, secret])
    for attack in ATTACKS:
        quoted = '"' + attack.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for text in (
            quoted,
            f"{quoted}*",
            f"-{quoted}",
            f"user:{quoted}",
            f"user!={quoted}",
            f"user:{quoted}*",
            f"*{quoted}*",
            f"{quoted}*{quoted}",
            f"user:*{quoted}",
            f"user!=*{quoted}*{quoted}",
            f"{quoted}:*{quoted}",
            f"user!=({quoted}, {quoted}*)",
            f"exception:{quoted}",
            f"{quoted}:x",
            f"{quoted}!=x",
            f"{quoted}:{quoted}",
            f"{quoted}>1",
            f"has:{quoted}",
            f"a.b:1 OR {quoted} OR -{quoted}",
            f"workspace:{quoted}",
        ):
            page = await ask(engine, text, since_ns=ours.timestamp)
            assert set(ids_of(page)) <= {1}, text
    everything = Selection(workspace=WORKSPACE, filter=EVERYTHING)
    assert ids_of(await search(engine, everything)) == [1]
    assert await find(engine, WORKSPACE, 99) is None
    assert await find(engine, NEIGHBOUR, 99) == secret


@pytest.mark.parametrize(
    "text",
    [
        "foo-bar " * 200,
        "a.b.c.d.e.f.g.h.i.j>1 " * 200,
        "NOT " * 49 + "a",
        "a" * 8_000,
        "ä-" * 500,
        "(" * 3_999 + "a" + ")" * 3_999,
        '"' + ".*+?[](){}|^$\\\\ " * 400 + '"',
        "*-a*b " * 125,
        "/(?:[^a]{30}|b)+c/i " * 15,
        " ".join(f"property{number}:/a*b$/" for number in range(166)),
        "DurationMs:1..2 " * 100,
        "user:(" + ", ".join(f"user{number}" for number in range(200)) + ")",
    ],
)
async def test_the_largest_searches_are_answered(engine: Engine, text: str) -> None:
    """An engine that cannot, or takes longer than any question may, raises.

    The heaviest patterns that are taken (`weight`); what weighs more is refused unasked.
    """
    await store_events(engine, [event_at(1)])
    assert ids_of(await ask(engine, text)) in ([], [1])


async def test_both_sides_fold_case_alike(engine: Engine) -> None:
    """Letters younger than this Python's Unicode are left out: only the engine knows them."""
    characters = [chr(code) for code in range(0x80, 0x1_E944) if chr(code).lower() != chr(code)]
    answer = await engine.ask(
        "SELECT arrayMap(x -> lowerUTF8(x), {p1:Array(String)})", {"p1": characters}
    )
    assert [character.lower() for character in characters] == list(answer.rows[0][0])
