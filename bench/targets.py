"""The servers that are measured: Logster, and VictoriaLogs when its binary is given.

In: an empty folder. Out: the same few questions for both, so that both get the same rows over
the same connections, and what is counted for one is counted for the other.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from bench.dialects import DIALECTS
from bench.usage import Parts, command_of, descendants
from support.engine import SECRET, engine_process
from support.served import KEY, Served, free_port, request, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.loads import Dialect, Load

MEDIA_TYPES = {
    "json": "application/json",
    "lines": "application/x-ndjson",
    "xml": "application/xml",
    "form": "application/x-www-form-urlencoded",
}
#: The shortest retention that keeps rows of the last 24 hours for sure.
VICTORIALOGS_RETENTION = "30d"
#: Our members are its fields; application and category make its streams (about 200 of them).
VICTORIALOGS_FIELDS = {
    "_msg_field": "Message",
    "_time_field": "Timestamp",
    "_stream_fields": "Application,Category",
}
#: How long it keeps rows in memory before it writes them.
VICTORIALOGS_FLUSH_S = 6
LAST_MERGES_S = 600
OLD_PARTS = "SELECT count() FROM system.parts WHERE NOT active AND table = 'events'"


class Target(Protocol):
    """One server under measurement."""

    name: str
    port: int

    def start(self) -> None:
        """Start it and wait until it takes rows."""

    def stop(self) -> None:
        """Stop it in order."""

    def kill(self) -> None:
        """End it, whatever state it is in."""

    def parts(self) -> Parts:
        """All of its processes."""

    def dialect(self, load: Load) -> Dialect | None:
        """Path and headers of a load, None when it does not speak that form."""

    def waiting(self) -> int:
        """Rows it has accepted and not yet stored."""

    def send(self, message: str) -> None:
        """Hand over one message."""

    def count(self, word: str) -> int:
        """How many messages a search for a word finds now."""

    def measure_disk(self) -> dict[str, float]:
        """Bytes per row, after it was stopped."""


class Logster:
    """The installed command."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.name = f"logster {workers}w"
        self._served = Served(folder / f"logster-{workers}", workers=workers)
        self.port = self._served.port

    def start(self) -> None:
        """Start it and wait until it takes rows."""
        self._served.start()

    def stop(self) -> None:
        """Stop it in order; raises when that fails."""
        if code := self._served.stop(120):
            raise RuntimeError(f"the server ended with {code}; see {self._served.log}")

    def kill(self) -> None:
        """End it, whatever state it is in."""
        if self._served.is_running:
            self._served.kill_everything()

    def parts(self) -> Parts:
        """All of its processes."""
        parts: Parts = {"supervisor": [self._served.pid], "engine": [], "worker": [], "other": []}
        for pid in descendants(self._served.pid):
            command = command_of(pid)
            engine, worker = (
                "logster.store.embedded.process" in command,
                "logster.serve.worker" in command,
            )
            parts["engine" if engine else "worker" if worker else "other"].append(pid)
        return {part: pids for part, pids in parts.items() if pids or part != "other"}

    def dialect(self, load: Load) -> Dialect:
        """Path and headers of a load."""
        if dialect := DIALECTS.get(load.form):
            return dialect.path, {"ApiKey": KEY, "Content-Type": dialect.media_type}
        path = "/api/Log" if load.rows_each == 1 else "/api/Logs"
        return path, {"ApiKey": KEY, "Content-Type": MEDIA_TYPES[load.form]}

    def waiting(self) -> int:
        """Rows in the spools; -1 when nobody says."""
        found = self.gauges("logster_spool_events")
        return int(sum(found)) if found else -1

    def gauges(self, name: str) -> list[float]:
        """The values of a metric, one for each label."""
        text = self._served.get("/metrics").body.decode()
        found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
        return list(map(float, found))

    def ask_engine(self, sql: str) -> str:
        """Ask the running engine itself; its port and secret are those of our own child."""
        (pid,) = self.parts()["engine"]
        port = int(command_of(pid).rpartition("--port ")[2].split()[0])
        variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
        secret = next(v for v in variables if v.startswith("LOGSTER_ENGINE_SECRET="))
        return ask_engine(port, sql, secret.partition("=")[2])

    def send(self, message: str) -> None:
        """Hand over one message."""
        self._served.log_message(Message=message, Severity=2)

    def count(self, word: str) -> int:
        """How many messages a search for a word finds now."""
        return len(self._served.search(word))

    def measure_disk(self) -> dict[str, float]:
        """As the merges left it, and when all is merged; then all of the data folder."""
        with engine_process(self._served.data / "engine") as engine:
            engine.wait_until_ready()
            size = (
                "SELECT sum(bytes_on_disk) / sum(rows), sum(rows) FROM system.parts"
                " WHERE active AND database = 'logster' AND table = 'events'"
            )
            left, rows = map(float, ask_engine(engine.port, size).split("\t"))
            ask_engine(engine.port, "OPTIMIZE TABLE logster.events FINAL")
            merged = float(ask_engine(engine.port, size).split("\t")[0])
            # What was merged stays for a while, see `old_parts_lifetime`.
            wait_until(lambda: ask_engine(engine.port, OLD_PARTS) == "0", LAST_MERGES_S)
            # They are forgotten first, and leave the disk behind it.
            wait_until_same(lambda: size_of(self._served.data))
        figures = {
            "rows": int(rows),
            "bytes_per_row": left,
            "bytes_per_row_merged": merged,
            "folder_bytes_per_row": size_of(self._served.data) / rows,
        }
        return {name: round(value, 1) for name, value in figures.items()}


class VictoriaLogs:
    """The binary that BENCH_VICTORIALOGS names."""

    name = "victorialogs"

    def __init__(self, folder: Path, binary: Path) -> None:
        self.port = free_port()
        self._data = folder / "victorialogs"
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._rows = 0

    @property
    def command(self) -> list[str]:
        """How it is started: its defaults, but for the port and the retention."""
        return [
            str(self._binary),
            f"-storageDataPath={self._data}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-retentionPeriod={VICTORIALOGS_RETENTION}",
        ]

    def start(self) -> None:
        """Start it and wait until it takes rows."""
        with self._data.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_until(self._is_healthy, 60)

    def stop(self) -> None:
        """Merge everything, as far as it offers that, and stop it in order."""
        assert self._process is not None
        self._flush()
        self._rows = self.count("*")
        # The answer comes at once, the merge goes on behind it.
        request(self.port, "GET", "/internal/force_merge", None, {}, LAST_MERGES_S)
        wait_until(lambda: self._gauge("vl_active_force_merges") == 0, LAST_MERGES_S)
        time.sleep(VICTORIALOGS_FLUSH_S)
        self._process.terminate()
        self._process.wait(120)

    def kill(self) -> None:
        """End it, whatever state it is in."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def parts(self) -> Parts:
        """Its one process."""
        assert self._process is not None
        return {"server": [self._process.pid, *descendants(self._process.pid)]}

    def dialect(self, load: Load) -> Dialect | None:
        """Its JSON lines; it has no other form of ours."""
        if load.form not in ("json", "lines"):
            return None
        path = f"/insert/jsonline?{urlencode(VICTORIALOGS_FIELDS, safe=',')}"
        return path, {"Content-Type": "application/stream+json"}

    def waiting(self) -> int:
        """It does not say: what it answered counts as stored, after its next flush."""
        self._flush()
        return 0

    def send(self, message: str) -> None:
        """Hand over one message; without a time it takes the moment of the arrival."""
        path = f"/insert/jsonline?{urlencode(VICTORIALOGS_FIELDS, safe=',')}"
        body = json.dumps({"Message": message, "Application": "bench", "Category": "probe"})
        headers = {"Content-Type": "application/stream+json"}
        answer = request(self.port, "POST", path, body.encode(), headers)
        assert answer.status == 200, answer

    def count(self, word: str) -> int:
        """How many messages a search for a word finds now."""
        answer = self._query(f"{word} | stats count() as rows")
        return int(json.loads(answer)["rows"]) if answer else 0

    def measure_disk(self) -> dict[str, float]:
        """All of its folder, after the forced merge."""
        figure = round(size_of(self._data) / max(self._rows, 1), 1)
        return {"rows": self._rows, "folder_bytes_per_row": figure}

    def _flush(self) -> None:
        """Have what it keeps in memory written to disk, as it does every five seconds."""
        request(self.port, "GET", "/internal/force_flush", None, {}, LAST_MERGES_S)

    def _gauge(self, name: str) -> float:
        text = request(self.port, "GET", "/metrics", None, {}).body.decode()
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        assert found, f"{self.name} does not tell {name}"
        return float(found[1])

    def _is_healthy(self) -> bool:
        try:
            return request(self.port, "GET", "/health", None, {}).status == 200
        except OSError:
            return False

    def _query(self, query: str) -> bytes:
        path = query_path(query)
        return request(self.port, "GET", path, None, {}, LAST_MERGES_S).body.strip()


def query_path(query: str) -> str:
    """Where VictoriaLogs answers a question."""
    return f"/select/logsql/query?query={quote(query)}"


def size_of(folder: Path) -> int:
    """The bytes of all files below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def wait_until_same(measure: Callable[[], int]) -> None:
    """Return when a figure has not changed for some seconds."""
    before = -1
    while (now := measure()) != before:
        before = now
        time.sleep(3)


def ask_engine(port: int, sql: str, secret: str = SECRET) -> str:
    """Run a statement as the user who may do everything."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", sql.encode())
    login = base64.b64encode(f"logster:{secret}".encode()).decode()
    asked.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(asked, timeout=LAST_MERGES_S) as answer:
        text: str = answer.read().decode()
    return text.strip()
