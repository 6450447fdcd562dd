"""The data folder is for its owner alone.

In: its path. Out: what others could do in it is taken from them; notes for the operator.
Promise: no link is followed, what belongs to another user is named and left, and a folder that
holds other things keeps its own mode (docs/decisions/033).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logster.errors import ConfigError
from logster.folder.place import ELSEWHERE, explain, mode_of, user_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What every process of Logster takes away from the mode of a file it makes.
UMASK = 0o077

#: What Logster itself keeps in a data folder: files, and folders with what proves that they are
#: Logster's: `--data /` has a `run`, and `/var` a `spool`, that are everybody's.
_OWN_FILE = re.compile(r"server\.lock|quota\.bin|meta\.sqlite.*")  # copies of it, too
_OWN_FOLDERS = {
    "engine": re.compile(r"engine\.(lock|xml)|chdb"),
    "spool": re.compile(r"spool-\d+\.(lock|sqlite)"),
    "run": re.compile(r"metrics"),
    "ledger": re.compile(r"ledger\.sqlite"),
}
#: What a file system or a desktop puts into every folder, and nobody would miss.
_HARMLESS = frozenset({"lost+found", ".DS_Store"})

#: Opens whatever it is, a link too, and only to look at it and to change its mode. Closing this
#: keeps the locks of the process; those of SQLite end when any other handle of its file is closed.
_AS_IT_IS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

#: A note names so many things, and counts the rest.
_MAX_NAMED = 4


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
            f"The data folder {folder} cannot be used: {explain(folder, error)}"
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
            f"{folder} belongs to {user_of(before.st_uid)}, and this is {user_of(os.geteuid())}: "
            "its owner can read and remove everything in it, and its mode stays "
            f"{mode_of(before)}. Run Logster as {user_of(before.st_uid)}, or "
            f"`chown -R {user_of(os.geteuid())} {folder}`."
        )
    elif after.st_mode & UMASK and others:
        yield (
            f"{folder} is open to other users (mode {mode_of(after)}) and stays so, since it "
            f"holds other things ({_named(others)}); what Logster keeps in it is closed. Better "
            "give Logster a folder of its own with --data."
        )
    elif after.st_mode & UMASK:
        yield (
            f"{folder} is open to other users (mode {mode_of(after)}) and cannot be closed: its "
            f"file system keeps no modes. Mount it for one user (uid=, umask=077). {ELSEWHERE}"
        )
    if not before.st_mode & UMASK:
        return  # whatever was open below, nobody else could get there
    if found.tops:
        yield (
            f"{folder} was open to other users of this machine (mode {mode_of(before)}), and so "
            f"was what Logster keeps in it: {_named(found.tops)} ({found.open_count:,} in all). It "
            "is closed now; events, accounts and the hashes of keys may have been read before."
        )
    elif not after.st_mode & UMASK:
        yield f"{folder} was open to other users (mode {mode_of(before)}); it is closed now (0700)."


def _notes_on_rest(folder: Path, found: _Found) -> Iterator[str]:
    if found.foreign:
        yield (
            f"{len(found.foreign):,} things in {folder} do not belong to {user_of(os.geteuid())} "
            f"({_named(found.foreign)}); they are left as they are, and may not be readable for "
            f"Logster. `chown -R {user_of(os.geteuid())} {folder}` mends it."
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
                    f"{mode_of(info)}); links are not followed. `chmod -R go= {path.resolve()}`."
                )


def _named(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")
