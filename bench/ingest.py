"""Measure ingestion: `make bench`.

Starts the installed server on an empty folder, drives it from this process with prebuilt
bytes, and prints one table and one JSON line. Figures of one machine are only worth
comparing with figures of the same run: these machines are noisy.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bench.load import Outcome, build_request, run_load
from bench.rows import make_rows
from support.served import KEY, Served, serving, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS = os.sysconf("SC_CLK_TCK")
BATCH_ROWS = 5000
SINGLE_CONNECTIONS = 32
BATCH_CONNECTIONS = 2


@dataclass
class Usage:
    """What the server's processes used: CPU seconds and peak resident bytes, by part."""

    cpu_s: dict[str, float]
    peak_bytes: dict[str, int]


class Watch:
    """Follows the memory of a server's processes while something runs."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._peak: dict[str, int] = {}
        self._before = cpu_of(served)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def usage(self) -> Usage:
        """What was used since the start."""
        after = cpu_of(self._served)
        spent = {part: after[part] - self._before.get(part, 0.0) for part in after}
        return Usage(spent, dict(self._peak))

    def _follow(self) -> None:
        while not self._stopping.wait(0.2):
            for part, size in memory_of(self._served).items():
                self._peak[part] = max(size, self._peak.get(part, 0))


def parts_of(served: Served) -> dict[str, list[int]]:
    """Pids by part."""
    return {
        "supervisor": [served.pid],
        "engine": served.children("logster.store.embedded"),
        "worker": served.workers,
    }


def cpu_of(served: Served) -> dict[str, float]:
    """CPU seconds (user and system) so far, by part."""
    return {part: sum(map(_cpu_s, pids)) for part, pids in parts_of(served).items()}


def memory_of(served: Served) -> dict[str, int]:
    """Resident bytes now, by part."""
    return {part: sum(map(_resident_bytes, pids)) for part, pids in parts_of(served).items()}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def single_requests(rows: list[bytes]) -> list[bytes]:
    """One message per request."""
    return [build_request("/api/Log", KEY, row, "application/json") for row in rows]


def batch_requests(rows: list[bytes], size: int, *, is_gzip: bool) -> list[bytes]:
    """NDJSON batches."""
    batches = [b"\n".join(rows[at : at + size]) for at in range(0, len(rows), size)]
    return [
        build_request(
            "/api/Logs",
            KEY,
            gzip.compress(batch, 4) if is_gzip else batch,
            "application/x-ndjson",
            "gzip" if is_gzip else "",
        )
        for batch in batches
    ]


def measure(
    served: Served, name: str, requests: list[bytes], rows_each: int, connections: int, **run: Any
) -> dict[str, Any]:
    """Drive one kind of load, wait until all is stored, and give the figures."""
    with Watch(served) as watch:
        outcome = run_load(served.port, requests, connections, **run)
        answered = time.perf_counter()
        wait_until(lambda: spooled(served) == 0, 120)
        lag_s = time.perf_counter() - answered
        usage = watch.usage()
    rows = len(outcome.latencies) * rows_each
    return {
        "load": name,
        "rows_per_s": round(rows / outcome.seconds),
        "requests_per_s": round(outcome.rate, 1),
        **latencies(outcome),
        "refused": outcome.refused,
        **{f"{p}_us_per_row": round(s / rows * 1e6, 1) for p, s in usage.cpu_s.items()},
        **{f"{p}_peak_mb": round(b / 1e6) for p, b in usage.peak_bytes.items()},
        "lag_s": round(lag_s, 2),
    }


def latencies(outcome: Outcome) -> dict[str, float]:
    """The usual percentiles, in milliseconds."""
    return {
        f"p{str(share * 100).rstrip('0').rstrip('.')}_ms": round(outcome.percentile_ms(share), 1)
        for share in (0.5, 0.99, 0.999)
    }


def spooled(served: Served) -> int:
    """Events accepted but not yet stored."""
    text = served.get("/metrics").body.decode()
    lines = [line for line in text.splitlines() if line.startswith("logster_spool_events{")]
    return int(sum(float(line.rpartition(" ")[2]) for line in lines)) if lines else -1


def time_until_found(served: Served, tries: int = 20) -> float:
    """Median seconds from a receipt until a search finds the message, on an idle server."""
    times = []
    for number in range(tries):
        word = f"bench{os.getpid()}x{number}"
        served.log_message(Message=f"find {word}", Severity=2)
        started = time.perf_counter()
        wait_until(lambda word=word: served.search(word), 10)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def disk_bytes(served: Served) -> int:
    """What the engine's folder takes."""
    files: Iterator[Path] = (served.data / "engine").rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file())


def run(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Everything, on one server."""
    rows = list(make_rows(options.rows))
    results: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", workers=options.workers) as served,
    ):
        time.sleep(2)
        idle = memory_of(served)
        results.append(
            {"load": "idle", **{f"{p}_peak_mb": round(b / 1e6) for p, b in idle.items()}}
        )
        results.append({"load": "found after", "seconds": round(time_until_found(served), 3)})
        results.append(
            measure(
                served,
                "single JSON",
                single_requests(rows[:50_000]),
                1,
                SINGLE_CONNECTIONS,
                seconds=options.seconds,
            )
        )
        before = disk_bytes(served)
        for is_gzip in (False, True):
            results.append(
                measure(
                    served,
                    f"NDJSON {BATCH_ROWS}{' gzip' if is_gzip else ''}",
                    batch_requests(rows, BATCH_ROWS, is_gzip=is_gzip),
                    BATCH_ROWS,
                    BATCH_CONNECTIONS,
                    seconds=options.seconds,
                    limit=options.batches,
                )
            )
        stored = 2 * options.batches * BATCH_ROWS
        time.sleep(10)  # merges and the removal of merged parts
        results.append(
            {"load": "disk", "bytes_per_row": round((disk_bytes(served) - before) / stored, 1)}
        )
    return results


def render(results: list[dict[str, Any]]) -> str:
    """One line per load."""
    lines = []
    for result in results:
        figures = "  ".join(f"{name} {value}" for name, value in result.items() if name != "load")
        lines.append(f"{result['load']:<18} {figures}")
    return "\n".join(lines)


def main() -> None:
    """Print the table for people and a JSON line for comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    results = run(options)
    print(f"{platform.machine()}, {os.cpu_count()} cores, workers: {options.workers}")
    print(render(results))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
