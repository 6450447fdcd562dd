"""One `send` from its first row to its last.

In: rows. Out: batches, a summary, the positions of what was taken.
Promise: every line is either sent, refused with its place and reason, or named as not sent;
a position is written only when all lines before it have been answered.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from logster.cli.answer import ClientError
from logster.cli.bar import show_bar
from logster.cli.retry import Retries
from logster.cli.send.batches import Entry, Refusal
from logster.cli.send.events import render_event
from logster.cli.send.joiner import TraceJoiner
from logster.follow.rows import MAX_LINE_BYTES, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.cli.bar import Bar, Progress
    from logster.cli.send.batches import Outbox
    from logster.cli.send.events import Choices
    from logster.cli.send.notes import Notes
    from logster.cli.send.stop import Stop
    from logster.follow.position import FileId, Place
    from logster.follow.positions import Positions

EXIT_INTERRUPTED = 130

#: A held line is sent at the latest after this time, when more of them trickle in.
FLUSH_S = 0.75


class Run:
    """Takes rows, and accounts for them."""

    def __init__(
        self,
        outbox: Outbox,
        choices: Choices,
        progress: Progress,
        notes: Notes,
        stop: Stop,
        *,
        is_endless: bool = False,
        is_text: bool = False,
        positions: Positions | None = None,
    ) -> None:
        """`is_text`: a message that was typed, of which nobody thinks as of a line."""
        self._outbox = outbox
        self._choices = choices
        self._progress = progress
        self._notes = notes
        self._stop = stop
        self._is_endless = is_endless
        self._is_text = is_text
        self._positions = positions
        self._joiner = TraceJoiner() if choices.joins_traces else None
        self._started = self._flushed_at = time.monotonic()
        self._lines = 0
        self._sources: set[str] = set()
        self._last = Row("", 0, "")
        #: Where reading is in each file; all of it is sent or held.
        self._passed: dict[FileId, Place] = {}

    def send(
        self,
        rows: Iterator[Row | None],
        left_over: Callable[[], Iterator[Row]],
        *,
        shows_progress: bool,
    ) -> None:
        """Send all rows; when it is ended early, `left_over` gives what was read and not given."""
        with show_bar(self._progress, is_shown=shows_progress) as bar:
            try:
                self._send_all(rows, bar)
            except KeyboardInterrupt:
                self._stop_early(left_over)
            except ClientError as error:
                raise ClientError(f"{error}\n{self._rest()}") from error

    def _send_all(self, rows: Iterator[Row | None], bar: Bar) -> None:
        for row in rows:
            self._arrange(row)
            if row is None or self._is_endless:
                self._flush_in_time()
            bar.update(self._lines)
            self._stop.check()
        self._arrange_rest()
        self._flush()
        bar.update(self._lines)

    def _arrange(self, row: Row | None) -> None:
        """Take a row, with its stack trace when that is asked for."""
        if self._joiner is None:
            if row:
                self._take(row)
            return
        now = time.monotonic()
        for joined in self._joiner.add(row, now) if row else self._joiner.due(now):
            self._take(joined)

    def _arrange_rest(self) -> None:
        if self._joiner:
            for joined in self._joiner.release():
                self._take(joined)

    def _take(self, row: Row) -> None:
        if row.number:
            self._lines += 1
            self._last = row
            self._sources.add(row.source)
            self._put(row)
        if row.place:
            self._passed[row.place.reader.id] = row.place
        if self._outbox.is_full:
            self._flush()

    def _put(self, row: Row) -> None:
        if row.text is None:
            reason = f"longer than {MAX_LINE_BYTES} bytes"
            self._outbox.refuse(Refusal(row.source, row.number, reason))
        elif row.text.strip():
            entry = Entry(row.source, row.number, render_event(row, self._choices))
            if not self._outbox.has_room(entry):
                self._flush()
            self._outbox.put(entry)
        else:
            self._outbox.tally.blank += 1

    def _flush_in_time(self) -> None:
        if time.monotonic() - self._flushed_at >= FLUSH_S:
            self._flush()

    def _flush(self) -> None:
        """Send what is held; then all that was passed is safe."""
        if self._outbox.held:
            with self._stop.waiting():
                self._outbox.flush()
        if self._positions and self._passed:
            self._positions.record(place.position for place in self._passed.values())
        self._passed.clear()
        self._flushed_at = time.monotonic()

    # -- the end ------------------------------------------------------------------------------

    def _stop_early(self, left_over: Callable[[], Iterator[Row]]) -> None:
        self._stop.asked = False  # from here on, a second time is impatience
        if self._is_endless:
            # This is how following ends: what is held goes out, without waiting for a server.
            self._outbox.retries = Retries(0)
            with contextlib.suppress(ClientError):
                self._flush()  # as it was begun: a batch under a known key does not change
                for row in left_over():
                    self._arrange(row)
                self._arrange_rest()
                self._flush()
            if not self._outbox.held:
                return
        self._notes.say(f"Interrupted. {self._rest()}")
        raise SystemExit(EXIT_INTERRUPTED)

    def _rest(self) -> str:
        """Say what was and was not sent, and where to go on."""
        held = self._outbox.held
        if self._is_text:
            return "The message was not sent." if held else "The message was sent."
        if held:
            return (
                f"{self.summary()} Not confirmed: {held[0].source} from line {held[0].number} on "
                f"({len(held):,} lines were read, more may follow)."
            )
        behind = f" Nothing behind {self._last.source} line {self._last.number} was read."
        return self.summary() + (behind if self._lines else "")

    def summary(self) -> str:
        """Say in one sentence what became of the lines."""
        tally = self._outbox.tally
        seconds = time.monotonic() - self._started
        parts = [f"{tally.sent:,} lines sent"]
        if tally.refused:
            parts.append(f"{tally.refused:,} refused")
        if self._notes.unreadable_count:
            parts.append(f"{self._notes.unreadable_count:,} files not read to the end")
        if tally.blank:
            parts.append(f"{tally.blank:,} blank ones left out")
        files = f" of {len(self._sources)} files" if len(self._sources) > 1 else ""
        return f"{', '.join(parts)}{files} in {seconds:.1f} s ({tally.sent / seconds:,.0f}/s)."
