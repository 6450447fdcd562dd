"""Measure ingestion: `make bench`.

Starts the installed server on an empty folder (once for each number of workers), sends it
deterministic rows, and prints one table. Several rounds are interleaved and medians are given,
because machines are noisy; every measurement is also a JSON line in a file, so that two runs
can be compared with `bench/compare OLD NEW`. How to read it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.client import Outcome, run_load, write_requests
from bench.loads import DIALECT_LOADS, LOADS, SUSTAINED, Load, build_requests
from bench.table import Result, medians, render_line, render_ratios, render_shares, render_table
from bench.targets import Logster, Target, VictoriaLogs
from bench.usage import Usage, Watch, memory_of, wait_for_rest
from support.served import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCHABLE_UNDER = next(load for load in LOADS if load.name == "NDJSON 5,000")
#: Single messages are prepared for this speed; a faster server gets some of them twice.
MAX_SINGLES_PER_S = 12_000


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """Targets that run at the same time, measured one after the other, round by round."""

    def __init__(self, targets: list[Target], folder: Path, options: argparse.Namespace) -> None:
        self._targets = targets
        self._folder = folder
        self._options = options
        self._seed = options.seed * 1000

    def run(self) -> Iterator[Result]:
        """Everything that was chosen, one result for each measurement."""
        for target in self._targets:
            say(f"starting {target.name}")
            target.start()
        if not self._options.dialects and self._is_chosen("idle"):
            for target in self._targets:
                yield {"server": target.name, "load": "idle", **self._measure_idle(target)}
        yield from self._run_rounds()
        if not self._options.dialects:
            yield from self._run_once()

    def _run_rounds(self) -> Iterator[Result]:
        for number in range(1, self._options.rounds + 1):
            for load in self._loads():
                self._seed += 1
                for target in self._targets:
                    dialect = target.dialect(load)
                    if dialect is not None:
                        say(f"round {number} of {self._options.rounds}: {target.name}, {load.name}")
                        yield {**self._measure(target, load), "round": number}

    def _run_once(self) -> Iterator[Result]:
        self._seed += 1  # the same rows for all
        for name, measure in {
            SUSTAINED.name: lambda target: self._measure(target, SUSTAINED),
            "found under load": self._measure_found_under_load,
            "kill -9": self._measure_kept,
            "disk": self._measure_disk,
        }.items():
            for target in self._targets:
                if self._is_chosen(name):
                    say(f"{name}: {target.name}")
                    yield {"server": target.name, "load": name, **measure(target)}

    def _loads(self) -> list[Load]:
        if self._options.dialects:
            return [load for load in DIALECT_LOADS if self._is_chosen(load.name)]
        return [
            load
            for load in LOADS
            if self._is_chosen(load.name)
            and (load.is_target or self._options.full or self._options.only)
        ]

    def _is_chosen(self, name: str) -> bool:
        return bool(re.search(self._options.only, name, re.IGNORECASE))

    def _measure_idle(self, target: Target) -> Result:
        wait_for_rest(target.parts, 10)
        sizes = memory_of(target.parts())
        memory = _in_mb(sizes, sum(sizes.values()))
        return memory | _in_s([time_until_found(target) for _ in range(10)])

    def _measure(self, target: Target, load: Load) -> Result:
        """Drive one load, wait until all is stored and merged, and give the figures."""
        stem, largest = self._prepare(target, load)
        with Watch(target.parts) as watch:
            seconds = load.seconds or self._options.seconds
            outcome = run_load(target.port, stem, load.connections, seconds, largest=largest)
            answered = time.perf_counter()
            wait_until(lambda: target.waiting() == 0, 300)
            stored_after_s = time.perf_counter() - answered
            wait_for_rest(target.parts, self._options.rest_seconds)
            usage = watch.usage()
        figures = figures_of(outcome, usage, load.rows_each)
        result = {"server": target.name, "load": load.name, **figures}
        result["stored_after_s"] = round(stored_after_s, 2)
        say(f"    {render_line(result)}")
        return result

    def _prepare(self, target: Target, load: Load, times: int = 1) -> tuple[Path, int]:
        dialect = target.dialect(load)
        assert dialect is not None
        rows = load.rows or self._options.rows * times
        if load.rows_each == 1 and not load.rows:
            rows = int(self._options.seconds * MAX_SINGLES_PER_S)
        stem = self._folder / "requests"
        return stem, write_requests(stem, build_requests(load, dialect, rows, self._seed))

    def _measure_found_under_load(self, target: Target) -> Result:
        """Ask for single messages while batches come in; the questions cost a little as well."""
        self._seed += 1
        stem, largest = self._prepare(target, SEARCHABLE_UNDER, times=2)
        load = threading.Thread(
            target=run_load,
            args=(target.port, stem, SEARCHABLE_UNDER.connections, self._options.seconds),
            kwargs={"largest": largest},
        )
        load.start()
        time.sleep(1)
        times = []
        while load.is_alive():
            times.append(time_until_found(target))
        load.join()
        wait_until(lambda: target.waiting() == 0, 300)
        return _in_s(times)

    def _measure_kept(self, target: Target) -> Result:
        """Kill all processes in the moment of the last answer, and count what is there."""
        word = f"kept{os.urandom(6).hex()}"
        for number in range(self._options.kept):
            target.send(f"{word} number {number}")
        target.kill()
        target.start()
        wait_until(lambda: target.waiting() == 0, 300)
        with contextlib.suppress(AssertionError):  # what is not there by now was lost
            wait_until(lambda: target.count(word) >= self._options.kept, 5)
        return {"acknowledged": self._options.kept, "kept": target.count(word)}

    def _measure_disk(self, target: Target) -> Result:
        wait_for_rest(target.parts, 60)
        target.stop()
        return target.measure_disk()


def figures_of(outcome: Outcome, usage: Usage, rows_each: int) -> Result:
    """The figures of one measurement, rounded to what they can mean."""
    rows = max(outcome.answered * rows_each, 1)
    cpu = {**usage.cpu_s, "all": sum(usage.cpu_s.values()), "client": outcome.client_s}
    return {
        "rows": rows,
        "rows_per_s": round(rows / outcome.seconds),
        "requests_per_s": round(outcome.answered / outcome.seconds, 1),
        **{name: round(value, 1) for name, value in outcome.percentiles_ms.items()},
        "refused": outcome.refused,
        **{f"{part}_us_per_row": round(s / rows * 1e6, 1) for part, s in cpu.items()},
        **_in_mb(usage.peak_bytes, usage.peak_in_all),
    }


def time_until_found(target: Target) -> float:
    """Seconds from a receipt until a search finds the message."""
    word = f"probe{os.urandom(6).hex()}"
    target.send(f"find {word}")
    started = time.perf_counter()
    wait_until(lambda: target.count(word) > 0, 60)
    return time.perf_counter() - started


def _in_mb(parts: dict[str, int], in_all: int) -> Result:
    return {f"{part}_peak_mb": round(size / 1e6) for part, size in {**parts, "all": in_all}.items()}


def _in_s(times: list[float]) -> Result:
    if not times:
        return {}
    median, worst = statistics.median(times), max(times)
    return {"found_median_s": round(median, 3), "found_max_s": round(worst, 3)}


def describe_machine() -> Result:
    """Where the figures come from."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="all loads, not only the targets'")
    parser.add_argument("--dialects", action="store_true", help="every dialect as clients batch")
    parser.add_argument("--only", default="", metavar="PATTERN", help="loads whose name it fits")
    parser.add_argument("--workers", default=f"1,{os.cpu_count()}", help="numbers of workers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="longest time of one load")
    parser.add_argument("--rows", type=int, default=500_000, help="rows of one load of batches")
    parser.add_argument("--rest-seconds", type=float, default=20.0, help="longest wait for merges")
    parser.add_argument("--kept", type=int, default=1000, help="messages before the kill -9")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder")
    return parser.parse_args()


def main() -> None:
    """Print the table for people and write the JSON lines for comparisons."""
    options = parse_options()
    binary = os.environ.get("BENCH_VICTORIALOGS", "")
    options.output.mkdir(parents=True, exist_ok=True)
    output = options.output / time.strftime("%Y%m%d-%H%M%S.jsonl")
    results: list[Result] = []
    with contextlib.ExitStack() as stack, output.open("w") as file:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="logster-bench-")))
        targets: list[Target] = [Logster(folder, int(n)) for n in options.workers.split(",")]
        if binary:
            targets.append(VictoriaLogs(folder, Path(binary)))
        for target in targets:
            stack.callback(target.kill)
        file.write(json.dumps(describe_machine()) + "\n")
        for result in Bench(targets, folder, options).run():
            results.append(result)
            file.write(json.dumps(result) + "\n")
            file.flush()
    print(", ".join(f"{name} {value}" for name, value in describe_machine().items()))
    print(f"medians of {options.rounds} rounds; every line: {output}\n")
    print(render_table(medians(results)))
    if options.dialects:
        print(f"\n{render_shares(medians(results))}")
    if binary:
        print(f"\n{render_ratios(medians(results), VictoriaLogs.name)}")


if __name__ == "__main__":
    main()
