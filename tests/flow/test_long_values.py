"""Values of thousands of characters: found whole, and by the beginning that answers show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.query.complete import gap_in
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.tree import Equal, Field, Filter, Prefix
from logster.store.columns import MAX_VALUE_CHARACTERS
from logster.store.complete import complete
from logster.store.facets import facets
from logster.store.histogram import histogram
from logster.store.search import search
from logster.store.selection import Selection
from logster.store.stats import count
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

FIELDS = [Field("user"), Field("blob", is_property=True), Field("deep.blob", is_property=True)]
#: The first two begin with the same thousand characters, the third one is not cut by one more.
VALUES = ("é" * 1_500 + " end", "é" * 1_500 + " other end", "x" * 999, "y" * 1_000, "z" * 7_000)


@pytest.fixture
async def stored(engine: Engine) -> Engine:
    await store_events(
        engine,
        [
            event_at(
                number,
                workspace=1,
                user=value,
                properties={"blob": value, "deep": {"blob": value}},
            )
            for number, value in enumerate(VALUES, start=1)
        ],
    )
    return engine


async def ids_of(engine: Engine, tree: Filter) -> list[int]:
    page = await search(engine, Selection(workspace=1, filter=tree))
    return sorted(event.id for event in page.events)


@pytest.mark.parametrize("field", FIELDS)
async def test_a_long_value_is_found_as_a_whole(stored: Engine, field: Field) -> None:
    for number, value in enumerate(VALUES, start=1):
        assert await ids_of(stored, Equal(field, value)) == [number]


def asked(field: Field, value: str) -> Filter:
    """What the portal asks for when a value is clicked."""
    is_cut = len(value) >= MAX_VALUE_CHARACTERS
    return Prefix(field, value) if is_cut else Equal(field, value)


@pytest.mark.parametrize("field", FIELDS)
async def test_a_facet_finds_as_many_events_as_it_counts(stored: Engine, field: Field) -> None:
    (facet,) = (await facets(stored, Selection(workspace=1), [field])).facets
    assert sorted(number for _, number in facet.values) == [1, 1, 1, 2]
    for value, number in facet.values:
        assert len(value) <= MAX_VALUE_CHARACTERS
        assert len(await ids_of(stored, asked(field, value))) == number


@pytest.mark.parametrize("field", FIELDS)
async def test_a_group_finds_as_many_events_as_it_counts(stored: Engine, field: Field) -> None:
    tree, stats = parse_question(f"| count by {field.name}")
    assert stats is not None
    table = await count(stored, Selection(workspace=1, filter=tree), stats)
    for value, number in table.rows:
        assert len(await ids_of(stored, asked(field, value))) == number


@pytest.mark.parametrize("field", FIELDS)
async def test_a_histogram_has_one_line_for_a_beginning(stored: Engine, field: Field) -> None:
    found = await histogram(stored, Selection(workspace=1), now_ns=2**62, split=field, top=10)
    assert sorted(sum(line.counts) for line in found.series) == [1, 1, 1, 2]


async def test_a_long_value_is_suggested_by_its_beginning(stored: Engine) -> None:
    gap = gap_in("blob:zzz")
    assert gap is not None
    (suggestion,) = await complete(stored, 1, gap)
    assert await ids_of(stored, parse_filter(f"blob:{suggestion.text}")) == [5]
