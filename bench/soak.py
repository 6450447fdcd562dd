"""Run at four fifths of the peak for an hour and see what grows: `make soak`.

In: SOAK_MINUTES (60). Out: a chart, docs/images/soak.svg, and one line with the verdict.

The peak is measured first, on the same server, for two minutes and to the moment when the last
row is stored: a shorter one has not seen its merges yet. Making new rows for an hour would take
as much CPU as storing them, so the same batches are sent round and round; that flatters the size
on disk, and nothing else that is looked at here.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.chart import Chart, render_charts
from bench.client import run_load, write_requests
from bench.ingest import SEARCHABLE_UNDER as LOAD
from bench.ingest import say
from bench.loads import build_requests
from bench.targets import Logster
from bench.usage import memory_of
from support.served import wait_until

SHARE = 0.8
#: Long enough to hold its share of merges: the first seconds after a start have none.
PEAK_S = 120.0
NO_LIMIT = 1e9
ROWS = 500_000
#: About this many moments make a chart.
MOMENTS = 240
#: What the second half may have more than the first one and still be called bounded.
GROWTH = 1.25
#: Below these nobody would call it growth: parts, seconds, megabytes of spool and of memory.
FLOORS = {"parts": 150, "lag": 2, "spool": 64, "memory": 300}
#: Of the disk; below it the run is broken off.
MIN_FREE_SHARE = 0.05


@dataclass
class Moments:
    """What was seen over time; every list has a value for each moment."""

    minutes: list[float] = field(default_factory=list)
    rows_per_s: list[float] = field(default_factory=list)
    lag_s: list[float] = field(default_factory=list)
    spool_mb: list[float] = field(default_factory=list)
    parts: list[float] = field(default_factory=list)
    memory_mb: dict[str, list[float]] = field(default_factory=dict)

    def charts(self) -> list[Chart]:
        """One for each question."""
        return [
            Chart("rows stored per second", {"rows/s": self.rows_per_s}),
            Chart("age of the oldest event not yet stored, s", {"lag": self.lag_s}),
            Chart("spool, MB", {"spool": self.spool_mb}),
            Chart("active parts of the table", {"parts": self.parts}),
            Chart("resident memory, MB", self.memory_mb),
        ]

    def judge(self) -> dict[str, tuple[float, float]]:
        """The highest value in the first half (without the warm-up) and in the second."""
        in_all = [sum(moment) for moment in zip(*self.memory_mb.values(), strict=True)]
        series = {"parts": self.parts, "lag": self.lag_s, "spool": self.spool_mb}
        series["memory"] = in_all
        warm, half = len(self.minutes) // 10, len(self.minutes) // 2
        return {
            name: (max(values[warm:half], default=0), max(values[half:], default=0))
            for name, values in series.items()
        }


def follow(target: Logster, moments: Moments, pause_s: float, stopping: threading.Event) -> None:
    """Look at the server again and again."""
    started = before_at = time.monotonic()
    before = sum(target.gauges("logster_inserted_events_total"))
    while not stopping.wait(pause_s):
        now, inserted = time.monotonic(), sum(target.gauges("logster_inserted_events_total"))
        moments.minutes.append((now - started) / 60)
        moments.rows_per_s.append((inserted - before) / (now - before_at))
        before, before_at = inserted, now
        moments.lag_s.append(max(target.gauges("logster_spool_age_seconds"), default=0))
        moments.spool_mb.append(sum(target.gauges("logster_spool_bytes")) / 1e6)
        count = "SELECT count() FROM system.parts WHERE active AND table = 'events'"
        moments.parts.append(float(target.ask_engine(count)))
        for part, size in memory_of(target.parts()).items():
            moments.memory_mb.setdefault(part, []).append(size / 1e6)
        say(
            f"{moments.minutes[-1]:6.1f} min  {moments.rows_per_s[-1]:9,.0f} rows/s  "
            f"lag {moments.lag_s[-1]:.1f} s  spool {moments.spool_mb[-1]:.0f} MB  "
            f"{moments.parts[-1]:.0f} parts"
        )
        disk = shutil.disk_usage(tempfile.gettempdir())
        if disk.free < MIN_FREE_SHARE * disk.total:
            sys.exit("The disk is nearly full; make room or set SOAK_MINUTES lower.")


def verdict(moments: Moments, rate: float) -> tuple[bool, str]:
    """Whether nothing grew, and the line that says it."""
    seen = moments.judge()
    grown = [
        name
        for name, (first, second) in seen.items()
        if second > FLOORS[name] and second > first * GROWTH
    ]
    kept_up = statistics.fmean(moments.rows_per_s[1:]) > 0.97 * rate
    halves = ", ".join(f"{name} {a:.3g} -> {b:.3g}" for name, (a, b) in seen.items())
    word = "bounded" if not grown and kept_up else "NOT BOUNDED"
    reasons = [f"{name} grew" for name in grown] + ([] if kept_up else ["fell behind"])
    told = f" ({', '.join(reasons)})" if reasons else ""
    minutes = moments.minutes[-1]
    return word == "bounded", (
        f"{word}{told}: {minutes:.0f} minutes at {rate:,.0f} rows/s; "
        f"highest in the first and the second half: {halves}"
    )


def measure_peak(target: Logster, stem: Path, largest: int) -> float:
    """Requests per second, to the moment when the last of them is stored."""
    say(f"measuring the peak for {PEAK_S:g} s")
    started = time.perf_counter()
    peak = run_load(target.port, stem, LOAD.connections, PEAK_S, largest=largest, rate=NO_LIMIT)
    wait_until(lambda: target.waiting() == 0, 300)
    return peak.answered / (time.perf_counter() - started)


def soak(target: Logster, stem: Path, minutes: float) -> tuple[Moments, float]:
    """Measure the peak, then run below it."""
    largest = write_requests(stem, build_requests(LOAD, target.dialect(LOAD), ROWS, 1))
    rate = SHARE * measure_peak(target, stem, largest)
    say(f"running at {SHARE:.0%} of {rate / SHARE * LOAD.rows_each:,.0f} rows/s")
    moments, stopping = Moments(), threading.Event()
    pause_s = max(1.0, minutes * 60 / MOMENTS)
    watcher = threading.Thread(target=follow, args=(target, moments, pause_s, stopping))
    watcher.start()
    seconds = minutes * 60
    outcome = run_load(target.port, stem, LOAD.connections, seconds, largest=largest, rate=rate)
    stopping.set()
    watcher.join()
    if outcome.refused:
        say(f"{outcome.refused} requests were refused")
    return moments, rate * LOAD.rows_each


def main() -> None:
    """`make soak`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES", "60"))
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--chart", type=Path, default=Path("docs/images/soak.svg"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logster-soak-") as name:
        target = Logster(Path(name), chosen.workers)
        try:
            target.start()
            moments, rate = soak(target, Path(name) / "requests", chosen.minutes)
        finally:
            target.kill()
    is_bounded, told = verdict(moments, rate)
    title = f"{rate:,.0f} rows/s, {chosen.workers} worker(s), {os.cpu_count()} cores"
    title += f", {platform.machine()}"
    chosen.chart.write_text(render_charts(title, moments.minutes, moments.charts()))
    print(told)
    sys.exit(0 if is_bounded else 1)


if __name__ == "__main__":
    main()
