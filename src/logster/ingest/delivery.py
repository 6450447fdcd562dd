"""A body that is here whole, on its way to the disk: read, in the loop or beside it.

In: who brought it, and who reads it. Out: its events and rejections.
Promise: a body that takes long is read in a thread, a few at a time, each key in its turn.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from logster.answer import ANSWER_LIFE_S
from logster.event import Rejection
from logster.ingest.body import PACKED, Body
from logster.ingest.fairness import Turns
from logster.ingest.idempotency import fingerprint
from logster.ingest.places import choose
from logster.ingest.protocol import Protocol, Request, oversize_text
from logster.meta.grants import Grant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from logster.ingest.protocol import Limits, Reading

#: Bodies above this are opened and read in a thread, so that small ones do not wait for them.
LARGE_BODY_BYTES = 128 * 1024
#: So are bodies of more lines or items than this, however few their bytes: a bad line costs 10 µs.
MAX_QUICK_PARTS = 4_000
#: Large bodies read at the same time: each needs several times its size in memory.
MAX_LARGE_READS = 2


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A body that is here whole: who brought it, and who reads it.

    With an `idempotency_key` it is kept once within its `route`, however often it comes.
    """

    protocol: Protocol
    request: Request
    grant: Grant
    body: Body
    encoding: str = ""
    route: str = ""
    idempotency_key: str = ""
    #: A body that was refused before is tried again: whole, or of its `count` events those at these
    #: places alone (`ingest.places`).
    is_retry: bool = False
    places: frozenset[int] | None = None
    count: int = 0

    #: How long a resend gets the answer of the first time.
    answer_life_s: int = ANSWER_LIFE_S

    @property
    def is_small(self) -> bool:
        """Whether it can be looked at without a thread."""
        return self.body.size <= LARGE_BODY_BYTES and not self.encoding


class Deliveries:
    """Reads those of one worker."""

    def __init__(self, limits: Limits, pace: Callable[[], Awaitable[None]]) -> None:
        """`pace` holds a large body back a little while the store is behind."""
        self._limits = limits
        self._pace = pace
        self._large_reads = Turns(MAX_LARGE_READS)

    async def fingerprint(self, delivery: Delivery) -> bytes:
        """That of a body that was sent again, perhaps packed in another way."""
        if delivery.is_small:
            return fingerprint(delivery.body.packed)
        async with self._large_reads.turn(delivery.grant.key):
            return await asyncio.to_thread(
                lambda: fingerprint(delivery.body.open(delivery.encoding))
            )

    async def read(self, delivery: Delivery) -> tuple[Reading, int, bytes]:
        """The events of a body, its size when open (bytes), and its fingerprint if it needs one."""
        body = delivery.body
        if delivery.is_small:
            plain = body.packed
            # Each part is a byte at least, but of what is packed: most messages need no counting.
            is_brief = body.size <= MAX_QUICK_PARTS and not plain.startswith(PACKED)
            if is_brief or _count_parts(plain, delivery) <= MAX_QUICK_PARTS:
                reading = delivery.protocol.read(plain, delivery.request, self._limits)
                return _chosen(reading, delivery), body.size, _fingerprint_if_asked(plain, delivery)
        async with self._large_reads.turn(delivery.grant.key):
            await self._pace()
            return await asyncio.to_thread(self._open_and_read, delivery)

    def _open_and_read(self, delivery: Delivery) -> tuple[Reading, int, bytes]:
        plain = delivery.body.open(delivery.encoding)
        reading = delivery.protocol.read(plain, delivery.request, self._limits)
        if len(plain) > self._limits.max_message_bytes:
            _reject_oversize(reading, self._limits.max_message_bytes)
        return _chosen(reading, delivery), len(plain), _fingerprint_if_asked(plain, delivery)


def _chosen(reading: Reading, delivery: Delivery) -> Reading:
    """Of a body that is tried again, those events alone that were refused."""
    if delivery.places is not None:
        choose(reading, delivery.places, delivery.count)
    return reading


def _count_parts(plain: bytes, delivery: Delivery) -> int:
    """About how many lines or items there are."""
    if delivery.protocol.count_parts is not None:
        return delivery.protocol.count_parts(plain, delivery.request)
    return plain.count(b"\n") + plain.count(b",")


def _fingerprint_if_asked(plain: bytes, delivery: Delivery) -> bytes:
    return fingerprint(plain) if delivery.idempotency_key else b""


def _reject_oversize(reading: Reading, max_bytes: int) -> None:
    """Take single messages over the cap out of a large batch."""
    columns = reading.columns
    if columns.size_bound() <= max_bytes:  # nearly always, and quickly known
        return
    lines = reading.lines or list(range(1, len(columns) + 1))
    large = [index for index, size in enumerate(columns.sizes()) if size > max_bytes]
    if not large:
        return
    faults = {"message": [oversize_text(max_bytes)]}
    reading.rejections = sorted(
        reading.rejections
        + [Rejection(line=lines[index], reason="too_large", faults=faults) for index in large],
        key=lambda rejection: rejection.line,
    )
    columns.remove(large)
    gone = set(large)
    reading.lines = [line for index, line in enumerate(lines) if index not in gone]
    if reading.identities is not None:
        kept = (each for index, each in enumerate(reading.identities) if index not in gone)
        reading.identities = list(kept)
