"""Where lines come from: files, folders, standard input; read once, or followed.

In: paths and streams. Out: `Row`s in the order they were written, and None whenever
there is nothing more to read just now, so that what is held can be sent.
Promise: memory does not grow with the input. How files are followed: `logster.follow`.
"""

from __future__ import annotations

import gzip
import io
import os
import select
import time
import zlib
from typing import IO, TYPE_CHECKING, cast

from logster import zstd
from logster.follow.charset import SNIFF_BYTES, encoding_of, skip_hole
from logster.follow.rows import Splitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from logster.cli.notes import Notes
    from logster.cli.stop import Stop
    from logster.follow.folders import Found
    from logster.follow.follower import Follower
    from logster.follow.rows import Row

#: One read; large enough to be fast, small enough for progress to move.
CHUNK_BYTES = 256 * 1024
#: How often followed files are looked at, and their folders for new ones.
POLL_S = 0.25
#: A look at very many files takes its time: so many times as long is the pause behind it.
REST_FACTOR = 4
MAX_POLL_S = 5.0
#: How long standard input may be silent before what is held is sent.
IDLE_S = 0.5

STDIN_NAME = "stdin"

#: No right to read, no such file, no gzip, no zstd, cut off.
_UNREADABLE = (OSError, EOFError, zlib.error, zstd.ZstdError)


class Progress:
    """What the progress bar asks: bytes read of how many; compressed ones as they lie on disk."""

    def __init__(self, total_bytes: int | None) -> None:
        self.total_bytes = total_bytes
        self.read_bytes = 0


def _opened(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Undo the compression the name tells of."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if path.suffix in {".zst", ".zstd"}:
        return cast("IO[bytes]", zstd.ZstdFile(raw))
    return raw


def read_files(
    files: Iterable[Found], progress: Progress, notes: Notes, encoding: str
) -> Iterator[Row]:
    """Read files one after the other; one that cannot be read does not stop the others."""
    for found in files:
        before = progress.read_bytes
        splitter = Splitter(str(found.path), default=encoding, on_undecodable=notes.undecodable)
        try:
            with found.path.open("rb") as raw, _opened(found.path, raw) as stream:
                for chunk in _text_of(stream, found, notes):
                    yield from splitter.feed(chunk)
                    progress.read_bytes = before + _place_of(raw)
        except _UNREADABLE as error:
            notes.unreadable(found.path, str(getattr(error, "strerror", None) or error))
        yield from splitter.finish()


def _text_of(stream: IO[bytes], found: Found, notes: Notes) -> Iterator[bytes]:
    """The chunks of a file; of one in a folder that is no text, none."""
    head = stream.read(SNIFF_BYTES)
    if not found.is_named:
        start = head
        while start and not (text := skip_hole(start)):  # the hole of a log that was emptied
            yield start
            start = stream.read(CHUNK_BYTES)
        if start and encoding_of(text) is None:
            notes.skip(found.path, "not text")
            return
        head = start
    while head:
        yield head
        head = stream.read(CHUNK_BYTES)


def _place_of(raw: IO[bytes]) -> int:
    return raw.tell() if raw.seekable() else 0


class Stream:
    """Standard input, or what stands for it."""

    def __init__(
        self, stream: IO[bytes], name: str, progress: Progress, notes: Notes, encoding: str
    ) -> None:
        self._stream = stream
        self._progress = progress
        self._splitter = Splitter(name, default=encoding, on_undecodable=notes.undecodable)

    def read(self, stop: Stop) -> Iterator[Row | None]:
        """Give its lines to the end; None when its writer pauses."""
        for chunk in self._chunks(stop):
            if chunk is None:
                yield None
                continue
            self._progress.read_bytes += len(chunk)
            yield from self._splitter.feed(chunk)
        yield from self.finish()

    def finish(self) -> Iterator[Row]:
        """Give the last line, as far as it came."""
        yield from self._splitter.finish()

    def _chunks(self, stop: Stop) -> Iterator[bytes | None]:
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:  # bytes in memory have none, and never pause
            while chunk := self._stream.read(CHUNK_BYTES):
                yield chunk
            return
        while True:
            with stop.waiting():
                ready, _, _ = select.select([descriptor], [], [], IDLE_S)
            if not ready:
                yield None
                continue
            chunk = os.read(descriptor, CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def follow_rows(follower: Follower, stop: Stop) -> Iterator[Row | None]:
    """Look again and again; never ends by itself."""
    while True:
        began, is_quiet = time.monotonic(), True
        for row in follower.look():
            is_quiet = False
            yield row
        took_s = time.monotonic() - began
        yield None
        if not follower.is_behind:
            pause_s = min(max(POLL_S, took_s * REST_FACTOR), MAX_POLL_S) if is_quiet else POLL_S
            with stop.waiting():
                time.sleep(pause_s)
