"""A page's cursor, and an event from a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import TEXT_FIELDS
from logster.query.parse import parse_filter
from logster.store.search import names_few, names_user, parse_cursor, read_event, render_cursor
from logster.store.select import Key

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "search.md"


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**64 - 1))
def test_a_cursor_holds_its_key(timestamp_ns: int, event_id: int) -> None:
    key = Key(timestamp_ns, event_id)
    assert parse_cursor(render_cursor(key)) == key


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-1", "1-1-1", "8000000000000000-1", "1-10000000000000000", "g-1"]
)
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="no cursor"):
        parse_cursor(text)


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("RequestId:4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("application:shop RequestId:4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("trace_id:a3ce", True),
        ("id:5", True),
        ("", False),
        ("StatusCode:500", False),
        ("user:alice", False),
        ("-RequestId:4bf92f3577b34da6a3ce929d0e0e4736", False),
        ("timeout OR RequestId:4bf92f3577b34da6a3ce929d0e0e4736", False),
    ],
)
def test_an_identifier_names_few_events(text: str, is_so: bool) -> None:
    assert names_few(parse_filter(text)) == is_so


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("user:alice", True),
        ("user:alice severity:error", True),
        ('user:""', False),
        ("-user:alice", False),
        ("user:al*", False),
        ("properties.user:alice", False),
        ("alice", False),
    ],
)
def test_a_filter_names_a_user(text: str, is_so: bool) -> None:
    assert names_user(parse_filter(text)) == is_so


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


def _documented_searches() -> list[str]:
    examples = DOCUMENT.read_text().split("## Examples")[1].split("##")[0]
    rows = [line for line in examples.splitlines() if line.startswith("| `")]
    return [row.split("`")[1] for row in rows]


@pytest.mark.parametrize("text", _documented_searches())
def test_a_documented_search_is_understood(text: str) -> None:
    parse_filter(text)
