"""Where lines come from: files, folders, standard input; read once, or followed.

In: paths and streams. Out: `Row`s in the order they were written, and None whenever
there is nothing more to read just now, so that what is held can be sent.
Promise: memory does not grow with the input; a followed file survives rotation
(another file takes the name) and truncation (the file starts again).
"""

from __future__ import annotations

import gzip
import io
import os
import select
import time
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from logster import zstd
from logster.cli.client import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

#: One read; large enough to be fast, small enough for progress to move.
CHUNK_BYTES = 256 * 1024
#: A longer line is no line of a log (the server takes 4 MiB a message, escapes included).
MAX_LINE_BYTES = 1024 * 1024
#: How often followed files are looked at, and their folders for new ones.
POLL_S = 0.25
#: How long standard input may be silent before what is held is sent.
IDLE_S = 0.5
#: Enough of a file to see that it is no text.
SNIFF_BYTES = 8192

STDIN_NAME = "stdin"

#: No right to read, no such file, no gzip, no zstd, cut off.
_UNREADABLE = (OSError, EOFError, zlib.error, zstd.ZstdError)


class Row(NamedTuple):
    """One line: where it stands, and its text without the line's end.

    `text` is None when the line was longer than `MAX_LINE_BYTES`.
    """

    source: str
    number: int
    text: str | None


class Splitter:
    """Bytes to rows, across the borders of chunks."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._number = 0
        self._held = b""
        self._is_too_long = False

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """Give the lines that end in this chunk."""
        *ended, held = (self._held + chunk).split(b"\n")
        self._held = held
        for line in ended:
            yield self._row(line)
        if len(self._held) > MAX_LINE_BYTES:
            self._held, self._is_too_long = b"", True

    def finish(self) -> Iterator[Row]:
        """Give the last line, when the input ends without a line's end."""
        if self._held or self._is_too_long:
            line, self._held = self._held, b""
            yield self._row(line)

    def _row(self, line: bytes) -> Row:
        self._number += 1
        is_too_long = self._is_too_long or len(line) > MAX_LINE_BYTES
        self._is_too_long = False
        # Bytes that are no UTF-8 stay readable as \xe9 rather than be lost.
        text = None if is_too_long else line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        return Row(self.source, self._number, text)


class Progress:
    """What the progress bar asks: bytes read of how many; compressed ones as they lie on disk."""

    def __init__(self, total_bytes: int | None) -> None:
        self.total_bytes = total_bytes
        self.read_bytes = 0


def find_files(paths: Iterable[Path], skip: Callable[[Path, str], None]) -> list[Path]:
    """Walk folders; `skip` hears which files of a folder are left out, and why.

    A file that is named is always read; in a folder, hidden files and files that are
    no text are left out.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files.extend(_walk(path, skip))
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def _walk(folder: Path, skip: Callable[[Path, str], None]) -> Iterator[Path]:
    for name in sorted(folder.iterdir()):
        if name.name.startswith("."):
            skip(name, "hidden")
        elif name.is_dir():
            yield from _walk(name, skip)
        elif not name.is_file():
            skip(name, "not a file")
        elif _is_text(name):
            yield name
        else:
            skip(name, "not text")


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as raw, _opened(path, raw) as stream:
            return b"\0" not in stream.read(SNIFF_BYTES)
    except _UNREADABLE:  # reading it will say why
        return True


def _opened(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Undo the compression the name tells of."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if path.suffix in {".zst", ".zstd"}:
        return cast("IO[bytes]", zstd.ZstdFile(raw))
    return raw


def is_compressed(path: Path) -> bool:
    """Tell whether the name says that the file is compressed."""
    return path.suffix in {".gz", ".zst", ".zstd"}


def read_files(
    files: Iterable[Path], progress: Progress, on_unreadable: Callable[[Path, str], None]
) -> Iterator[Row]:
    """Read files one after the other; one that cannot be read does not stop the others."""
    for path in files:
        before = progress.read_bytes
        splitter = Splitter(str(path))
        try:
            with path.open("rb") as raw, _opened(path, raw) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield from splitter.feed(chunk)
                    progress.read_bytes = before + raw.tell()
        except _UNREADABLE as error:
            on_unreadable(path, str(error))
        yield from splitter.finish()


def read_stream(stream: IO[bytes], name: str, progress: Progress) -> Iterator[Row | None]:
    """Read a stream to its end; None when its writer pauses."""
    splitter = Splitter(name)
    for chunk in _chunks_of(stream):
        if chunk is None:
            yield None
            continue
        progress.read_bytes += len(chunk)
        yield from splitter.feed(chunk)
    yield from splitter.finish()


def _chunks_of(stream: IO[bytes]) -> Iterator[bytes | None]:
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:  # bytes in memory have none, and never pause
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
        return
    while True:
        ready, _, _ = select.select([descriptor], [], [], IDLE_S)
        if not ready:
            yield None
            continue
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


class _Followed:
    """One name that is followed, whatever file bears it."""

    def __init__(self, path: Path, rotated: set[_Birthmark]) -> None:
        self.path = path
        self.stream: IO[bytes] | None = None
        self._splitter = Splitter(str(path))
        self._rotated = rotated

    def skip_existing(self) -> None:
        """Begin at the end of what is there."""
        if self.stream or self._open():
            cast("IO[bytes]", self.stream).seek(0, os.SEEK_END)

    def read(self) -> Iterator[Row]:
        """Give what is new; when another file has the name, the rest of the old one first."""
        if not self.stream and not self._open():
            return
        stream = cast("IO[bytes]", self.stream)
        yield from self._read_on(stream)
        if os.fstat(stream.fileno()).st_size < stream.tell():
            yield from self._begin_again(stream)
        elif self._is_replaced(stream):
            yield from self._change_over(stream)

    def _open(self) -> bool:
        try:
            self.stream = self.path.open("rb")
        except FileNotFoundError:  # between a rotation's rename and its new file
            return False
        except OSError as error:
            raise ClientError(f"{self.path} cannot be read: {error}") from error
        self._splitter = Splitter(str(self.path))
        return True

    def _read_on(self, stream: IO[bytes]) -> Iterator[Row]:
        while chunk := stream.read(CHUNK_BYTES):
            yield from self._splitter.feed(chunk)

    def _begin_again(self, stream: IO[bytes]) -> Iterator[Row]:
        yield from self._splitter.finish()
        self._splitter = Splitter(str(self.path))
        stream.seek(0)
        yield from self._read_on(stream)

    def _is_replaced(self, stream: IO[bytes]) -> bool:
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(stream.fileno()))
        except FileNotFoundError:  # renamed, and perhaps still written to
            return False

    def _change_over(self, stream: IO[bytes]) -> Iterator[Row]:
        # Between the read and the rename the old file may have grown.
        yield from self._read_on(stream)
        yield from self._splitter.finish()
        self._rotated.add(_birthmark_of(stream))
        stream.close()
        self.stream = None
        if self._open():
            yield from self._read_on(cast("IO[bytes]", self.stream))


#: Device, inode and first bytes: file systems give an inode again soon, so it needs the bytes.
_Birthmark = tuple[int, int, bytes]
_BIRTHMARK_BYTES = 256


def _birthmark_of(stream: IO[bytes]) -> _Birthmark:
    stat = os.fstat(stream.fileno())
    return stat.st_dev, stat.st_ino, os.pread(stream.fileno(), _BIRTHMARK_BYTES, 0)


def follow_files(
    find: Callable[[], Iterable[Path]],
    *,
    skip_existing: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Row | None]:
    """Read the files `find` gives and go on as they grow, and as there are more; never ends."""
    followed: dict[Path, _Followed] = {}
    rotated: set[_Birthmark] = set()
    while True:
        for path in find():
            if path not in followed and not _is_known(path, followed.values(), rotated):
                followed[path] = _Followed(path, rotated)
                if skip_existing:
                    followed[path].skip_existing()
        skip_existing = False  # what appears from now on is new as a whole
        for file in followed.values():
            yield from file.read()
        yield None
        pause(POLL_S)


def _is_known(path: Path, followed: Iterable[_Followed], rotated: set[_Birthmark]) -> bool:
    """Tell whether a new name is a file that was read under another name."""
    try:
        with path.open("rb") as stream:
            birthmark = _birthmark_of(stream)
    except OSError:
        return False
    opened = (file.stream for file in followed if file.stream)
    return birthmark in rotated or birthmark in {_birthmark_of(stream) for stream in opened}
