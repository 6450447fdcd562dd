"""What `send` tells people on standard error while it works.

In: what happened. Out: sentences, the first of each kind in full and the rest counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.cli.terminal import note, one_line
from logster.follow.charset import UTF_8

if TYPE_CHECKING:
    from pathlib import Path

    from logster.cli.answer import AwayError
    from logster.cli.send.batches import Refusal

#: More would flood the screen; the rest is counted.
MAX_SHOWN = 20


class Notes:
    """Tells, and counts what the exit code must know."""

    def __init__(self) -> None:
        self.unreadable_count = 0
        self._refused_count = 0
        self._skipped_count = 0
        self._undecodable: set[str] = set()
        self._last_trouble = ""

    def say(self, text: str) -> None:
        """Tell something, on one line whatever a file is called."""
        note(one_line(text))

    def skip(self, path: Path, why: str) -> None:
        """A file of a folder is left out."""
        self._skipped_count += 1
        if self._skipped_count <= MAX_SHOWN:
            advice = "Name the file to send it anyway." if why in {"hidden", "not text"} else ""
            self.say(f"{path}: left out: {why}. {advice}".rstrip())
        elif self._skipped_count == MAX_SHOWN + 1:
            self.say("More files are left out.")

    def unreadable(self, path: Path, why: str) -> None:
        """A file cannot be read (any farther)."""
        self.unreadable_count += 1
        self.say(f"{path} cannot be read: {why}")

    def undecodable(self, source: str, line: int, encoding: str) -> None:
        """A line has bytes that are no text of the encoding; each file is told once."""
        if source in self._undecodable:
            return
        self._undecodable.add(source)
        advice = " If it is in another encoding, name it with --encoding, such as latin-1."
        self.say(
            f"{source}:{line}: bytes that are no {encoding.upper()} are sent as they are written "
            f"here: \\xe9.{advice if encoding == UTF_8 else ''}"
        )

    def refused(self, refusal: Refusal) -> None:
        """A line is not taken."""
        self._refused_count += 1
        if self._refused_count <= MAX_SHOWN:
            place = f"{refusal.source}:{refusal.number}: " if refusal.source else ""
            self.say(f"{place}refused: {refusal.reason}")
        elif self._refused_count == MAX_SHOWN + 1:
            self.say("More lines are refused; they are counted below.")

    def wait(self, error: AwayError, pause_s: float) -> None:
        """The server is away: the trouble is told once, then only that it goes on."""
        trouble = str(error)
        again = f"Trying again in {pause_s:.1f} s."
        self.say(again if trouble == self._last_trouble else f"{trouble} {again}")
        self._last_trouble = trouble
