"""Senders that note what was acknowledged, for tests that break things under load."""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import secrets
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from support.served import KEY, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.served import Served

#: A batch of this size or more goes as packed lines, a smaller one as an array.
MIN_LINES = 50
#: Every so often such a connection sends one that is spooled as a block of its own.
LARGE_BATCH = 700
LARGE_EVERY = 20


class Senders:
    """Several connections that post numbered messages until told to stop; nothing is resent."""

    def __init__(
        self, served: Served, batches: Sequence[int] = (1, 1, 20, 50), pause_s: float = 0.0
    ) -> None:
        """`batches` has one number for each connection: 1 for single messages."""
        self._pause_s = pause_s
        self.word = f"run{secrets.token_hex(6)}"
        self.acknowledged: dict[str, int] = {}
        self.statuses: Counter[int] = Counter()
        self.slowest_s = 0.0
        self._served = served
        self._next = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in batches]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _send(self, batch: int) -> None:
        connection = self._connect()
        for request in itertools.count(1):
            if self._stopping.is_set():
                break
            is_large = batch >= MIN_LINES and request % LARGE_EVERY == 0
            numbers = self._take_numbers(LARGE_BATCH if is_large else batch)
            started = time.monotonic()
            try:
                connection.request("POST", *self._request(numbers))
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self._count(0)
                connection.close()
                connection = self._connect()
                time.sleep(0.05)
                continue
            self._count(answer.status)
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
            if answer.status == 200:
                self._note(json.loads(body), numbers)
                time.sleep(self._pause_s)
            else:
                time.sleep(0.05)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._served.port, timeout=60)

    def _request(self, numbers: range) -> tuple[str, bytes, dict[str, str]]:
        rows = [
            {"Message": f"{self.word} number {number}", "Severity": 2, "Number": number}
            for number in numbers
        ]
        headers = {"ApiKey": KEY, "Content-Type": "application/json"}
        if len(rows) == 1:
            return "/api/Log", json.dumps(rows[0]).encode(), headers
        if len(rows) < MIN_LINES:
            return "/api/Logs", json.dumps(rows).encode(), headers
        lines = "\n".join(map(json.dumps, rows)).encode()
        headers = {**headers, "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        return "/api/Logs", gzip.compress(lines, 1), headers

    def _take_numbers(self, count: int) -> range:
        with self._lock:
            first = self._next
            self._next += count
        return range(first, first + count)

    def _count(self, status: int) -> None:
        with self._lock:
            self.statuses[status] += 1

    def _note(self, answer: dict[str, Any], numbers: range) -> None:
        ids = answer.get("MessageIds") or [answer["MessageId"]]
        with self._lock:
            self.acknowledged.update(zip(map(str, ids), numbers, strict=True))

    def check_everything_is_found_once(self, timeout_s: float = 60) -> int:
        """Every acknowledged message is found, once, with its content; gives their number."""
        found: list[dict[str, Any]] = []

        def are_all_found() -> bool:
            # Not by their number: of a request that was cut short, events may be there as well.
            found[:] = self._served.search(self.word)
            return self.acknowledged.keys() <= {event["id"] for event in found}

        wait_until(are_all_found, timeout_s, lambda: self._tell_lost(found))
        ids = Counter(event["id"] for event in found)
        numbers = Counter(event["properties"]["Number"] for event in found)
        assert max(ids.values()) == max(numbers.values()) == 1
        by_id = {event["id"]: event["properties"]["Number"] for event in found}
        lost = {i: n for i, n in self.acknowledged.items() if by_id.get(i) != n}
        assert lost == {}
        return len(self.acknowledged)

    def _tell_lost(self, found: list[dict[str, Any]]) -> str:
        lost = self.acknowledged.keys() - {event["id"] for event in found}
        return f"{len(lost)} of {len(self.acknowledged)} are lost, {sorted(lost)[:3]} among them"
