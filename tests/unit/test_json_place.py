"""Places in JSON text, as people are told them."""

from __future__ import annotations

import pytest

from logster.ingest.json_place import path_of, place, shown_path


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        (("a", "b"), "a.b"),
        (("a", 0, 1, "b"), "a[0][1].b"),
        (("a b", 0), "['a b'][0]"),
        (("a", "b.c"), "a['b.c']"),
        (("it's.",), "['it\\'s.']"),
        (("a\ud83d",), "a\\ud83d"),
        (("n" * 300,), "n" * 200 + "…"),
        ((), ""),
    ],
)
def test_a_path_is_shown_as_clients_know_it(steps: tuple[str | int, ...], path: str) -> None:
    assert shown_path(*steps) == path


def test_a_position_is_a_line_and_a_column_both_from_one() -> None:
    assert place("ab\ncd", 0) == "line 1, column 1"
    assert place("ab\ncd", 4) == "line 2, column 2"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a"', ""),
        ('{"a":', "a"),
        ('{"a":{"b":[1,', "a.b[0]"),
        ('{"a":{"b":[1,{', "a.b[1]"),
        ('{"a":[[],[', "a[1]"),
        ('{"a":{"b":1}', "a"),
        ('{"a":1,"b"', "a"),
        ('{"a\\u0020b":', "['a b']"),
        (']}:,"', ""),
    ],
)
def test_a_path_ends_with_the_last_place_that_was_entered(text: str, path: str) -> None:
    assert path_of(text, len(text)) == path
