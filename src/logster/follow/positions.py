"""The state file: how far each file was read, kept over restarts.

In: positions behind lines that are safe where they went. Out: the same after a crash.
Promise: the file is replaced as a whole and synced; one that cannot be understood is set
aside and told, never guessed from; two who follow never write one file.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import msgspec

from logster.errors import LogsterError
from logster.follow.folders import reason_of
from logster.follow.position import WINDOW_BYTES, FileId, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: A file may be out of sight for so long (a disk that is not mounted) and is still known.
KEPT_S = 30 * 24 * 3600
#: More are forgotten, the longest unseen first: the file is written anew with every batch.
MAX_KEPT = 20_000
#: No file is longer.
MAX_OFFSET = 2**63 - 1


class StateError(LogsterError):
    """The state file cannot be used; the message says what to do."""


class _Entry(Position, frozen=True, kw_only=True):
    seen_at: int = 0

    def __post_init__(self) -> None:
        """Refuse what no follower has written: reading at it would fail, run after run."""
        if not 0 <= self.window <= min(self.offset, WINDOW_BYTES) or self.offset > MAX_OFFSET:
            raise ValueError("a position is out of its range")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError as error:
                raise ValueError(str(error)) from None


class _State(msgspec.Struct, kw_only=True):
    version: Literal[1] = 1
    files: list[_Entry]


class Positions:
    """The positions of one follower; without a path they are kept in memory alone."""

    def __init__(self, path: Path | None = None, say: Callable[[str], None] = print) -> None:
        """`say` hears what people should know."""
        self._path = path
        self._say = say
        self._lock: int | None = None
        self._entries: dict[FileId, _Entry] = {}
        self._is_failing = False
        #: Whether there was a state to go on from.
        self.is_resumed = False

    def __enter__(self) -> Self:
        if self._path:
            self._take_lock(self._path)
            self._load(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def get(self, file: FileId) -> Position | None:
        """How far a file was read."""
        return self._entries.get(file)

    def values(self) -> list[Position]:
        """All of them."""
        return list(self._entries.values())

    def record(self, positions: Iterable[Position]) -> None:
        """Keep these, durably when this returns."""
        now = int(time.time())
        self._entries |= {
            position.id: _Entry(**msgspec.structs.asdict(position), seen_at=now)
            for position in positions
        }
        if self._path:
            self._prune(now)
            self._save(self._path)

    def forget(self, file: FileId) -> None:
        """Drop a position that is no longer true; the next `record` writes it."""
        self._entries.pop(file, None)

    def see(self, files: Iterable[FileId]) -> None:
        """Note that these are still there; the next `record` writes it."""
        now = int(time.time())
        for file in files:
            entry = self._entries.get(file)
            if entry and now - entry.seen_at > KEPT_S // 30:
                self._entries[file] = msgspec.structs.replace(entry, seen_at=now)

    def _prune(self, now: int) -> None:
        entries = self._entries
        if len(entries) > MAX_KEPT:
            newest = sorted(entries, key=lambda file: entries[file].seen_at)[-MAX_KEPT:]
            self._entries = entries = {file: entries[file] for file in newest}
        old = [file for file, entry in entries.items() if now - entry.seen_at > KEPT_S]
        for file in old:
            del entries[file]

    def _take_lock(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(
                f"The positions cannot be kept in {path}: {reason_of(error)}. "
                "Name another file with --state, or go without by --no-state."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            self._lock = None
            if not isinstance(error, BlockingIOError):
                raise StateError(
                    f"The state file {path} cannot be locked: {reason_of(error)}. "
                    "Name one on a local disk with --state."
                ) from None
            raise StateError(
                f"Another process follows with the state file {path}. "
                "End it, or give this one a file of its own with --state."
            ) from None

    def _load(self, path: Path) -> None:
        try:
            state = msgspec.json.decode(path.read_bytes(), type=_State)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StateError(
                f"The state file {path} cannot be read: {reason_of(error)}. "
                "Make it readable, or name another one with --state."
            ) from None
        except ValueError as error:
            aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%dT%H%M%S')}")
            path.rename(aside)
            self._say(
                f"The state file {path} cannot be understood ({error}) and is now {aside}. "
                "Where following had stopped is not known: files are read from their beginning."
            )
            return
        self._entries = {entry.id: entry for entry in state.files}
        self.is_resumed = True

    def _save(self, path: Path) -> None:
        body = msgspec.json.encode(_State(files=list(self._entries.values())))
        try:
            _replace(path, body)
        except OSError as error:
            if not self._is_failing:
                self._say(
                    f"The state file {path} cannot be written: {reason_of(error)}. Lines are sent "
                    "on; should this program end before it can, they are sent again."
                )
            self._is_failing = True
        else:
            self._is_failing = False


def _replace(path: Path, body: bytes) -> None:
    """Write a file as a whole: after a crash it is the old one or the new one."""
    fresh = f"{path}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        written = 0
        while written < len(body):
            written += os.write(descriptor, body[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    Path(fresh).replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
