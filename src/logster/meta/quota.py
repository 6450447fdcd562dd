"""How much each key has sent: one count for all workers of a machine, in a file of the data folder.

In: a key with its limits, and what it brings. Out: nothing, or a `KeyLimitError` that says when to
try again. Promise: a body is taken whole or not at all; in any time a key brings no more
than its burst, its rate times that time, and one body. What it has sent in a day (of UTC) is
known after a restart, too. A file that cannot be used limits nobody, and the log says so.

Events flow out of a bucket that the rate fills up. While an event is in it a body is taken, and
the bucket may owe for it afterwards: so a batch larger than the burst is taken now and then, and
not refused for ever. A record of the file is 32 bytes at the place of the key's id; it is read and
written under one lock, which the kernel gives back when its holder dies. That takes 20 µs or less.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import math
import os
import struct
import time
from typing import TYPE_CHECKING

from logster.errors import KeyLimitError
from logster.event import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from logster.meta.grants import Grant
    from logster.meta.key_settings import KeySettings

log = logging.getLogger(__name__)

FILE_NAME = "quota.bin"
DAY_S = 86_400
#: The lock is held for 20 µs, and waited for in the event loop.
MAX_WAIT_S = 0.5
LOOK_AGAIN_S = 0.000_1
#: More than any body has: who owes more owes it to a sick disk.
MAX_DEBT = 10_000_000

#: When the bucket was looked at (nanoseconds since 1970), events in it, the day and its bytes.
_RECORD = struct.Struct("<qdqq")
_EMPTY = bytes(_RECORD.size)


class Quota:
    """The counts of all keys of this machine."""

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = folder / FILE_NAME
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, 0o600)
        self._clock = clock
        self._is_failing = False

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def check(self, grant: Grant) -> None:
        """Refuse a body that is not read yet; raises KeyLimitError."""
        self.take(grant, events=0, size=0)

    def take(self, grant: Grant, *, events: int, size: int) -> None:
        """Count a body of so many events and bytes, or refuse it; raises KeyLimitError."""
        if grant.rules is None or not grant.rules.has_limits:
            return
        settings = grant.rules.settings
        with self._told(), self._locked():
            record = self._read(grant.key)
            record.refill(settings, self._clock())
            record.check(settings, self._clock())
            if events or size:
                record.events -= events
                record.size += size
                self._write(grant.key, record)

    def give_back(self, grant: Grant, *, events: int, size: int) -> None:
        """Count a body no more, which could not be kept."""
        if grant.rules is None or not grant.rules.has_limits:
            return
        with self._told(), self._locked():
            record = self._read(grant.key)
            record.events += events
            record.size = max(record.size - size, 0)
            self._write(grant.key, record)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock()
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _lock(self) -> None:
        """Wait for it as long as the others need it; not for one that is stopped meanwhile."""
        until = time.monotonic() + (0 if self._is_failing else MAX_WAIT_S)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    told = "another worker does not give its lock back"
                    raise TimeoutError(errno.ETIMEDOUT, told) from None
                time.sleep(LOOK_AGAIN_S)
            else:
                return

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A sick disk must not keep events out."""
        try:
            yield
        except OSError as error:
            if not self._is_failing:
                log.warning("What keys send is not limited now: %s: %s", self._path, error.strerror)
            self._is_failing = True
        else:
            self._is_failing = False

    def _read(self, key: int) -> _Record:
        return _record_of(os.pread(self._file, _RECORD.size, key * _RECORD.size))

    def _write(self, key: int, record: _Record) -> None:
        os.pwrite(self._file, record.packed(), key * _RECORD.size)


class _Record:
    """What is known of one key."""

    __slots__ = ("at", "day", "events", "size")

    def __init__(self, at: int, events: float, day: int, size: int) -> None:
        self.at = at
        self.events = events
        self.day = day
        self.size = size

    def packed(self) -> bytes:
        return _RECORD.pack(self.at, self.events, self.day, self.size)

    def refill(self, settings: KeySettings, now: int) -> None:
        """Bring it to this moment; a clock that was set back fills nothing and empties nothing."""
        if settings.events_per_second is not None:
            burst = burst_of(settings)
            passed_s = max(now - self.at, 0) / NS_PER_S
            filled = min(self.events + passed_s * settings.events_per_second, burst)
            self.events = filled if filled > -MAX_DEBT else burst
        self.at = now
        if self.day != now // NS_PER_S // DAY_S:
            self.day, self.size = now // NS_PER_S // DAY_S, 0

    def check(self, settings: KeySettings, now: int) -> None:
        """Refuse more while the bucket is empty, or the day's bytes are used up."""
        limit = settings.daily_bytes
        if limit is not None and self.size >= limit:
            wait_s = DAY_S - now // NS_PER_S % DAY_S
            raise KeyLimitError(
                f"This key has sent {self.size} of {limit} bytes today; more is taken from 00:00 "
                f"UTC on, in {wait_s} s (an administrator may raise the key's daily_bytes).",
                wait_s,
                "daily_bytes",
            )
        rate = settings.events_per_second
        if rate is not None and self.events < 1:
            wait_s = max(math.ceil((1 - self.events) / rate), 1)
            raise KeyLimitError(
                f"This key may send {rate:g} events a second, {burst_of(settings)} at once, and "
                f"has sent more; try again in {wait_s} s (an administrator may raise the key's "
                "events_per_second or burst_events).",
                wait_s,
                "rate",
            )


def burst_of(settings: KeySettings) -> int:
    """How many events may come at once: as many as in a second, unless it is set."""
    return settings.burst_events or max(math.ceil(settings.events_per_second or 1), 1)


def find_used_bytes(folder: Path, keys: list[int]) -> dict[int, int]:
    """What keys with `daily_bytes` have sent today, in bytes; for people, so without a lock."""
    today = time.time_ns() // NS_PER_S // DAY_S
    try:
        file = os.open(folder / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return dict.fromkeys(keys, 0)
    try:
        records = {
            key: _record_of(os.pread(file, _RECORD.size, key * _RECORD.size)) for key in keys
        }
    except OSError:
        return dict.fromkeys(keys, 0)
    finally:
        os.close(file)
    return {key: record.size if record.day == today else 0 for key, record in records.items()}


def _record_of(packed: bytes) -> _Record:
    return _Record(*_RECORD.unpack(packed if len(packed) == _RECORD.size else _EMPTY))
