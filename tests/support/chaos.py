"""Break everything at random while messages come in, then account for each of them.

    python -m support.chaos [--minutes 10] [--seed N]     (`make chaos`)

In: a seed. Out: the numbers, and an AssertionError naming the messages that do not add up.
Promise: sent = stored once + refused, by number and by id. What was acknowledged is found
exactly once, with its content and under the id that was promised. What was refused, cut in the
middle or wrong is not found. Who got no answer and resends with the same Idempotency-Key is
answered in the end; who gives up may find the message once or not at all.

The seed decides what is broken in which order, and what each sender sends; the moments are the
machine's, so a second run with the same seed is alike, not the same.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support.disk import filled, mount_small_disk, unmount
from support.served import KEY, Served, wait_until
from support.shim import Shim, has_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 6
WORKERS = 2
MAX_BATCH = 40
#: Now and then one that is spooled as a block of its own, not as rows among others'; what is
#: wrong in it leaves more than the 512 events which that takes.
LARGE_BATCH = (600, 2000)
LARGE_SHARE = 0.01
ANSWER_S = 20.0
DISK_BYTES = 768 * 1024 * 1024
MIN_FREE_BYTES = 48 * 1024 * 1024
LEFT_ALONE_S = 90.0
#: The spools' gauges are a second old, and an insert takes its time.
LAST_INSERTS_S = 30.0
ROUND_S = 60.0
BAD_SHARE = 0.05
SEVERITIES = 6


class Ledger:
    """What became of each number, as the senders saw it."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, str] = {}
        self.refused: set[int] = set()
        self.rejected: set[int] = set()
        self.cut: set[int] = set()
        self.abandoned: set[int] = set()
        self.statuses: Counter[int] = Counter()
        self.resent = 0
        self._next = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> list[int]:
        """Fresh numbers."""
        with self._lock:
            self._next += count
            return list(range(self._next - count, self._next))

    @property
    def sent(self) -> int:
        """Numbers given out."""
        return self._next

    def note_status(self, status: int) -> None:
        """Count an answer; 0 is none."""
        with self._lock:
            self.statuses[status] += 1
            self.resent += status == 0

    def note(self, numbers: list[int], outcome: set[int]) -> None:
        """Write the same outcome down for some numbers."""
        with self._lock:
            outcome.update(numbers)

    def note_ids(self, numbers: list[int], ids: list[str | None]) -> None:
        """Write down what an answer promised, one by one."""
        with self._lock:
            for number, message_id in zip(numbers, ids, strict=True):
                if message_id is None:
                    self.rejected.add(number)
                else:
                    self.acknowledged[number] = message_id


class Sender:
    """One connection that sends whatever its dice say."""

    def __init__(self, chaos: Chaos, number: int) -> None:
        self._chaos = chaos
        self._ledger = chaos.ledger
        self._rng = random.Random(f"{chaos.word}.{number}")
        self._name = f"{chaos.word}-{number}"
        self._requests = 0
        self._connection = self._connect()

    def run(self) -> None:
        """Send until the chaos is over; what is under way then is brought to an end."""
        while not self._chaos.is_over.is_set():
            time.sleep(self._rng.uniform(0, 0.04))
            self._send_one()
        self._connection.close()

    def _send_one(self) -> None:
        numbers = self._ledger.take(self._choose_size())
        rows = [self._chaos.message(number) for number in numbers]
        for row in rows[1:]:
            if self._rng.random() < BAD_SHARE:
                row["Severity"] = 77
        path, body, headers = self._form(rows)
        self._requests += 1
        headers |= {"ApiKey": KEY, "Idempotency-Key": f"{self._name}-{self._requests}"}
        if self._rng.random() < 0.05:
            self._cut(path, body, headers)
            self._ledger.note(numbers, self._ledger.cut)
            return
        self._settle(numbers, path, body, headers)

    def _choose_size(self) -> int:
        kind = self._rng.random()
        if kind < LARGE_SHARE:
            return self._rng.randint(*LARGE_BATCH)
        return self._rng.randint(2, MAX_BATCH) if kind < 0.5 else 1

    def _form(self, rows: list[dict[str, Any]]) -> tuple[str, bytes, dict[str, str]]:
        if len(rows) == 1:
            return "/api/Log", json.dumps(rows[0]).encode(), {"Content-Type": "application/json"}
        if self._rng.random() < 0.5:
            return "/api/Logs", json.dumps(rows).encode(), {"Content-Type": "application/json"}
        lines = "\n".join(map(json.dumps, rows)).encode()
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        return "/api/Logs", gzip.compress(lines, 1), headers

    def _settle(self, numbers: list[int], path: str, body: bytes, headers: dict[str, str]) -> None:
        """Send until there is an answer that counts, or until the patience is over."""
        may_be_stored = False
        while True:
            status, answer = self._post(path, body, headers)
            if status in (200, 207):
                ids = answer["MessageIds"] if "MessageIds" in answer else [answer["MessageId"]]
                self._ledger.note_ids(numbers, ids)
                return
            may_be_stored |= status == 0
            if status not in (0, 429, 503) or self._rng.random() < 0.2:
                outcome = self._ledger.abandoned if may_be_stored else self._ledger.refused
                self._ledger.note(numbers, outcome)
                return
            time.sleep(self._rng.uniform(0.05, 0.5))

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            self._ledger.note_status(0)
            self._connection.close()
            self._connection = self._connect()
            return 0, None
        self._ledger.note_status(answer.status)
        return answer.status, json.loads(told) if answer.status in (200, 207) else None

    def _cut(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Begin a request and leave in the middle of its body."""
        head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._chaos.served.port), 5) as connection,
        ):
            begun = body[: self._rng.randrange(len(body))]
            connection.sendall("\r\n".join([*head, "", ""]).encode() + begun)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._chaos.served.port, timeout=ANSWER_S)


class Chaos:
    """A server, those who send to it, and what is done to it."""

    def __init__(self, folder: Path, seed: int, say: Callable[[str], None] = print) -> None:
        self.seed = seed
        self.done: Counter[str] = Counter()
        self._rounds = 0
        self._begin_round()
        self._say = say
        self._rng = random.Random(seed)
        self._disk = folder / "disk"
        self._disk.mkdir()
        self._is_small_disk = mount_small_disk(self._disk, DISK_BYTES)
        self._shim = Shim(folder) if has_compiler() else None
        self.served = Served(
            self._disk / "data",
            workers=WORKERS,
            environment=self._shim.environment if self._shim else None,
            min_free_disk_bytes=MIN_FREE_BYTES,
        )
        self.served.log = folder / "server.log"

    def __enter__(self) -> Self:
        self.served.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.served.is_running:
            self.served.kill_everything()
        if self._is_small_disk:
            unmount(self._disk)

    def _begin_round(self) -> None:
        """A word and a ledger of its own: a long run is accounted for minute by minute."""
        self._rounds += 1
        mark = hashlib.sha256(f"{self.seed}.{self._rounds}".encode()).hexdigest()
        self.word = f"chaos{mark[:12]}"
        self.ledger = Ledger()
        self.is_over = threading.Event()

    def message(self, number: int) -> dict[str, Any]:
        """The message of a number: everything in it follows from the number."""
        check = hashlib.sha256(f"{self.word}{number}".encode()).hexdigest()
        return {
            "Message": f"{self.word} number {number}: schön \N{SNOWMAN} {check[:8]}",
            "Severity": number % SEVERITIES,
            "Application": "chaos",
            "Properties": {"Number": number, "Check": check},
        }

    def run(self, seconds: float) -> list[str]:
        """Break things for a while, and account for everything; gives the accounts."""
        accounts = []
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 1:
            self._run_round(min(left, ROUND_S))
            accounts.append(self.check())
            self._say(accounts[-1])
            self._begin_round()
        return accounts

    def _run_round(self, seconds: float) -> None:
        """Break things for a while under load, then let everybody finish."""
        senders = [threading.Thread(target=Sender(self, n).run) for n in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        ends = time.monotonic() + seconds
        try:
            while time.monotonic() < ends:
                time.sleep(self._rng.uniform(0.3, 2.0))
                self._break_something()
        finally:
            self._heal()
            self.is_over.set()
            for sender in senders:
                sender.join()

    def check(self) -> str:
        """Everything adds up; gives the account in words."""
        ledger = self.ledger
        found: list[dict[str, Any]] = []

        def is_complete() -> bool:
            try:
                found[:] = self.served.search(self.word)
            except AssertionError as error:  # it says nothing of what is stored
                self._say(f"a search failed: {str(error)[:300]}")
                return False
            return {event["id"] for event in found} >= set(ledger.acknowledged.values())

        wait_until(self._is_empty, LEFT_ALONE_S, lambda: "the spools do not empty")
        with contextlib.suppress(AssertionError):  # what is missing is told below, by number
            wait_until(is_complete, LAST_INSERTS_S)
        stored: dict[int, dict[str, Any]] = {e["properties"]["Number"]: e for e in found}
        twice = [n for n, times in Counter(e["properties"]["Number"] for e in found).items()
                 if times > 1]  # fmt: skip
        lost = [n for n, i in ledger.acknowledged.items() if stored.get(n, {}).get("id") != i]
        never = (ledger.refused | ledger.rejected | ledger.cut) & stored.keys()
        changed = [n for n, event in stored.items() if not self._is_as_sent(n, event)]
        unknown = stored.keys() - ledger.acknowledged.keys() - ledger.abandoned
        account = (
            f"sent {ledger.sent} = stored once {len(ledger.acknowledged)} + refused "
            f"{len(ledger.refused)} + wrong {len(ledger.rejected)} + cut {len(ledger.cut)} + "
            f"given up without an answer {len(ledger.abandoned)} "
            f"(of these stored {len(ledger.abandoned & stored.keys())}); "
            f"answers {dict(ledger.statuses)}; broken {dict(self.done)}; seed {self.seed}"
        )
        faults = {"twice": twice, "lost": lost, "stored though refused": sorted(never),
                  "changed": changed, "unknown": sorted(unknown)}  # fmt: skip
        assert not any(faults.values()), f"{faults}\n{account}\n{self.served.log.read_text()}"
        outcomes = (ledger.refused, ledger.rejected, ledger.cut, ledger.abandoned)
        assert ledger.sent == len(ledger.acknowledged) + sum(map(len, outcomes)), account
        assert set(ledger.statuses) <= {0, 200, 207, 429, 503}, account
        return account

    def _is_empty(self) -> bool:
        text = self.served.get("/metrics").body.decode()
        lines = [line for line in text.splitlines() if line.startswith("logster_spool_events{")]
        return bool(lines) and all(float(line.rpartition(" ")[2]) == 0 for line in lines)

    def _is_as_sent(self, number: int, event: dict[str, Any]) -> bool:
        sent = self.message(number)
        names = ("Message", "Severity", "Application", "Properties")
        return all(event[name.lower()] == sent[name] for name in names)

    # -- what can be done to a server ----------------------------------------------------------

    def _break_something(self) -> None:
        faults: dict[str, tuple[float, Callable[[], None]]] = {
            "kill a worker": (4, self._kill_worker),
            "kill the engine": (3, self._kill_engine),
            "kill the supervisor": (0.7, self._kill_supervisor),
            "kill everything": (1, self._kill_everything),
            "freeze the engine": (1, lambda: self._freeze("logster.store.embedded.process", 3)),
            "freeze a worker": (1, lambda: self._freeze("logster.serve.worker", 1)),
        }
        if self._shim:
            faults["slow disk"] = (2, self._slow_disk)
            faults["wrong clock"] = (1, self._shift_clock)
        if self._is_small_disk:
            faults["full disk"] = (1.5, self._fill_disk)
        name = self._rng.choices(list(faults), [weight for weight, _ in faults.values()])[0]
        self.done[name] += 1
        self._say(f"{name}; acknowledged so far: {len(self.ledger.acknowledged)}")
        faults[name][1]()

    def _kill_worker(self) -> None:
        if workers := self.served.workers:
            _kill(self._rng.choice(workers))

    def _kill_engine(self) -> None:
        for pid in self.served.children("logster.store.embedded.process"):
            _kill(pid)

    def _kill_supervisor(self) -> None:
        """Its parts end by themselves; those that take too long are killed as well."""
        parts = self.served.children("")
        self.served.kill_supervisor()
        patience = time.monotonic() + self._rng.uniform(0, 4)
        while time.monotonic() < patience and any(map(_lives, parts)):
            time.sleep(0.05)
        for pid in parts:
            _kill(pid)
        wait_until(lambda: not any(map(_lives, parts)), 30)
        self.served.start()

    def _kill_everything(self) -> None:
        self.served.kill_everything()
        self.served.start()

    def _freeze(self, module: str, seconds: float) -> None:
        pids = self.served.children(module)
        if not pids:
            return
        pid = self._rng.choice(pids)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(self._rng.uniform(0.1, seconds))
            os.kill(pid, signal.SIGCONT)

    def _slow_disk(self) -> None:
        """Stays until the next time; syncs of a second and more happen on real disks."""
        assert self._shim is not None
        self._shim.slow_syncs(self._rng.choice((0, 0, 20, 100, 400)))

    def _shift_clock(self) -> None:
        assert self._shim is not None
        self._shim.shift_clock(self._rng.choice((0, -3600, 3600, 5, -5)))

    def _fill_disk(self) -> None:
        """Nothing left at all, or less than the setting asks for."""
        with filled(self._disk, self._rng.choice((0, MIN_FREE_BYTES // 2))):
            time.sleep(self._rng.uniform(0.5, 3))

    def _heal(self) -> None:
        if self._shim:
            self._shim.slow_syncs(0)
            self._shim.shift_clock(0)
        self.served.wait_until_ready()

    def describe(self) -> Iterator[str]:
        """What cannot be tried on this machine."""
        if not self._shim:
            yield "no slow disk and no wrong clock: there is no C compiler"
        if not self._is_small_disk:
            yield "no full disk: mounting a small one needs root"


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def run_chaos(seconds: float, seed: int, say: Callable[[str], None] = print) -> list[str]:
    """One whole run on a folder of its own; gives the accounts."""
    say(f"chaos for {seconds:g} s with seed {seed}")
    with (
        tempfile.TemporaryDirectory(prefix="logster-chaos-") as folder,
        Chaos(Path(folder), seed, say) as chaos,
    ):
        for text in chaos.describe():
            say(text)
        return chaos.run(seconds)


def main() -> None:
    """`make chaos`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args()
    accounts = run_chaos(chosen.minutes * 60, chosen.seed)
    sys.stdout.write(f"everything adds up, {len(accounts)} times\n")


if __name__ == "__main__":
    main()
