"""The tables of the store: made once, kept as the settings say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from logster.errors import StoreError
from logster.store import schema
from logster.store.schema import Step, load_steps, migrate

if TYPE_CHECKING:
    from logster.store.engine import Engine


async def steps_of(engine: Engine) -> list[tuple[int, str]]:
    answer = await engine.ask("SELECT number, digest FROM schema_steps FINAL ORDER BY number", {})
    return [(number, digest) for number, digest in answer.rows]


async def created(engine: Engine) -> str:
    answer = await engine.ask(
        "SELECT create_table_query FROM system.tables"
        " WHERE database = 'logster' AND name = 'events'",
        {},
    )
    return str(answer.rows[0][0])


async def test_each_step_is_recorded_once_however_many_start(engine: Engine) -> None:
    for table in ("events", "schema_steps"):
        await engine.command(f"DROP TABLE {table} SYNC")
    await asyncio.gather(*(migrate(engine, retention_days=30) for _ in range(4)))
    assert await steps_of(engine) == [(step.number, step.digest) for step in load_steps()]


async def test_starting_again_changes_nothing(engine: Engine) -> None:
    await migrate(engine, retention_days=12)
    before = await created(engine)
    await migrate(engine, retention_days=12)
    assert await created(engine) == before


async def test_retention_follows_the_setting(engine: Engine) -> None:
    for days in (7, 400, 400, 30):
        await migrate(engine, retention_days=days)
        assert f"toIntervalDay({days})" in await created(engine)


async def test_a_step_that_was_changed_after_it_was_applied_stops_the_start(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *others) = load_steps()
    changed = Step(first.number, first.name, first.sql + "-- changed\n")
    monkeypatch.setattr(schema, "load_steps", lambda: iter([changed, *others]))
    with pytest.raises(StoreError, match=first.name):
        await migrate(engine, retention_days=30)


async def test_an_insert_is_on_disk_when_it_returns(engine: Engine) -> None:
    """What the spool's forgetting relies on."""
    made = await created(engine)
    for setting in ("fsync_after_insert = 1", "fsync_part_directory = 1"):
        assert setting in made
