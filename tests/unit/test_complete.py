"""Completion: what is missing left of the cursor."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logster.query.complete import AGGREGATES, KEYWORDS, SPANS, gap_in
from logster.query.parse import parse_filter
from logster.query.question import parse_question
from logster.query.render import render_value
from logster.query.tree import Equal, Field

USER = Field("user")


@pytest.mark.parametrize(
    ("left", "kind", "start", "begun"),
    [
        ("", "field", 0, ""),
        ("us", "field", 0, "us"),
        ("error -us", "field", 7, "us"),
        ("(a OR http.st", "field", 6, "http.st"),
        ("has:us", "field", 4, "us"),
        ("user:", "value", 5, ""),
        ("error user:al", "value", 11, "al"),
        ('user:"al b', "value", 5, "al b"),
        ("user:(a, b", "value", 9, "b"),
        ("http.status:5", "value", 12, "5"),
        ("a | ", "word", 4, ""),
        ("a | co", "word", 4, "co"),
        ("| count, p", "word", 9, "p"),
        ("| count by us", "field", 11, "us"),
        ("| count by a, us", "field", 14, "us"),
        ("| avg(Dur", "field", 6, "Dur"),
        ("| top 5 us", "field", 8, "us"),
        ("| count ev", "word", 8, "ev"),
        ("| count every ", "word", 14, ""),
        ("| timeline every 1", "word", 17, "1"),
        ("severity>=", "value", 10, ""),
        ("severity=", "value", 9, ""),
        ("user==al", "value", 6, "al"),
        ('user = "al b', "value", 7, "al b"),
        ("user=(a, b", "value", 9, "b"),
        ("disk severity >= er", "value", 17, "er"),
        ("severity!=d", "value", 10, "d"),
        ("severity:warn..", "value", 15, ""),
    ],
)
def test_what_is_missing_is_seen(left: str, kind: str, start: int, begun: str) -> None:
    gap = gap_in(left)
    assert gap is not None
    assert (kind, start, begun) == (gap.kind, gap.start, gap.begun)


@pytest.mark.parametrize(
    "left",
    ["10", "/a", '"a b', "user:a*", "a)", "| top ", "| top 5", "| count limit 1", "DurationMs>=5"],
)
def test_where_nothing_can_be_known_nothing_is_missing(left: str) -> None:
    assert gap_in(left) is None


def test_a_long_search_is_looked_at_from_its_end() -> None:
    gap = gap_in("a" * 5_000 + " user:al")
    assert gap is not None
    assert (gap.start, gap.begun) == (5_006, "al")


def test_behind_the_pipe_come_numbers_and_then_options() -> None:
    first, then = gap_in("| "), gap_in("| count ")
    assert first is not None
    assert then is not None
    assert set(AGGREGATES) < set(first.words)
    assert then.words == KEYWORDS


def test_every_length_of_time_that_is_suggested_is_one() -> None:
    for span in SPANS:
        parse_question(f"| count every {span}")


@example("@\n")
@example("| count every 5\n")
@given(st.text(alphabet='ab:|()"*/., -<>=by5\n', max_size=40) | st.text(max_size=40))
def test_any_text_has_a_gap_at_its_end_or_none(left: str) -> None:
    gap = gap_in(left)
    assert gap is None or left[gap.start :].endswith(gap.begun)


@given(st.text(max_size=20).filter(lambda text: text.isprintable()))
def test_a_suggested_value_finds_itself(value: str) -> None:
    assert parse_filter("user:" + render_value(USER, value)) == Equal(USER, value)
