"""Live tail on the real engine: each row once, however late, however often one reconnects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from logster.errors import QueryError, StoreUnavailableError
from logster.query.parse import parse_filter
from logster.store.selection import Selection
from logster.store.tail import MAX_CURSOR_IDS, MAX_SHOWN_IDS, Step, follow
from support.stored import NOON_NS, event_at, store_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from logster.store.engine import Engine

WORKSPACE, NEIGHBOUR = 7, 8


def tail(
    engine: Engine, text: str = "", cursor: str | None = None, **more: Any
) -> AsyncIterator[Step]:
    selection = Selection(workspace=WORKSPACE, filter=parse_filter(text))
    return follow(engine, selection, cursor=cursor, interval_s=0.001, **more)


def ids_of(step: Step) -> list[int]:
    return [event.id for event in step.events]


async def store(engine: Engine, *ids: int, **fields: Any) -> None:
    await store_events(
        engine, [event_at(event_id, workspace=WORKSPACE, **fields) for event_id in ids]
    )


async def store_late(engine: Engine, event_id: int, late_ms: int) -> None:
    """A row that becomes visible `late_ms` after its instant of storing."""
    await engine.command(
        "INSERT INTO events (id, timestamp, received_at, stored_at, severity, message, workspace)"
        " SELECT {id:UInt64}, now64(3), now64(3), now64(3) - toIntervalMillisecond({late:Int64}),"
        " 2, 'late', {workspace:UInt32}",
        {"id": event_id, "late": late_ms, "workspace": WORKSPACE},
    )


async def test_a_tail_begins_now_and_shows_new_rows_oldest_first(engine: Engine) -> None:
    await store(engine, 1, 2)
    principal = tail(engine)
    assert ids_of(await anext(principal)) == []
    await store(engine, 3, 4)
    assert ids_of(await anext(principal)) == [3, 4]
    assert ids_of(await anext(principal)) == []
    await store(engine, 5)
    assert ids_of(await anext(principal)) == [5]


async def test_a_tail_shows_its_filter_and_its_workspace_only(engine: Engine) -> None:
    principal = tail(engine, "severity>=error disk")
    await anext(principal)
    await store(engine, 1, severity=2, message="disk")
    await store(engine, 2, severity=4, message="disk full")
    await store(engine, 3, severity=4, message="net")
    await store_events(engine, [event_at(4, workspace=NEIGHBOUR, severity=4, message="disk")])
    assert ids_of(await anext(principal)) == [2]


async def test_a_step_is_in_order_of_time_whichever_worker_stored_first(engine: Engine) -> None:
    """Two workers take turns with what one program sends; one of them stores its block later."""
    principal = tail(engine)
    await anext(principal)
    sent = [event_at(number, NOON_NS + number // 2, workspace=WORKSPACE) for number in range(12)]
    for turn in range(2):
        await store_events(engine, sent[1 - turn :: 2])
    step = await anext(principal)
    assert ids_of(step) == [event.id for event in sent]
    assert ids_of(await anext(principal)) == []
    resumed = tail(engine, cursor=step.cursor)
    assert ids_of(await anext(resumed)) == []
    await store(engine, 20)
    assert ids_of(await anext(resumed)) == [20]


async def test_a_step_with_too_many_is_in_order_of_time_too(engine: Engine) -> None:
    principal = tail(engine, max_events=4)
    await anext(principal)
    sent = [event_at(number, NOON_NS - number, workspace=WORKSPACE) for number in range(1, 9)]
    await store_events(engine, sent[1::2])
    await asyncio.sleep(0.01)
    await store_events(engine, sent[0::2])
    step = await anext(principal)
    assert (ids_of(step), step.skipped) == ([7, 5, 3, 1], 4)
    assert ids_of(await anext(principal)) == []


async def test_a_row_that_becomes_visible_late_is_shown_once(engine: Engine) -> None:
    principal = tail(engine)
    await anext(principal)
    await asyncio.sleep(0.1)
    await store(engine, 1)
    assert ids_of(await anext(principal)) == [1]
    await store_late(engine, 2, late_ms=80)
    assert ids_of(await anext(principal)) == [2]
    assert ids_of(await anext(principal)) == []


async def test_a_row_that_was_on_its_way_when_the_tail_began_is_shown(engine: Engine) -> None:
    await store(engine, 1)
    principal = tail(engine)
    await anext(principal)
    await store_late(engine, 2, late_ms=500)
    assert ids_of(await anext(principal)) == [2]
    assert ids_of(await anext(principal)) == []


async def test_a_tail_that_begins_in_a_flood_shows_nothing_of_before(engine: Engine) -> None:
    await store(engine, *range(1, MAX_SHOWN_IDS + 500))
    principal = tail(engine)
    assert ids_of(await anext(principal)) == []
    step = await anext(principal)
    assert (ids_of(step), step.skipped) == ([], 0)


async def test_a_resume_has_no_gap_and_no_repeat(engine: Engine) -> None:
    principal = tail(engine)
    await anext(principal)
    await asyncio.sleep(0.1)
    await store(engine, 1, 2)
    step = await anext(principal)
    await store_late(engine, 3, late_ms=80)
    await store(engine, 4)
    resumed = tail(engine, cursor=step.cursor)
    step = await anext(resumed)
    assert ids_of(step) == [3, 4]
    assert ids_of(await anext(tail(engine, cursor=step.cursor))) == []


async def test_a_resume_after_many_rows_repeats_none(engine: Engine) -> None:
    principal = tail(engine)
    await anext(principal)
    many = range(1, MAX_CURSOR_IDS * 3)
    for event_id in many[:: MAX_CURSOR_IDS // 2]:
        await store(engine, *range(event_id, event_id + MAX_CURSOR_IDS // 2))
    step = await anext(principal)
    assert len(step.events) > MAX_CURSOR_IDS
    assert ids_of(await anext(tail(engine, cursor=step.cursor))) == []


async def test_a_flood_shows_the_newest_and_counts_the_rest(engine: Engine) -> None:
    principal = tail(engine, max_events=10)
    await anext(principal)
    await store(engine, *range(1, 51))
    step = await anext(principal)
    assert (ids_of(step), step.skipped) == (list(range(41, 51)), 40)
    assert ids_of(await anext(principal)) == []
    await store(engine, 51)
    step = await anext(principal)
    assert (ids_of(step), step.skipped) == ([51], 0)


async def test_writers_at_the_same_time_are_all_shown_once(engine: Engine) -> None:
    principal = tail(engine)
    await anext(principal)

    async def write(first: int) -> None:
        for event_id in range(first, first + 100, 10):
            await store(engine, *range(event_id, event_id + 10))

    async def watch() -> list[int]:
        seen: list[int] = []
        cursor = None
        current = principal
        while len(seen) < 300:
            step = await anext(current)
            seen += ids_of(step)
            if step.events and len(seen) % 3 == 0:
                cursor = step.cursor
                current = tail(engine, cursor=cursor)
        step = await anext(current)
        return seen + ids_of(step)

    seen, *_ = await asyncio.gather(watch(), write(1_000), write(2_000), write(3_000))
    assert sorted(seen) == sorted(
        [*range(1_000, 1_100), *range(2_000, 2_100), *range(3_000, 3_100)]
    )


class _Outage:
    """The real engine, away for the first calls."""

    def __init__(self, engine: Engine, calls: int) -> None:
        self._engine, self._calls = engine, calls

    async def ask(self, *arguments: Any, **more: Any) -> Any:
        self._calls -= 1
        if self._calls >= 0:
            raise StoreUnavailableError("the engine is away")
        return await self._engine.ask(*arguments, **more)


async def test_an_engine_that_is_away_gives_heartbeats_and_no_gap(engine: Engine) -> None:
    principal = tail(engine)
    cursor = (await anext(principal)).cursor
    await store(engine, 1)
    away: Any = _Outage(engine, calls=2)
    principal = tail(away, cursor=cursor)
    for _ in range(2):
        assert await anext(principal) == Step(events=[], cursor=cursor, skipped=0)
    assert ids_of(await anext(principal)) == [1]


async def test_a_tail_cannot_begin_while_the_engine_is_away(engine: Engine) -> None:
    away: Any = _Outage(engine, calls=1)
    with pytest.raises(StoreUnavailableError):
        await anext(tail(away))


async def test_a_cursor_that_is_none_is_refused(engine: Engine) -> None:
    with pytest.raises(QueryError):
        await anext(tail(engine, cursor="nonsense"))
