"""The progress of `send` (bytes, lines a second, time left) and `export`; for terminals only.

In: how far the reading is. Out: one line on standard error, gone when the work is done.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID


class Progress:
    """What the progress bar asks: bytes read of how many; compressed ones as they lie on disk."""

    def __init__(self, total_bytes: int | None) -> None:
        self.total_bytes = total_bytes
        self.read_bytes = 0


class Bar:
    """No progress bar, which is what a pipe gets."""

    def update(self, lines: int) -> None:
        """Show the progress; here: nothing."""


class TerminalBar(Bar):
    """A progress bar for people: bytes, lines a second, time left."""

    #: A terminal shows no more than this many pictures a second to any use.
    _PERIOD_S = 0.1

    def __init__(self, progress: Progress, drawing: Any, task: TaskID) -> None:
        self._progress = progress
        self._drawing = drawing
        self._task = task
        self._started = self._drawn_at = time.monotonic()

    def update(self, lines: int) -> None:
        """Draw again, when it is time to."""
        now = time.monotonic()
        if now - self._drawn_at < self._PERIOD_S:
            return
        self._drawn_at = now
        self._drawing.update(
            self._task,
            completed=self._progress.read_bytes,
            total=self._progress.total_bytes,
            rate=f"{lines:,} lines, {lines / (now - self._started):,.0f}/s",
        )


@contextlib.contextmanager
def show_bar(progress: Progress, *, is_shown: bool) -> Iterator[Bar]:
    """Show a bar while the block runs, when there is a terminal to show it on."""
    if not is_shown or not sys.stderr.isatty():
        yield Bar()
        return
    # rich costs 0.1 s to import, which a pipe need not pay.
    from rich import progress as widgets  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    drawing = widgets.Progress(
        widgets.BarColumn(),
        widgets.DownloadColumn(),
        widgets.TextColumn("{task.fields[rate]}"),
        widgets.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with drawing:
        task = drawing.add_task("send", total=progress.total_bytes, rate="")
        yield TerminalBar(progress, drawing, task)


@contextlib.contextmanager
def show_growth(what: str, *, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """Show how many bytes have come so far, when there is a terminal to show it on."""
    if not is_shown or not sys.stderr.isatty():
        yield lambda _size: None
        return
    from rich import progress as widgets  # noqa: PLC0415  as above
    from rich.console import Console  # noqa: PLC0415

    drawing = widgets.Progress(
        widgets.SpinnerColumn(),
        widgets.TextColumn(what),
        widgets.DownloadColumn(),
        widgets.TransferSpeedColumn(),
        widgets.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with drawing:
        task = drawing.add_task(what, total=None)
        yield lambda size: drawing.update(task, completed=size)
