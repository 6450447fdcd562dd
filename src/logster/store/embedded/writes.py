"""Whether all writes of the built-in engine have reached the disk, and the end when one has not.

In: the engine's own count of writes that failed. Out: nothing, or the end of this process.
Promise: after a `check` that returns, no write had failed when it was called; who answers only
then never acknowledges what was cut. What nobody waits for is looked at every second.

Ending without a word to anybody is the answer that every caller understands, and what a start
makes right again is made right for all causes of an end alike (store/embedded/recovery).
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from logster import serverlog

if TYPE_CHECKING:
    from collections.abc import Callable

#: Much less than the `old_parts_lifetime` of 30 s (sql/001_events.sql).
LOOK_S = 1.0
#: An engine that cannot be asked for so often may hold anything.
TRIES, TRY_AGAIN_S = 10, 0.5
SAYING_S = 1.0

FAILED = (
    "the disk is full or faulty: a write has failed. The engine ends and is started again, "
    "without what was cut; that is stored again, or is still there as it was before it was merged."
)


class WriteWatch:
    """Looks at the count of failed writes, when asked and every second. Thread-safe."""

    def __init__(self, count_failed: Callable[[], int]) -> None:
        self._count_failed = count_failed
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Look every second, in a thread, until `close`."""
        threading.Thread(target=self._watch, name="writes", daemon=True).start()

    def check(self) -> None:
        """End the process when a write has failed, or when nobody can tell."""
        with self._lock:
            if not self._is_over.is_set() and (fault := self._find_fault()):
                end_process(fault)

    def close(self) -> None:
        """Look a last time; the engine is not asked any more after it."""
        self.check()
        with self._lock:
            self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(LOOK_S):
            self.check()

    def _find_fault(self) -> str:
        """Why the process must end; empty when it need not."""
        reason = ""
        for _ in range(TRIES):
            try:
                return FAILED if self._count_failed() else ""
            except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
                reason = str(error)
                time.sleep(TRY_AGAIN_S)
        return f"the engine does not say whether its writes have failed, and ends: {reason}"


def end_process(reason: str) -> NoReturn:
    """End at once, whoever waits; the supervisor starts the engine again."""
    try:
        # Beside: what reads these lines may stand still, or be on the same full disk.
        saying = threading.Thread(target=say, args=(reason,), daemon=True)
        saying.start()
        saying.join(SAYING_S)
    finally:
        os._exit(os.EX_IOERR)


def say(text: str) -> None:
    """One line for the operator, in the engine's name."""
    serverlog.say("engine", text)
