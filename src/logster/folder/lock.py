"""The lock of a data folder: one server alone has it, and others can ask for its address.

In: the path of a folder. Out: the lock, or a `ConfigError`; the address of who has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from logster.errors import ConfigError
from logster.folder.place import ELSEWHERE, LOCK_NAME, explain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: `find_server` of another process has the lock for a moment, too.
_MAX_LOOK_S = 0.3
_LOOK_S = 0.02


@contextlib.contextmanager
def lock_folder(folder: Path, address: str = "") -> Iterator[None]:
    """Be the only server of a data folder; the lock tells others the server's address."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        lock = os.open(folder / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be used: {explain(folder, error)}"
        ) from None
    try:
        _have_alone(lock, folder)
        with contextlib.suppress(OSError):  # a full disk is no reason not to start
            os.ftruncate(lock, 0)
            os.pwrite(lock, address.encode(), 0)
        yield
    finally:
        os.close(lock)


def _have_alone(lock: int, folder: Path) -> None:
    deadline = time.monotonic() + _MAX_LOOK_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"Another Logster runs with the data folder {folder}; stop it, or choose "
                    "another folder with --data."
                ) from None
        except OSError as error:
            raise ConfigError(
                f"The data folder {folder} cannot be locked: {error.strerror}. Its file system "
                f"must know locks. {ELSEWHERE}"
            ) from None
        time.sleep(_LOOK_S)


def find_server(folder: Path) -> str | None:
    """The address of the server that runs with this folder, "" when unknown; None: none runs."""
    try:
        lock = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 1000, 0).decode(errors="replace")
    except OSError:
        return None
    finally:
        os.close(lock)
    return None
