"""How far a file was read, and how it is known again.

A file is its device and inode, but file systems give an inode again soon, and a file may be
emptied and filled anew: so a position also knows the bytes that stood before it, by their
digest. They are not kept themselves: a state file must not be a second log.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from logster.follow.reader import Reader

#: So many bytes before a position are compared; a line of a log with its time is shorter.
WINDOW_BYTES = 1024
_DIGEST_BYTES = 16


class FileId(NamedTuple):
    """What a file is, whatever its name."""

    device: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> FileId:
        """The file that was looked at."""
        return cls(stat.st_dev, stat.st_ino)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the last line of a file that is done with."""

    device: int
    inode: int
    offset: int
    #: Lines before it.
    line: int
    encoding: str | None = None
    #: The digest of so many bytes before it.
    window: int = 0
    digest: str = ""
    #: For people, and to tell relatives by.
    path: str = ""

    @property
    def id(self) -> FileId:
        """The file it is of."""
        return FileId(self.device, self.inode)

    def is_in(self, descriptor: int, unfinished: bytes = b"") -> bool:
        """Tell whether a file has what stood before the position, and then `unfinished`."""
        if not self.offset:
            return bool(unfinished) and os.pread(descriptor, len(unfinished), 0) == unfinished
        start = self.offset - self.window
        found = os.pread(descriptor, self.window + len(unfinished), start)
        before, behind = found[: self.window], found[self.window :]
        return (
            len(before) == self.window and digest_of(before) == self.digest and behind == unfinished
        )


def digest_of(window: bytes) -> str:
    """The digest of the bytes before a position."""
    return blake2b(window, digest_size=_DIGEST_BYTES).hexdigest()


class Place(NamedTuple):
    """Where a row ends: what a `Position` is made of, once the row is done with.

    `data` is what was read around it (shared by the rows of a chunk), `end` where in it the
    row ends.
    """

    reader: Reader
    offset: int
    line: int
    data: bytes
    end: int

    def alone(self) -> Place:
        """The same without the chunk around it."""
        window = self.data[max(self.end - WINDOW_BYTES, 0) : self.end]
        return self._replace(data=window, end=len(window))

    @property
    def position(self) -> Position:
        """The position behind the row."""
        window = self.data[max(self.end - WINDOW_BYTES, 0) : self.end]
        file = self.reader.id
        return Position(
            device=file.device,
            inode=file.inode,
            offset=self.offset,
            line=self.line,
            encoding=self.reader.encoding,
            window=len(window),
            digest=digest_of(window),
            path=self.reader.source.encode("utf-8", "backslashreplace").decode(),
        )
