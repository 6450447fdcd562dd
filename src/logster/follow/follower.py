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

from logster.follow.charset import UTF_8
from logster.follow.content import is_text, position_at_end
from logster.follow.copies import Copies, known_part
from logster.follow.files import Files, Lost
from logster.follow.folders import find_files, is_compressed
from logster.follow.notes import Once
from logster.follow.position import FileId, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from logster.follow.folders import Found
    from logster.follow.notes import Notes
    from logster.follow.positions import Positions
    from logster.follow.rows import Row


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
        self._files = Files(self._notes, encoding)
        self._copies = Copies(self._paths, self._files, positions)
        #: Files that are no text, and the size at which that was seen.
        self._left_out: dict[FileId, int] = {}

    @property
    def is_behind(self) -> bool:
        """Whether the next look will find more at once."""
        return any(file.reader.is_behind for file in self._files.opened.values())

    @property
    def unreadable_count(self) -> int:
        """Files and folders that could not be read in the last look."""
        return len(self._notes.unreadable_now)

    @property
    def unfinished(self) -> list[tuple[str, int]]:
        """The lines that have begun and not ended: their source and number."""
        readers = (file.reader for file in self._files.opened.values() if not file.is_copied)
        return [(each.source, each.next_line) for each in readers if each.has_unfinished]

    def look(self) -> Iterator[Row]:
        """Give what is new in all files."""
        now = self._clock()
        self._notes.begin()
        found = find_files(self._paths, self._notes.skip, self._notes.unreadable)
        there = {each.id: each for each in found}
        self._files.note_names(there, now)
        for gone in self._left_out.keys() - there.keys():
            del self._left_out[gone]
        for each in found:
            if each.id not in self._files.opened:
                yield from self._resume(each, now)
        if not self._has_looked:
            self._find_gone(there)
            self._has_looked = True
        yield from self._copies.read_copies(found, now)
        yield from self._files.read_all(now)
        if not self._files.lost:  # a new file may be the copy of it: the next look tells
            for each in found:
                if each.id not in self._files.opened:
                    yield from self._meet(each, there, now)
        yield from self._files.let_go(there, now)
        if self._is_first or int(now) % 60 == 0:
            self._positions.see(there)
        self._is_first = self._is_first and bool(self._files.lost)
        self._notes.end()

    def finish(self) -> Iterator[Row]:
        """Give all there is, and the lines that have not ended as they are."""
        self._waits = False
        yield from self.look()
        for lost in self._files.lost:
            yield from lost.rows
        for file in self._files.opened.values():
            if not file.is_copied:
                yield from file.reader.finish()

    def close(self) -> None:
        """Let go of all files."""
        self._files.close()

    # -- what was there before --------------------------------------------------------------

    def _resume(self, found: Found, now: float) -> Iterator[Row]:
        """Go on in a file where reading stopped, or notice that it is not what it was."""
        position = self._positions.get(found.id)
        if position is None:
            return
        descriptor = self._files.open(found.path)
        if descriptor is None:
            return
        if position.is_in(descriptor):
            yield from self._files.read(self._files.add(found, descriptor, now, position), now)
            return
        os.close(descriptor)
        if position.offset and found.id not in self._files.held:
            self._files.lost.append(Lost(position, found.path))
        self._positions.forget(found.id)

    def _find_gone(self, there: dict[FileId, Found]) -> None:
        """Note what was read of files that are not where they were."""
        # The farthest first: a file that was copied over and over has several.
        for position in sorted(self._positions.values(), key=lambda each: -each.offset):
            if position.offset and position.id not in there:
                self._files.lost.append(Lost(position, Path(position.path)))

    # -- new files ----------------------------------------------------------------------------

    def _meet(self, found: Found, there: dict[FileId, Found], now: float) -> Iterator[Row]:
        """Decide about a file that is not read yet."""
        if not found.stat.st_size or self._is_left_out(found):
            return
        descriptor = self._files.open(found.path)
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
            alike = list(self._files.likenesses(found.path, descriptor, found.stat.st_size))
            if not alike and self._files.is_original_changed(found.path):
                return
            begin = known_part(descriptor, alike)
            # What was there at the very beginning is there to stay, whatever it is like.
            is_old = self._is_first and not self._positions.is_resumed
            may_be_copy = begin is None and alike and self._waits and not is_old
            if may_be_copy and self._copies.is_held(found, alike[0], there, now):
                return
            keeps = True
        finally:
            if not keeps:
                os.close(descriptor)
        yield from self._begin(found, descriptor, begin, now)

    def _begin(
        self, found: Found, descriptor: int, begin: Position | None, now: float
    ) -> Iterator[Row]:
        if begin is None and self._is_first and self._skips_existing:
            begin = position_at_end(descriptor, self._encoding)
        file = self._files.add(found, descriptor, now, begin)
        if begin:
            yield file.reader.mark()
        yield from self._files.read(file, now)

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
