"""The loop that moves spooled events into the store: oldest first, never lost, never twice.

In: a spool, and `insert(bodies, token)`, which returns when the store has the rows.
Out: nothing; what the store refuses for its content is cut down to the bad events, and those
are set aside with the reason, where a person can see them.
Promise: ingestion never waits for the drain, and a block that fails never blocks the next
ones for good.

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
from logster.errors import SpoolFullError, StoreError, StoreFullError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.spool.line import Block
    from logster.spool.spool import Claim, Spool

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
#: senders wait (spool.MAX_BEHIND_EVENTS): with two thirds of it, each waited for the other.
EAGER_EVENTS = 20_000

#: First and longest wait after a failed insert.
BACK_OFF_S = 0.2
MAX_BACK_OFF_S = 5.0
#: A block that fails this often while the store is otherwise well is cut like a refused one.
MAX_STRIKES = 8

#: How often an idle drain looks again: a replayed block arrives without a signal.
LOOK_AGAIN_S = 1.0


class Drain:
    """Drains one spool until it is stopped."""

    def __init__(
        self,
        spool: Spool[Any],
        *,
        insert: Callable[[list[bytes], str], Awaitable[None]],
        split: Callable[[bytes], list[Block]],
        is_well: Callable[[], Awaitable[bool]],
    ) -> None:
        """`split` halves a packed body (one part when it holds one event).

        `is_well` asks whether the store answers at all; it tells a sick store from a bad block.
        """
        self._spool = spool
        self._insert = insert
        self._split = split
        self._is_well = is_well
        self._wait_s = MIN_WAIT_S
        self._strikes = 0

    async def run(self) -> None:
        """Drain for ever; cancel it to stop."""
        while True:
            await self._spool.wait_until_grown(LOOK_AGAIN_S)
            try:
                await self._let_events_gather()
                while await self.drain_once():
                    await self._let_events_gather()
            except SpoolFullError as error:  # a claim is a note on the same disk as the events
                log.warning("draining waits: %s", error)
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
        claim = await self._spool.take(MAX_CLAIM_BYTES, MAX_CLAIM_EVENTS)
        if claim is None:
            return False
        await self._store(claim)
        return True

    async def _let_events_gather(self) -> None:
        state = self._spool.state
        if state.events < EAGER_EVENTS:
            age_s = time.time() - (state.oldest_at or time.time())
            await asyncio.sleep(max(0.0, self._wait_s - max(age_s, 0.0)))

    async def _store(self, claim: Claim) -> None:
        """Insert a claim, however long the store is away."""
        back_off_s = BACK_OFF_S
        self._strikes = 0
        while True:
            started = time.perf_counter()
            try:
                await self._insert(claim.bodies, claim.token)
            except StoreRefusedError as error:
                metrics.INSERT_FAILURES.labels("refused").inc()
                await self._set_aside(claim, str(error))
                return
            except StoreError as error:
                metrics.INSERT_FAILURES.labels("unavailable").inc()
                if await self._is_poison(claim, error):
                    await self._set_aside(claim, str(error))
                    return
            else:
                self._record_insert(claim, time.perf_counter() - started)
                await self._spool.forget(claim)
                return
            # Not all at once when the store comes back: several workers wait for it.
            await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            back_off_s = min(back_off_s * 2, MAX_BACK_OFF_S)

    def _record_insert(self, claim: Claim, seconds: float) -> None:
        metrics.INSERT_S.observe(seconds)
        metrics.INSERTED.inc(claim.events)
        self._wait_s = min(max(MIN_WAIT_S, WAIT_PER_INSERT * seconds), MAX_WAIT_S)

    async def _is_poison(self, claim: Claim, error: StoreError) -> bool:
        """Whether it is this block that fails, and not the store."""
        if not await self._can_be_blamed(error):
            self._strikes = 0
            return False
        self._strikes += 1
        log.warning(
            "insert of %d events failed (%d of %d tries): %s",
            claim.events,
            self._strikes,
            MAX_STRIKES,
            error,
        )
        return self._strikes >= MAX_STRIKES

    async def _can_be_blamed(self, error: StoreError) -> bool:
        """Whether a failure may be the block's own: the store is well, and has room."""
        return not isinstance(error, StoreFullError) and await self._is_well()

    async def _set_aside(self, claim: Claim, reason: str) -> None:
        """Store what is good of a refused claim, and set the rest aside."""
        refused: list[tuple[Block, str]] = []
        for number, body in enumerate(claim.bodies):
            refused += await self._sift(body, f"{claim.token}/{number}", reason)
        await self._spool.set_aside(claim, refused)
        count = sum(block.events for block, _ in refused)
        metrics.ASIDE.inc(count)
        log.error(
            "the store refused %d of %d events; see `logster spool aside`: %s",
            count,
            claim.events,
            reason,
        )

    async def _sift(self, body: bytes, token: str, reason: str) -> list[tuple[Block, str]]:
        """Insert the good part of a body, halving it down to the bad events.

        The tokens of the halves follow from the claim's, so that going through it again after
        a crash stores nothing twice.
        """
        refused: list[tuple[Block, str]] = []
        pending = [(body, token)]
        while pending:
            part, part_token = pending.pop()
            failure = await self._try_part(part, part_token)
            if failure is None:
                continue
            halves = self._split(part)
            if len(halves) == 1:
                refused.append((halves[0], failure or reason))
                continue
            pending.extend((half.body, f"{part_token}.{side}") for side, half in enumerate(halves))
        return refused

    async def _try_part(self, part: bytes, token: str) -> str | None:
        """None when the store has the part now, else why it will not have it."""
        strikes = 0
        while True:
            try:
                await self._insert([part], token)
            except StoreRefusedError as error:
                return str(error)
            except StoreError as error:
                strikes = strikes + 1 if await self._can_be_blamed(error) else 0
                if strikes >= MAX_STRIKES:
                    return str(error)
                await asyncio.sleep(MAX_BACK_OFF_S if strikes == 0 else BACK_OFF_S)
            else:
                return None
