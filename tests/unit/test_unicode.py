"""The spellings of a text: all that Unicode calls equal, as long as they are few."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.query.unicode import MAX_SPELLINGS, folded_spellings, spellings

#: Letters with marks, marks alone, signs that are equal to others, Hangul, and plain ones.
accented = st.text(
    alphabet="aeioyzEdK éüñçÅöйёάệếǖşž\u0301\u0302\u0323\u0307\u0345한글각이\u1100\u1161\u11a8≠=;",
    max_size=8,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {""}),
        ("plain", {"plain"}),
        ("日本", {"日本"}),
        ("caf\u00e9", {"caf\u00e9", "cafe\u0301"}),
        ("cafe\u0301", {"caf\u00e9", "cafe\u0301"}),
        # Keyboards for Vietnamese write the second of these.
        ("\u1ec7", {"\u1ec7", "\u00ea\u0323", "\u1eb9\u0302", "e\u0323\u0302", "e\u0302\u0323"}),
        ("\u212b", {"\u212b", "\u00c5", "A\u030a"}),
        ("a\u2260b", {"a\u2260b"}),
    ],
)
def test_a_text_has_the_spellings_that_are_equal_to_it(text: str, expected: set[str]) -> None:
    assert set(spellings(text)) == expected


@given(accented)
def test_every_spelling_is_equal_and_the_texts_own_is_the_first(text: str) -> None:
    found = spellings(text)
    assert found[0] == text
    assert len(found) == len(set(found)) <= MAX_SPELLINGS + 1
    meant = unicodedata.normalize("NFD", text)
    assert {unicodedata.normalize("NFD", spelling) for spelling in found} == {meant}


@given(st.text(alphabet="aeioyz éüñçÅöйёάệếǖşž한글각이"))
def test_the_composed_and_the_decomposed_form_are_always_among_them(text: str) -> None:
    found = spellings(text)
    for form in ("NFC", "NFD"):
        assert unicodedata.normalize(form, text) in found


def test_a_long_text_has_its_own_spelling_and_the_two_forms() -> None:
    text = "e\u0301\u00e9" * 10
    assert spellings(text) == (text, "\u00e9" * 20, "e\u0301" * 20)


def test_a_dotted_capital_i_is_found_as_i() -> None:
    assert set(folded_spellings("İzmİr".lower())) == {"i\u0307zmi\u0307r", "izmir"}


@given(accented)
def test_the_spellings_of_a_word_are_words(text: str) -> None:
    word = "".join(sign for sign in text.lower() if not sign.isascii() or sign.isalnum())
    for spelling in folded_spellings(word):
        assert all(not sign.isascii() or sign.isalnum() for sign in spelling)
