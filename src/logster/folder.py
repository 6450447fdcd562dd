"""The data folder: made, found usable, closed to other users, had by one server alone.

In: its path. Out: a lock on it, notes for the operator; `ConfigError`, one sentence, when it
cannot be used.
Promise: nothing is touched that is not Logster's. No link is followed, what belongs to another
user is named and left, and a folder that holds other things keeps its own mode
(docs/decisions/033).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import re
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logster.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What every process of Logster takes away from the mode of a file it makes.
UMASK = 0o077

#: What Logster itself keeps in a data folder: files, and folders with what proves that they are
#: Logster's: `--data /` has a `run`, and `/var` a `spool`, that are everybody's.
_OWN_FILE = re.compile(r"server\.lock|meta\.sqlite.*")  # copies of it, too
_OWN_FOLDERS = {
    "engine": re.compile(r"engine\.(lock|xml)|chdb"),
    "spool": re.compile(r"spool-\d+\.(lock|sqlite)"),
    "run": re.compile(r"metrics"),
}
#: What a file system or a desktop puts into every folder, and nobody would miss.
_HARMLESS = frozenset({"lost+found", ".DS_Store"})

LOCK_NAME = "server.lock"
ELSEWHERE = "Choose another folder with --data or LOGSTER_DATA."

#: Opens whatever it is, a link too, and only to look at it and to change its mode. Closing this
#: keeps the locks of the process; those of SQLite end when any other handle of its file is closed.
_AS_IT_IS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

#: `find_server` of another process has the lock for a moment, too.
_MAX_LOOK_S = 0.3
_LOOK_S = 0.02

#: A note names so many things, and counts the rest.
_MAX_NAMED = 4


def make_folder(folder: Path) -> None:
    """Make it, and what is missing above it; raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be made: {_why(folder, error)}"
        ) from None


def forget_folder(folder: Path) -> None:
    """Take a new folder away again, after a start that failed before anything was kept in it."""
    with contextlib.suppress(OSError):
        (folder / LOCK_NAME).unlink()
    for made in (folder / "run", folder):
        with contextlib.suppress(OSError):
            made.rmdir()


def check_folder(folder: Path, names: list[str]) -> None:
    """See that it, and the folders with these names in it where there are such, can be used."""
    for path in (folder, *(folder / name for name in names)):
        if not os.path.lexists(path):
            continue
        if not path.is_dir():
            raise ConfigError(f"{path} cannot be used: {_why(path, NotADirectoryError())}")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            code = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise ConfigError(f"{path} cannot be used: {_why(path, OSError(code, ''))}")


@contextlib.contextmanager
def lock_folder(folder: Path, address: str = "") -> Iterator[None]:
    """Be the only server of a data folder; the lock tells others the server's address."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        lock = os.open(folder / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be used: {_why(folder, error)}"
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


def close_file(path: Path) -> None:
    """Let nobody else read a file of ours; a link, or what is not ours, stays as it is."""
    with contextlib.suppress(OSError):
        file = os.open(path, _AS_IT_IS)
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                _close(file)
        finally:
            os.close(file)


@dataclass
class _Found:
    """What a walk through the folder met."""

    #: The names at its top that others could have opened, and how many things in all.
    tops: list[str] = field(default_factory=list)
    open_count: int = 0
    #: Not ours, and what could not be closed: the first path, and how many.
    foreign: list[str] = field(default_factory=list)
    stubborn: list[str] = field(default_factory=list)


def close_folder(folder: Path) -> list[str]:
    """Take from all others what they may do in the folder; gives what the operator must know."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        top = os.open(folder, flags)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be used: {_why(folder, error)}"
        ) from None
    try:
        return _close_top(folder, top)
    finally:
        os.close(top)


def _close_top(folder: Path, top: int) -> list[str]:
    before = os.fstat(top)
    names = sorted(os.listdir(top))
    owned = {name: _is_own(top, name) for name in names}
    own = [name for name in names if owned[name]]
    others = [name for name in names if owned[name] is False]
    is_ours = before.st_uid == os.geteuid()
    if is_ours and not others:
        _close(top)  # first, so that nothing below can be opened from now on
    found = _Found()
    for name in own:
        count = found.open_count
        _close_below(top, name, name, found)
        if found.open_count > count:
            found.tops.append(name)
    after = os.fstat(top)
    notes = _notes_on_folder(folder, before, after, others, found)
    return [*notes, *_notes_on_rest(folder, found), *_notes_on_links(folder, own)]


def _is_own(top: int, name: str) -> bool | None:
    """Is this Logster's, or a link to what is? None: it is nobody's, as an empty folder."""
    if name in _HARMLESS or _OWN_FILE.fullmatch(name):
        return name not in _HARMLESS or None
    proof = _OWN_FOLDERS.get(name)
    if not proof:
        return False
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=top)
    except OSError:
        return False
    try:
        names = os.listdir(folder)  # noqa: PTH208 - of a file descriptor
    finally:
        os.close(folder)
    return any(map(proof.fullmatch, names)) if names else None


def _close_below(parent: int, name: str, path: str, found: _Found) -> None:
    """Close one thing, and all in it."""
    info = os.stat(name, dir_fd=parent, follow_symlinks=False)
    is_folder = stat.S_ISDIR(info.st_mode)
    if not is_folder and not stat.S_ISREG(info.st_mode):
        return
    is_open = bool(info.st_mode & UMASK)
    found.open_count += is_open
    if info.st_uid != os.geteuid():
        found.foreign.append(path)
        return
    if not is_open and not is_folder:
        return
    # Not the name but what was opened is changed: nobody can put a link in between.
    file = os.open(name, _AS_IT_IS, dir_fd=parent)
    try:
        if not _close(file):
            found.stubborn.append(path)
        if is_folder:
            _close_all_in(file, path, found)
    finally:
        os.close(file)


def _close_all_in(handle: int, path: str, found: _Found) -> None:
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
    except OSError:
        found.foreign.append(path)
        return
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - of a file descriptor
            with contextlib.suppress(FileNotFoundError):  # an engine may still be ending
                _close_below(folder, name, f"{path}/{name}", found)
    finally:
        os.close(folder)


def _close(file: int) -> bool:
    """Take the rights of others from something of ours that is open; says whether they are gone."""
    info = os.fstat(file)
    if info.st_uid == os.geteuid() and info.st_mode & UMASK:
        with contextlib.suppress(OSError):
            os.chmod(f"/proc/self/fd/{file}", stat.S_IMODE(info.st_mode) & ~UMASK)  # noqa: PTH101
    # Some file systems say yes and keep no modes.
    return not os.fstat(file).st_mode & UMASK


def _notes_on_folder(
    folder: Path, before: Any, after: Any, others: list[str], found: _Found
) -> Iterator[str]:
    if before.st_uid != os.geteuid():
        yield (
            f"{folder} belongs to {_user(before.st_uid)}, and this is {_user(os.geteuid())}: its "
            f"owner can read and remove everything in it, and its mode stays {_mode(before)}. "
            f"Run Logster as {_user(before.st_uid)}, or "
            f"`chown -R {_user(os.geteuid())} {folder}`."
        )
    elif after.st_mode & UMASK and others:
        yield (
            f"{folder} is open to other users (mode {_mode(after)}) and stays so, since it holds "
            f"other things ({_named(others)}); what Logster keeps in it is closed. Better give "
            "Logster a folder of its own with --data."
        )
    elif after.st_mode & UMASK:
        yield (
            f"{folder} is open to other users (mode {_mode(after)}) and cannot be closed: its file "
            f"system keeps no modes. Mount it for one user (uid=, umask=077). {ELSEWHERE}"
        )
    if not before.st_mode & UMASK:
        return  # whatever was open below, nobody else could get there
    if found.tops:
        yield (
            f"{folder} was open to other users of this machine (mode {_mode(before)}), and so was "
            f"what Logster keeps in it: {_named(found.tops)} ({found.open_count:,} in all). It is "
            "closed now; events, accounts and the hashes of keys may have been read before."
        )
    elif not after.st_mode & UMASK:
        yield f"{folder} was open to other users (mode {_mode(before)}); it is closed now (0700)."


def _notes_on_rest(folder: Path, found: _Found) -> Iterator[str]:
    if found.foreign:
        yield (
            f"{len(found.foreign):,} things in {folder} do not belong to {_user(os.geteuid())} "
            f"({_named(found.foreign)}); they are left as they are, and may not be readable for "
            f"Logster. `chown -R {_user(os.geteuid())} {folder}` mends it."
        )
    if found.stubborn:
        yield (
            f"{len(found.stubborn):,} things in {folder} stay open to other users "
            f"({_named(found.stubborn)}): their modes cannot be changed. `chmod -R go= {folder}`."
        )


def _notes_on_links(folder: Path, names: list[str]) -> Iterator[str]:
    for path in (folder / name for name in names):
        if not path.is_symlink():
            continue
        with contextlib.suppress(OSError):  # a link to nowhere is `check_folder`'s
            info = path.stat()
            if info.st_mode & UMASK:
                yield (
                    f"{path} is a link to {path.readlink()}, which is open to other users (mode "
                    f"{_mode(info)}); links are not followed. `chmod -R go= {path.resolve()}`."
                )


def _why(path: Path, error: OSError) -> str:
    """Say what is in the way of a folder, and what to do."""
    place = next(place for place in (path, *path.parents) if os.path.lexists(place))
    # The functions of os.path say no where those of a Path would raise.
    if place.is_symlink() and not os.path.exists(place):  # noqa: PTH110
        target = place.readlink()
        return f"{place} is a link to {target}, and there is nothing. Make it, or mend the link."
    if not os.path.isdir(place):  # noqa: PTH112
        return f"{place} is a file and no folder. {ELSEWHERE}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{_user(os.geteuid())} may not write in {place}{_mend_of(place)} {ELSEWHERE}"
    if error.errno == errno.EROFS:
        return f"{place} is on a disk that is mounted read-only. {ELSEWHERE}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"there is no room on the disk of {place}. Make room. {ELSEWHERE}"
    return f"{error.strerror or error} ({place}). {ELSEWHERE}"


def _mend_of(place: Path) -> str:
    info = place.lstat()
    if info.st_uid == os.geteuid():
        return f", whose mode is {_mode(info)}: `chmod u+rwx {place}`."
    owner = _user(info.st_uid)
    return f", which belongs to {owner}. Run Logster as {owner}, or give it a folder of its own."


def _named(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _mode(info: os.stat_result) -> str:
    return f"{stat.S_IMODE(info.st_mode):04o}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
