"""What a word is."""

from __future__ import annotations

import pytest

from logster.query.tokens import tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("foo-bar_baz", ["foo", "bar", "baz"]),
        ("10.0.0.1", ["10", "0", "0", "1"]),
        ("Ärger, ÉTÉ!", ["ärger", "été"]),
        ("日本 x\u00a0y", ["日本", "x\u00a0y"]),
        ("->", []),
    ],
)
def test_a_text_is_cut_into_tokens(text: str, tokens: list[str]) -> None:
    assert tokens == tokens_of(text)
