"""SQL from a Filter: no text of a stranger in it, the workspace before everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import TEXT_FIELDS
from logster.query.limits import MAX_TERMS
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.tree import EVERYTHING, Filter
from logster.store.aggregates import select_stats
from logster.store.cursor import Key
from logster.store.select import read_event, select_event, select_events, select_stored
from logster.store.selection import Selection
from support.filters import filters
from support.pipes import pipes

if TYPE_CHECKING:
    from logster.query.stats import Stats
    from logster.store.parameters import Statement

#: ClickHouse's default `max_query_size`; parameters come on top, each on its own.
MAX_SQL_BYTES = 262_144


def ours(tree: Filter, **span: int) -> Selection:
    return Selection(workspace=7, filter=tree, **span)


@given(filters)
def test_the_workspace_is_the_first_condition(tree: Filter) -> None:
    statement = select_events(ours(tree), limit=5)
    assert " WHERE (workspace = {p1:UInt32} AND " in statement.sql
    assert statement.parameters["p1"] == 7


@given(filters)
def test_brackets_close_where_they_open_so_that_no_condition_leaves_its_place(tree: Filter) -> None:
    depth = 0
    condition = select_events(ours(tree), limit=5).sql.split(" WHERE ")[1].split(" ORDER BY ")[0]
    text = re.sub(r"'(?:[^'\\]|\\.)*'", "''", condition)
    for character in text[:-1]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        assert depth > 0
    assert text.endswith(")")


@pytest.mark.parametrize(
    "text",
    [
        "STRANGER",
        "STRANGER*",
        '"STRANGER\' OR 1=1 --"',
        "user:STRANGER",
        "user:STRANGER*",
        "message:STRANGER",
        "STRANGER:1",
        "STRANGER>1",
        '"STRANGER\') OR (1=1":x',
        "a.STRANGER.b:x*",
        "has:STRANGER",
        "*STRANGER*",
        "STR*ANGER STRANGER:*x",
        "user:*STRANGER",
        "x:STRANGER*x",
        "/STRANGER/",
        "/STRANGER' OR 1=1/i user:STRANGER",
        "user:/STRANGER/",
        "x:/STRANGER/",
        "user:(STRANGER, b)",
        "STRANGER:1..5",
        '"{STRANGER:String}":"{p1:UInt32}"',
    ],
)
def test_no_text_of_a_search_gets_into_the_sql(text: str) -> None:
    statement = select_events(ours(parse_filter(text)), limit=5)
    assert "stranger" not in statement.sql.lower()
    assert "{STRANGER" not in statement.sql
    assert any("stranger" in str(value).lower() for value in statement.parameters.values())


@given(filters, st.integers(0, 2**63 - 1))
def test_every_parameter_is_used_and_every_place_has_its_parameter(
    tree: Filter, instant: int
) -> None:
    key = Key(instant, 9)
    for statement in (
        select_events(ours(tree, since_ns=instant, until_ns=instant), before=key, limit=5),
        select_events(ours(tree), after=key, limit=5),
        select_stored(ours(tree), above_ms=5, shown=[1, 2], limit=5),
        select_event(7, 8),
    ):
        assert set(statement.parameters) == _places(statement)


@given(filters, pipes())
def test_numbers_are_asked_with_the_workspace_first_and_every_value_bound(
    tree: Filter, stats: Stats
) -> None:
    statement = select_stats(ours(tree, since_ns=5), stats)
    assert statement.sql.count(" WHERE (workspace = {p1:UInt32} AND ") == statement.sql.count(
        " FROM events "
    )
    assert set(statement.parameters) == _places(statement)


def test_no_text_of_a_pipe_gets_into_the_sql() -> None:
    for text in ("| count by STRANGER", '| sum("STRANGER`)--") by a.STRANGER', "| top 5 STRANGER"):
        tree, stats = parse_question(f"{text} every 1h" if "top" in text else text)
        assert stats is not None
        statement = select_stats(ours(tree), stats, zone="STRANGER")
        assert "stranger" not in statement.sql.lower()


def _places(statement: Statement) -> set[str]:
    return set(re.findall(r"\{(p\d+):\w+(?:\(\w+\))?\}", statement.sql))


@pytest.mark.parametrize(
    "text",
    [
        "foo-bar " * MAX_TERMS,
        "a.b.c.d.e.f.g.h.i.j>1 " * MAX_TERMS,
        "a.b.c.d.e.f.g.h.i.j:1 " * MAX_TERMS,
        " ".join(f"a.b.c.d.e.f.g.h.i.j{number}:x*" for number in range(MAX_TERMS)),
        " ".join(f"property{number}:/a/" for number in range(MAX_TERMS)),
        " ".join(f"property{number}:1" for number in range(MAX_TERMS)),
        "/a|b/ *b* " * (MAX_TERMS // 2),
        "a" * 8_000,
    ],
)
def test_the_largest_search_stays_within_the_engines_limit(text: str) -> None:
    assert len(select_events(ours(parse_filter(text)), limit=5).sql) < MAX_SQL_BYTES


def test_a_search_for_everything_asks_for_the_workspace_alone() -> None:
    sql = select_events(ours(EVERYTHING), limit=5).sql
    assert " WHERE (workspace = {p1:UInt32}) ORDER BY timestamp DESC, id DESC LIMIT" in sql


def test_a_plain_word_is_answered_by_the_index_alone() -> None:
    sql = select_events(ours(parse_filter("Timeout")), limit=5).sql
    assert "hasAllTokens(lowerUTF8(message), {p2:String})" in sql
    assert "match(" not in sql


def test_absent_and_empty_text_are_told_apart() -> None:
    blank = 1 << TEXT_FIELDS.index("user")
    event = read_event(_row(texts={"message": "hi"}, blank=blank))
    assert (event.message, event.user, event.host) == ("hi", "", None)


def test_properties_come_back_with_their_own_types() -> None:
    event = read_event(_row(properties='{"a": 1, "b": 1.0, "c": null, "d": {"e": [true, ""]}}'))
    assert repr(event.properties) == "{'a': 1, 'b': 1.0, 'c': None, 'd': {'e': [True, '']}}"


def _row(
    texts: dict[str, str] | None = None, blank: int = 0, properties: str = ""
) -> tuple[object, ...]:
    values = [(texts or {}).get(name, "") for name in TEXT_FIELDS]
    return (1, 2, 3, 4, *values, blank, properties, 5, 6, "clef", 7)
