"""Who has what a file had: rotation by copying, and copies in the making.

In: the open files, and those that were found. Out: rows of the copies, from where reading was.
Promise: what was copied is not read again; without a copy, what was left over is a line.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from logster.follow.content import position_at
from logster.follow.decisions import Lookalike, is_of_its_own, look_again
from logster.follow.files import Held
from logster.follow.folders import are_related, find_files, find_relatives, is_compressed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from logster.follow.files import File, Files, Lost
    from logster.follow.folders import Found
    from logster.follow.position import FileId, Position
    from logster.follow.positions import Positions
    from logster.follow.rows import Row


class Copies:
    """Finds the copies of what is followed."""

    def __init__(self, paths: tuple[Path, ...], files: Files, positions: Positions) -> None:
        self._paths = paths
        self._files = files
        self._positions = positions

    def read_copies(self, found: list[Found], now: float) -> Iterator[Row]:
        """Read on in the copies of what is lost; without one, what was left over is a line."""
        lost, self._files.lost = self._files.lost, []
        for each in lost:
            copy = self._find_copy(each, found, now)
            parts = self._find_parts(each, found, now)
            for known in [copy, *parts] if copy else parts:
                yield known.reader.mark()
            if copy:
                yield from self._files.read(copy, now)
            else:
                if each.position.id in self._files.opened:  # it goes on from its head
                    self._positions.forget(each.position.id)
                yield from each.rows

    def _find_copy(self, lost: Lost, found: list[Found], now: float) -> File | None:
        """Find who has what is lost, and perhaps more."""
        for each in found:
            if self._files.is_read(each) or not are_related(lost.path.name, each.path.name):
                continue
            if copy := self._adopt(lost, each, now):
                return copy
        return self._find_beside(lost, now)

    def _find_parts(self, lost: Lost, found: list[Found], now: float) -> list[File]:
        """Find copies made some lines before their original was emptied: all of them is known."""
        parts = []
        for each in found:
            held, size = self._files.held.get(each.id), each.stat.st_size
            if held and held.origin == lost.position.id and size <= lost.position.offset:
                descriptor = self._files.open(each.path)
                if descriptor is not None:
                    begin = position_at(descriptor, size, lost.position)
                    parts.append(self._files.add(each, descriptor, now, begin))
        return parts

    def _find_beside(self, lost: Lost, now: float) -> File | None:
        """Look for a copy, or the file itself, beside a file that is followed by its name."""
        path = lost.path
        if path not in self._paths or path.is_dir():
            return None
        for beside in find_relatives(path):
            found = find_files([beside], lambda _path, _why: None, lambda _path, _why: None)
            for each in found:
                if self._files.is_read(each) or is_compressed(each.path):
                    continue
                if copy := self._adopt(lost, each, now, path):
                    copy.is_named, copy.lost_at = False, now
                    return copy
        return None

    def _adopt(self, lost: Lost, found: Found, now: float, name: Path | None = None) -> File | None:
        """Read a file on where the lost one was, when it has the same content before."""
        descriptor = self._files.open(found.path) if found.stat.st_size else None
        if descriptor is None:
            return None
        if not lost.position.is_in(descriptor, lost.unfinished):
            os.close(descriptor)
            return None
        self._positions.forget(lost.position.id)
        return self._files.add(
            found._replace(path=name or found.path), descriptor, now, lost.position
        )

    def is_held(self, found: Found, origin: File, there: dict[FileId, Found], now: float) -> bool:
        """Tell whether a file is not read yet, since it may be a copy."""
        size = found.stat.st_size
        held = self._files.held.get(found.id)
        if held is None or held.origin != origin.reader.id:
            alike = Lookalike(origin_bytes=origin.reader.head, size=size, changed_at=now)
            held = self._files.held[found.id] = Held(origin.reader.id, alike)
        look_again(held.alike, size=size, now=now)
        return origin.reader.id in there and not is_of_its_own(held.alike, now=now)


def known_part(descriptor: int, alike: list[File]) -> Position | None:
    """What of a file was read already, from one that has lost its name to it."""
    known: Position | None = None
    for file in alike:
        position = file.reader.position
        if file.lost_at is not None and position.is_in(descriptor, file.reader.unfinished):
            file.is_copied = True
            known = max(known or position, position, key=lambda each: each.offset)
    return known
