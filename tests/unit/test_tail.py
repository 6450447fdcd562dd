"""A tail's position: what it remembers, and its cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.store.tail import MAX_CURSOR_IDS, Position, parse_cursor, render_cursor

NOW_MS = 1_790_000_000_000
ids = st.integers(0, 2**64 - 1)
instants = st.integers(NOW_MS + 1, NOW_MS + 10_000)


@given(st.dictionaries(ids, instants, max_size=MAX_CURSOR_IDS))
def test_a_cursor_holds_the_whole_position(shown: dict[int, int]) -> None:
    position = Position(NOW_MS, shown)
    assert parse_cursor(render_cursor(position)) == position


@given(st.dictionaries(ids, instants, min_size=MAX_CURSOR_IDS + 1, max_size=200))
def test_a_cursor_forgets_old_rows_only_by_raising_its_floor_over_them(
    shown: dict[int, int],
) -> None:
    position = parse_cursor(render_cursor(Position(NOW_MS, dict(shown))))
    assert len(position.shown) <= MAX_CURSOR_IDS
    for row, at in shown.items():
        assert row in position.shown or at <= position.floor_ms


def test_rendering_a_cursor_leaves_the_position_as_it_is() -> None:
    shown = {row: NOW_MS + row for row in range(1, 200)}
    position = Position(NOW_MS, dict(shown))
    render_cursor(position)
    assert position == Position(NOW_MS, shown)


def test_a_cursor_fits_into_a_header_and_a_url() -> None:
    text = render_cursor(Position(NOW_MS, {2**64 - row: NOW_MS + row for row in range(1, 500)}))
    assert len(text) < 1_200
    assert text.replace("-", "").replace("_", "").isalnum()


def test_the_floor_never_sinks() -> None:
    position = Position(NOW_MS, {1: NOW_MS + 5, 2: NOW_MS + 9})
    position.advance(NOW_MS + 5)
    position.advance(NOW_MS)
    assert position == Position(NOW_MS + 5, {2: NOW_MS + 9})


@pytest.mark.parametrize("text", ["x", "=", "AAAA", "ä", "' OR 1=1 --", "A" * 5_000, "_" * 11])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="no cursor"):
        parse_cursor(text)


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_a_query_error(text: str) -> None:
    try:
        position = parse_cursor(text)
    except QueryError:
        return
    assert position.floor_ms >= 0
