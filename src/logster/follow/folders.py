"""Paths to files: each once, by its own name, and what cannot be read or is left out.

In: the paths somebody named. Out: `Found` files in their order.
Promise: a file with several names is found once, a real name before a link; a folder that
links to itself ends; what cannot be read does not hide the rest.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from logster.follow.position import FileId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_COMPRESSED = {".gz", ".zst", ".zstd"}


class Found(NamedTuple):
    """A file and what the look at it saw."""

    path: Path
    stat: os.stat_result
    #: Whether somebody gave its very name: then nothing about it makes it be left out.
    is_named: bool

    @property
    def id(self) -> FileId:
        """The file behind the name."""
        return FileId.of(self.stat)


def is_compressed(path: Path) -> bool:
    """Tell whether the name says that the file is compressed."""
    return path.suffix in _COMPRESSED


def find_files(
    paths: Iterable[Path],
    skip: Callable[[Path, str], None],
    on_unreadable: Callable[[Path, str], None],
) -> list[Found]:
    """Find the files of paths; `skip` hears what is left out of a folder, and why."""
    walk = _Walk(skip, on_unreadable)
    for path in paths:
        walk.take(path)
    walk.take_links()
    return list(walk.found.values())


class _Walk:
    def __init__(
        self, skip: Callable[[Path, str], None], on_unreadable: Callable[[Path, str], None]
    ) -> None:
        self.found: dict[FileId, Found] = {}
        self._folders: set[FileId] = set()
        self._links: list[Path] = []
        self._skip = skip
        self._on_unreadable = on_unreadable

    def take(self, path: Path) -> None:
        """Take a path that was named."""
        try:
            seen = path.stat()
        except FileNotFoundError:  # between a rotation's rename and its new file
            return
        except OSError as error:
            self._on_unreadable(path, reason_of(error))
            return
        if stat.S_ISDIR(seen.st_mode):
            self._enter(path, seen)
        else:
            self._add(Found(path, seen, is_named=True))

    def take_links(self) -> None:
        """Follow the links, once every file with a real name is found."""
        while self._links:
            path = self._links.pop(0)
            try:
                seen = path.stat()
            except FileNotFoundError:
                self._skip(path, "a link to nothing")
            except OSError as error:
                self._on_unreadable(path, reason_of(error))
            else:
                self._take_inside(path, seen)

    def _enter(self, folder: Path, seen: os.stat_result) -> None:
        if FileId.of(seen) in self._folders:
            return
        self._folders.add(FileId.of(seen))
        for entry in self._entries(folder):
            path = folder / entry.name
            if entry.name.startswith("."):
                self._skip(path, "hidden")
            elif entry.is_symlink():
                self._links.append(path)
            else:
                try:
                    self._take_inside(path, entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue
                except OSError as error:
                    self._on_unreadable(path, reason_of(error))

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._on_unreadable(folder, reason_of(error))
            return []

    def _take_inside(self, path: Path, seen: os.stat_result) -> None:
        if stat.S_ISDIR(seen.st_mode):
            self._enter(path, seen)
        elif stat.S_ISREG(seen.st_mode):
            self._add(Found(path, seen, is_named=False))
        else:
            self._skip(path, "not a file")

    def _add(self, found: Found) -> None:
        before = self.found.setdefault(found.id, found)
        if found.is_named and not before.is_named:
            self.found[found.id] = before._replace(is_named=True)


def reason_of(error: OSError) -> str:
    """Say what is wrong, without the path, which stands before it."""
    return error.strerror or str(error)


#: Where the part of a name ends that all files of one log have: a dot, or a number.
_STEM_END = re.compile(r"[._-]*\d|\.")


def stem_of(name: str) -> str:
    """The part of a name that rotation leaves as it is: app of app-2026-11-30.log."""
    found = _STEM_END.search(name, 1)
    return name[: found.start()] if found else name


def are_related(name: str, other: str) -> bool:
    """Tell whether rotation can have made one name of the other."""
    return stem_of(name) in other or stem_of(other) in name


def find_relatives(path: Path) -> Iterator[Path]:
    """The files beside a followed one that can have been it."""
    try:
        besides = sorted(path.parent.iterdir())
    except OSError:
        return
    for beside in besides:
        if beside != path and are_related(path.name, beside.name) and beside.is_file():
            yield beside
