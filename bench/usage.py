"""What the processes of a server use: CPU seconds and resident memory, by part.

In: pids by part, asked for anew each time. Out: `Usage`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_S = 0.1
#: At rest: less than this share of a core for a second.
REST_SHARE = 0.05

Parts = dict[str, list[int]]


@dataclass
class Usage:
    """CPU seconds and peak bytes by part; `peak_in_all` is the highest sum at one moment."""

    cpu_s: dict[str, float]
    peak_bytes: dict[str, int]
    peak_in_all: int


class Watch:
    """Follows a server's processes while something runs."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._parts = parts
        self._peak: dict[str, int] = {}
        self._peak_in_all = 0
        self._before = cpu_of(parts())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def usage(self) -> Usage:
        """What was used since the start."""
        after = cpu_of(self._parts())
        spent = {part: after[part] - self._before.get(part, 0.0) for part in after}
        return Usage(spent, dict(self._peak), self._peak_in_all)

    def _follow(self) -> None:
        parts, rounds = self._parts(), 0
        while not self._stopping.wait(LOOK_S):
            rounds += 1
            if rounds % 10 == 0:
                parts = self._parts()  # a part may have been started again
            now = memory_of(parts)
            for part, size in now.items():
                self._peak[part] = max(size, self._peak.get(part, 0))
            self._peak_in_all = max(self._peak_in_all, sum(now.values()))


def wait_for_rest(parts: Callable[[], Parts], timeout_s: float) -> None:
    """Return when the processes have nothing left to do (merges), or after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    before = sum(cpu_of(parts()).values())
    while time.monotonic() < deadline:
        time.sleep(1)
        now = sum(cpu_of(parts()).values())
        if now - before < REST_SHARE:
            return
        before = now


def cpu_of(parts: Parts) -> dict[str, float]:
    """CPU seconds (user and system) so far, by part."""
    return {part: sum(map(_cpu_s, pids)) for part, pids in parts.items()}


def memory_of(parts: Parts) -> dict[str, int]:
    """Resident bytes now, by part."""
    return {part: sum(map(_resident_bytes, pids)) for part, pids in parts.items()}


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += map(int, task.read_text().split())
    return children + [below for child in children for below in descendants(child)]


def command_of(pid: int) -> str:
    """The command line of a process, "" when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0
