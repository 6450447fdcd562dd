"""The loop that moves spooled events into the store: oldest first, never lost, never twice.

In: a spool, `join`, which makes one block of a claim, `insert(block, token)`, which returns when
the store has the rows, and who is told of it then. Out: nothing; what the store refuses for its
content is cut down to the bad events, and those are set aside with the reason, where a person can
see them.
Promise: ingestion never waits for the drain. Only content is set aside; whatever else keeps the
store from taking a block is waited for, is said once, and goes on by itself when it is mended.

See design.md section 3, steps 9 to 11.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from typing import TYPE_CHECKING, Any

from logster import metrics
from logster.errors import SpoolFullError, StoreRefusedError, StoreUnavailableError
from logster.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.spool.claims import Claim
    from logster.spool.listeners import Listeners
    from logster.spool.queue import Block
    from logster.spool.spool import Spool

log = logging.getLogger(__name__)

#: One insert takes at most this much of the spool and this many events: 131,072 of the usual
#: size fit into the engine's default memory, with all indexes built at once.
MAX_CLAIM_BYTES = 32 * 1024 * 1024
MAX_CLAIM_EVENTS = 100_000

#: A message on an idle server is stored after this; long enough to share an insert.
MIN_WAIT_S = 0.15
#: Under load the wait grows with the cost of an insert, but a message is stored within a second.
MAX_WAIT_S = 0.5
#: Waiting this many times the length of the last insert keeps inserts under a fifth of the time.
WAIT_PER_INSERT = 4
#: Enough events to insert at once, without waiting for more. Much less than the number at which
#: senders wait (room.MAX_BEHIND_EVENTS): with two thirds of it, each waited for the other.
EAGER_EVENTS = 20_000

#: First and longest wait after a failed insert.
BACK_OFF_S = 0.2
MAX_BACK_OFF_S = 5.0
#: A block for which the store's memory does not do so often is inserted in halves.
MAX_TRIES_WHOLE = 8
#: A failure that is over at the next try is nobody's concern: the engine was started again.
TRIES_UNTIL_SAID = 2

#: Set-aside events are told of so often.
SAY_AGAIN_S = 5.0

#: How often an idle drain looks again: a replayed block arrives without a signal.
LOOK_AGAIN_S = 1.0


class Drain:
    """Drains one spool until it is stopped."""

    def __init__(
        self,
        spool: Spool[Any],
        *,
        join: Callable[[list[bytes]], bytes],
        insert: Callable[[bytes, str], Awaitable[None]],
        split: Callable[[bytes], list[Block]],
        listeners: Listeners,
        faults: Faults,
    ) -> None:
        """`split` halves a packed body (one part when it holds one event)."""
        self._spool = spool
        self._join = join
        self._insert = insert
        self._split = split
        self._listeners = listeners
        self._faults = faults
        self._source = f"drain of {spool.name}"
        self._wait_s = MIN_WAIT_S
        #: Less after a block that the store did not take whole, so that the next one is not tried
        #: in vain as well; more again with each that it takes.
        self._max_events = MAX_CLAIM_EVENTS
        #: Set aside and not yet said.
        self._refused = 0
        self._said_at = -SAY_AGAIN_S

    async def run(self) -> None:
        """Drain for ever; cancel it to stop."""
        while True:
            await self._spool.wait_until_grown(LOOK_AGAIN_S)
            try:
                await self._let_events_gather()
                while await self.drain_once():
                    await self._let_events_gather()
                self._faults.end(self._source)
                await self.tell_missed()
            except SpoolFullError as error:  # a claim is a note on the same disk as the events
                self._faults.begin(self._source, _spool_fault(error))
                await asyncio.sleep(MAX_BACK_OFF_S)

    async def drain_all(self, timeout_s: float) -> bool:
        """Empty the spool, at a shutdown; False when that was not possible in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while await self.drain_once():
                    pass
                return True
        return False

    async def drain_once(self) -> bool:
        """Move the oldest blocks into the store; False when there were none."""
        claim = await self._spool.take(MAX_CLAIM_BYTES, self._max_events)
        if claim is None:
            return False
        await self._store(claim)
        return True

    async def tell_missed(self) -> None:
        """Tell listeners what they have missed, when no claim is there to tell it with."""
        if self._spool.missed:
            missed = await self._listeners.tell_missed(self._spool.missed)
            await self._spool.keep_missed(missed)

    async def _let_events_gather(self) -> None:
        state = self._spool.state
        if state.events < EAGER_EVENTS:
            age_s = time.time() - (state.oldest_at or time.time())
            await asyncio.sleep(max(0.0, self._wait_s - max(age_s, 0.0)))

    async def _store(self, claim: Claim) -> None:
        """Join, insert, tell, forget: however long the store is away."""
        started = time.perf_counter()
        try:
            block = await asyncio.to_thread(self._join, claim.bodies)
            await self._insert_patiently(block, claim.token)
        except (StoreRefusedError, StoreUnavailableError) as error:
            await self._take_apart(claim, error)
            return
        self._record_insert(claim, time.perf_counter() - started)
        missed = await self._listeners.tell(block, claim.token, self._spool.missed)
        await self._spool.forget(claim, missed)
        self._max_events = min(self._max_events * 2, MAX_CLAIM_EVENTS)

    async def _insert_patiently(self, block: bytes, token: str) -> None:
        """Insert when it is possible.

        Raises StoreRefusedError for content, and StoreUnavailableError only for a block that is
        too large for the store's memory, which then has nothing of it.
        """
        back_off_s, tries = BACK_OFF_S, 0
        while True:
            try:
                await self._insert(block, token)
            except StoreUnavailableError as error:
                tries += 1
                metrics.INSERT_FAILURES.labels(error.cause).inc()
                if tries >= TRIES_UNTIL_SAID:
                    self._faults.begin(self._source, _store_fault(error))
                if error.cause == "memory" and tries >= MAX_TRIES_WHOLE:
                    raise
            else:
                self._faults.end(self._source)
                return
            # Not all at once when the store comes back: several workers wait for it.
            await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            back_off_s = min(back_off_s * 2, MAX_BACK_OFF_S)

    def _record_insert(self, claim: Claim, seconds: float) -> None:
        metrics.INSERT_S.observe(seconds)
        metrics.INSERTED.inc(claim.events)
        self._wait_s = min(max(MIN_WAIT_S, WAIT_PER_INSERT * seconds), MAX_WAIT_S)

    async def _take_apart(
        self, claim: Claim, error: StoreRefusedError | StoreUnavailableError
    ) -> None:
        """Go on with less of a claim of which the store has nothing, down to the bad events.

        Each step is one transaction of the spool: who starts again after a crash tries no more
        than was tried before it, so what is stored already never comes again with the rest.
        """
        if isinstance(error, StoreRefusedError):
            metrics.INSERT_FAILURES.labels("refused").inc()
            self._faults.end(self._source)
        self._max_events = max(claim.events // 2, 1)
        if len(claim.bodies) > 1:
            await self._spool.narrow(claim)
            return
        parts = self._split(claim.bodies[0])
        if len(parts) > 1:
            await self._spool.replace(claim, parts)
        elif isinstance(error, StoreRefusedError):
            await self._spool.set_aside(claim, [(parts[0], str(error))])
            metrics.ASIDE.inc(claim.events)
            self._refused += claim.events
            self._say_refused(str(error))
        # Else it is one event, and the store is to blame: it is waited for.

    def _say_refused(self, reason: str) -> None:
        """One line for many events: they come one by one."""
        now = time.monotonic()
        if now - self._said_at >= SAY_AGAIN_S:
            log.error(
                "the store refused %d events; see `logster spool aside`: %s", self._refused, reason
            )
            self._said_at, self._refused = now, 0


def _store_fault(error: StoreUnavailableError) -> Fault:
    return Fault(
        part="store",
        cause=error.cause,
        message="The store does not take events; they are accepted and kept meanwhile",
        advice=error.advice or "It is waited for; if this lasts, look at its process and its log.",
        detail=str(error),
    )


def _spool_fault(error: SpoolFullError) -> Fault:
    return Fault(
        part="spool",
        cause="unwritable",
        message="Nothing can be taken out of the spool, whose file cannot be written",
        advice="Look at the free space and the health of its disk.",
        detail=str(error),
    )
