"""What the bench prints: a table for people, and what one figure is to another.

In: results, one for each measurement. Out: text.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import Any

from bench.loads import DIALECT_LOADS

#: The order of the table, and its headings.
COLUMNS = {
    "server": "server",
    "load": "load",
    "rows_per_s": "rows/s",
    "requests_per_s": "req/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99",
    "p99.9_ms": "p99.9",
    "all_us_per_row": "CPU µs/row",
    "supervisor_us_per_row": "super.",
    "engine_us_per_row": "engine",
    "worker_us_per_row": "workers",
    "client_us_per_row": "(client)",
    "all_peak_mb": "peak MB",
    "supervisor_peak_mb": "super.",
    "engine_peak_mb": "engine",
    "worker_peak_mb": "workers",
    "stored_after_s": "stored s",
    "found_median_s": "found s",
    "found_max_s": "worst",
    "bytes_per_row": "B/row",
    "bytes_per_row_merged": "merged",
    "folder_bytes_per_row": "folder",
    "acknowledged": "ack'd",
    "kept": "kept",
    "refused": "refused",
}
Result = dict[str, Any]


def medians(results: list[Result]) -> list[Result]:
    """One line for each server and load, in the order of the first round."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result["server"], result["load"]].append(result)
    return [
        {"server": server, "load": load}
        | {
            name: statistics.median(each[name] for each in group if name in each)
            for name in COLUMNS
            if name not in ("server", "load") and any(name in each for each in group)
        }
        for (server, load), group in groups.items()
    ]


def render_table(results: list[Result]) -> str:
    """The table for people; columns nobody has are left away."""
    names = [name for name in COLUMNS if any(name in result for result in results)]
    rows = [[COLUMNS[name] for name in names]]
    rows += [[_shown(result.get(name, "")) for name in names] for result in results]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def render_ratios(results: list[Result], other: str) -> str:
    """Each of our figures divided by the other server's, load by load."""
    theirs = {result["load"]: result for result in results if result["server"] == other}
    names = ["rows_per_s", "p99_ms", "all_us_per_row", "all_peak_mb", "found_median_s"]
    names += ["folder_bytes_per_row"]
    lines = [f"Logster : {other} (rows/s: more is better; everything else: less is better)"]
    for result in results:
        base = theirs.get(result["load"], {})
        ratios = [
            f"{COLUMNS[name]} {result[name] / base[name]:.2f}"
            for name in names
            if result.get(name) and base.get(name)
        ]
        if result["server"] != other and ratios:
            lines.append(f"{result['server']}, {result['load']}: {', '.join(ratios)}")
    return "\n".join(lines)


def render_shares(results: list[Result]) -> str:
    """Rows per second of each dialect as a share of the native path's at the same size."""
    loads = {load.name: load for load in DIALECT_LOADS}
    rates = {(each["server"], each["load"]): each.get("rows_per_s", 0) for each in results}
    lines = ["rows/s of the native path at the same batch size are 1"]
    for (server, name), rate in rates.items():
        size = loads[name].rows_each if name in loads else 0
        base = rates.get((server, "single JSON" if size == 1 else f"NDJSON {size:,}"))
        if base and base != rate:
            lines.append(f"{server}, {name}: {rate / base:.2f}")
    return "\n".join(lines)


def render_line(result: Result) -> str:
    """One measurement on one line."""
    return ", ".join(f"{COLUMNS[n]} {_shown(result[n])}" for n in list(COLUMNS)[2:] if n in result)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
