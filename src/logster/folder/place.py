"""A data folder is made, and can be used.

In: its path. Out: nothing, or a `ConfigError`: one sentence that says what is in the way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import stat
from typing import TYPE_CHECKING

from logster.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "server.lock"
ELSEWHERE = "Choose another folder with --data or LOGSTER_DATA."


def make_folder(folder: Path) -> None:
    """Make it, and what is missing above it; raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be made: {explain(folder, error)}"
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
            raise ConfigError(f"{path} cannot be used: {explain(path, NotADirectoryError())}")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            code = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise ConfigError(f"{path} cannot be used: {explain(path, OSError(code, ''))}")


def explain(path: Path, error: OSError) -> str:
    """Say what is in the way of a folder, and what to do."""
    place = next(place for place in (path, *path.parents) if os.path.lexists(place))
    # The functions of os.path say no where those of a Path would raise.
    if place.is_symlink() and not os.path.exists(place):  # noqa: PTH110
        target = place.readlink()
        return f"{place} is a link to {target}, and there is nothing. Make it, or mend the link."
    if not os.path.isdir(place):  # noqa: PTH112
        return f"{place} is a file and no folder. {ELSEWHERE}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{user_of(os.geteuid())} may not write in {place}{_mend_of(place)} {ELSEWHERE}"
    if error.errno == errno.EROFS:
        return f"{place} is on a disk that is mounted read-only. {ELSEWHERE}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"there is no room on the disk of {place}. Make room. {ELSEWHERE}"
    return f"{error.strerror or error} ({place}). {ELSEWHERE}"


def _mend_of(place: Path) -> str:
    info = place.lstat()
    if info.st_uid == os.geteuid():
        return f", whose mode is {mode_of(info)}: `chmod u+rwx {place}`."
    owner = user_of(info.st_uid)
    return f", which belongs to {owner}. Run Logster as {owner}, or give it a folder of its own."


def mode_of(info: os.stat_result) -> str:
    """The mode as people know it: 0755."""
    return f"{stat.S_IMODE(info.st_mode):04o}"


def user_of(number: int) -> str:
    """The name of a user, where this machine knows one."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
