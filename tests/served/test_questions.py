"""Long answers of the served program: cancelled when the client leaves, whole when it stays."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.served import KEY, serving, wait_until

LOGSTER = Path(sys.executable).with_name("logster")
SQL = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"

pytestmark = pytest.mark.timeout(300)


def cpu_s(pid):
    """The processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def is_busy(server):
    """Whether the engine works at something; beside others it gets a share of a core for it."""
    before = cpu_s(server.engine)
    time.sleep(1)
    return cpu_s(server.engine) - before > 0.15


def test_a_question_whose_client_hangs_up_ends_in_the_engine(tmp_path):
    with serving(tmp_path / "data") as server:
        body = json.dumps({"sql": SQL}).encode()
        head = (
            f"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nApiKey: {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        wait_until(lambda: not is_busy(server), 30)
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(head.encode() + body)
            wait_until(lambda: is_busy(server), 30)
        hung_up = time.monotonic()
        wait_until(lambda: not is_busy(server), 30)
        # Its own time limit of 30 s is far away.
        assert time.monotonic() - hung_up < 10
        assert server.get("/health/ready").status == 200


def test_an_export_that_is_left_ends_and_one_that_is_awaited_is_whole(tmp_path):
    count = 30_000
    with serving(tmp_path / "data") as server:
        lines = b"\n".join(
            json.dumps({"Message": f"row {n} " + "x" * 500, "Application": "export"}).encode()
            for n in range(count)
        )
        assert server.post("/api/Logs", lines, "application/x-ndjson").status == 200
        wait_until(
            lambda: server.get("/api/v1/facets?field=application").json()["total"] == count, 60
        )
        head = f"GET /api/v1/export HTTP/1.1\r\nHost: x\r\nApiKey: {KEY}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(head.encode())
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        environment = {"LOGSTER_URL": server.url, "LOGSTER_API_KEY": KEY, "HOME": str(tmp_path)}
        for name in ("all.ndjson", "all.csv"):
            done = subprocess.run(
                [LOGSTER, "export", "application:export", "-o", tmp_path / name, "-c", "message"],
                env=environment, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        rows = [
            json.loads(line)["message"]
            for line in (tmp_path / "all.ndjson").read_text().splitlines()
        ]
        assert sorted(int(row.split()[1]) for row in rows) == list(range(count))
        assert len((tmp_path / "all.csv").read_text().splitlines()) == count + 1
        shapes = subprocess.run(
            [LOGSTER, "patterns", "--json"], env=environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        (shape,) = [json.loads(line) for line in shapes.stdout.splitlines()]
        assert (shape["pattern"], shape["count"]) == ("row <number> <token>", count)
