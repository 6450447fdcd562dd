"""Where the lines of one `send` come from: a text, files, standard input, or files as they grow.

In: an `Input`. Out: `Row`s in the order they were written, and None whenever there is nothing
more to read just now, so that what is held can be sent.
Promise: memory does not grow with the input. How files are followed: `logster.follow`.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from logster.cli.send.files import read_files
from logster.cli.send.stream import STDIN_NAME, Stream
from logster.follow.folders import find_files
from logster.follow.follower import Follower
from logster.follow.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.cli.bar import Progress
    from logster.cli.send.input import Input
    from logster.cli.send.notes import Notes
    from logster.cli.send.stop import Stop
    from logster.follow.positions import Positions

#: How often followed files are looked at, and their folders for new ones.
POLL_S = 0.25
#: A look at very many files takes its time: so many times as long is the pause behind it.
REST_FACTOR = 4
MAX_POLL_S = 5.0


class Source:
    """Where the rows come from, and what is left of them when a run is ended early."""

    def __init__(
        self, given: Input, progress: Progress, notes: Notes, stop: Stop, encoding: str
    ) -> None:
        self._input = given
        self._progress = progress
        self._notes = notes
        self._stop = stop
        self._encoding = encoding
        self._follower: Follower | None = None
        self._is_kept = False
        self._stream: Stream | None = None

    def follow(self, positions: Positions, *, skips_existing: bool, is_kept: bool) -> None:
        """Follow the paths; `is_kept` when somebody will go on from the positions."""
        self._is_kept = is_kept
        self._follower = Follower(
            self._input.paths,
            positions,
            self._notes,
            skip_existing=skips_existing,
            encoding=self._encoding,
        )

    def rows(self) -> Iterator[Row | None]:
        """All rows, and None where there is a pause."""
        given = self._input
        if given.text is not None:
            return iter([Row("", 1, given.text)])
        if self._follower:
            return _follow_rows(self._follower, self._stop)
        if given.is_stdin:
            self._stream = Stream(
                sys.stdin.buffer, STDIN_NAME, self._progress, self._notes, self._encoding
            )
            return self._stream.read(self._stop)
        files = find_files(given.paths, self._notes.skip, self._notes.unreadable)
        self._progress.total_bytes = sum(found.stat.st_size for found in files)
        return read_files(files, self._progress, self._notes, self._encoding)

    def left_over(self) -> Iterator[Row]:
        """Lines without their end: sent as they are, unless it may still come."""
        if self._stream:
            yield from self._stream.finish()
        elif self._follower and self._is_kept:
            for source, number in self._follower.unfinished:
                self._notes.say(
                    f"{source}:{number}: this line has not ended and is not sent. "
                    "The next run sends it once it has."
                )
        elif self._follower:
            yield from self._follower.finish()

    def close(self) -> None:
        """Let go of the files; what could not be read to the end stays counted."""
        if self._follower:
            self._notes.unreadable_count = self._follower.unreadable_count
            self._follower.close()


def _follow_rows(follower: Follower, stop: Stop) -> Iterator[Row | None]:
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
