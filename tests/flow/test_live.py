"""Values that every worker follows: loaded, kept true, kept while the database is away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from logster.meta.live import LiveValues, record_change
from logster.meta.retention import PART

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from logster.meta.database import Database
    from logster.meta.meta import Meta


class Loader:
    """Loads a number, and counts how often."""

    def __init__(self) -> None:
        self.number = 1
        self.loads = 0
        self.error: Exception | None = None

    def __call__(self, _: Connection) -> int:
        self.loads += 1
        if self.error:
            raise self.error
        return self.number


@pytest.fixture
def live(database: Database) -> Iterator[LiveValues]:
    values = LiveValues(database)
    yield values
    values.close()


def change(database: Database) -> None:
    with database.writing() as connection:
        record_change(connection, PART)


def test_a_value_is_loaded_at_the_start_and_again_only_after_a_change(
    live: LiveValues, database: Database
) -> None:
    loader = Loader()
    value = live.add(PART, loader, 0)
    assert value.now == 0
    live.refresh()
    loader.number = 2
    live.refresh()
    assert (value.now, loader.loads) == (1, 1)
    change(database)
    live.refresh()
    assert (value.now, loader.loads) == (2, 2)


def test_a_change_that_is_not_committed_is_none(live: LiveValues, database: Database) -> None:
    loader = Loader()
    live.add(PART, loader, 0)
    live.refresh()

    def change_and_fail() -> None:
        with database.writing() as connection:
            record_change(connection, PART)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    live.refresh()
    assert loader.loads == 1


async def test_a_change_of_one_worker_soon_reaches_the_other(meta: Meta, beside: Meta) -> None:
    await meta.retention.choose(7, "ada")
    assert meta.retention.days == 7, "at once where it was changed"
    async with asyncio.timeout(10):  # that of a quiet machine
        while beside.retention.days != 7:
            await asyncio.sleep(0.01)


def test_the_last_known_value_stays_while_the_database_is_away(
    live: LiveValues, outage: Callable[[], AbstractContextManager[None]]
) -> None:
    value = live.add(PART, Loader(), 0)
    assert live.refresh()
    with outage():
        assert not live.refresh()
        assert "database of keys and accounts" in live.failure
        assert value.now == 1
    assert live.refresh()
    assert live.failure == ""


def test_a_value_that_cannot_be_loaded_stays_and_is_tried_again(
    live: LiveValues, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    loader = Loader()
    value = live.add(PART, loader, 0)
    live.refresh()
    change(database)
    loader.number, loader.error = 2, ValueError("a fault that is meant")
    for _ in range(3):
        assert not live.refresh()
    assert (value.now, caplog.text.count("cannot be loaded")) == (1, 1)
    assert "a fault that is meant" in live.failure
    loader.error = None
    assert live.refresh()
    assert value.now == 2


def test_a_part_that_cannot_be_loaded_keeps_no_other_from_it(
    live: LiveValues, database: Database
) -> None:
    broken, whole = Loader(), Loader()
    live.add(PART, broken, 0)
    behind = live.add(PART, whole, 0)
    broken.error = ValueError("a fault that is meant")
    assert not live.refresh()
    assert behind.now == 1


async def test_everybody_who_waits_shares_one_refresh(live: LiveValues) -> None:
    loader = Loader()
    live.add(PART, loader, 0)
    live.start()
    upcoming = live.upcoming()
    live.hasten()
    await asyncio.gather(*(live.wait_for(upcoming) for _ in range(100)))
    assert upcoming.done()
    assert loader.loads == 1
