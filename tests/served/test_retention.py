"""The retention is changed while the server runs: by all workers, for good, and by the command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.served import KEY, serving, wait_until

pytestmark = pytest.mark.timeout(300)

COMMAND = Path(sys.executable).with_name("logster")


def logster(server, *arguments):
    """The command, as somebody without a terminal runs it."""
    return subprocess.run(
        [COMMAND, *arguments, "--url", server.url, "--key", KEY],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def is_clamped(server, days):
    """Whether an event of this age is put at its arrival, by whichever worker answers."""
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86_400))
    number = server.log_message(Message="old", Timestamp=then)
    shown = server.get(f"/api/Log/{number}")
    # One that was let in a moment before its worker knew of a shorter time has expired by now.
    return shown.status == 200 and shown.json()["Timestamp"][:10] != then[:10]


def is_kept(server, days):
    """Whether an event of this age keeps its time, by whichever worker answers."""
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86_400))
    number = server.log_message(Message="kept", Timestamp=then)
    shown = server.get(f"/api/Log/{number}")
    return shown.status == 200 and shown.json()["Timestamp"][:10] == then[:10]


def test_a_change_reaches_every_worker_and_outlives_a_restart(tmp_path):
    with serving(tmp_path / "data", workers=2, retention_days=30) as server:
        assert not is_clamped(server, 20)
        answer = server.request(
            "PUT",
            "/api/v1/retention",
            json.dumps({"days": 7}).encode(),
            ApiKey=KEY,
            Content_Type="application/json",
        )
        assert answer.status == 200, answer
        # Each request is a new connection, which either worker may take.
        wait_until(lambda: all(is_clamped(server, 20) for _ in range(8)), 30)
        wait_until(lambda: server.get("/api/v1/retention").json()["kept_days"] == 7, 30)
        assert "changed the retention from 30 to 7 days" in server.log.read_text()
        assert server.stop() == 0
        server.start()
        told = server.get("/api/v1/retention").json()
        assert (told["days"], told["kept_days"], told["default_days"]) == (7, 7, 30)
        assert is_clamped(server, 20)
        check_command(server)
        assert server.stop() == 0


def check_command(server):
    """The command shows, asks before it deletes, and changes."""
    assert "kept for 7 days, chosen by key 1" in logster(server, "retention").stdout
    assert logster(server, "retention", "set", "60").returncode == 0
    wait_until(lambda: is_kept(server, 50), 30)
    refused = logster(server, "retention", "set", "40")
    assert refused.returncode == 2
    assert re.search("deletes 1 day with [1-9][0-9]* events?,", refused.stderr)
    assert "--yes" in refused.stderr
    assert logster(server, "retention", "set", "40", "--yes").returncode == 0
    assert json.loads(logster(server, "retention", "--json").stdout)["days"] == 40
    assert logster(server, "retention", "reset").returncode == 0
    assert "as LOGSTER_RETENTION_DAYS says" in logster(server, "retention").stdout
    assert logster(server, "retention", "set", "0").returncode == 2
