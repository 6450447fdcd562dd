"""Measure questions: `make bench-search`.

Starts the installed server on an empty folder, hands it deterministic rows through its own API
(2 million a day, the last day ends now), waits until the merges rest, and asks each question
through the served API, answer included, round by round; with BENCH_VICTORIALOGS that server has
the same rows and is asked the same in turn. Prints one table of medians; every measurement is a
JSON line in a file for `bench/compare OLD NEW`, and with `--beside` the medians of tables of
other sizes stand beside this one's. How to read it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.ingest import describe_machine, say
from bench.loads import Dialect, Load
from bench.questions import QUESTIONS, Question
from bench.rows import CHUNK, make_rows, vocabulary
from bench.targets import Logster, Target, VictoriaLogs
from bench.usage import wait_for_rest
from support.served import KEY, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS_A_DAY = 2_000_000
#: Questions asked before the clock runs: marks and indexes are then in the engine's caches.
WARM_ROUNDS = 2
MERGES_S = 900
LINES = Load("lines", rows_each=CHUNK)
#: Text inside words; the engine remembers what it was just asked.
INSIDES = ("imeou", "onnect", "equest", "omplet", "essag", "eadlo", "xecut")
#: What a row takes on disk at most while tables are loaded: itself, its spool, its merges.
LOAD_BYTES_A_ROW = 200
#: How often a loader comes back when the spool is full.
RETRIES = 120
COLUMNS = ("question", "ms", "worst", "store", "rows read", "answer KB")


class Samples:
    """What is asked for: users of the vocabulary, and values that are in the table."""

    def __init__(self, end: datetime, days: int, rounds: int) -> None:
        # Who sends a row is drawn from this list: the first ones send thousands a day, those in
        # its middle 40, the last ones 20.
        users = vocabulary().users
        self._busy, self._rare = users[1_000::500], users[len(users) // 2 :: 500]
        self._requests = [
            _request_id(next(make_rows(ROWS_A_DAY, day + 1, end=_end_of(end, day), start=start)))
            for number in range(rounds)
            for day, start in [(number % days, CHUNK * (20 + 30 * number))]
        ]
        self.ids: list[str] = []

    def of(self, number: int) -> dict[str, str]:
        """The samples of a round."""
        return {
            "inside": INSIDES[number % len(INSIDES)],
            "busy_user": self._busy[number],
            "rare_user": self._rare[number],
            "request_id": self._requests[number % len(self._requests)],
            "id": self.ids[number % len(self.ids)] if self.ids else "",
        }

    def request_ids(self) -> list[str]:
        """Every unique value."""
        return self._requests


def _request_id(row: bytes) -> str:
    found: str = json.loads(row)["Properties"]["RequestId"]
    return found


def _end_of(end: datetime, day: int) -> datetime:
    return end - timedelta(days=day)


class Client:
    """One keep-alive connection, as a browser has it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, address: str) -> tuple[float, bytes]:
        """Milliseconds until the whole answer is here, and the answer."""
        started = time.perf_counter()
        self._connection.request("GET", address, headers={"ApiKey": KEY})
        answer = self._connection.getresponse()
        body = answer.read()
        ms = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status} {body[:500]!r}")
        return ms, body


def fill(parameters: dict[str, Any], sample: dict[str, str]) -> str:
    """Parameters with the samples of a round, for an address."""
    return urlencode({name: _fill(value, sample) for name, value in parameters.items()})


def _fill(text: Any, sample: dict[str, str]) -> Any:
    # No format(): the other language has braces of its own.
    if isinstance(text, str):
        for name, value in sample.items():
            text = text.replace(f"{{{name}}}", value)
    return text


def ask(client: Client, question: Question, sample: dict[str, str]) -> dict[str, Any]:
    """One measurement."""
    path = _fill(question.path, sample)
    ms, body = client.ask(f"/api/v1/{path}?{fill(question.parameters, sample)}")
    told = json.loads(body)
    return {
        "load": question.name,
        "ms": round(ms, 2),
        "store_ms": round(told.get("elapsed_ms", 0), 2),
        "rows_read": told.get("rows_read", 0),
        "answer_bytes": len(body),
        "found": len(told.get("events", told.get("rows", ()))),
    }


def ask_beside(client: Client, question: Question, sample: dict[str, str]) -> dict[str, Any]:
    """The same question of VictoriaLogs; its answer has a line for each row."""
    assert question.beside
    query, parameters = question.beside
    ms, body = client.ask(f"/select/logsql/query?{fill({'query': query, **parameters}, sample)}")
    return {
        "load": question.name,
        "ms": round(ms, 2),
        "answer_bytes": len(body),
        "found": body.count(b"\n"),
    }


def load(target: Target, rows: int, end: datetime) -> None:
    """Hand over all rows through the API, whole chunks, and wait until they are stored."""
    say(f"{target.name}: loading {rows:,} rows through the API")
    parts = [
        (day, start)
        for day in reversed(range(-(-rows // ROWS_A_DAY)))
        for start in range(0, min(ROWS_A_DAY, rows - day * ROWS_A_DAY), CHUNK)
    ]
    dialect = target.dialect(LINES)
    assert dialect is not None
    send = partial(_send, target.port, dialect, end)
    with get_context("fork").Pool(os.cpu_count()) as pool:
        for number, _ in enumerate(pool.imap_unordered(send, parts), 1):
            if number * CHUNK % 1_000_000 == 0:
                say(f"    {number * CHUNK:,}")
    wait_until(lambda: target.waiting() == 0, MERGES_S)
    say("waiting for the merges")
    wait_for_rest(target.parts, MERGES_S)


def _send(port: int, dialect: Dialect, end: datetime, part: tuple[int, int]) -> None:
    day, start = part
    source = make_rows(ROWS_A_DAY, day + 1, end=_end_of(end, day), start=start)
    body = b"\n".join(islice(source, CHUNK))
    path, headers = dialect
    for _ in range(RETRIES):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status == 200:
            return
        if answer.status not in (429, 503):
            raise RuntimeError(f"{answer.status} {told[:500]!r}")
        time.sleep(1)
    raise RuntimeError(f"the server took none of it for {RETRIES} s")


def measure(
    target: Logster, beside: VictoriaLogs | None, samples: Samples, rounds: int, only: str
) -> Iterator[dict[str, Any]]:
    """All questions in turn, again and again; both servers one after the other."""
    client = Client(target.port)
    other = Client(beside.port) if beside else None
    for request_id in samples.request_ids():
        query = urlencode({"q": f"RequestId:{request_id}", "limit": 100})
        _, body = client.ask(f"/api/v1/events?{query}")
        samples.ids += [event["id"] for event in json.loads(body)["events"]]
    chosen = [question for question in QUESTIONS if only.lower() in question.name.lower()]
    for number in range(WARM_ROUNDS + rounds):
        sample = samples.of(number)
        for question in chosen:
            found = [{"server": target.name, **ask(client, question, sample)}]
            if beside and other and question.beside:
                found.append({"server": beside.name, **ask_beside(other, question, sample)})
            if number >= WARM_ROUNDS:
                for result in found:
                    yield {**result, "round": number - WARM_ROUNDS + 1}


def render_table(results: list[dict[str, Any]]) -> str:
    """Medians, one line for each question, as Markdown; VictoriaLogs beside when it was asked."""
    ours = [result for result in results if result["server"] != VictoriaLogs.name]
    theirs = [result for result in results if result["server"] == VictoriaLogs.name]
    heads = [*COLUMNS, *(("VictoriaLogs ms", "ratio") if theirs else ())]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for question in QUESTIONS:
        found = [result for result in ours if result["load"] == question.name]
        if found:
            other = [result for result in theirs if result["load"] == question.name]
            cells = [*_cells(found), *(_cells_beside(found, other) if theirs else ())]
            lines.append(f"| {' | '.join((question.name, *cells))} |")
    return "\n".join(lines)


def _median(found: list[dict[str, Any]], figure: str) -> float:
    return float(statistics.median(result[figure] for result in found))


def _cells(found: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{_median(found, 'ms'):.1f}"
    yield f"{max(result['ms'] for result in found):.1f}"
    yield f"{_median(found, 'store_ms'):.1f}"
    yield f"{_median(found, 'rows_read'):,.0f}"
    yield f"{_median(found, 'answer_bytes') / 1000:.1f}"


def _cells_beside(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> tuple[str, str]:
    """Their time, and ours divided by it: less than one is faster."""
    if not theirs:
        return "", ""
    ms = _median(theirs, "ms")
    return f"{ms:.1f}", f"{_median(ours, 'ms') / ms:.2f}"


def read_medians(path: Path) -> tuple[int, dict[str, float]]:
    """How many rows the table of a run had, and the median ms of each question."""
    described, *results = map(json.loads, path.read_text().splitlines())
    found: dict[str, list[float]] = {}
    for result in results:
        if result["server"] != VictoriaLogs.name:
            found.setdefault(result["load"], []).append(result["ms"])
    return described["rows"], {name: statistics.median(ms) for name, ms in found.items()}


def render_sizes(paths: list[Path]) -> str:
    """Runs beside each other, the smallest table first, and how the largest compares with it."""
    runs = sorted((read_medians(path) for path in paths), key=lambda run: run[0])
    heads = ["question", *(f"{rows / 1e6:g} M rows, ms" for rows, _ in runs), "last / first"]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for question in QUESTIONS:
        medians = [run[1].get(question.name) for run in runs]
        if not any(medians):
            continue
        first, last = medians[0], medians[-1]
        ratio = f"{last / first:.1f}" if first and last else ""
        cells = ["" if ms is None else f"{ms:.1f}" for ms in medians]
        lines.append(f"| {' | '.join((question.name, *cells, ratio))} |")
    return "\n".join(lines)


def check_disk(folder: Path, rows: int) -> None:
    """End at once, not in the middle of the load, when the rows will not fit."""
    needed, free = rows * LOAD_BYTES_A_ROW, shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"{rows:,} rows need up to {needed / 1e9:.0f} GB below {folder}, {free / 1e9:.0f} are"
            " free; --keep takes another folder"
        )


def describe_table(target: Logster) -> dict[str, Any]:
    """How many rows there are, and their bytes as the merges left them."""
    sizes = (
        "SELECT count(), sum(rows), sum(bytes_on_disk) / sum(rows),"
        " sum(secondary_indices_compressed_bytes) / sum(rows) FROM system.parts"
        " WHERE active AND database = 'logster' AND table = 'events'"
    )
    parts, rows, size, indexes = map(float, target.ask_engine(sizes).split("\t"))
    table = f"{parts:.0f} parts, {size:.1f} bytes a row, {indexes:.1f} of them indexes"
    return {"rows": int(rows), "table": table}


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="whole days of 2 million")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="questions with this text in their name")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder: load into it once, ask again")
    parser.add_argument(
        "--beside", type=Path, nargs="+", default=[], help="files of runs of other sizes"
    )
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder")
    options = parser.parse_args()
    if options.rows < ROWS_A_DAY or options.rows % ROWS_A_DAY:
        parser.error(f"--rows is {options.rows:,}; it must be a multiple of {ROWS_A_DAY:,}")
    return options


def main() -> None:
    """Print the table for people and write the JSON lines for comparisons."""
    options = parse_options()
    options.output.mkdir(parents=True, exist_ok=True)
    output = options.output / time.strftime("search-%Y%m%d-%H%M%S.jsonl")
    results: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack, output.open("w") as file:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="logster-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        target = Logster(folder, options.workers)
        stack.callback(target.kill)
        target.start()
        binary = os.environ.get("BENCH_VICTORIALOGS", "")
        beside = VictoriaLogs(folder, Path(binary)) if binary else None
        if beside:
            stack.callback(beside.kill)
            beside.start()
        loaded = folder / "loaded"
        if loaded.exists():
            end = datetime.fromisoformat(loaded.read_text())
        else:
            check_disk(folder, options.rows)
            end = datetime.now(UTC)
            for server in (target, *([beside] if beside else ())):
                load(server, options.rows, end)
            loaded.write_text(end.isoformat())
        table = describe_table(target)
        # A kept table has the rows it has.
        samples = Samples(end, table["rows"] // ROWS_A_DAY, WARM_ROUNDS + options.rounds)
        described = {**describe_machine(), **table}
        file.write(json.dumps(described) + "\n")
        for result in measure(target, beside, samples, options.rounds, options.only):
            results.append(result)
            file.write(json.dumps(result) + "\n")
        if options.keep:
            for server in (target, *([beside] if beside else ())):
                server.stop()
    print(", ".join(f"{name} {value}" for name, value in described.items()))
    print(f"medians of {options.rounds} rounds, ms; every line: {output}")
    print("what counts all grows with the table; a ratio below 1 is faster than VictoriaLogs\n")
    print(render_table(results))
    if options.beside:
        print("\nthe same questions of tables of other sizes, each from a run of its own\n")
        print(render_sizes([*options.beside, output]))


if __name__ == "__main__":
    main()
