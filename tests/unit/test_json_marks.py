"""Items of arrays are found by the array's own brackets and commas, whatever stands in them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.ingest import json_marks
from logster.ingest.json_marks import count_items, measure_depth

ITEMS = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{},"\\ é', max_size=8),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[]{},"', max_size=3), inner),
    max_leaves=10,
)
#: None of them is JSON; the brackets and quotes of each hold.
BAD_ITEMS = [
    b"NaN", b"007", b"+1", b".5", b"0x1F", b"undefined", b"'single'", b'{"Message":"\\ud83d"}',
    b'{"Message":"a\tb\nc"}', b'{"Message":"\\x41"}', b'{"Message":"a\0b"}', b'{"a":1,}', b"{,}",
    b'{"a":[1,2,]}', b"{a:1}", b"{'a':'b'}", b'{"a":1 /* why */}', b'{"a":1 "b":2}', b'{"a"}',
    b'{"a":\xff}', b'{"Message":"\xff\xfe"}', b'{"Message":"\\u12"}', b'{"a":tru}', b'{"a":--1}',
    b"[" * 300 + b"]" * 300, b'{"Message":"a"} x', b"x {}", b'{"a":1e}', b"1 2", b'"a" "b"',
]  # fmt: skip
#: No place in them tells where one item ends and the next begins.
BROKEN = [
    b"[", b"[1", b'["', b'["a', b'["a\\"]', b'[{"a":1]', b"[{}", b"[1,]", b"[,1]", b"[1,,2]",
    b"[,]", b"[ , ]", b"[1] 2", b"[1]]", b"[1],", b"[[1]",
    b"[{} {}]", b'[{"a":1}{"b":2},{}]', b"[[][]]",
    b"[{}x{}]",
]  # fmt: skip


def split_items(array: bytes) -> list[bytes] | None:
    found = json_marks.split_items(array)
    return None if found is None else list(found)


@pytest.fixture(params=[1 << 20, 2, 5, 64])
def _piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_marks, "_PIECE_BYTES", request.param)


@given(st.lists(ITEMS), st.sampled_from([None, 2]), st.sampled_from([1 << 20, 2, 3, 7]))
def test_the_items_of_json_are_those_of_a_decoder(
    items: list[object], indent: int | None, piece_bytes: int
) -> None:
    array = b" " + json.dumps(items, indent=indent).encode() + b"\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_marks, "_PIECE_BYTES", piece_bytes)
        found = split_items(array)
    assert found is not None
    assert [msgspec.json.decode(item) for item in found] == items


@given(st.lists(ITEMS, min_size=1), st.integers(0, 5), st.sampled_from([None, 2]))
def test_items_are_counted_without_making_them(
    items: list[object], most: int, indent: int | None
) -> None:
    array = b" " + json.dumps(items, indent=indent).encode()
    assert count_items(array, 1000) == len(items)
    assert count_items(array, most) == min(len(items), most + 1)


@pytest.mark.usefixtures("_piece")
@pytest.mark.parametrize("bad", BAD_ITEMS, ids=lambda bad: repr(bad)[:20])
def test_a_bad_item_keeps_its_place_and_its_neighbours_theirs(bad: bytes) -> None:
    good = b'{"Message":"a \\" [ , ] b"}'
    assert split_items(b"[" + b",".join([good, bad, good]) + b"]") == [good, bad, good]
    assert split_items(b"[" + b",".join([bad, good]) + b"]") == [bad, good]
    assert split_items(b"[" + b",".join([good, bad]) + b"]") == [good, bad]


@pytest.mark.usefixtures("_piece")
@pytest.mark.parametrize("array", BROKEN)
def test_an_array_whose_own_marks_do_not_hold_has_no_items(array: bytes) -> None:
    assert split_items(array) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_split_into_what_they_are_or_not_at_all(inside: bytes) -> None:
    items = split_items(b"[" + inside + b"]")
    if items:
        assert b",".join(items) == inside
        assert all(item.strip(b" \t\n\r") for item in items)


def test_what_is_no_array_is_counted_to_its_end() -> None:
    for text in (b"[", b'[1,"', b"[1,2}3,4", b"[{,},{", b"[1,]]]"):
        assert count_items(text, 1000) <= text.count(b",") + 1


@pytest.mark.usefixtures("_piece")
@pytest.mark.parametrize(
    ("text", "depth"),
    [(b"", 0), (b"1", 0), (b"[]", 1), (b'{"a":[{}]}', 3), (b'["[[["]', 1),
     (b'["\\"[","\\\\",[]]', 2)],
)  # fmt: skip
def test_the_depth_is_that_of_brackets_outside_of_text(text: bytes, depth: int) -> None:
    assert measure_depth(text) == depth
