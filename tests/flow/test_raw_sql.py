"""SQL of an administrator: useful, and blind to everything but the events of the workspace."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from logster.errors import ForbiddenError, QueryError, StoreError
from logster.event import NS_PER_S
from logster.store.embedded.functions import SUBJECTS
from logster.store.embedded.scope import Scope
from logster.store.engine import Engine
from logster.store.raw_sql import MAX_ROWS
from logster.store.raw_sql import run as run_raw
from support.stored import NOON_NS, event_at, store_events

if TYPE_CHECKING:
    from logster.store.answer import Answer

OURS, THEIRS = 7, 8
SECRET = "secret-of-the-neighbour"


async def run(engine: Engine, workspace: int, text: str) -> Answer:
    return await run_raw(engine, Scope(workspace=workspace, asker="user 1"), text)


@pytest.fixture(autouse=True)
async def stored(engine: Engine) -> None:
    """Ours and theirs in one block of rows, so that no index keeps them apart."""
    ours = [event_at(n, severity=n % 3, message="12", application="shop") for n in range(1, 31)]
    theirs = [
        event_at(
            100 + n, workspace=THEIRS, severity=5, message=SECRET, user=SECRET, application=SECRET
        )
        for n in range(5)
    ]
    await store_events(engine, ours + theirs)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT count() FROM events", [(30,)]),
        ("SELECT count() FROM logster.events;", [(30,)]),
        ("SELECT count() FROM events -- all of them", [(30,)]),
        ("SELECT count() FROM events WHERE message LIKE '%1%' AND application = 'shop'", [(30,)]),
        ("SELECT severity, count() AS n FROM events GROUP BY severity ORDER BY severity",
         [(0, 10), (1, 10), (2, 10)]),
        ("WITH busy AS (SELECT id FROM events WHERE severity = 1) SELECT count() FROM busy",
         [(10,)]),
        ("SELECT count() FROM events AS a JOIN events AS b ON a.id = b.id", [(30,)]),
        ("SELECT sum(number) FROM numbers(4)", [(6,)]),
        ("SELECT '{p1:String} %s %(x)s'", [("{p1:String} %s %(x)s",)]),
        ("SELECT uniq(workspace), min(workspace), max(workspace) FROM events", [(1, 7, 7)]),
        ("SELECT count() FROM (SELECT * FROM (SELECT * FROM events))", [(30,)]),
        ("SELECT count() FROM events UNION ALL SELECT count() FROM events", [(30,), (30,)]),
        ("SELECT (SELECT count() FROM events)", [(30,)]),
        ("SELECT 1 WHERE 5 IN (SELECT severity FROM events)", []),
        ("SELECT count() FROM events GROUP BY ALL WITH TOTALS", [(30,)]),
    ],
)  # fmt: skip
async def test_a_question_is_answered_from_our_events(
    engine: Engine, text: str, rows: list[tuple[object, ...]]
) -> None:
    assert (await run(engine, OURS, text)).rows == rows


#: Each would fail, and so tell, if a row of theirs were looked at before it is filtered out.
ORACLES = (
    "SELECT count() FROM events WHERE intDiv(1, severity - 5) < 9",
    "SELECT count() FROM events WHERE toUInt8(message) > 0",
    "SELECT count() FROM events WHERE toUInt64(message) = 12",
    "SELECT count() FROM events WHERE severity < 9 AND toUInt64(message) = 12",
    "SELECT count() FROM (SELECT * FROM events) WHERE toUInt64(message) = 12",
    "SELECT count() FROM (SELECT *, toUInt64(message) AS m FROM events) WHERE m = 12",
    "SELECT m, count() FROM (SELECT toUInt64(message) AS m FROM events) GROUP BY m HAVING m > 3",
    "SELECT toUInt64(message) AS m, count() FROM events GROUP BY m HAVING m > 3",
    "SELECT count() FROM numbers(9) AS n JOIN events AS e ON n.number = toUInt64(e.message) - 10",
    (
        "SELECT count() FROM numbers(9) AS n JOIN events AS e ON n.number = e.severity"
        " WHERE toUInt64(e.message) = 12"
    ),
    (
        "SELECT count() FROM events AS e JOIN (SELECT 2 AS s) AS n ON n.s = e.severity"
        " WHERE intDiv(1, e.severity - 5) < 9"
    ),
    "SELECT id FROM events WHERE toUInt64(message) = 12 ORDER BY timestamp DESC LIMIT 1",
    "SELECT id FROM events ORDER BY toUInt64(message) LIMIT 1",
    "SELECT x, count() FROM events ARRAY JOIN [toUInt64(message)] AS x WHERE x = 12 GROUP BY x",
    "SELECT count() FROM events WHERE hasAllTokens(message, '12') AND toUInt64(message) = 12",
    (
        "SELECT m FROM (SELECT max(toUInt64(message)) OVER (PARTITION BY user) AS m FROM events)"
        " WHERE m = 12"
    ),
    "SELECT sumIf(toUInt64(message), severity < 9) FROM events",
    "SELECT DISTINCT toUInt64(message) AS m FROM events WHERE m = 12 LIMIT 1 BY m",
)


async def test_no_row_of_another_workspace_is_evaluated(engine: Engine) -> None:
    for text in ORACLES:
        await run(engine, OURS, text)


ATTACKS = (
    "SELECT 1 FROM events PREWHERE intDiv(1, severity - 5) < 9",
    "SELECT 1 FROM events preWHERE toUInt64(message) = 1",
    "SELECT 1 SETTINGS additional_table_filters = {}",
    "SELECT * FROM (SELECT * FROM events SETTINGS additional_table_filters = {})",
    "SET additional_table_filters = {}",
    "SELECT * FROM events SETTINGS optimize_move_to_prewhere = 1",
    "SELECT * FROM schema_steps",
    "SELECT * FROM logster.schema_steps",
    "SELECT * FROM `schema_steps`",
    "SELECT ('1', 1, '', '') IN schema_steps",
    "SELECT total_rows FROM system.tables",
    "SELECT * FROM system.columns",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT 0 IN system.one",
    "SELECT in(0, system.one)",
    "SELECT 'x' IN system.processes",
    "SELECT 'x' IN default.`/etc/passwd`",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM default.events",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', LineAsString)",
    "SELECT * FROM remote('127.0.0.1', logster.events)",
    "SELECT * FROM cluster('default', logster.events)",
    "SELECT * FROM merge('logster', 'events')",
    "SELECT * FROM merge('events')",
    "SELECT * FROM view(SELECT * FROM events)",
    "SELECT * FROM mergeTreeIndex('logster', 'events')",
    "SELECT * FROM mergeTreeProjection('logster', 'events', 'p')",
    "SELECT * FROM loop('logster', 'events')",
    "SELECT * FROM dictionary('d')",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('events', 'message', 1)",
    "SELECT * FROM events INTO OUTFILE '/tmp/logster-out'",
    "SELECT * FROM events FORMAT CSV",
    "SELECT 1; SELECT 2",
    "INSERT INTO events (id) VALUES (1)",
    "INSERT INTO events SELECT * FROM events",
    "CREATE VIEW v AS SELECT * FROM events",
    "CREATE TEMPORARY TABLE t AS SELECT * FROM events",
    "ALTER TABLE events DELETE WHERE 1",
    "DROP TABLE events",
    "SHOW TABLES",
    "DESCRIBE events",
    "EXPLAIN SELECT * FROM events",
    "EXISTS events",
    "USE system",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1",
    "SELECT sleep(1)",
    "SELECT * FROM {name:Identifier}",
    "SELECT {x:String}",
    "SELECT nothing FROM events",
    "SELECT",
    "x" * 20_001,
    "",
    ";",
)


async def test_what_is_no_question_about_our_events_is_refused(engine: Engine) -> None:
    for attack in ATTACKS:
        with pytest.raises(QueryError) as caught:
            await run(engine, OURS, attack)
        assert str(caught.value)
        assert SECRET not in str(caught.value)
    assert not Path("/tmp/logster-out").exists()
    assert (await engine.ask("SELECT count() FROM events", {})).rows == [(35,)]


#: What administrators ask every day, a question a line: each kind of function and clause that must
#: stay possible.
ORDINARY = (Path(__file__).parents[1] / "corpus/sql/ordinary.sql").read_text().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
async def test_what_administrators_ask_every_day_is_answered(engine: Engine, text: str) -> None:
    assert (await run(engine, OURS, text)).rows


#: Columns of `values` whose own text holds an expression: that of the machine, of a file.
CALCULATING = (
    "'a String, b String ALIAS hostName()'",
    "'a String, b String ALIAS file(\\'/etc/passwd\\')'",
    "'a String, b ALIAS(hostName())'",
    "'b DEFAULT(hostName())'",
    "'a String MATERIALIZED hostName()'",
    "'a String EPHEMERAL hostName()'",
    "'a Tuple(x String ALIAS hostName())'",
    "concat('a Str', 'ing')",
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT hostName()", "function hostName is not allowed, or is none; the host of an event"),
        ("SELECT filesystemAvailable()", "function filesystemAvailable is not allowed"),
        ("SELECT getOSKernelVersion()", "function getOSKernelVersion is not allowed"),
        ("SELECT editDistance(message, 'a') FROM events", "compared by =, LIKE, position, match"),
        ("SELECT ngramDistance(message, 'a') FROM events", "near ones|compared by"),
        ("SELECT arrayReduce('sum', [1])", "use arraySum"),
        ("SELECT multiFuzzyMatchAny(message, 1, ['a']) FROM events", "compared by"),
        ("SELECT countState() FROM events", "function countState is not allowed"),
        ("SELECT finalizeAggregation(x) FROM events", "not allowed"),
        ("SELECT runningDifference(id) FROM events", "use row_number, lagInFrame"),
        ("SELECT * APPLY(hostName) FROM events", "APPLY is not allowed"),
        ("SELECT max(id) FROM events ORDER BY 1 WITH FILL FROM hostName() TO 2", "hostName"),
        ("SELECT 1 LIMIT uptime()", "the time is told by now"),
        ("SELECT CAST(unhex('00'), 'AggregateFunction(sum, UInt8)')", "AggregateFunction"),
        (
            "SELECT CAST('x', concat('Aggregate', 'Function(sum, UInt8)'))",
            "the type must be written",
        ),
        ("SELECT match(message, user) FROM events", "the expression must be written out"),
        ("SELECT message LIKE concat('%', user) FROM events", "the pattern must be written out"),
        ("SELECT match(message, '(a{300}){3}') FROM events", "weigh 900, at most 500"),
        ("SELECT match(message, '(a|b)*a(a|b){400}') FROM events", "at most 500 is possible"),
        (f"SELECT message LIKE '{'%a' * 200}' FROM events", "weigh 796, at most 500"),
        (f"SELECT message LIKE 'x (alias {'%a' * 200})' AS y FROM events", "at most 500 is"),
        (
            "SELECT " + " + ".join(f"match('', 'a{{90}}{n}')" for n in range(9)),
            "at most 500 is possible",
        ),
        ("SELECT repeat('x', 1000000)", "the length 1,000,000 is over 10,000"),
        ("SELECT leftPad(message, severity * 1000000) FROM events", "the length must be written"),
        ("SELECT arrayWithConstant(100000000, 1)", "is over 10,000"),
        ("SELECT count() FROM events SAMPLE 1/2", "WHERE id % 10 = 0 takes a tenth"),
        ("SELECT 1 AS `a\nFunction plus`", "printable characters"),
        ("SELECT 1 IN system.one", "table system.one is not allowed; events is"),
        ("SELECT max(_part_offset) FROM events", "_part_offset"),
        ("SELECT 1 FROM events PREWHERE 1", "PREWHERE is not allowed; WHERE does the same"),
        *((f"SELECT * FROM values({columns}, '1')", "plain types") for columns in CALCULATING),
        (f"WITH {CALCULATING[0]} AS s SELECT b FROM values(s, '1')", "plain types"),
        ("SELECT b FROM values((SELECT 'a UInt8'), '1')", "plain types"),
        (f"SELECT {'1 BETWEEN 0 AND ' * 100}2", "BETWEEN stands 100 times, 8 times is possible"),
        (f"SELECT 1 {'NOT  between 0 AND 2 ' * 9}", "BETWEEN stands 9 times"),
        (f"SELECT {'CASE WHEN 1 THEN ' * 100}", "too slow parsing"),
    ],
)
async def test_a_refusal_names_what_is_not_allowed_and_what_is(
    engine: Engine, text: str, said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        await run(engine, OURS, text)


#: What the parse alone knows, or the rows of a question; and sum with a combinator.
SYNTAX = {
    *("exists", "grouping", "lambda", "untuple", "sumMap", "minMap", "maxMap"),
    *SUBJECTS["Rows from nothing"],
}


async def test_every_function_that_is_allowed_is_one(engine: Engine) -> None:
    answer = await engine.ask("SELECT name FROM system.functions", {})
    known = {name for (name,) in answer.rows} | SYNTAX
    assert [name for names in SUBJECTS.values() for name in names if name not in known] == []


async def test_a_time_beside_the_question_narrows_the_events(engine: Engine) -> None:
    events = [event_at(200 + n, NOON_NS + n * NS_PER_S, message="timed") for n in range(10)]
    await store_events(engine, events)
    text = "SELECT count() FROM events WHERE message = 'timed'"
    since, until = NOON_NS + 2 * NS_PER_S, NOON_NS + 5 * NS_PER_S
    for how, count in (
        ({}, 10),
        ({"since_ns": since}, 8),
        ({"until_ns": until}, 5),
        ({"since_ns": since, "until_ns": until}, 3),
    ):
        answer = await run_raw(engine, Scope(workspace=OURS, asker="user 1", **how), text)
        assert answer.rows == [(count,)]


async def test_an_error_never_quotes_a_value(engine: Engine) -> None:
    with pytest.raises(QueryError) as caught:
        await run(engine, THEIRS, "SELECT toUInt64(message) FROM events")
    assert str(caught.value) == "The SQL cannot be calculated: error 6, cannot parse text."


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("SELECT count() FRM events", len("SELECT count() FRM "), "Syntax error"),
        ("SELECT", len("SELECT"), "end of query"),
        ("SELECT * FROM", len("SELECT * FROM"), "end of query"),
        ("SELECT toString(1", len("SELECT toString(1"), "never closed"),
        ("SELECT 1 FORMAT JSON", 0, "without FORMAT"),
        ("SELECT 1 INTO OUTFILE '/tmp/logster-out'", 0, "only one SELECT"),
        ("SYSTEM SHUTDOWN", 0, "only one SELECT"),
        ("SELECT 1 SETTINGS max_threads = 1", 0, "Cannot modify 'max_threads'"),
        ("SELECT coun() FROM events", 0, "near ones that are: count,"),
        ("SELECT match('a', '(')", 0, "error 427, cannot compile regexp."),
        (f"SELECT {'(' * 2000}1{')' * 2000}", 0, "error 306, too deep recursion."),
    ],
)
async def test_a_mistake_is_told_with_its_place_and_of_the_text_alone(
    engine: Engine, text: str, position: int, said: str
) -> None:
    with pytest.raises(QueryError) as caught:
        await run(engine, OURS, text)
    assert caught.value.position == position
    assert said in str(caught.value)
    for own in ("JSONCompact", "In scope", "DB::Exception", "version"):
        assert own not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT number FROM numbers({MAX_ROWS + 1})",
        "SELECT length(groupArray(number)) FROM numbers(1000000000)",
        "SELECT repeat(repeat(toString(number % 10), 10000), 100) FROM numbers(20)",
        "SELECT repeat(repeat('x', 10000), 100) FROM numbers(20)",
    ],
)
async def test_an_answer_is_bounded(engine: Engine, text: str) -> None:
    with pytest.raises(QueryError, match="add a LIMIT"):
        await run(engine, OURS, text)
    assert len((await run(engine, OURS, f"SELECT * FROM numbers({MAX_ROWS})")).rows) == MAX_ROWS


async def test_a_cancelled_question_ends_in_the_engine(engine: Engine) -> None:
    endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number, 4711))"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run(engine, OURS, endless), 0.3)
    started = time.monotonic()
    client = await engine._client("writer")
    while await client.command(
        "SELECT count() FROM system.processes WHERE query LIKE '%4711%'"
        " AND position(query, 'processes') = 0"
    ):
        assert time.monotonic() - started < 30
        await asyncio.sleep(0.05)


async def test_a_store_without_a_guard_is_not_asked() -> None:
    engine = await Engine.open("clickhouse://somebody:x@127.0.0.1:9/logster")
    with pytest.raises(ForbiddenError, match="built-in engine"):
        await run(engine, OURS, "SELECT 1")
    await engine.close()


async def test_a_store_that_is_away_is_no_mistake_of_the_text() -> None:
    engine = await Engine.open("clickhouse://somebody:x@127.0.0.1:9/logster", "secret")
    with pytest.raises(StoreError):
        await run(engine, OURS, "SELECT 1")
    await engine.close()
