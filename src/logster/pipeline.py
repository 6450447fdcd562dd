"""The way of an event, on one page.

    receive   ingest/http        a request, or a datagram (ingest/sockets), is ours to answer
    admit     meta/grants        the key is known and may
    open      ingest/body        plain bytes within the cap
    read      ingest/protocols   events and rejections
    stamp     here               each event has its id and passes the steps  ┐ Pipeline
              ingest/normalize   fields have one meaning                     │
              track/group        errors have the key of their issue          │
    append    spool/spool        synced to disk: accepted                    ┘
    reply     ingest/protocols   the client is told in its own words
    take      spool/claims       oldest blocks in hand, still on disk        ┐
    insert    store/insert       in the store exactly once                   │ build_drain
    notice    spool/listeners    who listens knows what was stored           │
    forget    spool/claims       removed from the spool                      ┘

`docs/path-of-an-event.md` tells the same for people. No stage imports this module: it hands
each of them what they need.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from logster.block import read_notice
from logster.errors import SpoolFullError
from logster.event import Batch
from logster.ingest.fairness import fits
from logster.ingest.normalize import normalize
from logster.spool.drain import Drain
from logster.spool.listeners import Listeners
from logster.spool.packing import join, split
from logster.spool.repeats import Once
from logster.spool.tally import NOBODY
from logster.store.insert import insert
from logster.track.group import Grouper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from logster.answer import Answer
    from logster.event import Columns
    from logster.faults import Faults
    from logster.ids import IdMaker
    from logster.notice import Listener
    from logster.spool.spool import Spool
    from logster.store.engine import Engine

    #: Makes what a resend is answered with, when it is known which events came before.
    Keep = Callable[[Mapping[int, int]], Answer]
    #: What happens to a batch on its way: a step changes `batch.columns` in place.
    Step = Callable[[Batch], None]

#: A batch is held back for this long at the most, and its spool looked at so often.
MAX_PACE_S = 2.0
LOOK_AGAIN_S = 0.01
#: The events of one key may take seven eighths of the spool, when it is alone.
SPOOL_FACTOR = 7

#: What a row of an Arrow block takes beside its texts: until events are packed, they count as
#: their body and this for each. So the shortest of messages make no block, and no claim, of ten
#: times the usual events.
ROW_BYTES = 100


def build_steps(*, retention_days: Callable[[], int]) -> tuple[Step, ...]:
    """What every batch passes between the intake and the spool, in this order.

    A new step is a line here. It may change any column, neither adds nor drops an event (each
    has its id and its outcome), and does no I/O: a single message has 100 µs for its whole way.
    What may change while we run comes as a function, as the retention does.
    """
    grouper = Grouper()
    return (
        lambda batch: normalize(
            batch.columns, received_at=batch.received_at, retention_days=retention_days()
        ),
        lambda batch: grouper.group(batch.columns, batch.protocol, batch.workspace),
    )


class Pipeline:
    """One worker's way from columns to disk."""

    def __init__(
        self, spool: Spool[Batch], ids: IdMaker, *, retention_days: Callable[[], int]
    ) -> None:
        """`retention_days` says how old an event may be: it is changed while we run."""
        self._spool = spool
        self._ids = ids
        self._steps = build_steps(retention_days=retention_days)

    def check_room(self, size: int, key: int) -> None:
        """Refuse early, before a body is read: raises SpoolFullError."""
        self._spool.check_room(size)
        self._check_share(size, key)

    def _check_share(self, size: int, key: int) -> None:
        spool = self._spool
        held, all_held = spool.held_by(key), spool.held_bytes
        free = spool.max_bytes - all_held
        if not fits(size, held=held, unowned=spool.held_by(NOBODY), free=free, factor=SPOOL_FACTOR):
            raise SpoolFullError(
                f"This key's events take {held} of the spool's {spool.max_bytes} bytes, all keys' "
                f"{all_held}; what is left is for keys that have less; try again later "
                "(an operator may raise LOGSTER_MAX_SPOOL_BYTES).",
                spool.retry_after_s(size),
            )

    async def pace(self) -> None:
        """Hold a large batch back a little while the store takes less than senders bring.

        Senders who wait for their answer then go at the speed at which events can be found.
        """
        deadline = time.monotonic() + MAX_PACE_S
        while self._spool.is_behind and time.monotonic() < deadline:  # noqa: ASYNC110 - a rare wait
            await asyncio.sleep(LOOK_AGAIN_S)

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Batch:
        """Give events what the server adds, and let them pass the steps."""
        received_at = time.time_ns()
        ids = self._ids.take(len(columns))
        batch = Batch(columns, ids, received_at, workspace, key, protocol)
        for step in self._steps:
            step(batch)
        return batch

    async def accept(
        self,
        events: Batch,
        size: int,
        *,
        receipt: Keep | None = None,
        digests: Sequence[bytes | None] | None = None,
    ) -> Mapping[int, int]:
        """Return when the events are synced to disk; raises SpoolFullError.

        `size` is that of the body. A key is charged what it takes in the spool: a guess until
        the events are packed, nothing when they were not kept. When their sender leaves, they
        are kept all the same.

        Events whose `digests` came within a day are not kept again: gives their indexes, with the
        ids that they have. The `receipt` for a resend is made when these are known.
        """
        key, size = events.key, size + ROW_BYTES * len(events.ids)
        self._check_share(size, key)
        once = None if digests is None else _once(events, digests, receipt)
        kept = receipt({}) if receipt else None
        return await self._spool.append(events, size, kept, owner=key, once=once)


def _once(events: Batch, digests: Sequence[bytes | None], receipt: Keep | None) -> Once[Batch]:
    """A batch that can be written without the events that came before."""

    def without(repeated: Mapping[int, int]) -> tuple[Batch | None, Answer | None]:
        return events.without(repeated), receipt(repeated) if receipt else None

    return Once(digests, events.ids, without)


def build_drain(
    spool: Spool[Batch], engine: Engine, faults: Faults, listeners: Sequence[Listener] = ()
) -> Drain:
    """Let a spool flow into the store; `listeners` are told of each claim that is stored."""
    return Drain(
        spool,
        join=join,
        insert=lambda block, token: insert(engine, block, token),
        split=split,
        listeners=Listeners(listeners, read_notice=read_notice, faults=faults),
        faults=faults,
    )
