"""Where a search looks first, and the documented searches."""

from __future__ import annotations

from pathlib import Path

import pytest

from logster.query.parse import parse_filter
from logster.store.search import names_few, names_user

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "search.md"


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


def _documented_searches() -> list[str]:
    examples = DOCUMENT.read_text().split("## Examples")[1].split("##")[0]
    rows = [line for line in examples.splitlines() if line.startswith("| `")]
    return [row.split("`")[1] for row in rows]


@pytest.mark.parametrize("text", _documented_searches())
def test_a_documented_search_is_understood(text: str) -> None:
    parse_filter(text)
