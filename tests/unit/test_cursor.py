"""The cursor of a page: a key, as a text for a URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.store.cursor import Key, parse_cursor, render_cursor


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
