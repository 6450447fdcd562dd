"""The files that are open: what is read of them, and which of them are like each other.

In: files that were found. Out: rows; what is `lost`, when a file is no longer what was read.
Promise: each is known by itself and not by its name; it is read on for a while after it lost its
name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from logster.follow.decisions import Lookalike, may_let_go
from logster.follow.folders import are_related, reason_of
from logster.follow.position import WINDOW_BYTES, FileId, Position
from logster.follow.reader import Reader
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.follow.folders import Found
    from logster.follow.notes import Once


class File(msgspec.Struct):
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


class Lost(msgspec.Struct):
    """Content that is no longer in its file: what was read of it, and the line left over."""

    position: Position
    path: Path
    unfinished: bytes = b""
    rows: list[Row] = []


class Held(msgspec.Struct):
    """A file that may be a copy."""

    origin: FileId
    alike: Lookalike


class Files:
    """The files that are read, and those that wait for it as they may be copies."""

    def __init__(self, notes: Once, encoding: str) -> None:
        self._notes = notes
        self._encoding = encoding
        self.opened: dict[FileId, File] = {}
        self.held: dict[FileId, Held] = {}
        self.lost: list[Lost] = []

    def open(self, path: Path) -> int | None:
        """A descriptor of a file; None when it is gone or cannot be read."""
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._notes.unreadable(path, reason_of(error))
            return None

    def add(self, found: Found, descriptor: int, now: float, begin: Position | None) -> File:
        """Read a file from its head, or from where it begins."""
        self.held.pop(found.id, None)
        if renewed := self.opened.get(found.id):
            renewed.reader.close()
        reader = self._reader(descriptor, found.path, begin)
        file = File(reader, found.path, found.is_named, grown_at=now)
        self.opened[reader.id] = file
        return file

    def _reader(self, descriptor: int, path: Path, begin: Position | None = None) -> Reader:
        return Reader(
            descriptor,
            str(path),
            begin=begin,
            default_encoding=self._encoding,
            on_undecodable=self._notes.undecodable,
        )

    def note_names(self, there: dict[FileId, Found], now: float) -> None:
        """See which names are gone."""
        for file_id, file in self.opened.items():
            if file_id in there:
                file.lost_at = None
            elif file.lost_at is None:
                file.lost_at = now
        for gone in self.held.keys() - there.keys():
            del self.held[gone]

    def read_all(self, now: float) -> Iterator[Row]:
        """Give what is new; an emptied file waits until it is known who has what was read."""
        for file_id, file in list(self.opened.items()):
            if not file.is_renewed or self._goes_on(file):
                yield from self.read(file, now)
            elif not self.is_original_changed(file.path):  # then its copy is looked for first
                file.reader.close()
                del self.opened[file_id]

    def read(self, file: File, now: float) -> Iterator[Row]:
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
            lost = Lost(reader.position, file.path, reader.unfinished)
            lost.rows = list(reader.finish())
            self.lost.append(lost)
            file.reader = self._reader(reader.descriptor, file.path)
            file.is_renewed = True
            file.grown_at = now
        elif reader.head:
            file.is_renewed = False

    def is_read(self, found: Found) -> bool:
        """Tell whether a file is read, and is what was read."""
        file = self.opened.get(found.id)
        return file is not None and not file.is_renewed

    def _goes_on(self, file: File) -> bool:
        """Tell whether a file that was emptied has only what its own program writes since.

        What has a name is met anew, as it may be the copy of another file; what has lost it is
        read from its head, unless it is like a file that is followed, or one that just was.
        """
        descriptor = file.reader.descriptor
        size = os.fstat(descriptor).st_size
        return not size or (
            file.lost_at is not None
            and not any(self.likenesses(file.path, descriptor, size))
            and not self.is_original_changed(file.path)
        )

    def likenesses(self, path: Path, descriptor: int, size: int) -> Iterator[File]:
        """The files whose content a new one begins with."""
        for file in self.opened.values():
            if file.reader.head and are_related(file.path.name, path.name):
                # A copy is no longer than an original that is still written to; one that took
                # the name of another may go on.
                end = size if file.lost_at is None else min(size, file.reader.head)
                start = max(end - WINDOW_BYTES, 0)
                theirs = os.pread(descriptor, end - start, start)
                if os.pread(file.reader.descriptor, end - start, start) == theirs:
                    yield file

    def is_original_changed(self, path: Path) -> bool:
        """Tell whether a file that this one can be a copy of was rewritten just now."""
        return any(
            not file.reader.is_intact
            for file in self.opened.values()
            if are_related(file.path.name, path.name)
        )

    def let_go(self, there: dict[FileId, Found], now: float) -> Iterator[Row]:
        """Close what lost its name long ago; its last line has ended."""
        names = {found.path for found in there.values()}
        for file_id, file in list(self.opened.items()):
            is_awaited = file.is_named and file.path not in names and _has_name(file)
            if may_let_go(
                now=now, lost_at=file.lost_at, grown_at=file.grown_at, is_awaited=is_awaited
            ):
                if not file.is_copied:
                    yield from file.reader.finish()
                file.reader.close()
                del self.opened[file_id]

    def close(self) -> None:
        """Let go of all of them."""
        for file in self.opened.values():
            file.reader.close()
        self.opened.clear()


def _has_name(file: File) -> bool:
    return os.fstat(file.reader.descriptor).st_nlink > 0
