"""Ids sort by time and never repeat."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.ids import MAX_NODE, IdMaker, id_at, ms_of_id


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
