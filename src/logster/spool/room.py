"""How much a spool takes, and how soon there will be more room.

In: what is on disk and what is on its way there, by owner; when the drain takes and forgets.
Out: a refusal that says which limit was reached and when to come again.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from logster.errors import SpoolDamagedError, SpoolFullError
from logster.spool.file import RETRY_AFTER_S, free_bytes

if TYPE_CHECKING:
    from logster.spool.file import SpoolFile

#: How often the free space of the disk is asked for; a second of full flood is about 100 MB.
DISK_LOOK_S = 0.5

#: More events than this are not found within a second, beside merges and questions.
MAX_BEHIND_EVENTS = 75_000
#: A drain that is at one step for so long waits for the store; nobody should wait for it, and
#: its last speed says nothing any more.
STANDSTILL_S = 5.0
#: However slow the drain is, looking again costs little.
MAX_RETRY_AFTER_S = 60


class Room:
    """The room of one spool. What waits to be written is counted by the thread of the loop."""

    def __init__(self, file: SpoolFile, max_bytes: int) -> None:
        self._file = file
        self.max_bytes = max_bytes
        self._waiting_bytes = 0
        self._waiting_by: dict[int, int] = {}
        self._free_bytes = 0
        self._looked_at = 0.0
        self._taken_at = self._forgot_at = time.monotonic()
        self._drained_per_s = 0.0

    def check(self, size: int) -> None:
        """Raise SpoolFullError when `size` more bytes do not fit, or when the disk is full."""
        if self._file.fault:
            raise SpoolDamagedError(self._file.fault, RETRY_AFTER_S)
        excess = self.held_bytes + size - self.max_bytes
        if excess > 0:
            raise SpoolFullError(
                f"The spool holds {self._file.tally.bytes} of {self.max_bytes} bytes because the "
                "store is slower than the senders or away; try again later "
                "(an operator may raise LOGSTER_MAX_SPOOL_BYTES).",
                self.retry_after_s(excess),
            )
        now = time.monotonic()
        if now - self._looked_at > DISK_LOOK_S:
            self._looked_at = now
            with contextlib.suppress(OSError):  # a folder that is gone is said by `is_sound`
                self._free_bytes = free_bytes(self._file.path)
        # The free pages of the file are no room: on a disk that is short they are on their way
        # back to it, since the store needs them first.
        min_free_bytes = self._file.min_free_bytes
        if self._free_bytes < min_free_bytes + size:
            raise SpoolFullError(
                f"The disk of the spool has {self._free_bytes} bytes left; new events are refused "
                f"below {min_free_bytes} (LOGSTER_MIN_FREE_DISK_BYTES).",
                max(self.retry_after_s(size), RETRY_AFTER_S),
            )

    def look_again(self) -> None:
        """Ask for the free space of the disk at the next check: a write has failed."""
        self._looked_at = 0.0

    # -- what is held ---------------------------------------------------------------------

    def enter(self, owner: int, size: int) -> None:
        """Count what waits to be written."""
        self._waiting_bytes += size
        self._waiting_by[owner] = self._waiting_by.get(owner, 0) + size

    def leave(self, owner: int, size: int) -> None:
        """Count it no more: it is written, or was refused."""
        self._waiting_bytes -= size
        self._waiting_by[owner] -= size
        if not self._waiting_by[owner]:
            del self._waiting_by[owner]

    @property
    def held_bytes(self) -> int:
        """Bytes on disk and on their way to it."""
        return self._file.tally.bytes + self._waiting_bytes

    def held_by(self, owner: int) -> int:
        """What an owner has of them."""
        return self._file.tally.held.get(owner, 0) + self._waiting_by.get(owner, 0)

    # -- the speed of the drain -----------------------------------------------------------

    def record_take(self, taken_at: float) -> None:
        """Note when the drain asked for the claim that it has now."""
        self._taken_at = taken_at

    def record_removal(self, size: int) -> None:
        """Note that so many bytes are out of the spool."""
        self._forgot_at = time.monotonic()
        self._drained_per_s = size / max(self._forgot_at - self._taken_at, 0.001)

    @property
    def is_behind(self) -> bool:
        """Whether the store takes what comes, but later than people wish to find it."""
        return self._file.tally.events > MAX_BEHIND_EVENTS and self._step_s < STANDSTILL_S

    @property
    def _step_s(self) -> float:
        """For how long the drain has been at its present step."""
        return time.monotonic() - max(self._taken_at, self._forgot_at)

    def retry_after_s(self, size: int) -> int:
        """In how many seconds there may be room for `size` bytes more, as the drain goes now.

        What has stood still is likely to do so for as long again.
        """
        if (step_s := self._step_s) >= STANDSTILL_S:
            return min(math.ceil(step_s), MAX_RETRY_AFTER_S)
        if not self._drained_per_s:
            return RETRY_AFTER_S
        return min(max(math.ceil(size / self._drained_per_s), 1), MAX_RETRY_AFTER_S)
