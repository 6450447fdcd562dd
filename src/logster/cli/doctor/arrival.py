"""What was sent arrives a moment later: ask until it is there.

In: a question. Out: its answer, or the refusal it ended with.
Promise: a server that is away is not asked again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from logster.cli.answer import AwayError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

#: A message is stored within a second; this is for a server that catches up.
MAX_ARRIVAL_S = 15.0
POLL_S = 0.1


def wait_for(ask: Callable[[], Answer]) -> Answer:
    """Ask until it works; raises the last refusal when a message should long have arrived."""
    deadline = time.monotonic() + MAX_ARRIVAL_S
    while True:
        try:
            return ask()
        except AwayError:
            raise
        except ClientError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_S)
