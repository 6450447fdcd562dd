"""The installed command on real sockets, for tests that treat it as an operator would."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logster.serve.metrics_folder import memory_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a-key-of-the-served-tests"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
START_S = 100.0
#: A worker that ends is started again, but one that always does will not be ready.
MAX_WORKERS_LOST = 3


class Served:
    """A running `logster serve` and the ways to talk to it and to hurt it."""

    def __init__(
        self,
        data: Path,
        *,
        workers: int = 1,
        environment: dict[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self._workers = workers
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LOGSTER_")},
            "LOGSTER_BOOTSTRAP_API_KEY": KEY,
            "LOGSTER_BOOTSTRAP_ADMIN": f"{EMAIL}:{PASSWORD}",
            "LOGSTER_WORKERS": str(workers),
            **(environment or {}),
            **{f"LOGSTER_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.start_up()
        self.wait_until_ready()

    def start_up(self) -> None:
        """Start it; it is not ready yet."""
        command = Path(sys.executable).with_name("logster")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [command, "serve", "--data", self.data, "--port", str(self.port)],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self, timeout_s: float = START_S) -> None:
        """Return when every worker accepts and searches.

        The system gives each connection to any that listens, so that many have to be asked.
        """
        asked = 1 if self._workers == 1 else 8 * self._workers
        seen: set[int] = set()

        def is_ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.log.read_text()}")
            seen.update(self.workers)
            if len(seen) > self._workers + MAX_WORKERS_LOST:
                raise AssertionError(f"its workers do not live:\n{self.log.read_text()}")
            if _count_listeners(self.port) < self._workers:
                return False
            return all(self.get("/health/ready").status == 200 for _ in range(asked))

        wait_until(is_ready, timeout_s, self.log.read_text)

    def stop(self, timeout_s: float = 60) -> int:
        """Ask it to stop, as an operator would; gives the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout_s)

    def kill_everything(self) -> None:
        """`kill -9` of every process at once."""
        assert self._process is not None
        pids = [self._process.pid, *self.children("")]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(30)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30)
        # The next start would do it, but after the last one there is none.
        shutil.rmtree(memory_folder(self.data), ignore_errors=True)

    def kill_supervisor(self) -> None:
        """`kill -9` of the supervisor alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    @property
    def is_running(self) -> bool:
        """Whether the supervisor lives."""
        return self._process is not None and self._process.poll() is None

    def children(self, module: str) -> list[int]:
        """Processes of the server whose command line names `module`."""
        assert self._process is not None
        return [pid for pid in _descendants(self._process.pid) if module in _command(pid)]

    @property
    def pid(self) -> int:
        """The supervisor."""
        assert self._process is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The web workers."""
        return self.children("logster.serve.worker")

    @property
    def engine(self) -> int:
        """The engine process."""
        return self.children("logster.store.embedded.process")[0]

    # -- talking to it ----------------------------------------------------------------------

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; header names with _ for -."""
        return request(
            self.port, method, path, body, {k.replace("_", "-"): v for k, v in headers.items()}
        )

    def get(self, path: str, **headers: str) -> Answer:
        """GET with the first key; status 0 when nobody answers."""
        try:
            return self.request("GET", path, None, ApiKey=KEY, **headers)
        except (OSError, http.client.HTTPException):
            return Answer(0, {}, b"")

    def post(self, path: str, body: bytes, content_type: str, **headers: str) -> Answer:
        """POST with the first key."""
        return self.request("POST", path, body, ApiKey=KEY, Content_Type=content_type, **headers)

    def log_message(self, **members: Any) -> str:
        """Post one message and give its MessageId."""
        answer = self.post("/api/Log", json.dumps(members).encode(), "application/json")
        assert answer.status == 200, answer
        message_id: str = answer.json()["MessageId"]
        return message_id

    def search(self, query: str, limit: int = 1000) -> list[dict[str, Any]]:
        """All pages of a search, newest first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            path = f"/api/v1/events?q={quote(query)}&limit={limit}" + (
                f"&before={cursor}" if cursor else ""
            )
            answer = self.get(path)
            assert answer.status == 200, answer
            page = answer.json()
            found += page["events"]
            cursor = page["next"]
            if not cursor:
                return found

    def wait_for(self, query: str, count: int, timeout_s: float = 60) -> list[dict[str, Any]]:
        """Search until there are at least `count` events."""
        found: list[dict[str, Any]] = []

        def has_arrived() -> bool:
            found[:] = self.search(query)
            return len(found) >= count

        wait_until(has_arrived, timeout_s, lambda: f"{len(found)} of {count} for {query!r}")
        return found

    def metric(self, line: str) -> float:
        """The value of one line of /metrics, 0 when it is not there."""
        for text in self.get("/metrics").body.decode().splitlines():
            if text.startswith(line + " "):
                return float(text.rpartition(" ")[2])
        return 0.0


class Answer:
    """Status, headers (lower case names) and body of an HTTP answer."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:2000]!r}"


def request(
    port: int,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    timeout_s: float = 30,
) -> Answer:
    """One request with exactly these headers (Host may be among them)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None and not {"Content-Length", "Transfer-Encoding"} & set(headers):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


@contextlib.contextmanager
def serving(data: Path, **settings: Any) -> Iterator[Served]:
    """A server that is gone at the end, whatever happens."""
    served = Served(data, **settings)
    try:
        served.start()
        yield served
    finally:
        if served.is_running:
            served.kill_everything()


def wait_until(condition: Any, timeout_s: float, explain: Any = lambda: "") -> None:
    """Wait for a condition; says what was seen when it does not come."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {explain()}")
        time.sleep(pause_s)
        # To ask is work, too, for both sides; what takes long needs no haste.
        pause_s = min(pause_s * 1.3, 0.25)


def quote(text: str) -> str:
    """A text for a query string."""

    return urllib.parse.quote(text, safe="")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _count_listeners(port: int) -> int:
    """How many sockets of this machine listen on a port: one for each worker that is up."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # it, or a thread of it, may end at any moment
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(child) for child in task.read_text().split()]
    return children + [pid for child in children for pid in _descendants(child)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
