"""Measure issues: `make bench-issues`.

Fills an engine of its own with rows of which one in twenty is an error of 10,000 keys, as many of
them of a few keys as there are of all others, and asks what the list and the page of an issue ask.
Then the same count by issue with 100 merged keys in four ways: pairs in the question, a table that
is joined, a dictionary, and rows that are written anew. Prints medians; they stand in
docs/decisions/051-issues.md.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.ingest import describe_machine, say
from logster.event import NS_PER_S
from logster.meta.database import open_database
from logster.store.issues import StoredErrors, count_issues, count_steps
from logster.store.meter import Meter
from logster.store.selection import Selection
from logster.track.issue import Draft
from logster.track.issues import Issues
from support.engine import running_engine
from support.meta import add_workspace, file_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.store.engine import Engine

ROWS, KEYS, MERGED = 10_000_000, 10_000, 100
DAYS = 10
ROUNDS = 9
NUMBERS = list(range(1, KEYS + 1))
#: Rows of one insert.
CHUNK = 1_000_000

#: Half of the errors are of the keys 1 to 100, the others of all.
FILL = f"""
INSERT INTO events (id, timestamp, received_at, severity, message, application, user, workspace,
    issue, release, exception)
SELECT number + 1,
    now64(9) - toIntervalMillisecond(intDiv(({{rows:UInt64}} - number) * {DAYS * 86_400_000},
        {{rows:UInt64}})) AS at, at,
    if(number % 20 = 0, 4, 2), concat('event ', toString(number), ' of ', hex(cityHash64(number))),
    concat('application-', toString(number % 30)),
    concat('user-', toString(cityHash64(number) % 50000)), 1,
    if(number % 20 = 0, 1 + cityHash64(number, 1) % if(cityHash64(number, 2) % 2, 100, {KEYS}), 0),
    concat('1.', toString(intDiv(number, 1000000))),
    if(number % 20 = 0, 'PaymentError: declined', '')
FROM numbers({{first:UInt64}}, {{count:UInt64}})
"""


async def measure(rows: int) -> None:
    """Fill, ask, print."""
    with tempfile.TemporaryDirectory() as folder:
        async with running_engine(Path(folder) / "engine") as engine:
            began = time.perf_counter()
            for first in range(0, rows, CHUNK):
                values = {"rows": rows, "first": first, "count": min(CHUNK, rows - first)}
                await engine.command(FILL, values)
            say(f"{rows:,} rows in {time.perf_counter() - began:.0f} s; {describe_machine()}")
            await _measure_pages(engine, Path(folder))
            await _measure_merges(engine)


async def _measure_pages(engine: Engine, folder: Path) -> None:
    database = open_database(file_url(folder / "meta"))
    issues = Issues(database)
    workspace = add_workspace(database, "bench")
    await issues.create(workspace, [_draft(key) for key in range(1, KEYS + 1)])
    now = time.time_ns()
    whole = Selection(workspace=1, since_ns=now - 14 * 86_400 * NS_PER_S, until_ns=now)

    async def list_() -> None:
        await count_issues(engine, whole, {})
        await issues.sketches(workspace, NUMBERS)
        await count_steps(Meter(engine), whole, {}, list(range(1, 51)), steps=28)

    async def page() -> None:
        await issues.find(workspace, 7)
        await count_steps(Meter(engine), whole, {}, [7], steps=28)

    await _report("the list, 10,000 issues", list_)
    await _report("  counting", lambda: count_issues(engine, whole, {}))
    await _report("  their states", lambda: issues.sketches(workspace, NUMBERS))
    await _report("the page of one", page)
    await _report(
        "first errors of 10 keys",
        lambda: StoredErrors(engine).first(1, list(range(500, 510)), None),
    )
    database.close()


def _draft(key: int) -> Draft:
    return Draft(
        id=key,
        title=f"PaymentError: order of key {key} was declined",
        type="PaymentError",
        culprit="shop.pay",
        application="application-0",
        family="python",
        severity=4,
        grouped_by=["`PaymentError` + 3 own frames"],
        first_event=key,
        first_at=time.time_ns(),
        last_at=time.time_ns(),
        first_release="1.0",
    )


async def _measure_merges(engine: Engine) -> None:
    merged = dict.fromkeys(range(2, 2 + MERGED), 1)
    count = "count(), uniq(user), min(timestamp), max(timestamp) FROM events"
    only = "WHERE workspace = 1 AND issue != 0"
    await engine.command("CREATE TABLE merges (key UInt64, issue UInt64) ENGINE = Memory")
    await engine.command(f"INSERT INTO merges SELECT number + 2, 1 FROM numbers({MERGED})")
    await engine.command(
        "CREATE DICTIONARY merged (key UInt64, issue UInt64) PRIMARY KEY key"
        " SOURCE(CLICKHOUSE(TABLE 'merges')) LAYOUT(HASHED()) LIFETIME(0)"
    )
    await _report(
        "count by key, nothing merged",
        lambda: engine.inspect(f"SELECT issue, {count} {only} GROUP BY issue"),
    )
    selection = Selection(workspace=1)
    await _report("pairs in the question", lambda: count_issues(engine, selection, merged))
    await _report(
        "a joined table",
        lambda: engine.inspect(
            f"SELECT if(m.issue = 0, e.issue, m.issue) AS found, {count} AS e"
            f" LEFT JOIN merges AS m ON e.issue = m.key WHERE workspace = 1 AND e.issue != 0"
            " GROUP BY found"
        ),
    )
    await _report(
        "a dictionary",
        lambda: engine.inspect(
            f"SELECT dictGetOrDefault('merged', 'issue', issue, issue) AS found, {count} {only}"
            " GROUP BY found"
        ),
    )
    began = time.perf_counter()
    await engine.command(
        f"ALTER TABLE events UPDATE issue = 1 WHERE issue BETWEEN 2 AND {MERGED + 1}"
        " SETTINGS mutations_sync = 2"
    )
    say(f"{'rows written anew':34} {(time.perf_counter() - began) * 1000:9.0f} ms, once a merge")
    await _report(
        "  count by key after it",
        lambda: engine.inspect(f"SELECT issue, {count} {only} GROUP BY issue"),
    )


async def _report(what: str, ask: Callable[[], Awaitable[object]]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    say(f"{what:34} {statistics.median(times):9.1f} ms, best {min(times):.1f}")


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    asyncio.run(measure(parser.parse_args().rows))


if __name__ == "__main__":
    main()
