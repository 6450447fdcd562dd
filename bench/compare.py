"""Compare two runs of `make bench`: `bench/compare OLD NEW`.

In: two files of JSON lines. Out: for each server, load and figure, NEW divided by OLD.
Promise: a difference that the rounds of a single run show as well is called noise.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

#: Figures worth comparing, and whether more of them is better.
FIGURES = {
    "rows_per_s": True,
    "ms": False,
    "p50_ms": False,
    "p99_ms": False,
    "p99.9_ms": False,
    "all_us_per_row": False,
    "engine_us_per_row": False,
    "worker_us_per_row": False,
    "all_peak_mb": False,
    "found_median_s": False,
    "bytes_per_row": False,
    "bytes_per_row_merged": False,
    "folder_bytes_per_row": False,
}
#: With one round nothing says how noisy a figure is; less than this is not believed.
DOUBTFUL = 0.1

#: (server, load, figure) -> one value for each round.
Values = dict[tuple[str, str, str], list[float]]


def read_run(path: Path) -> Values:
    """All figures of a run."""
    values: Values = defaultdict(list)
    for line in path.read_text().splitlines():
        result = json.loads(line)
        for figure in FIGURES:
            if "load" in result and figure in result:
                values[result["server"], result["load"], figure].append(result[figure])
    return values


def judge(old: list[float], new: list[float], *, more_is_better: bool) -> str:
    """What a difference is worth: better, worse, or noise."""
    if len(old) > 1 and len(new) > 1:
        is_noise = max(old) >= min(new) and max(new) >= min(old)
    else:
        is_noise = abs(new[0] - old[0]) <= DOUBTFUL * abs(old[0])
    if is_noise:
        return "~ noise"
    is_more = statistics.median(new) > statistics.median(old)
    return "better" if is_more == more_is_better else "WORSE"


def compare(old: Values, new: Values) -> list[str]:
    """One line for each figure that both runs have."""
    lines = []
    for key in old:
        if key not in new:
            continue
        before, after = statistics.median(old[key]), statistics.median(new[key])
        ratio = f"{after / before:6.2f}" if before else "     -"
        server, load, figure = key
        verdict = judge(old[key], new[key], more_is_better=FIGURES[figure])
        lines.append(
            f"{server:<14} {load:<20} {figure:<22} {before:>12,.1f} {after:>12,.1f} "
            f"{ratio}  {verdict}"
        )
    return lines


def main() -> None:
    """Print the comparison."""
    if len(sys.argv) != 3:
        sys.exit("usage: bench/compare OLD NEW (files of bench-results/)")
    old, new = (read_run(Path(name)) for name in sys.argv[1:])
    print(f"{'server':<14} {'load':<20} {'figure':<22} {'old':>12} {'new':>12} {'ratio':>6}")
    print("\n".join(compare(old, new)) or "The two runs have no figure in common.")


if __name__ == "__main__":
    main()
