"""All files that are followed, one look after the other.

In: paths, and positions from before. Out: rows, in the order they were written to each file.
Promise: a file is known by itself and not by its name, so renames change nothing; it is read
on for a while after it lost its name; what was copied is not read again; what cannot be read
or is left out is told once and does not stop the others. A look takes no longer than reading
what is there; who calls decides when the next one is.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from logster.follow.charset import UTF_8
from logster.follow.content import is_text, position_at, position_at_end
from logster.follow.decisions import Lookalike, is_of_its_own, look_again, may_let_go
from logster.follow.folders import (
    are_related,
    find_files,
    find_relatives,
    is_compressed,
    reason_of,
)
from logster.follow.notes import Once
from logster.follow.position import WINDOW_BYTES, FileId, Position
from logster.follow.reader import Reader
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from logster.follow.folders import Found
    from logster.follow.notes import Notes
    from logster.follow.positions import Positions


class _File(msgspec.Struct):
    """A file that is read."""

    reader: Reader
    path: Path
    is_named: bool
    grown_at: float
    #: Since when no name leads to it.
    lost_at: float | None = None
    #: Whether another file has all that was read of it, its unfinished line too.
    is_copied: bool = False
    #: Whether it was emptied or rewritten, and nothing is read of what it has since.
    is_renewed: bool = False


class _Lost(msgspec.Struct):
    """Content that is no longer in its file: what was read of it, and the line left over."""

    position: Position
    path: Path
    unfinished: bytes = b""
    rows: list[Row] = []


class _Held(msgspec.Struct):
    """A file that may be a copy."""

    origin: FileId
    alike: Lookalike


class Follower:
    """Follows files and all that is in folders."""

    def __init__(
        self,
        paths: Iterable[Path],
        positions: Positions,
        notes: Notes,
        *,
        skip_existing: bool = False,
        encoding: str = UTF_8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`skip_existing`: of files without a position, only what is added to them from now on."""
        self._paths = tuple(paths)
        self._positions = positions
        self._notes = Once(notes)
        self._skips_existing = skip_existing
        self._encoding = encoding
        self._clock = clock
        self._is_first = True
        self._has_looked = False
        #: Whether a file that may be a copy is held back until that is known.
        self._waits = True
        self._files: dict[FileId, _File] = {}
        self._held: dict[FileId, _Held] = {}
        self._lost: list[_Lost] = []
        #: Files that are no text, and the size at which that was seen.
        self._left_out: dict[FileId, int] = {}

    @property
    def is_behind(self) -> bool:
        """Whether the next look will find more at once."""
        return any(file.reader.is_behind for file in self._files.values())

    @property
    def unreadable_count(self) -> int:
        """Files and folders that could not be read in the last look."""
        return len(self._notes.unreadable_now)

    @property
    def unfinished(self) -> list[tuple[str, int]]:
        """The lines that have begun and not ended: their source and number."""
        readers = (file.reader for file in self._files.values() if not file.is_copied)
        return [(each.source, each.next_line) for each in readers if each.has_unfinished]

    def look(self) -> Iterator[Row]:
        """Give what is new in all files."""
        now = self._clock()
        self._notes.begin()
        found = find_files(self._paths, self._notes.skip, self._notes.unreadable)
        there = {each.id: each for each in found}
        self._note_names(there, now)
        for each in found:
            if each.id not in self._files:
                yield from self._resume(each, now)
        if not self._has_looked:
            self._find_gone(there)
            self._has_looked = True
        yield from self._settle_lost(found, now)
        yield from self._read_all(now)
        if not self._lost:  # a new file may be the copy of it: the next look tells
            for each in found:
                if each.id not in self._files:
                    yield from self._meet(each, there, now)
        yield from self._let_go(there, now)
        if self._is_first or int(now) % 60 == 0:
            self._positions.see(there)
        self._is_first = self._is_first and bool(self._lost)
        self._notes.end()

    def finish(self) -> Iterator[Row]:
        """Give all there is, and the lines that have not ended as they are."""
        self._waits = False
        yield from self.look()
        for lost in self._lost:
            yield from lost.rows
        for file in self._files.values():
            if not file.is_copied:
                yield from file.reader.finish()

    def close(self) -> None:
        """Let go of all files."""
        for file in self._files.values():
            file.reader.close()
        self._files.clear()

    def _note_names(self, there: dict[FileId, Found], now: float) -> None:
        for file_id, file in self._files.items():
            if file_id in there:
                file.lost_at = None
            elif file.lost_at is None:
                file.lost_at = now
        for gone in self._held.keys() - there.keys():
            del self._held[gone]
        for gone in self._left_out.keys() - there.keys():
            del self._left_out[gone]

    # -- reading ----------------------------------------------------------------------------

    def _read_all(self, now: float) -> Iterator[Row]:
        for file_id, file in list(self._files.items()):
            if not file.is_renewed or self._goes_on(file):
                yield from self._read(file, now)
            elif not self._is_original_changed(file.path):  # then its copy is looked for first
                file.reader.close()
                del self._files[file_id]

    def _read(self, file: _File, now: float) -> Iterator[Row]:
        """Give what is new in a file; notice when it is no longer what was read."""
        reader, head = file.reader, file.reader.head
        try:
            yield from reader.read()
        except OSError as error:
            self._notes.unreadable(file.path, reason_of(error))
            return
        if reader.head != head:
            file.grown_at = now
        if reader.is_rewritten:
            lost = _Lost(reader.position, file.path, reader.unfinished)
            lost.rows = list(reader.finish())
            self._lost.append(lost)
            file.reader = self._reader(reader.descriptor, file.path)
            file.is_renewed = True
            file.grown_at = now
        elif reader.head:
            file.is_renewed = False

    def _reader(self, descriptor: int, path: Path, begin: Position | None = None) -> Reader:
        return Reader(
            descriptor,
            str(path),
            begin=begin,
            default_encoding=self._encoding,
            on_undecodable=self._notes.undecodable,
        )

    def _add(self, found: Found, descriptor: int, now: float, begin: Position | None) -> _File:
        self._held.pop(found.id, None)
        if renewed := self._files.get(found.id):
            renewed.reader.close()
        reader = self._reader(descriptor, found.path, begin)
        file = _File(reader, found.path, found.is_named, grown_at=now)
        self._files[reader.id] = file
        return file

    def _open(self, path: Path) -> int | None:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._notes.unreadable(path, reason_of(error))
            return None

    # -- what was there before --------------------------------------------------------------

    def _resume(self, found: Found, now: float) -> Iterator[Row]:
        """Go on in a file where reading stopped, or notice that it is not what it was."""
        position = self._positions.get(found.id)
        if position is None:
            return
        descriptor = self._open(found.path)
        if descriptor is None:
            return
        if position.is_in(descriptor):
            yield from self._read(self._add(found, descriptor, now, position), now)
            return
        os.close(descriptor)
        if position.offset and found.id not in self._held:
            self._lost.append(_Lost(position, found.path))
        self._positions.forget(found.id)

    def _find_gone(self, there: dict[FileId, Found]) -> None:
        """Note what was read of files that are not where they were."""
        # The farthest first: a file that was copied over and over has several.
        for position in sorted(self._positions.values(), key=lambda each: -each.offset):
            if position.offset and position.id not in there:
                self._lost.append(_Lost(position, Path(position.path)))

    # -- copies -----------------------------------------------------------------------------

    def _settle_lost(self, found: list[Found], now: float) -> Iterator[Row]:
        """Read on in the copies of what is lost; without one, what was left over is a line."""
        lost, self._lost = self._lost, []
        for each in lost:
            copy = self._find_copy(each, found, now)
            parts = self._find_parts(each, found, now)
            for known in [copy, *parts] if copy else parts:
                yield known.reader.mark()
            if copy:
                yield from self._read(copy, now)
            else:
                if each.position.id in self._files:  # it goes on from its head
                    self._positions.forget(each.position.id)
                yield from each.rows

    def _find_copy(self, lost: _Lost, found: list[Found], now: float) -> _File | None:
        """Find who has what is lost, and perhaps more."""
        for each in found:
            if self._is_read(each) or not are_related(lost.path.name, each.path.name):
                continue
            if copy := self._adopt(lost, each, now):
                return copy
        return self._find_beside(lost, now)

    def _find_parts(self, lost: _Lost, found: list[Found], now: float) -> list[_File]:
        """Find copies made some lines before their original was emptied: all of them is known."""
        parts = []
        for each in found:
            held, size = self._held.get(each.id), each.stat.st_size
            if held and held.origin == lost.position.id and size <= lost.position.offset:
                descriptor = self._open(each.path)
                if descriptor is not None:
                    begin = position_at(descriptor, size, lost.position)
                    parts.append(self._add(each, descriptor, now, begin))
        return parts

    def _find_beside(self, lost: _Lost, now: float) -> _File | None:
        """Look for a copy, or the file itself, beside a file that is followed by its name."""
        path = lost.path
        if path not in self._paths or path.is_dir():
            return None
        for beside in find_relatives(path):
            found = find_files([beside], lambda _path, _why: None, lambda _path, _why: None)
            for each in found:
                if self._is_read(each) or is_compressed(each.path):
                    continue
                if copy := self._adopt(lost, each, now, path):
                    copy.is_named, copy.lost_at = False, now
                    return copy
        return None

    def _adopt(
        self, lost: _Lost, found: Found, now: float, name: Path | None = None
    ) -> _File | None:
        """Read a file on where the lost one was, when it has the same content before."""
        descriptor = self._open(found.path) if found.stat.st_size else None
        if descriptor is None:
            return None
        if not lost.position.is_in(descriptor, lost.unfinished):
            os.close(descriptor)
            return None
        self._positions.forget(lost.position.id)
        return self._add(found._replace(path=name or found.path), descriptor, now, lost.position)

    def _is_read(self, found: Found) -> bool:
        file = self._files.get(found.id)
        return file is not None and not file.is_renewed

    def _goes_on(self, file: _File) -> bool:
        """Tell whether a file that was emptied has only what its own program writes since.

        What has a name is met anew, as it may be the copy of another file; what has lost it is
        read from its head, unless it is like a file that is followed, or one that just was.
        """
        descriptor = file.reader.descriptor
        size = os.fstat(descriptor).st_size
        return not size or (
            file.lost_at is not None
            and not any(self._likenesses(file.path, descriptor, size))
            and not self._is_original_changed(file.path)
        )

    def _likenesses(self, path: Path, descriptor: int, size: int) -> Iterator[_File]:
        """The files whose content a new one begins with."""
        for file in self._files.values():
            if file.reader.head and are_related(file.path.name, path.name):
                # A copy is no longer than an original that is still written to; one that took
                # the name of another may go on.
                end = size if file.lost_at is None else min(size, file.reader.head)
                start = max(end - WINDOW_BYTES, 0)
                theirs = os.pread(descriptor, end - start, start)
                if os.pread(file.reader.descriptor, end - start, start) == theirs:
                    yield file

    def _is_original_changed(self, path: Path) -> bool:
        """Tell whether a file that this one can be a copy of was rewritten just now."""
        return any(
            not file.reader.is_intact
            for file in self._files.values()
            if are_related(file.path.name, path.name)
        )

    # -- new files ----------------------------------------------------------------------------

    def _meet(self, found: Found, there: dict[FileId, Found], now: float) -> Iterator[Row]:
        """Decide about a file that is not read yet."""
        if not found.stat.st_size or self._is_left_out(found):
            return
        descriptor = self._open(found.path)
        if descriptor is None:
            return
        keeps = False
        try:
            if FileId.of(os.fstat(descriptor)) != found.id:
                return  # another file has the name since
            if not found.is_named and not is_text(descriptor):
                self._left_out[found.id] = found.stat.st_size
                self._notes.skip(found.path, "not text")
                return
            alike = list(self._likenesses(found.path, descriptor, found.stat.st_size))
            if not alike and self._is_original_changed(found.path):
                return
            begin = self._known_part(descriptor, alike)
            # What was there at the very beginning is there to stay, whatever it is like.
            is_old = self._is_first and not self._positions.is_resumed
            may_be_copy = begin is None and alike and self._waits and not is_old
            if may_be_copy and self._is_held(found, alike[0], there, now):
                return
            keeps = True
        finally:
            if not keeps:
                os.close(descriptor)
        yield from self._begin(found, descriptor, begin, now)

    def _known_part(self, descriptor: int, alike: list[_File]) -> Position | None:
        """What of a file was read already, from one that has lost its name to it."""
        known: Position | None = None
        for file in alike:
            position = file.reader.position
            if file.lost_at is not None and position.is_in(descriptor, file.reader.unfinished):
                file.is_copied = True
                known = max(known or position, position, key=lambda each: each.offset)
        return known

    def _begin(
        self, found: Found, descriptor: int, begin: Position | None, now: float
    ) -> Iterator[Row]:
        if begin is None and self._is_first and self._skips_existing:
            begin = position_at_end(descriptor, self._encoding)
        file = self._add(found, descriptor, now, begin)
        if begin:
            yield file.reader.mark()
        yield from self._read(file, now)

    def _is_held(self, found: Found, origin: _File, there: dict[FileId, Found], now: float) -> bool:
        """Tell whether a file is not read yet, since it may be a copy."""
        size = found.stat.st_size
        held = self._held.get(found.id)
        if held is None or held.origin != origin.reader.id:
            alike = Lookalike(origin_bytes=origin.reader.head, size=size, changed_at=now)
            held = self._held[found.id] = _Held(origin.reader.id, alike)
        look_again(held.alike, size=size, now=now)
        return origin.reader.id in there and not is_of_its_own(held.alike, now=now)

    def _is_left_out(self, found: Found) -> bool:
        if found.is_named:
            return False
        if is_compressed(found.path):
            if self._is_first:  # later it is most often a followed file that was compressed
                self._notes.skip(found.path, "compressed")
            return True
        if self._left_out.get(found.id) == found.stat.st_size:
            self._notes.skip(found.path, "not text")
            return True
        return False

    # -- the end of a file --------------------------------------------------------------------

    def _let_go(self, there: dict[FileId, Found], now: float) -> Iterator[Row]:
        names = {found.path for found in there.values()}
        for file_id, file in list(self._files.items()):
            is_awaited = file.is_named and file.path not in names and _has_name(file)
            if may_let_go(
                now=now, lost_at=file.lost_at, grown_at=file.grown_at, is_awaited=is_awaited
            ):
                if not file.is_copied:
                    yield from file.reader.finish()
                file.reader.close()
                del self._files[file_id]


def _has_name(file: _File) -> bool:
    return os.fstat(file.reader.descriptor).st_nlink > 0
