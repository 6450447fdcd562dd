"""How large a search may be."""

from __future__ import annotations

import pytest

from logster.errors import QueryError
from logster.query.limits import MAX_DEPTH, MAX_TERMS, MAX_TEXT_CHARACTERS
from logster.query.parse import parse_filter
from logster.query.tree import EVERYTHING, And, Filter, Words


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("a" * (MAX_TEXT_CHARACTERS + 1), str(MAX_TEXT_CHARACTERS)),
        ("NOT " * MAX_DEPTH + "a", str(MAX_DEPTH)),
        ("NOT " * 1_900 + "a", str(MAX_DEPTH)),
        ("a " * (MAX_TERMS + 1), str(MAX_TERMS)),
    ],
)
def test_a_search_beyond_a_limit_is_refused_by_naming_it(text: str, limit: str) -> None:
    with pytest.raises(QueryError, match=f"at most {limit}"):
        parse_filter(text)


def test_the_largest_searches_are_understood() -> None:
    assert len(_filters_of(parse_filter("a " * MAX_TERMS))) == MAX_TERMS
    assert Words("a" * MAX_TEXT_CHARACTERS) == parse_filter("a" * MAX_TEXT_CHARACTERS)
    assert parse_filter("NOT " * (MAX_DEPTH - 1) + "a") != EVERYTHING
    assert Words("a") == parse_filter("(" * 1_000 + "a" + ")" * 1_000)


def _filters_of(tree: Filter) -> tuple[Filter, ...]:
    assert isinstance(tree, And)
    return tree.filters
