"""Ids sort by time and never repeat; columns stay parallel; empty and absent differ."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import MAX_NODE, TEXT_FIELDS, Columns, IdMaker, blank_masks, id_at, ms_of_id


@given(st.lists(st.integers(min_value=0, max_value=20_000), min_size=1, max_size=6))
def test_ids_ascend_and_never_repeat(counts):
    maker = IdMaker(7)
    ids = [event_id for count in counts for event_id in maker.take(count)]

    assert ids == sorted(set(ids))
    assert len(ids) == sum(counts)
    assert all(event_id < 1 << 63 for event_id in ids)


def test_an_id_tells_its_millisecond():
    before = time.time_ns() // 1_000_000
    [event_id] = IdMaker(MAX_NODE).take(1)

    assert before <= ms_of_id(event_id) <= time.time_ns() // 1_000_000
    assert id_at(ms_of_id(event_id)) <= event_id


def test_ids_of_two_nodes_differ():
    first, second = IdMaker(1), IdMaker(2)

    assert not set(first.take(5000)) & set(second.take(5000))


def test_a_clock_that_was_set_back_does_not_repeat_ids():
    ahead = time.time_ns() // 1_000_000 + 3_600_000
    maker = IdMaker(1, last_ms=ahead)

    assert min(maker.take(10)) >= id_at(ahead + 1)
    assert maker.last_ms == ahead + 1


def test_a_node_out_of_range_is_refused():
    with pytest.raises(ValueError, match="1024"):
        IdMaker(1024)


optional_texts = st.one_of(st.none(), st.just(""), st.text(max_size=3))
rows = st.lists(
    st.fixed_dictionaries(
        {"message": st.text(max_size=3), "user": optional_texts, "host": optional_texts}
    ),
    min_size=1,
    max_size=5,
)


def columns_of(rows, *, drop_empty=True):
    def column(name):
        values = [row[name] for row in rows]
        return None if drop_empty and all(value is None for value in values) else values

    return Columns(
        message=column("message"),
        severity=[0] * len(rows),
        user=column("user"),
        host=column("host"),
    )


@given(rows, rows)
def test_joined_columns_hold_the_rows_of_both(first, second):
    joined = columns_of(first)
    joined.extend(columns_of(second))

    for name in ("user", "host"):
        values = getattr(joined, name) or [None] * len(joined)
        assert values == [row[name] for row in first + second]


@given(rows, st.data())
def test_removed_events_are_gone_from_every_column(rows, data):
    indexes = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))
    columns = columns_of(rows, drop_empty=False)
    columns.remove(indexes)

    kept = [row for index, row in enumerate(rows) if index not in indexes]
    assert columns.message == [row["message"] for row in kept]
    assert columns.user == [row["user"] for row in kept]


@given(rows)
def test_the_mask_tells_empty_text_from_absent_text(rows):
    masks = blank_masks(columns_of(rows)) or [0] * len(rows)

    for mask, row in zip(masks, rows, strict=True):
        for name in ("message", "user", "host"):
            assert bool(mask >> TEXT_FIELDS.index(name) & 1) == (row[name] == "")


def test_a_size_counts_the_texts_and_the_properties_of_its_event():
    columns = Columns(
        message=["abc", "d"],
        severity=[2, 2],
        user=[None, "ef"],
        properties=[b'{"a":1}', None],
    )
    assert columns.sizes() == [10, 3]


def test_a_size_counts_bytes_and_not_letters():
    columns = Columns(message=["é", "a", "🦀"], severity=[2] * 3, user=["é", None, ""])
    assert columns.sizes() == [4, 1, 4]


@given(rows)
def test_no_event_is_larger_than_the_bound(rows):
    columns = columns_of(rows)
    assert max(columns.sizes()) <= columns.size_bound()
