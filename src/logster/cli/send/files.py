"""Files, each once from its first line to its last, with what compressed them undone.

In: files. Out: `Row`s in the order they were written.
Promise: memory does not grow with a file; one that cannot be read does not stop the others.
"""

from __future__ import annotations

import gzip
import zlib
from typing import IO, TYPE_CHECKING, cast

from logster import zstd
from logster.follow.charset import SNIFF_BYTES, encoding_of, skip_hole
from logster.follow.rows import Splitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from logster.cli.bar import Progress
    from logster.cli.send.notes import Notes
    from logster.follow.folders import Found
    from logster.follow.rows import Row

#: One read; large enough to be fast, small enough for progress to move.
CHUNK_BYTES = 256 * 1024

#: No right to read, no such file, no gzip, no zstd, cut off.
_UNREADABLE = (OSError, EOFError, zlib.error, zstd.ZstdError)


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
