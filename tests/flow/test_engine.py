"""The client and the engine process, as they speak with each other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from logster.errors import ConfigError, QueryTooHeavyError, StoreError, StoreUnavailableError
from logster.store.engine import Engine
from support.engine import connected, engine_process
from support.served import free_port

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", ""),
        ("String", 'it\'s \\ "so" \t\n\r\0 {p1:String} %s ✓ \U0001f600'),
        ("String", "x" * 300_000),
        ("UInt64", 2**64 - 1),
        ("Int64", -(2**63)),
        ("Float64", 0.1),
        ("Array(String)", ["", "'", "\\", "\n", "é"]),
        ("Array(UInt64)", list(range(20_000))),
    ],
)
async def test_a_value_comes_back_as_it_was_bound(engine: Engine, kind: str, value: Any) -> None:
    answer = await engine.ask(f"SELECT {{p1:{kind}}}", {"p1": value})
    ((found,),) = answer.rows
    assert (list(found) if isinstance(value, list) else found) == value


async def test_an_answer_tells_its_names_even_when_it_is_empty(engine: Engine) -> None:
    answer = await engine.ask("SELECT id, message FROM events", {})
    assert (answer.names, answer.rows) == (("id", "message"), [])


async def test_what_cannot_be_understood_is_an_error_of_the_store(engine: Engine) -> None:
    with pytest.raises(StoreError, match="nothing_like_it"):
        await engine.ask("SELECT nothing_like_it FROM events", {})


async def test_a_question_keeps_its_threads_though_the_engine_has_little_memory(
    engine: Engine,
) -> None:
    name = "max_threads_min_free_memory_per_thread"
    assert (await engine.ask(f"SELECT getSetting('{name}')", {})).rows == [(0,)]


async def test_a_question_over_its_memory_is_too_heavy(engine: Engine) -> None:
    with pytest.raises(QueryTooHeavyError):
        await engine.ask("SELECT length(groupArray(number)) FROM numbers(1000000000)", {})


async def test_a_question_over_its_time_is_too_heavy(engine: Engine) -> None:
    started = time.monotonic()
    with pytest.raises(QueryTooHeavyError):
        await engine.ask(ENDLESS, {}, settings={"max_execution_time": 1})
    assert time.monotonic() - started < 30


async def test_the_engine_bounds_its_memory_whoever_asks(engine: Engine) -> None:
    with pytest.raises(StoreError):
        await engine.command(
            "SELECT length(groupArray(number)) FROM numbers(3000000000)"
            " SETTINGS max_memory_usage = 0"
        )
    assert await engine.ping()


async def test_a_cancelled_question_stops(engine: Engine) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.ask(ENDLESS, {}), 0.5)
    client = await engine._client("writer")
    async with asyncio.timeout(30):
        while await client.command(
            "SELECT count() FROM system.processes WHERE query LIKE '%ignore(sip%'"
            " AND position(query, 'processes') = 0"
        ):
            await asyncio.sleep(0.05)


async def test_a_query_is_killed_by_its_id(engine: Engine) -> None:
    client = await engine._client("writer")
    running = asyncio.create_task(client.command(ENDLESS, settings={"query_id": "mine"}))
    async with asyncio.timeout(60):
        while not running.done():  # it may not have begun when it is killed for the first time
            await asyncio.sleep(0.3)
            await client.command("KILL QUERY WHERE query_id = 'mine' SYNC")
    with pytest.raises(Exception, match=r"394|cancel"):
        await running


async def test_questions_do_not_wait_for_each_other(engine: Engine) -> None:
    """As many as there are slots; `sleep` needs no core. In a row they take eight seconds."""
    client = await engine._client("writer")
    started = time.monotonic()
    await asyncio.gather(*(client.command("SELECT sleep(1)") for _ in range(8)))
    assert time.monotonic() - started < 8


async def test_a_store_that_is_away_is_unavailable() -> None:
    engine = await Engine.open(f"clickhouse://logster:x@127.0.0.1:{free_port()}/logster")
    assert not await engine.ping()
    with pytest.raises(StoreUnavailableError):
        await engine.ask("SELECT 1", {})
    await engine.close()


@pytest.mark.parametrize("url", ["", "http://a:1/b", "clickhouse://", "clickhouse://a:x/b"])
async def test_a_url_that_is_none_is_a_mistake_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigError, match="LOGSTER_STORE_URL"):
        await Engine.open(url)


async def test_an_engine_that_comes_back_is_used_again(tmp_path: Path) -> None:
    with engine_process(tmp_path / "engine") as process:
        async with connected(process) as engine:
            process.kill()
            assert not await engine.ping()
            process.start()
            async with asyncio.timeout(60):
                while not await engine.ping():
                    await asyncio.sleep(0.05)


def test_the_engine_closes_when_it_is_told_to(tmp_path: Path) -> None:
    with engine_process(tmp_path / "engine") as process:
        process.wait_until_ready()
        assert process.stop() == 0


def test_the_engine_ends_with_its_parent(tmp_path: Path) -> None:
    with engine_process(tmp_path / "engine") as process:
        process.wait_until_ready()
        assert process._process is not None
        assert process._process.stdin is not None
        process._process.stdin.close()
        assert process._process.wait(30) == 0


def test_the_engine_is_small_when_it_has_nothing_to_do(tmp_path: Path) -> None:
    with engine_process(tmp_path / "engine") as process:
        process.wait_until_ready()
        status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    (kib,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    assert int(kib) < 450 * 1024
