"""Trying again while the server is away: how often, and for how long.

In: an attempt. Out: its answer, or the last `AwayError` when the time is over.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from logster.cli.answer import AwayError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    OnWait = Callable[[AwayError, float], None]

#: The first wait is short, since most troubles are a restart; the last does not hammer.
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 30.0


class Retries:
    """How long to go on trying: waits that double, with jitter, until `limit_s` have passed.

    `limit_s` None is for ever. The jitter keeps many senders from coming back at once.
    """

    def __init__(
        self,
        limit_s: float | None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_s = limit_s
        self._sleep = sleep
        self._clock = clock

    def call(self, attempt: Callable[[], httpx.Response], on_wait: OnWait) -> httpx.Response:
        """Try until it works; raises the last `AwayError` when the time is over."""
        started, wait_s = self._clock(), FIRST_WAIT_S
        while True:
            try:
                return attempt()
            except AwayError as error:
                pause_s = choose_pause(wait_s, error.retry_after_s)
                if not self._lasts(started, pause_s):
                    raise
                on_wait(error, pause_s)
            self._sleep(pause_s)
            wait_s = min(wait_s * 2, MAX_WAIT_S)

    def _lasts(self, started: float, pause_s: float) -> bool:
        return self.limit_s is None or self._clock() + pause_s - started <= self.limit_s


def choose_pause(wait_s: float, retry_after_s: float | None) -> float:
    """Half to the whole of the wait, by chance; never less than the server asks for."""
    chosen = wait_s * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, keeps no secret
    return max(chosen, retry_after_s or 0.0)
