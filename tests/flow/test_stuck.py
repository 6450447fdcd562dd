"""A question that heeds no kill ends the engine, whoever asked it, and though nobody waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from logster.errors import QueryStuckError, QuotaError
from logster.store.embedded.scope import Scope
from logster.store.raw_sql import run
from logster.store.schema import migrate
from support.engine import connected, engine_process

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S, GRACE_S, KILL_S = 1, 5, 3
#: One call of one function on one text, of which it keeps 400 places in view.
STUCK = (
    "SELECT match(arrayStringConcat(arrayMap(x -> char(97 + cityHash64(x) % 2), range(8000000))),"
    " '[ab]*a[ab]{400}c')"
)


def asker(name: str) -> Scope:
    return Scope(workspace=7, asker=name)


@pytest.mark.timeout(300)
async def test_a_question_that_heeds_no_kill_ends_the_engine(tmp_path: Path) -> None:
    environment = {"LOGSTER_QUERY_TIMEOUT_S": str(TIMEOUT_S)}
    with engine_process(tmp_path / "engine", environment) as process:
        async with connected(process) as engine:
            await migrate(engine)
            # A search: nobody is to blame by name.
            started = time.monotonic()
            with pytest.raises(QueryStuckError, match="could not be stopped"):
                await engine.ask(STUCK, {})
            assert TIMEOUT_S + GRACE_S < time.monotonic() - started < 60
            process.wait_until_ended()
            # An administrator who does not wait: it counts all the same.
            for _ in range(2):
                process.start()
                process.wait_until_ready()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(run(engine, asker("user 1"), STUCK), 1.5)
                assert await engine.ping()
                await asyncio.to_thread(process.wait_until_ended)
            process.start()
            process.wait_until_ready()
            with pytest.raises(QuotaError, match="SQL is closed to you until"):
                await run(engine, asker("user 1"), "SELECT 1")
            assert (await run(engine, asker("key 1"), "SELECT 1")).rows == [(1,)]


async def test_sql_of_administrators_has_places_of_its_own(tmp_path: Path) -> None:
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            await migrate(engine)
            asking = [
                asyncio.create_task(run(engine, asker(f"user {n}"), endless)) for n in range(8)
            ]
            running = (
                "SELECT count() FROM system.processes WHERE query LIKE '%numbers(1000000000000)%'"
                " AND query NOT LIKE '%processes%'"
            )
            async with asyncio.timeout(30):
                while (await engine.inspect(running)).rows != [(2,)]:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            assert await engine.ping()
            assert (await asyncio.wait_for(engine.ask("SELECT 1", {}), 30)).rows == [(1,)]
            assert (await engine.inspect(running)).rows == [(2,)]
            # Six may wait beside the two; the next is told to come back.
            with pytest.raises(Exception, match="Other questions in SQL are being answered"):
                await run(engine, asker("user 9"), "SELECT 1")
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)


async def test_slow_searches_make_nothing_unready(tmp_path: Path) -> None:
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            asking = [asyncio.create_task(engine.ask(endless, {})) for _ in range(12)]
            await asyncio.sleep(1)
            assert await engine.ping()
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
