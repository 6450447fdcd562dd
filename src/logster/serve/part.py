"""One process of the server, kept running until it is stopped.

In: a module of ours. Out: a process that runs it, again and again.
Promise: it restarts however often it dies, later and later while it dies at once; it sees the
end of its standard input when the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from logster import serverlog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A part that dies within this time of its start is not well: it waits before the next try.
SHORT_LIFE_S = 5.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0


class Part:
    """One process of the server, kept running until it is stopped."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], grace_s: float) -> None:
        self.name = name
        self._command = [sys.executable, "-m", module, *arguments]
        self._grace_s = grace_s
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._start_after = 0.0

    @property
    def pid(self) -> int | None:
        """Its process, while it has one."""
        return self._process.pid if self._process else None

    def look_after(self, environment: Mapping[str, str]) -> int | None:
        """Start it when it does not run; gives the pid of a process found dead."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_after:
                self._start(environment)
            return None
        code = self._process.poll()
        if code is None:
            return None
        dead = self._process.pid
        self._close_stdin()
        self._process = None
        is_short = now - self._started_at < SHORT_LIFE_S
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S) if is_short else FIRST_PAUSE_S
        self._start_after = now + (self._pause_s if is_short else 0.0)
        say(f"{self.name} (pid {dead}) ended with {describe_exit(code)}; starting it again.")
        return dead

    def ask_to_stop(self) -> None:
        """Begin its end."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait_until_stopped(self) -> bool:
        """Wait for its end, and force it when it takes too long; True when it ended by itself."""
        if self._process is None:
            return True
        try:
            code = self._process.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not stop within {self._grace_s:g} s and was killed.")
            self._process.kill()
            self._process.wait()
            return False
        finally:
            self._close_stdin()
        return code == 0

    def _start(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            self._command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            # Ctrl-C goes to the supervisor alone: it knows the order.
            start_new_session=True,
        )
        self._started_at = time.monotonic()

    def _close_stdin(self) -> None:
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def say(text: str) -> None:
    """One line for the operator."""
    serverlog.say("logster", text)
