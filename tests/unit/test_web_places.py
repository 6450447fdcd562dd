"""Room for what lasts: nobody takes it all."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import RetryLaterError
from logster.web.access import Principal
from logster.web.places import Places


def program(key: int, workspace: int = 1) -> Principal:
    return Principal(workspace=workspace, rights=frozenset(), key=key)


def fill(places: Places, stack: ExitStack, principal: Principal) -> int:
    """Take places until there is no more room; gives how many."""
    for count in range(1_000):
        try:
            places.check_room(principal)
        except RetryLaterError:
            return count
        stack.enter_context(places.place(principal))
    return 1_000


def test_one_key_has_its_most_and_is_told_so() -> None:
    places = Places("live views", most=200, most_of_one=30)
    with ExitStack() as stack:
        assert fill(places, stack, program(1)) == 30
        with pytest.raises(RetryLaterError, match="This key has 30 live views open") as caught:
            places.check_room(program(1))
        assert caught.value.status == 503
        places.check_room(program(2))
    assert places.count == 0
    assert not places._held
    places.check_room(program(1))


def test_one_workspace_leaves_room_for_the_others() -> None:
    places = Places("live views", most=200, most_of_one=30)
    with ExitStack() as stack:
        taken = sum(fill(places, stack, program(key)) for key in range(100))
        assert taken == 100
        with pytest.raises(RetryLaterError, match="the last 100 are for other workspaces"):
            places.check_room(program(1_000))
        assert fill(places, stack, program(2_000, workspace=2)) == 30


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), max_size=300))
def test_there_is_always_a_place_for_a_workspace_that_has_none(
    asked: list[tuple[int, int]],
) -> None:
    places = Places("live views", most=64, most_of_one=30)
    with ExitStack() as stack:
        for workspace, key in asked:
            principal = program(workspace * 10 + key, workspace)
            try:
                places.check_room(principal)
            except RetryLaterError:
                continue
            stack.enter_context(places.place(principal))
            assert places.count < 64
        places.check_room(program(99, workspace=9))


def test_when_all_is_taken_that_is_said() -> None:
    places = Places("exports", most=1, most_of_one=4)
    with places.place(program(1)), pytest.raises(RetryLaterError, match="All workspaces have 1"):
        places.check_room(program(2, workspace=2))
