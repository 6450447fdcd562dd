"""Frames that wait to be kept, and their deliveries, one after the other.

In: frames of one socket, for which there is one key. Out: bodies for the intake.
Promise: each frame has one outcome, which is counted. While the spool takes nothing, what is here
is tried again and its socket is not read; what waits is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING

from logster import metrics
from logster.errors import KeyLimitError, LogsterError, RetryLaterError, ServerFaultError
from logster.ingest.body import Body
from logster.ingest.delivery import Delivery
from logster.ingest.frames import Fault, Frames, pack
from logster.ingest.outcomes import sender_of
from logster.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logster.errors import Sender
    from logster.ingest.frames import Cut
    from logster.ingest.intake import Intake
    from logster.ingest.protocol import Protocol, Request
    from logster.meta.grants import Grant

log = logging.getLogger(__name__)

#: What is read at once: some 3 ms of the loop, in which it does nothing else.
MAX_DELIVERY_FRAMES = 500
MAX_DELIVERY_BYTES = 120 * 1024
#: While one is synced to disk the next one is read.
DELIVERIES_AT_ONCE = 2
#: What waits of connections, whose senders can wait as well; and of datagrams, which are lost
#: else: ten seconds of 50,000 short ones.
MAX_STREAM_BYTES = 4 * 1024 * 1024
MAX_DATAGRAM_BYTES = 128 * 1024 * 1024
#: What a frame takes beside its bytes.
FRAME_BYTES = 100
#: How soon it is tried again when there was no room.
TRY_AGAIN_S = 0.25


class Inbox:
    """What waits of one socket."""

    def __init__(
        self,
        protocol: Protocol,
        request: Callable[[], Request],
        *,
        admit: Callable[[], Grant],
        intake: Intake,
        max_bytes: int,
    ) -> None:
        """`request` is what a reader may know of a frame; `admit` raises RefusedError.

        While `max_bytes` wait, its socket must not be read.
        """
        self._max_bytes = max_bytes
        self._protocol = protocol
        self._request = request
        self._admit = admit
        self._intake = intake
        self._waiting: deque[tuple[str, Sequence[Cut]]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._is_closing = False
        #: Why nothing is kept now, the reason of a `RetryLaterError`; "" while all is well.
        self.obstacle = ""
        #: Called when there is room again.
        self.on_room: Callable[[], None] = lambda: None
        self._tasks = [
            asyncio.create_task(self._deliver(), name=f"{protocol.name} inbox")
            for _ in range(DELIVERIES_AT_ONCE)
        ]

    @property
    def name(self) -> str:
        """That of its protocol."""
        return self._protocol.name

    @property
    def is_full(self) -> bool:
        """Whether its socket must not be read."""
        return self._waiting_bytes >= self._max_bytes

    def add(self, sender: str, cuts: Sequence[Cut]) -> None:
        """Take frames; who adds looks at `is_full` afterwards."""
        for start in range(0, len(cuts), MAX_DELIVERY_FRAMES):
            some = cuts[start : start + MAX_DELIVERY_FRAMES]
            self._waiting.append((sender, some))
            self._waiting_bytes += _size_of(some)
        self._arrived.set()

    async def close(self, timeout_s: float) -> None:
        """Keep what waits; what cannot be kept by then is lost, and counted."""
        self._is_closing = True
        self._arrived.set()
        _, late = await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        waiting = sum(len(cuts) for _, cuts in self._waiting)
        self.count("lost", self.obstacle or "stopped", waiting)

    def count(self, outcome: str, reason: str, by: int) -> None:
        """Count frames that are no events, and never will be."""
        sender: Grant | Sender | None
        try:
            sender = self._admit()
        except LogsterError as error:  # the key of the socket was revoked
            sender = sender_of(error)
        self._intake.outcomes.record(
            Outcome(outcome), sender, self._protocol.name, reason, events=by
        )

    async def _deliver(self) -> None:
        while True:
            await self._arrived.wait()
            frames = self._take()
            if not frames:
                self._arrived.clear()
                if self._is_closing:
                    self._arrived.set()  # for the other task
                    return
                continue
            await self._keep(frames)

    def _take(self) -> Frames:
        was_full = self.is_full
        frames = Frames()
        size = 0
        while self._waiting and len(frames) < MAX_DELIVERY_FRAMES and size < MAX_DELIVERY_BYTES:
            sender, cuts = self._waiting.popleft()
            frames.extend(sender, cuts)
            size += _size_of(cuts)
        self._waiting_bytes -= size
        if was_full and not self.is_full:
            self.on_room()
        return frames

    async def _keep(self, frames: Frames) -> None:
        """Keep a body, however often that is tried; whatever it comes to is counted."""
        data = pack(frames)
        body = Body(len(data), "")
        body.add(data)
        metrics.count(metrics.BODY_BYTES, self._protocol.name, by=len(data))
        try:
            while not await self._try(body):  # noqa: ASYNC110 - there is no event of room
                await asyncio.sleep(TRY_AGAIN_S)
        except KeyLimitError as error:  # who sends cannot be told to wait
            self.count("limited", error.reason, len(frames))
        except LogsterError as error:
            self.count("refused", error.reason, len(frames))
        except asyncio.CancelledError:
            self.count("lost", self.obstacle or "stopped", len(frames))
            raise
        except Exception:
            log.exception("What came to a socket of %s could not be read", self._protocol.name)
            self.count("refused", ServerFaultError.reason, len(frames))

    async def _try(self, body: Body) -> bool:
        """Whether it was kept; raises RefusedError when it never will be."""
        grant = self._admit()
        with contextlib.ExitStack() as stack:
            stack.callback(self._intake.release, body.size, grant.key)
            try:
                self._intake.hold(body.size, grant.key)
                delivery = Delivery(
                    protocol=self._protocol, request=self._request(), grant=grant, body=body
                )
                await self._intake.keep(delivery)
            except KeyLimitError:
                raise
            except RetryLaterError as error:
                self.obstacle = error.reason
                return False
        self.obstacle = ""
        return True


def _size_of(cuts: Sequence[Cut]) -> int:
    """What frames take while they wait."""
    said = (cut.head if isinstance(cut, Fault) else cut for cut in cuts)
    return FRAME_BYTES * len(cuts) + sum(map(len, said))
