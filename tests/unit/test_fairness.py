"""Fairness between keys."""

import asyncio
import contextlib

from hypothesis import given
from hypothesis import strategies as st

from logster.ingest.fairness import FairShares, Turns, fits


def fill(shares, key, size=1):
    while shares.has_room(key, size):
        shares.take(key, size)


def test_a_key_that_is_alone_gets_nearly_all_and_leaves_room():
    shares = FairShares(800, factor=7)
    fill(shares, 1)

    assert shares.held_bytes == 700
    assert shares.has_room(2, 80)


def test_two_keys_end_with_the_same_share():
    shares = FairShares(900, factor=1)
    for _ in range(900):
        for key in (1, 2):
            if shares.has_room(key, 1):
                shares.take(key, 1)

    assert shares.held_bytes == 600
    assert not shares.has_room(1, 1)
    assert not shares.has_room(2, 1)


def test_what_is_given_back_can_be_taken_again():
    shares = FairShares(100, factor=1)
    fill(shares, 1)
    shares.give_back(1, 30)

    assert shares.has_room(1, 15)


def test_a_body_that_was_refused_unread_gives_nothing_back():
    shares = FairShares(100, factor=1)
    shares.give_back(1, 0)

    assert (shares.held_bytes, shares.held_by(1)) == (0, 0)


def test_what_nobody_owns_counts_for_all_but_those_who_hold_little():
    def most(held, unowned, free):
        return max(
            n for n in range(free + 1) if fits(n, held=held, unowned=unowned, free=free, factor=7)
        )

    assert most(held=0, unowned=700, free=100) == 11  # a ninth of what was free
    assert most(held=11, unowned=700, free=89) == 0
    assert most(held=700, unowned=0, free=100) == 0
    assert most(held=0, unowned=0, free=800) == 700


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 50)), max_size=200))
def test_the_cap_holds_whoever_takes(wishes):
    shares = FairShares(300, factor=3)
    for key, size in wishes:
        if shares.has_room(key, size):
            shares.take(key, size)
        assert shares.held_bytes <= 300


async def run_in_turn(turns, key, order, started):
    async with turns.turn(key):
        order.append(key)
        await started.wait()


async def test_a_quiet_key_waits_for_one_body_of_a_noisy_one():
    turns, started = Turns(1), asyncio.Event()
    order: list[int] = []
    async with asyncio.TaskGroup() as group:
        for key in (1, 1, 1, 1, 2):
            group.create_task(run_in_turn(turns, key, order, started))
            await asyncio.sleep(0)
        started.set()

    assert order == [1, 1, 2, 1, 1]


async def test_a_place_is_never_lost_to_somebody_who_left():
    turns, started = Turns(1), asyncio.Event()
    tasks = [asyncio.create_task(run_in_turn(turns, 1, [], started)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    started.set()
    await asyncio.sleep(0)
    tasks[2].cancel()  # perhaps in the moment in which it was given the place
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)

    async with asyncio.timeout(30), turns.turn(2):
        pass
