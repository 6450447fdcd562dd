"""Pipes on the real engine: the same numbers as plain Python finds in the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.pipes import Stats, parse_question, render_question
from logster.store.stats import MAX_STEPS, StatsQuestion, Table, count
from support.filters import FIRST_NS, events, filters
from support.pipes import pipes
from support.reference import Between, evaluate
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.event import Event
    from logster.language import Filter
    from logster.store.engine import Engine

WORKSPACE, NEIGHBOUR = 7, 8
T = TypeVar("T")


def sample(strategy: st.SearchStrategy[T], size: int) -> list[T]:
    """Random values of a strategy, to insert once and ask many."""
    values: list[T] = []

    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        values.append(value)

    collect()
    return values


async def ask(engine: Engine, text: str, **more: Any) -> Table:
    tree, stats = parse_question(text)
    assert stats is not None
    return await count(engine, StatsQuestion(workspace=WORKSPACE, filter=tree, stats=stats, **more))


def random_events(size: int) -> list[Event]:
    """Ten minutes apart, so that they fill hours, days and weeks."""
    return [
        msgspec.structs.replace(
            event,
            id=number,
            workspace=WORKSPACE,
            issue=0,
            timestamp=FIRST_NS + number * 601 * NS_PER_S,
            received_at=FIRST_NS,
        )
        for number, event in enumerate(sample(events(), size), start=1)
    ]


def is_exact(stats: Stats) -> bool:
    """Whether the order of groups is sure: approximate numbers may change places."""
    return stats.aggregates[0].function in ("count", "distinct", "min", "max")


async def test_the_engine_counts_what_the_pipe_means(engine: Engine) -> None:
    stored = random_events(150)
    await store_events(engine, stored)
    everything = st.tuples(filters | st.just(parse_question("")[0]), pipes())
    zones = ("UTC", "Europe/Berlin", "Asia/Kolkata")
    for number, (tree, stats) in enumerate(sample(everything, 250)):
        if not is_exact(stats):
            stats = msgspec.structs.replace(stats, limit=None)  # noqa: PLW2901
            if stats.every_s and stats.by:
                stats = msgspec.structs.replace(stats, limit=100)  # noqa: PLW2901
        zone = zones[number % len(zones)]
        question = StatsQuestion(workspace=WORKSPACE, filter=tree, stats=stats, zone=zone)
        table = await count(engine, question)
        check_rows(tree, stats, table.rows, evaluate(tree, stats, stored, zone))


def check_rows(
    tree: Filter, stats: Stats, rows: list[list[Any]], expected: list[list[Any]]
) -> None:
    if not is_exact(stats):
        width = len(stats.by) + (stats.every_s is not None)
        rows, expected = (
            sorted(table, key=lambda row: [str(cell) for cell in row[:width]])
            for table in (rows, expected)
        )
    assert expected == rows, render_question(tree, stats)
