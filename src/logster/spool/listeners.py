"""Those who are told what was stored, one drain's view of them.

In: a stored block and its token. Out: what each listener has still to be told.
Promise: nobody who listens stops the drain: one that fails or hangs holds a claim back for
`HOLD_S`, is said as a fault, and hears later of all that it has missed, as one notice.

When nobody listens, nothing is computed. See docs/decisions/036-notice.md.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from logster.faults import Fault, Faults
from logster.notice import Listener, Notice, merge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: A claim is held back for so long by a listener that fails. Less than the time after which the
#: spool takes its drain for one that stands still (room.STANDSTILL_S).
HOLD_S = 3.0
#: One that has missed something is tried again so often, and holds a claim for so long then:
#: a tenth of the drain's time.
AGAIN_S = 10.0
HOLD_AGAIN_S = 1.0
#: The first wait between two tries; each is twice as long as the one before.
BACK_OFF_S = 0.1


class Listeners:
    """The listeners of one drain. What they have missed is kept by the spool, not here."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        read_notice: Callable[[bytes, str], Notice],
        faults: Faults,
    ) -> None:
        """`read_notice` says what a stored block holds."""
        self._listeners = listeners
        self._read_notice = read_notice
        self._faults = faults
        self._again_at: dict[str, float] = {}
        #: The last call of each: one that heeds no cancellation is not called a second time.
        self._calls: dict[str, asyncio.Task[None]] = {}

    async def tell(
        self, block: bytes, token: str, missed: Mapping[str, Notice]
    ) -> dict[str, Notice]:
        """Tell of a stored block, and of what was missed; gives what is missed now."""
        if not self._listeners:
            return {}
        notice = await self._read(block, token)
        return await self._tell_all(
            {
                listener.name: merge(missed.get(listener.name), notice)
                for listener in self._listeners
            },
            missed,
        )

    async def _read(self, block: bytes, token: str) -> Notice:
        """What a stored block holds; the drain goes on also when nobody can say."""
        try:
            notice = await asyncio.to_thread(self._read_notice, block, token)
        except Exception as error:  # noqa: BLE001 - whatever it is, the same block comes no better
            self._faults.begin(_READING, _reading_fault(repr(error)))
            return Notice(token, None)
        self._faults.end(_READING)
        return notice

    async def tell_missed(self, missed: Mapping[str, Notice]) -> dict[str, Notice]:
        """Tell of what was missed, when nothing new is there; gives what is missed still."""
        return await self._tell_all(missed, missed)

    async def _tell_all(
        self, owed: Mapping[str, Notice], missed: Mapping[str, Notice]
    ) -> dict[str, Notice]:
        told = await asyncio.gather(
            *(
                self._tell(listener, owed[listener.name], has_missed=listener.name in missed)
                for listener in self._listeners
                if listener.name in owed
            )
        )
        return {name: owed[name] for name, is_told in told if not is_told}

    async def _tell(
        self, listener: Listener, notice: Notice, *, has_missed: bool
    ) -> tuple[str, bool]:
        """Tell one listener within its time: its name, and whether it has heard."""
        name, now = listener.name, time.monotonic()
        if has_missed and now < self._again_at.get(name, 0.0):
            return name, False
        until, pause_s = now + (HOLD_AGAIN_S if has_missed else HOLD_S), BACK_OFF_S
        while failure := await self._call(listener, notice, until - time.monotonic()):
            if time.monotonic() + pause_s >= until:
                self._again_at[name] = time.monotonic() + AGAIN_S
                self._faults.begin(_source(name), _fault(name, failure))
                return name, False
            await asyncio.sleep(pause_s)
            pause_s *= 2
        self._faults.end(_source(name))
        return name, True

    async def _call(self, listener: Listener, notice: Notice, timeout_s: float) -> str:
        """Why a listener has not heard; empty when it has."""
        call = self._calls.get(listener.name)
        if call and not call.done():
            await asyncio.wait([call], timeout=timeout_s)
            return "it is still busy with what it was told before"
        call = self._calls[listener.name] = asyncio.create_task(_hear(listener, notice))
        try:
            await asyncio.wait([call], timeout=timeout_s)
        finally:  # not awaited: who hangs may not heed it
            call.cancel()
        if not call.done():
            return f"it has not answered within {timeout_s:.1f} s"
        if call.cancelled():
            return "it was cancelled"
        error = call.exception()
        return f"{type(error).__name__}: {error}" if error else ""


async def _hear(listener: Listener, notice: Notice) -> None:
    await listener.hear(notice)


_READING = "reading what was stored"


def _reading_fault(detail: str) -> Fault:
    return Fault(
        part="notice",
        cause="unread",
        message="It cannot be read what was stored, for those who act on it",
        advice="Events are stored and found all the same; who acts on them looks at all of them.",
        detail=detail,
        is_blocking=False,
    )


def _source(name: str) -> str:
    """The same for all drains of a worker: the next one that is heard ends the fault."""
    return f"listener {name}"


def _fault(name: str, failure: str) -> Fault:
    return Fault(
        part=name,
        cause="notice",
        message=f"What was stored cannot be told to {name}",
        advice="Events are stored and found all the same; it is told later of all that it missed.",
        detail=failure,
        is_blocking=False,
    )
