"""Numbers by their digits: what a text asks for, and what is beside it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.query.number import exact_of, is_beside, read_number, render_number, text_of_number
from logster.query.parse import parse_filter
from logster.query.render import render_filter
from logster.query.tree import Field, Order
from support.numbers import written

N = Field("n", is_property=True)
#: More ways to write a number than anybody has.
texts = st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@given(written | texts)
def test_an_asked_number_comes_back_as_it_was_asked_for(text: str) -> None:
    asked = read_number(text)
    if asked is None:
        return
    again = read_number(render_number(asked))
    assert (again, type(again)) == (asked, type(asked))
    tree = parse_filter(f"n>={text}")
    assert tree == Order(N, ">=", asked) == parse_filter(render_filter(tree))


@given(written, written)
def test_digits_compare_by_value(found: str, text: str) -> None:
    number, asked = read_number(found), read_number(text)
    if not isinstance(number, int) or asked is None or not -(10**76) < asked < 10**76:
        return
    worth, value = Fraction(found), Fraction(text)
    assert is_beside(number, "<", asked) == (worth < value)
    assert is_beside(number, ">=", asked) == (worth >= value)
    assert is_beside(number, "=", asked) == (worth == value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_found_by_what_is_written_of_it(number: float) -> None:
    for text in (repr(number), text_of_number(number)):
        asked = read_number(text)
        assert asked is not None
        assert is_beside(number, "=", asked)
        assert not is_beside(number, "<", asked)


@given(st.integers(-(2**64), 2**64), st.integers(-(2**64), 2**64))
def test_whole_floats_compare_by_value(whole: int, asked: int) -> None:
    if abs(asked) < 2**64:
        assert is_beside(float(whole), "<", asked) == (Fraction(float(whole)) < asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("-0", 0),
        ("007", 7),
        ("0" * 5_000 + "1", 1),
        ("1.50", Decimal("1.50")),
        ("1e400", None),
        ("9" * 400, None),
        ("1e-99999999999999999999", Decimal(0)),
        ("0e99999999999999999999", Decimal(0)),
        ("5.", None),
        ("+5", None),
        ("٣", None),
        ("1_000", None),
    ],
)
def test_a_text_asks_for_a_number_or_none(text: str, expected: object) -> None:
    assert read_number(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53 + 1, 2**53 + 1),
        (str(2**53 + 1), 2**53 + 1),
        ("9007199254740993.0", 9007199254740992.0),
        (True, None),
        ("x", None),
        (None, None),
        ([1], None),
        ("1e999", float("inf")),
        (10**400, float("inf")),
    ],
)
def test_a_value_has_the_digits_it_was_sent_with(value: object, expected: object) -> None:
    assert exact_of(value) == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0**63, "9223372036854775808"),
        (-(2.0**53), "-9007199254740992"),
        (2.0**64, "18446744073709552000"),
        (1e15, "1000000000000000"),
        (1e23, "1e23"),
        (-0.0, "0"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
    ],
)
def test_a_float_is_written_with_all_digits_where_it_has_them(number: float, text: str) -> None:
    assert text_of_number(number) == text
