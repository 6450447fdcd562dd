"""Strict JSON and the places of its mistakes."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.ingest.json_text import (
    MAX_DEPTH,
    JsonTextError,
    exceeds_depth,
    explain,
    read_members,
)
from support.examples import examples


def test_members_keep_their_own_text_and_their_order() -> None:
    members = read_members(' {"a" : [1, 2] ,"b":"\\u00e9", "a":1.50 } ')
    assert [(member.name, member.raw, member.value) for member in members] == [
        ("a", "[1, 2]", None),
        ("b", '"\\u00e9"', "é"),
        ("a", "1.50", None),
    ]


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_depth_counts_brackets_outside_of_strings(depth: int) -> None:
    body = b"[" * depth + b'"[[[\\"[[["' + b"]" * depth
    assert exceeds_depth(body) is (depth > MAX_DEPTH)
    assert not exceeds_depth(b"[" + b"[]," * 1000 + b"[]]")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    st.booleans(),
)  # fmt: skip
def test_valid_json_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps({"x": value}, ensure_ascii=ascii_only)
    (member,) = read_members(text)
    assert json.loads(member.raw) == value


@examples(5)
@given(st.text(alphabet='{}[]",:\\ud8c0e+-.1tn\n x', max_size=14).map(lambda text: "{" + text))
def test_two_strict_readers_refuse_the_same(text: str) -> None:
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        is_valid = True
    except msgspec.DecodeError:
        is_valid = False
    try:
        read_members(text)
        is_read = True
    except JsonTextError:
        is_read = False
    assert is_valid is is_read


@pytest.mark.parametrize("text", ["[1,", "[NaN]", '["\\ud800"]', "[" * 300, "[1] 2", ""])
def test_any_mistake_can_be_explained(text: str) -> None:
    assert "line 1" in str(explain(text))


def test_a_text_that_only_a_stricter_reader_refuses_is_still_called_invalid() -> None:
    assert str(explain("[1, 2]")) == "The text is not valid JSON."
