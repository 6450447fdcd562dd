"""Pipes on the real engine: the same numbers as plain Python finds in the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.query.question import parse_question, render_question
from logster.query.regex.parse import parse_regex
from logster.query.regex.render import compile_python, render_re2
from logster.query.stats import Aggregate, Stats
from logster.store.selection import Selection
from logster.store.stats import MAX_STEPS, Table, count
from support.filters import FIRST_NS, expressions, filters, prose, scraps
from support.pipes import pipes
from support.reference import evaluate
from support.samples import random_events, sample
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.query.tree import Filter
    from logster.store.engine import Engine

WORKSPACE, NEIGHBOUR = 7, 8
#: And a second, so that they fill hours, days and weeks.
TEN_MINUTES_NS = 601 * NS_PER_S


async def ask(engine: Engine, text: str, **more: Any) -> Table:
    tree, stats = parse_question(text)
    assert stats is not None
    zone = more.pop("zone", "UTC")
    selection = Selection(workspace=WORKSPACE, filter=tree, **more)
    return await count(engine, selection, stats, zone=zone)


def is_exact(stats: Stats) -> bool:
    """Whether the order of groups is sure: approximate numbers may change places."""
    return stats.aggregates[0].function in ("count", "distinct", "min", "max")


async def test_the_engine_counts_what_the_pipe_means(engine: Engine) -> None:
    stored = random_events(WORKSPACE, 150, apart_ns=TEN_MINUTES_NS)
    await store_events(engine, stored)
    everything = st.tuples(filters | st.just(parse_question("")[0]), pipes())
    zones = ("UTC", "Europe/Berlin", "Asia/Kolkata")
    for number, (tree, stats) in enumerate(sample(everything, 250)):
        if not is_exact(stats):
            stats = msgspec.structs.replace(stats, limit=None)  # noqa: PLW2901
            if stats.every_s and stats.by:
                stats = msgspec.structs.replace(stats, limit=100)  # noqa: PLW2901
        zone = zones[number % len(zones)]
        selection = Selection(workspace=WORKSPACE, filter=tree)
        table = await count(engine, selection, stats, zone=zone)
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


async def test_every_text_that_is_a_question_is_answered(engine: Engine) -> None:
    await store_events(engine, random_events(WORKSPACE, 20, apart_ns=TEN_MINUTES_NS))
    answered = 0
    for text in sample(texts, 1_000):
        try:
            tree, stats = parse_question(text)
        except QueryError:
            continue
        answered += 1
        selection = Selection(workspace=WORKSPACE, filter=tree)
        await count(engine, selection, stats or Stats((Aggregate("count"),)))
    assert answered > 80


#: What a search is made of, and what looks like it.
PIECES = (
    *(" ", " ", " ", "a", "time", '"a b"', "*", "/a.b/", "/[^x]{2,3}$/i", "-", "NOT ", " OR ", "("),
    *(")", "user:", "severity:", "warn", "DurationMs>", "5", "..", "http.status:", ",", "has:"),
    *("timestamp>", "2026-01-31", "message:", "!=", "id:", '"it\'s":', "\\", "{p1:String}", "é"),
    *(" | count", " by user", " by a.b, severity", " every 1d", " limit 3", "sum(x)", "p99(a.b)"),
    *(" | top 3 user", " | count distinct x", " | max(timestamp)", " | timeline every 1h"),
)
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)


async def test_an_engine_reads_every_expression_as_python_does(engine: Engine) -> None:
    found = 0
    for batch in range(10):
        nodes = [parse_regex(text) for text in sample(expressions, 80)]
        told = sample(scraps | prose, 60)
        parameters: dict[str, Any] = {"texts": told}
        parameters |= {f"p{place}": render_re2(node) for place, node in enumerate(nodes)}
        columns = ", ".join(
            f"arrayMap(text -> match(text, {{p{place}:String}}), texts)"
            for place in range(len(nodes))
        )
        answer = await engine.ask(
            f"WITH {{texts:Array(String)}} AS texts SELECT {columns}", parameters
        )
        expected = [
            [int(bool(compile_python(node).search(text))) for text in told] for node in nodes
        ]
        assert expected == [list(column) for column in answer.rows[0]], batch
        found += sum(map(sum, expected))
    assert found > 1_000


async def test_no_event_of_a_neighbour_is_counted(engine: Engine) -> None:
    ours = event_at(1, properties={"x": 1})
    theirs = [
        event_at(number, workspace=NEIGHBOUR, user="mallory", properties={"x": 900})
        for number in range(2, 12)
    ]
    await store_events(engine, [ours, *theirs])
    for attack in (
        "' OR 1=1 --",
        "x') OR (1=1",
        "`user`",
        "{p1:UInt32}",
        "\\",
        "x, workspace",
        "*",
    ):
        name = '"' + attack.replace("\\", "\\\\") + '"'
        for text in (
            f"| count by {name}",
            f"| max({name}), sum(x), count",
            f"| count distinct {name} by {name} every 1h",
            f"-{name} | count, max(x) by user every 1d limit 3",
            f"user!={name} OR /{'.*'}/ | max(x), count by message",
            f"| top 5 {name}, user",
        ):
            table = await ask(engine, text)
            assert "mallory" not in str(table.rows), text
            assert all(
                isinstance(value, str | None) or value <= 1 or value > NS_PER_S
                for row in table.rows
                for value in row
            ), text
    with pytest.raises(QueryError, match="no time zone"):
        await ask(engine, "| count every 1d", zone="UTC') OR 1=1 --")


async def test_nothing_found_is_a_row_of_nothing_or_no_row(engine: Engine) -> None:
    table = await ask(engine, "| count, count distinct user, sum(x), p50(x), max(timestamp)")
    assert table.rows == [[0, 0, None, None, None]]
    assert (await ask(engine, "| count by user")).rows == []
    assert (await ask(engine, "| count every 1h")).rows == []


async def test_columns_say_what_they_are_and_none_is_there_twice(engine: Engine) -> None:
    at_ns = FIRST_NS // (86_400 * NS_PER_S) * 86_400 * NS_PER_S + 5
    await store_events(engine, [event_at(1, at_ns, severity=4, properties={"count": 2})])
    table = await ask(
        engine,
        "| count, avg(count), min(timestamp), count distinct received_at"
        " by severity, count, time every 1d",
    )
    assert [(column.name, column.kind, column.role) for column in table.columns] == [
        ("time", "time", "step"),
        ("severity", "text", "group"),
        ("properties.count", "text", "group"),
        ("properties.time", "text", "group"),
        ("count", "number", "number"),
        ("avg(count)", "number", "number"),
        ("min(timestamp)", "time", "number"),
        ("count distinct received_at", "number", "number"),
    ]
    assert table.rows == [[at_ns - 5, "error", "2", None, 1, 2, at_ns, 1]]


async def test_groups_beyond_the_limit_are_named_and_not_given(engine: Engine) -> None:
    await store_events(
        engine, [event_at(number, user=f"user {number % 15:02}") for number in range(1, 41)]
    )
    table = await ask(engine, "| top 10 user")
    assert len(table.rows) == 10
    assert table.has_more
    assert not (await ask(engine, "| top 15 user")).has_more
    # The ten with three events stay whole in a chart.
    chart = await ask(engine, "| count by user every 1d")
    assert {row[1] for row in chart.rows} == {f"user {number:02}" for number in range(1, 11)}


async def test_too_many_steps_are_refused_with_what_would_do(engine: Engine) -> None:
    day_ns = 86_400 * NS_PER_S
    with pytest.raises(QueryError, match=r"86,400 steps .* at most 2,000 .* every 1m would do"):
        await ask(engine, "| count every 1s", since_ns=FIRST_NS, until_ns=FIRST_NS + day_ns)
    await store_events(
        engine, [event_at(number, FIRST_NS + number * NS_PER_S) for number in range(MAX_STEPS + 2)]
    )
    with pytest.raises(QueryError, match="a longer `every`"):
        await ask(engine, "| count every 1s")
    assert len((await ask(engine, "| count every 2s")).rows) <= MAX_STEPS


async def test_a_day_begins_at_midnight_where_one_is(engine: Engine) -> None:
    # The day of the change to winter time in Berlin has 25 hours.
    midnight_ns = 1_792_879_200 * NS_PER_S  # 2026-10-24T22:00Z
    hours = [event_at(number, midnight_ns + number * 3_600 * NS_PER_S) for number in range(30)]
    await store_events(engine, hours)
    table = await ask(engine, "| count every 1d", zone="Europe/Berlin")
    assert table.rows == [[midnight_ns, 25], [midnight_ns + 25 * 3_600 * NS_PER_S, 5]]


async def test_a_long_text_is_a_group_by_its_beginning(engine: Engine) -> None:
    await store_events(engine, [event_at(number, message="x" * 5_000) for number in (1, 2)])
    assert (await ask(engine, "| count by message")).rows == [["x" * 1_000, 2]]


async def test_a_percentile_of_many_is_within_its_error(engine: Engine) -> None:
    numbers = [round(1.01**number, 3) - 100 for number in range(1, 2_001)]
    await store_events(
        engine,
        [event_at(number, properties={"x": x}) for number, x in enumerate(numbers, start=1)],
    )
    table = await ask(engine, "| p1(x), p10(x), p50(x), p95(x), p99.9(x)")
    for share, found in zip((0.01, 0.1, 0.5, 0.95, 0.999), table.rows[0], strict=True):
        exact = numbers[round(share * (len(numbers) - 1))]
        assert found == pytest.approx(exact, rel=0.0101)
