"""Whole numbers that no float holds: search, facets, stats and the reference say the same."""

from __future__ import annotations

import asyncio
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from logster.block import build_block, pack_block
from logster.event import NS_PER_S, Columns, Event, read_properties
from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.render import render_filter
from logster.query.tree import Field, Filter
from logster.query.value import text_of
from logster.query.value import value_of as value_in
from logster.store.facets import facets
from logster.store.insert import insert
from logster.store.search import search
from logster.store.selection import Selection
from logster.store.stats import count
from support.numbers import FAMILIAR, written
from support.reference import evaluate
from support.samples import sample
from support.stored import event_at

if TYPE_CHECKING:
    from logster.store.engine import Engine

NOW_NS = 1_790_000_000 * NS_PER_S
SIGNS = (":", "!=", "<", "<=", ">", ">=")
#: The member itself, one below another, one with a dot in its name, and one that is parsed.
SHAPES: dict[str, str] = {
    "n": '{{"n":{0}}}',
    "deep.n": '{{"deep":{{"n":{0}}}}}',
    "a.n": '{{"a.n":{0}}}',
    "m": '{{"other":{{"x":1}},"m":{0}}}',
}


async def store(engine: Engine, properties: list[str]) -> list[Event]:
    """One event for each, with the ids 1, 2, …; as the store has them."""
    length = len(properties)
    columns = Columns(
        message=["paid"] * length,
        severity=[2] * length,
        timestamp=[NOW_NS] * length,
        properties=[text.encode() for text in properties],
    )
    batch = build_block(
        columns,
        ids=range(1, length + 1),
        received_at_ns=NOW_NS,
        workspace=1,
        key=1,
        protocol="api_log",
    )
    await insert(engine, pack_block([batch]), f"{hash(tuple(properties))}")
    return [
        event_at(number, NOW_NS, workspace=1, properties=read_properties(text))
        for number, text in enumerate(properties, start=1)
    ]


async def ids_of(engine: Engine, tree: Filter) -> list[int]:
    page = await search(engine, Selection(workspace=1, filter=tree), limit=10_000)
    return sorted(event.id for event in page.events)


async def check(engine: Engine, texts: list[str], events: list[Event]) -> None:
    """Each question finds what `matches` says."""
    for start in range(0, len(texts), 8):
        trees = [parse_filter(text) for text in texts[start : start + 8]]
        for tree, found in zip(
            trees, await asyncio.gather(*(ids_of(engine, tree) for tree in trees)), strict=True
        ):
            assert [event.id for event in events if matches(tree, event)] == found, render_filter(
                tree
            )


@pytest.mark.parametrize("name", SHAPES)
async def test_the_engine_compares_numbers_as_the_language_says(engine: Engine, name: str) -> None:
    sent = list(dict.fromkeys([*map(str, FAMILIAR), *sample(written, 100)]))
    as_text = [json.dumps(text) for text in sent[:40]]
    events = await store(engine, [SHAPES[name].format(text) for text in [*sent, *as_text]])
    asked = list(dict.fromkeys([*sent[:6], *sample(written, 14)]))
    await check(engine, [f"{name}{sign}{text}" for text in asked for sign in SIGNS], events)
    pairs = zip(asked[:8], asked[8:16], strict=True)
    await check(
        engine,
        [
            text
            for low, high in pairs
            for text in (
                f"{name}:{low}..{high}",
                f"-{name}:{low}..",
                f"{name}:({low}, {high})",
                f'{name}!=({low}, "{high}")',
                f'{name}>"{low}"',
            )
        ],
        events,
    )


def value_of(text: str) -> Fraction:
    """What a JSON number is worth to its readers: digits are themselves, all else is a float."""
    is_float = set(text) & set(".eE")
    return Fraction(float(text)) if is_float else Fraction(text)


async def test_every_number_is_equal_to_its_neighbours_only_by_value(engine: Engine) -> None:
    """Sent numbers and asked digits, by plain arithmetic."""
    sent = [
        text
        for edge in (2**53, 2**63, 2**64 - 3, -(2**53), -(2**63) + 4)
        for step in range(-4, 3)
        for text in (f"{edge + step}", f"{edge + step}.0", f"{edge + step}.5")
        if abs(value_of(text)) < 2**64
    ]
    sent += ["9.007199254740992e15", "9.223372036854775808e18", "1.0", "1", "1e0", "1000", "1e3"]
    await store(engine, [f'{{"n":{text}}}' for text in sent])
    worth = {number: value_of(text) for number, text in enumerate(sent, start=1)}
    for text in sent:
        if set(text) & set(".eE"):
            continue
        asked = Fraction(text)
        answers = await asyncio.gather(
            *(ids_of(engine, parse_filter(f"n{sign}{text}")) for sign in (":", "<", ">="))
        )
        expected = [
            [number for number, value in worth.items() if value == asked],
            [number for number, value in worth.items() if value < asked],
            [number for number, value in worth.items() if value >= asked],
        ]
        assert answers == expected, text


async def test_what_was_sent_is_found_by_the_very_text(engine: Engine) -> None:
    sent = sample(written, 60)
    await store(engine, [f'{{"n":{text}}}' for text in sent])
    for number, text in enumerate(sent, start=1):
        assert number in await ids_of(engine, parse_filter(f"n:{text}")), text


@pytest.mark.parametrize("name", ["n", "deep.n", "m"])
async def test_a_facet_counts_what_its_value_finds(engine: Engine, name: str) -> None:
    sent = [text for text in sample(written, 60) if abs(value_of(text)) < 2**64]
    events = await store(engine, [SHAPES[name].format(text) for text in sent])
    field = Field(name, is_property=True)
    (facet,) = (await facets(engine, Selection(workspace=1), [field], limit=100)).facets
    assert sum(number for _, number in facet.values) == len(sent)
    for value, number in facet.values:
        assert len(await ids_of(engine, parse_filter(f"{name}:{value}"))) == number, value
    texts = {text_of(value_in(field, event)) for event in events}
    assert {value for value, _ in facet.values} == texts


async def test_the_smallest_and_the_largest_have_all_their_digits(engine: Engine) -> None:
    sent = sample(written, 300)
    properties = [
        f'{{"n":{text},"deep":{{"n":{text}}},"g":{number % 40}}}'
        for number, text in enumerate(sent)
    ]
    events = await store(engine, properties)
    for text in (
        "| min(n), max(n), count",
        "| max(n), min(deep.n) by g",
        "| max(deep.n) by g limit 7",
        "| max(n) by g every 1d limit 5",
        "n<1e15 | max(n), min(n)",
        "n>-9007199254740993 n<=9007199254740993 | min(n), max(n) by g",
    ):
        tree, stats = parse_question(text)
        assert stats is not None
        rows = (await count(engine, Selection(workspace=1, filter=tree), stats)).rows
        expected = evaluate(tree, stats, events)
        assert as_sent(expected) == as_sent(rows), text


def as_sent(rows: list[list[Any]]) -> list[list[Any]]:
    """By value: a whole number and a float of the same value are alike, all others are not."""
    return [
        [cell if isinstance(cell, str | None) else Fraction(cell) for cell in row] for row in rows
    ]


async def test_ids_are_themselves_and_no_others(engine: Engine) -> None:
    ids = (6674029904495870944, 6674029904495870945, 6674029904495870946)
    await store(engine, [f'{{"OrderId":{number},"n":{{"id":{number}}}}}' for number in ids])
    for name in ("OrderId", "n.id"):
        for text, expected in (
            (f"{name}:{ids[1]}", [2]),
            (f'{name}:"{ids[1]}"', [2]),
            (f"{name}!={ids[1]}", [1, 3]),
            (f"{name}>{ids[0]}", [2, 3]),
            (f"{name}<={ids[0]}", [1]),
            (f"{name}:({ids[0]}, {ids[2]})", [1, 3]),
            (f"{name}:{ids[1]}..{ids[2]}", [2, 3]),
            (f"{name}<{ids[1]}.5", [1, 2]),
        ):
            assert await ids_of(engine, parse_filter(text)) == expected, text
    tree, stats = parse_question("| min(OrderId), max(OrderId), max(n.id), count distinct OrderId")
    assert stats is not None
    table = await count(engine, Selection(workspace=1, filter=tree), stats)
    assert table.rows == [[ids[0], ids[2], ids[2], 3]]


async def test_an_id_is_looked_for_in_few_rows(engine: Engine) -> None:
    first = 6674029904495870945
    await store(engine, [f'{{"OrderId":{first + number}}}' for number in range(20_000)])
    selection = Selection(workspace=1, filter=parse_filter(f"OrderId:{first + 777}"))
    page = await search(engine, selection)
    assert [event.id for event in page.events] == [778]
    assert page.rows_read <= 4 * 4096
