"""How a run is ended: by Ctrl-C, or by SIGTERM, which services are stopped with.

In: signals. Out: `KeyboardInterrupt` where nothing is lost by it, while a run waits; between
two lines it asks `asked`. Who is in a hurry asks twice.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stop:
    """Hears that a run is to end."""

    def __init__(self) -> None:
        self.asked = False
        self._is_waiting = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, *_: object) -> None:
        is_second, self.asked = self.asked, True
        if self._is_waiting or is_second:
            raise KeyboardInterrupt

    def check(self) -> None:
        """End here, when asked to."""
        if self.asked:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While the block runs, being asked ends it at once."""
        self.check()
        self._is_waiting = True
        try:
            yield
        finally:
            self._is_waiting = False
