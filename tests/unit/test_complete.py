"""Where in a search the cursor is, and what is being typed there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.store.complete import Place, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("|", Place(0, "")),
        ("app|", Place(0, "app")),
        ("app|lication:shop", Place(0, "app")),
        ("timeout sev|", Place(8, "sev")),
        ("timeout -sev|", Place(9, "sev")),
        ("(sev|", Place(1, "sev")),
        ("severity:|", Place(9, "", "severity")),
        ("severity>=er|", Place(10, "er", "severity")),
        ("application:sh|op", Place(12, "sh", "application")),
        ("a:1 -user!=al|", Place(11, "al", "user")),
        ('"retry count">3|', Place(14, "3", "retry count")),
        ('user:"a b|', Place(5, "a b", "user")),
        ('user:"a b"|', Place(5, "a b", "user")),
        (r'user:"a \" b|', Place(5, 'a " b', "user")),
        ('"two words|', Place(0, '"two words')),
        ('"two words" us|', Place(12, "us")),
        ("user:(a, b|", Place(9, "b", "user")),
        ("user:(a, b) c|", Place(12, "c")),
        ("(user:a OR ho|", Place(11, "ho")),
        ("has:us|", Place(4, "us", "has")),
        ("a | count by ap|", Place(13, "ap")),
        ("http.status:5|", Place(12, "5", "http.status")),
        ("10:3|", Place(0, "10:3")),
    ],
)
def test_the_word_left_of_the_cursor_is_what_is_typed(text: str, place: Place) -> None:
    cursor = text.rindex("|") if text.endswith("|") else text.index("|")
    assert read_place(text[:cursor] + text[cursor + 1 :], cursor) == place


@given(st.text(alphabet='ab:"()\\, |-<>=!', max_size=30), st.integers(0, 30))
def test_any_place_of_any_text_has_a_word(text: str, cursor: int) -> None:
    cursor = min(cursor, len(text))
    place = read_place(text, cursor)
    assert 0 <= place.start <= cursor
