"""A reader of the built-in engine asks whatever a stranger could make it ask."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from support.engine import READER_SECRET, SECRET, EngineProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from logster.store.engine import Engine

KEPT = "what-no-reader-may-see"
#: {file} holds KEPT, {new} must not come to be, {port} must not be called.
ATTACKS = [
    "SELECT * FROM file('{file}', LineAsString)",
    "SELECT * FROM FILE('{file}', LineAsString)",
    "SELECT * FROM `file`('{file}', LineAsString)",
    "SELECT file('{file}')",
    "SELECT arrayMap(x -> file(x), ['{file}'])",
    "SELECT * FROM `{file}`",
    "SELECT * FROM default.`{file}`",
    'SELECT * FROM "{file}"',
    "SELECT * FROM {{name:Identifier}}",
    "SELECT * FROM default.{{name:Identifier}}",
    "SELECT 1 WHERE 1 IN (SELECT length(line) FROM file('{file}', LineAsString))",
    "WITH (SELECT any(line) FROM file('{file}', LineAsString)) AS x SELECT x",
    "SELECT 1 UNION ALL SELECT length(line) FROM file('{file}', LineAsString)",
    "SELECT 1 /* */ INTERSECT (SELECT length(line) FROM file('{file}', LineAsString))",
    "SELECT * FROM view(SELECT * FROM file('{file}', LineAsString))",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM file('{file}', LineAsString)))",
    "SELECT * FROM merge('default', '.*')",
    "SELECT * FROM loop(file('{file}', LineAsString))",
    "SELECT * FROM sqlite('{file}', 't')",
    "SELECT * FROM executable('cat {file}', LineAsString, 'line String')",
    "SELECT * FROM python('{file}')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM input('line String')",
    "SELECT * FROM events AS `a\n SelectWithUnionQuery`, file('{file}', LineAsString)",
    "SELECT 1 AS `a (children 1)\n`, file('{file}') AS `b\n`",
    "SELECT * FROM url('http://127.0.0.1:{port}/', LineAsString)",
    "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/key', LineAsString)",
    "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.`processes`",
    "SELECT * FROM `system.processes`",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM information_schema.tables",
    "SELECT 1 INTO OUTFILE '{new}'",
    "SELECT 1 INTO OUTFILE '{new}' TRUNCATE FORMAT CSV",
    "SELECT 1 INTO OUTFILE '{new}' AND STDOUT",
    "(SELECT 1) INTO OUTFILE '{new}'",
    "EXPLAIN AST SELECT 1 INTO OUTFILE '{new}'",
    "SELECT 1; SELECT 2 INTO OUTFILE '{new}'",
    "SELECT 1; DROP TABLE events",
    "INSERT INTO events (id) VALUES (1)",
    "INSERT INTO events (id) FORMAT CSV\n1\n",
    "INSERT INTO FUNCTION file('{new}', 'CSV', 'a UInt8') VALUES (1)",
    "CREATE TABLE stolen (line String) ENGINE = File(LineAsString, '{file}')",
    "CREATE TEMPORARY TABLE stolen (line String) ENGINE = File(LineAsString, '{file}')",
    "CREATE FUNCTION evil AS x -> file(x)",
    "ALTER TABLE events DELETE WHERE 1",
    "DROP TABLE events",
    "TRUNCATE TABLE events",
    "SET readonly = 0",
    "SET max_memory_usage = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)",
    "SELECT 1 WHERE 1 IN (SELECT 1 SETTINGS readonly = 0)",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES",
    "KILL QUERY WHERE 1",
    "BACKUP TABLE events TO File('{new}')",
    "ATTACH TABLE stolen FROM '{file}' (line String) ENGINE = File(LineAsString)",
    "SHOW TABLES",
    "DESCRIBE TABLE file('{file}', LineAsString)",
    "USE default",
    "sleep = 1 SELECT 1",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('t', 'a', 1)",
    "SELECT sleep(3)",
    "",
]


@pytest.fixture
async def reader(engine_at: EngineProcess, engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger who has got hold of the reader's secret."""
    url = f"http://127.0.0.1:{engine_at.port}"
    async with httpx.AsyncClient(
        base_url=url, auth=("reader", READER_SECRET), timeout=30
    ) as client:
        yield client


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_reader_only_asks(
    reader: httpx.AsyncClient,
    engine: Engine,
    listener: socket.socket,
    tmp_path: Path,
    attack: str,
) -> None:
    kept, new = tmp_path / "kept.csv", tmp_path / "new.csv"
    kept.write_text(KEPT)
    attack = attack.format(file=kept, new=new, port=listener.getsockname()[1])
    answer = await reader.post("/", content=attack, params={"param_name": str(kept)})
    assert answer.status_code >= 400, answer.text
    assert KEPT not in answer.text.replace(attack, "")
    assert not new.exists()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert (await engine.ask("SELECT count() FROM events", {})).rows == [(0,)]


async def test_a_text_that_has_passed_is_checked_again_with_another_name(
    reader: httpx.AsyncClient, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text(KEPT)
    question = "SELECT count() FROM {name:Identifier}"
    names = ("events", f"default.{kept}", "system.processes")
    asked = [await reader.post("/", content=question, params={"param_name": n}) for n in names]
    assert [answer.status_code < 400 for answer in asked] == [True, False, False]


@pytest.mark.parametrize(
    "setting",
    [
        {"readonly": "0"},
        {"allow_ddl": "1"},
        {"max_memory_usage_for_user": "0"},
        {"format_schema": "/etc/passwd"},
        {"log_comment": "someone else"},
        {"implicit_select": "1"},
        {"additional_result_filter'; DROP TABLE events; --": "1"},
    ],
)
async def test_a_reader_sets_nothing_but_its_answers_form(
    reader: httpx.AsyncClient, setting: dict[str, str]
) -> None:
    assert (await reader.post("/", content="SELECT 1", params=setting)).status_code >= 400


async def test_a_reader_lowers_its_limits_and_never_lifts_them(reader: httpx.AsyncClient) -> None:
    question = "SELECT getSetting('max_memory_usage')"
    ours = (await reader.post("/", content=question)).text
    assert int(ours) > 0
    for asked, expected in (("1000000", "1000000\n"), ("0", ours), ("99999999999999", ours)):
        answer = await reader.post("/", content=question, params={"max_memory_usage": asked})
        assert answer.text == expected


async def test_a_readers_database_is_always_ours(reader: httpx.AsyncClient) -> None:
    for name in ("default", "system", "`; DROP TABLE events"):
        answer = await reader.post(
            "/", content="SELECT currentDatabase()", params={"database": name}
        )
        assert answer.text == "logster\n"


@pytest.mark.parametrize(
    "question",
    [
        "SELECT 1",
        "SELECT count() FROM events;",
        "SELECT count() FROM logster.events WHERE message LIKE '%INTO OUTFILE%'",
        "WITH n AS (SELECT number FROM numbers(3)) SELECT sum(number) FROM n",
        "SELECT format('{}', 'x'), ['file', 'url'] FORMAT JSONCompact",
        "SELECT name FROM system.tables WHERE database = 'logster'",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT `file`.1 FROM (SELECT (1, 2) AS `file`)",
    ],
)
async def test_a_question_is_answered(reader: httpx.AsyncClient, question: str) -> None:
    answer = await reader.post("/", content=question)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "login", [("logster", READER_SECRET), ("reader", SECRET), ("reader", ""), ("", ""), ("x", "y")]
)
async def test_nobody_comes_in_with_another_secret(
    engine_at: EngineProcess, engine: Engine, login: tuple[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine_at.port}") as client:
        for answer in (
            await client.post("/", content="SELECT 1", auth=login),
            await client.post(
                "/",
                content="SELECT 1",
                headers={"X-ClickHouse-User": login[0], "X-ClickHouse-Key": login[1]},
            ),
            await client.post(
                "/", content="SELECT 1", params={"user": login[0], "password": login[1]}
            ),
        ):
            assert answer.status_code == 403
            assert answer.headers["x-clickhouse-exception-code"] == "516"


async def test_a_question_whose_reader_leaves_is_stopped(
    reader: httpx.AsyncClient, engine: Engine
) -> None:
    whole = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
    rare = "SELECT number FROM numbers(1000000000000) WHERE sipHash64(number) % 100000 = 0"
    for question in (whole, rare):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.post("/", content=question), 0.5)
        async with asyncio.timeout(30):
            while await _count_running(engine):
                await asyncio.sleep(0.05)


async def _count_running(engine: Engine) -> int:
    """How many endless questions run; asked as the writer, a reader may not see them."""
    client = await engine._client("writer")
    answer = await client.command(
        "SELECT count() FROM system.processes"
        " WHERE query LIKE '%numbers(1000000000000)%' AND position(query, 'processes') = 0"
    )
    return int(answer)
