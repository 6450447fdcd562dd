"""Regular expressions: what is taken, what is refused, and what an index learns from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.query.regex.parse import MAX_SIZE, parse_regex
from logster.query.regex.render import compile_python, render_re2
from logster.query.regex.tokens import tokens_in_regex
from support.filters import expressions

if TYPE_CHECKING:
    from logster.query.regex.tree import Node


@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        ("a.c", "xabcx", "a\nc"),
        ("^a", "ab", "b\na"),
        ("a$", "ba", "a\n"),
        (r"\d{2,3}x", "12x", "1x"),
        (r"\w\W\s", "a- ", "a-\v"),
        (r"\bé", "aé", "é"),
        (r"[^a-c]", "d", "abc"),
        (r"[\s\S]{3}", "a\nb", "ab"),
        (r"[\]\-^]+$", "]-^", "a"),
        ("[-a]", "-", "b"),
        ("[a-]", "-", "b"),
        ("a{,2}", "a{,2}", "aa"),
        ("{", "{", "}"),
        ("]", "]", "["),
        (r"\x41\x{1F642}", "A🙂", "A"),
        (r"\/\.\-", "/.-", "/x-"),
        ("(ab){2}", "abab", "abb"),
        ("x(a|b)y", "xby", "xy"),
        ("a|", "", None),
        (r"\B", "", "a"),
        ("a*?b+?c??", "b", "a"),
    ],
)
def test_an_expression_finds_what_it_says(text: str, found: str, not_found: str | None) -> None:
    pattern = compile_python(parse_regex(text))
    assert pattern.search(found)
    assert not_found is None or not pattern.search(not_found)


@pytest.mark.parametrize(
    ("text", "found"),
    [("ERROR", "error"), ("straße", "STRAßE"), ("ä", "Ä"), ("[a-c]x", "Bx"), ("k", "K")],
)
def test_the_case_may_be_ignored(text: str, found: str) -> None:
    assert compile_python(parse_regex(text, is_any_case=True)).search(found)
    assert not compile_python(parse_regex(text)).search(found)


def test_a_class_that_is_left_out_stays_left_out_in_any_case() -> None:
    assert not compile_python(parse_regex("[^a]", is_any_case=True)).search("aA")


@pytest.mark.parametrize(
    ("text", "position", "length", "expected"),
    [
        ("a(b", 1, 1, "closing )"),
        ("a)b", 1, 1, "no open ("),
        ("a[b", 1, 1, "closing ]"),
        ("[]", 0, 2, "between [ and ]"),
        (r"[\s\S]|[^\s\S]", 7, 1, "no character"),
        ("*a", 0, 1, "nothing to repeat"),
        ("a**", 2, 1, "nothing to repeat"),
        ("a|+", 2, 1, "nothing to repeat"),
        ("^*", 1, 1, "nothing to repeat"),
        ("a{3,2}", 1, 5, "smaller one first"),
        ("a{1001}", 1, 6, "from 0 to 1000"),
        ("(a{50}){50}", 0, 11, "nested repetitions"),
        ("(?=a)", 0, 2, "groups"),
        ("(?i)a", 0, 2, "/…/i"),
        ("(?<n>a)", 0, 2, "groups"),
        (r"(a)\1", 3, 2, "escape"),
        (r"\pL", 0, 2, "escape"),
        ("a\\", 1, 2, "escape"),
        (r"\x{110000}", 0, 10, "no such character"),
        (r"\x{d800}", 0, 8, "no such character"),
        ("[[:alpha:]]", 1, 2, "named classes"),
        ("[z-a]", 1, 3, "smaller character"),
        (r"[\d-z]", 0, 0, ""),
        (r"[a-\d]", 1, 4, "single ones"),
        ("(" * 21 + ")" * 21, 20, 1, "at most 20"),
        ("[^a]{999}.{999}.{999}", 0, 21, f"more than {MAX_SIZE}"),
    ],
)
def test_what_engines_read_differently_is_refused_at_its_place(
    text: str, position: int, length: int, expected: str
) -> None:
    if not expected:
        assert parse_regex(text)
        return
    with pytest.raises(QueryError) as caught:
        parse_regex(text, 5)
    assert (position + 5, length) == (caught.value.position, caught.value.length)
    assert expected in str(caught.value)


@given(st.text(alphabet="ab1-^$.|?*+(){}[],\\dwsbxé\n", max_size=30), st.booleans())
def test_any_text_is_an_expression_or_a_query_error(text: str, is_any_case: bool) -> None:
    outcome = _understand(text, is_any_case)
    if isinstance(outcome, QueryError):
        assert 0 <= outcome.position <= len(text)
        assert outcome.length >= 1
    else:
        compile_python(outcome)
        render_re2(outcome)


def _understand(text: str, is_any_case: bool) -> Node | QueryError:
    try:
        return parse_regex(text, is_any_case=is_any_case)
    except QueryError as error:
        return error


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("timeout", []),
        ("a timeout b", ["timeout"]),
        ("^Timeout after", ["timeout"]),
        ("for timeout$", ["timeout"]),
        (r"x-timeout-\d", ["timeout"]),
        (r"xtimeout \d", []),
        (r" timeout .* lost ", ["timeout", "lost"]),
        (r" (?:timeout) ", []),
        (" timeouts? ", []),
        (" a | b ", []),
        (r" timeout\b", []),
        (" été ", []),
        (" a\0b ", []),
    ],
)
def test_the_tokens_that_every_match_holds_whole(text: str, tokens: list[str]) -> None:
    assert tokens == tokens_in_regex(parse_regex(text))


@given(expressions, st.text(alphabet="aBeo1_ .-\n", max_size=12))
def test_a_match_holds_the_tokens_whole(text: str, found: str) -> None:
    node = parse_regex(text)
    if compile_python(node).search(found):
        words = "".join(sign if sign.isalnum() else " " for sign in found.lower()).split()
        assert set(tokens_in_regex(node)) <= set(words)
