"""Who has ended the engine with a question in SQL: the second time in an hour closes it to them.

In: the name of an account or a key, when its question could not be stopped. Out: until when it may
ask nothing more. Promise: known to all workers, since the engine alone keeps it; on the disk before
the engine ends, and bounded.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

#: Two strikes within this time close raw SQL, for this time.
WINDOW_S = 3600
MAX_STRIKES = 2
#: Of so many names strikes are kept, the newest ones.
MAX_ASKERS = 1_000


class Lockout:
    """The strikes of the last hours, in one small file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._times = _load(file)

    def record(self, asker: str) -> bool:
        """Count one; whether raw SQL is closed to them now."""
        now = time.time()
        self._times[asker] = [*self._known(asker, now), now]
        for name in list(self._times):
            if not (times := self._known(name, now)):
                del self._times[name]
            else:
                self._times[name] = times
        newest = sorted(self._times, key=lambda name: self._times[name][-1])[-MAX_ASKERS:]
        self._times = {name: self._times[name] for name in newest}
        with contextlib.suppress(OSError):  # on a full disk it is not kept, and the engine ends
            self._store()
        return self.closed_until(asker) is not None

    def closed_until(self, asker: str) -> float | None:
        """When raw SQL is open to them again, in seconds since 1970; None when it is open."""
        now = time.time()
        times = self._known(asker, now)
        for first, last in zip(times, times[MAX_STRIKES - 1 :], strict=False):
            if last - first <= WINDOW_S and now < last + WINDOW_S:
                return last + WINDOW_S
        return None

    def _known(self, asker: str, now: float) -> list[float]:
        """The strikes that can still matter; a clock that was put back makes none last longer."""
        return [
            at for at in self._times.get(asker, []) if now - MAX_STRIKES * WINDOW_S < at <= now + 1
        ]

    def _store(self) -> None:
        new = self._file.with_suffix(".new")
        with new.open("wb") as writer:
            writer.write(msgspec.json.encode(self._times))
            writer.flush()
            os.fsync(writer.fileno())
        new.rename(self._file)


def _load(file: Path) -> dict[str, list[float]]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, list[float]])
    except (OSError, msgspec.MsgspecError):
        return {}
