"""A client that costs little CPU: prebuilt bytes over keep-alive connections, in its own process.

In: requests as bytes, written into a file beforehand. Out: how many were answered with 200, how
long they took, and what the client itself cost.

Small requests go through wrk where it is installed, since a Python client takes half of what
the server takes; large ones, and all where there is no wrk, through `python -m bench.client`.
"""

from __future__ import annotations

import argparse
import json
import mmap
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import accumulate, cycle, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Up to this many bytes per request wrk sends them.
SMALL_BYTES = 64 * 1024
#: Without wrk, this many processes share the connections of small requests.
PROCESSES = 2
#: A request that is not answered within this time ends the run.
PATIENCE_S = 60.0
LUA = Path(__file__).with_name("requests.lua")


@dataclass
class Outcome:
    """What came of a run; `client_s` is the CPU time of the client."""

    seconds: float
    answered: int
    refused: int
    percentiles_ms: dict[str, float]
    client_s: float = 0.0


def build_request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A whole HTTP/1.1 request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def write_requests(stem: Path, requests: Iterable[bytes]) -> int:
    """Write requests where a client finds them; gives the size of the largest."""
    sizes = []
    with stem.with_suffix(".bytes").open("wb") as file:
        for request in requests:
            file.write(request)
            sizes.append(len(request))
    stem.with_suffix(".sizes").write_text("".join(f"{size}\n" for size in sizes))
    return max(sizes)


def run_load(
    port: int, stem: Path, connections: int, seconds: float, *, largest: int, rate: float = 0
) -> Outcome:
    """Send the requests of a file, each once, but not longer than `seconds`.

    With `rate` (requests per second) not faster than that, and round and round until the time
    is over. wrk, too, begins again when it comes to the end.
    """
    before = _cpu_of_children()
    is_small = largest <= SMALL_BYTES
    if is_small and not rate and (wrk := shutil.which("wrk")):
        outcome = _run_wrk(wrk, port, stem, connections, seconds)
    else:
        parts = PROCESSES if is_small and connections >= PROCESSES else 1
        outcome = _run_python(port, stem, connections, seconds, parts, rate)
    outcome.client_s = _cpu_of_children() - before
    return outcome


def _run_wrk(wrk: str, port: int, stem: Path, connections: int, seconds: float) -> Outcome:
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--latency"]
    command += ["--timeout", f"{PATIENCE_S:.0f}s", "-s", str(LUA), f"http://127.0.0.1:{port}"]
    done = subprocess.run([*command, "--", str(stem)], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout[done.stdout.rindex("\n{") :])
    percentiles = {name: told.pop(name) for name in ("p50_ms", "p99_ms", "p99.9_ms")}
    return Outcome(percentiles_ms=percentiles, **told)


def _run_python(
    port: int, stem: Path, connections: int, seconds: float, parts: int, rate: float
) -> Outcome:
    command = [sys.executable, "-m", "bench.client", str(port), str(stem), str(seconds)]
    clients = [
        subprocess.Popen(
            [*command, str(connections // parts), f"{part}/{parts}", str(rate / parts)],
            stdout=subprocess.PIPE,
        )
        for part in range(parts)
    ]
    told = [json.loads(client.communicate()[0]) for client in clients]
    latencies = sorted(latency for one in told for latency in one["latencies"])
    return Outcome(
        max(one["seconds"] for one in told),
        len(latencies),
        sum(one["refused"] for one in told),
        percentiles(latencies),
    )


def percentiles(ordered: list[float]) -> dict[str, float]:
    """The usual ones, in milliseconds, of ascending seconds."""
    if not ordered:
        return {}
    shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p99.9_ms": 0.999}
    last = len(ordered) - 1
    return {name: ordered[min(int(len(ordered) * s), last)] * 1000 for name, s in shares.items()}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# -- the process of `python -m bench.client` --------------------------------------------------


@dataclass
class _Run:
    source: Iterator[memoryview]
    deadline: float
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    latencies: list[float] = field(default_factory=list)
    refused: int = 0


@dataclass
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    received: bytes = b""


def _drive(port: int, run: _Run, connections: int) -> None:
    """Keep every connection busy until the source or the time is at its end."""
    for _ in range(connections):
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket.setblocking(False)
        run.selector.register(connection.socket, selectors.EVENT_READ, connection)
        _send_next(connection, run)
    while run.selector.get_map():
        ready = run.selector.select(PATIENCE_S)
        if not ready:
            raise TimeoutError(f"no answer within {PATIENCE_S} s")
        for key, events in ready:
            if events & selectors.EVENT_WRITE:
                _send_more(key.data, run)
            if events & selectors.EVENT_READ and _receive(key.data):
                _count(key.data, run)
                _send_next(key.data, run)


def _send_next(connection: _Connection, run: _Run) -> None:
    request = None if time.perf_counter() > run.deadline else next(run.source, None)
    if request is None:
        run.selector.unregister(connection.socket)
        connection.socket.close()
        return
    connection.sent_at = time.perf_counter()
    connection.unsent = request
    _send_more(connection, run)


def _send_more(connection: _Connection, run: _Run) -> None:
    try:
        sent = connection.socket.send(connection.unsent)
    except BlockingIOError:
        sent = 0
    connection.unsent = connection.unsent[sent:]
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
    if run.selector.get_key(connection.socket).events != wanted:
        run.selector.modify(connection.socket, wanted, connection)


def _receive(connection: _Connection) -> bool:
    """Take what has arrived; True when the answer is whole."""
    chunk = connection.socket.recv(1 << 20)
    if not chunk:
        raise ConnectionError("the server closed a connection in the middle of the run")
    connection.received += chunk
    head, separator, body = connection.received.partition(b"\r\n\r\n")
    if not separator:
        return False
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return len(body) >= length


def _count(connection: _Connection, run: _Run) -> None:
    if connection.received.startswith(b"HTTP/1.1 2"):
        run.latencies.append(time.perf_counter() - connection.sent_at)
    else:
        run.refused += 1
    connection.received = b""


def _paced(source: Iterator[memoryview], rate: float) -> Iterator[memoryview]:
    """Not more than `rate` requests per second on average; who comes too early waits."""
    started = time.perf_counter()
    for number, request in enumerate(source):
        time.sleep(max(0.0, started + number / rate - time.perf_counter()))
        yield request


def _read_requests(stem: Path) -> list[memoryview]:
    with stem.with_suffix(".bytes").open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    sizes = map(int, stem.with_suffix(".sizes").read_text().split())
    return [whole[start:end] for start, end in pairwise(accumulate(sizes, initial=0))]


def main() -> None:
    """Drive one share of a load and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("stem", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("connections", type=int)
    parser.add_argument("share")
    parser.add_argument("rate", type=float)
    chosen = parser.parse_args()
    part, parts = map(int, chosen.share.split("/"))
    source: Iterator[memoryview] = islice(_read_requests(chosen.stem), part, None, parts)
    if chosen.rate:
        source = _paced(cycle(source), chosen.rate)
    started = time.perf_counter()
    run = _Run(source, started + chosen.seconds)
    _drive(chosen.port, run, chosen.connections)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "refused": run.refused, "latencies": run.latencies}))


if __name__ == "__main__":
    main()
