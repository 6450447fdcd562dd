"""Standard input as lines.

In: a stream. Out: `Row`s, and None when its writer pauses, so that what is held can be sent.
"""

from __future__ import annotations

import io
import os
import select
from typing import IO, TYPE_CHECKING

from logster.follow.rows import Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.cli.bar import Progress
    from logster.cli.send.notes import Notes
    from logster.cli.send.stop import Stop
    from logster.follow.rows import Row

CHUNK_BYTES = 256 * 1024
#: How long standard input may be silent before what is held is sent.
IDLE_S = 0.5

STDIN_NAME = "stdin"


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
