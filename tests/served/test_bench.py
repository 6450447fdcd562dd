"""The bench runs, against a stand-in for VictoriaLogs too, and what it says is true."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = ROOT / "tests" / "support" / "victorialogs.py"
SHORT = ["--workers=1", "--rounds=1", "--seconds=1", "--rows=5000", "--kept=30", "--rest-seconds=1"]

pytestmark = pytest.mark.timeout(200)


def test_the_bench_prints_a_table_and_ratios_and_a_killed_server_kept_everything(tmp_path):
    binary = tmp_path / "victoria-logs"
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    binary.chmod(0o755)
    command = [sys.executable, "-m", "bench.ingest", *SHORT, "--only=kill -9|5,000 zstd"]
    done = subprocess.run(
        [*command, "--output", tmp_path], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"BENCH_VICTORIALOGS": str(binary), "PYTHONPATH": "tests"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    (output,) = tmp_path.glob("*.jsonl")
    machine, *results = map(json.loads, output.read_text().splitlines())
    figures = {(result["server"], result["load"]): result for result in results}
    ours = figures["logster 1w", "NDJSON 5,000 zstd"]
    theirs = figures["victorialogs", "NDJSON 5,000 zstd"]
    assert machine["cores"] == os.cpu_count()
    assert ours["rows"] == theirs["rows"] == 5000
    assert ours["refused"] == theirs["refused"] == 0
    assert ours["all_peak_mb"] > ours["engine_peak_mb"] > 100
    assert figures["logster 1w", "kill -9"]["kept"] == 30
    assert figures["victorialogs", "kill -9"]["kept"] == 0
    assert "logster 1w, NDJSON 5,000 zstd: rows/s " in done.stdout
