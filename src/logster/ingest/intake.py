"""What a sender has brought is read and made durable; HTTP and sockets come to the same place.

In: a body, plain or packed, the grant of its key and the protocol that reads it. Out: a receipt.
Promise: an event has exactly one outcome; accepted means synced to disk; memory stays bounded, and
no key takes all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import typing
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from logster import metrics
from logster.answer import Answer
from logster.errors import QuotaError, RetryLaterError
from logster.ids import digest_of_identity
from logster.ingest.delivery import Deliveries
from logster.ingest.fairness import FairShares
from logster.ingest.idempotency import digest_of, read_kept, render_kept
from logster.ingest.protocol import Receipt
from logster.ingest.rules import Sifted, complete, find_filtered, sift_discarded
from logster.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from logster.event import Batch, Columns
    from logster.ingest.delivery import Delivery
    from logster.ingest.idempotency import Receipts
    from logster.ingest.outcomes import Outcomes
    from logster.ingest.protocol import Limits, Reading
    from logster.meta.grants import Grant
    from logster.meta.quota import Quota

    #: Makes what a resend is answered with, when it is known which events came before.
    Keep = Callable[[Mapping[int, int]], Answer]

#: What a key's settings do to bodies above this is done in a thread: a pattern may take its time.
QUICK_RULES_BYTES = 16 * 1024
#: What a sender is told to wait when this worker holds as many bodies as it may.
BUSY_RETRY_AFTER_S = 1
#: The bodies of one key may take three quarters of the memory for bodies, when it is alone.
MEMORY_FACTOR = 3


class Sink(typing.Protocol):
    """Where events go from here; `pipeline.Pipeline` says what each of these does."""

    def check_room(self, size: int, key: int) -> None:
        """Refuse a body that the spool has no room for."""

    async def pace(self) -> None:
        """Hold a large body back a little while the store is behind."""

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Batch:
        """Make events ready for the spool."""
        ...

    async def accept(
        self,
        events: Batch,
        size: int,
        *,
        receipt: Keep | None = None,
        digests: Sequence[bytes | None] | None = None,
    ) -> Mapping[int, int]:
        """Return when they are synced to disk, and with them the receipt for a resend.

        Gives the indexes of events that came before, with the ids that they have.
        """
        ...


class Intake:
    """The intake of one worker."""

    def __init__(
        self,
        sink: Sink,
        receipts: Receipts,
        *,
        limits: Limits,
        max_pending_bytes: int,
        outcomes: Outcomes,
        quota: Quota | None = None,
        find_discarded: Callable[[int], frozenset[int]] = lambda _: frozenset(),
    ) -> None:
        """`max_pending_bytes` is the memory for all bodies together.

        Without a `quota` no key has limits of its own. `find_discarded` gives the keys of errors
        that a workspace does not keep.
        """
        self.outcomes = outcomes
        self._quota = quota
        self._find_discarded = find_discarded
        self._sink = sink
        self._receipts = receipts
        self._pending = FairShares(max_pending_bytes, MEMORY_FACTOR)
        self._deliveries = Deliveries(limits, sink.pace)

    @property
    def pending_bytes(self) -> int:
        """Bytes of bodies held in memory now."""
        return self._pending.held_bytes

    # -- room -----------------------------------------------------------------------------

    def check_room(self, size: int, key: int) -> None:
        """Refuse a body before it is read; raises SpoolFullError."""
        self._sink.check_room(size, key)

    def check_quota(self, grant: Grant) -> None:
        """Refuse a body before it is read, of a key with settings; raises KeyLimitError."""
        if self._quota is not None:
            self._quota.check(grant)

    def hold(self, size: int, key: int) -> None:
        """Count bytes that are in memory now; raises RetryLaterError when they are too many.

        Whatever comes of it, they are to be given back by `release`.
        """
        has_room = self._pending.has_room(key, size)
        self._pending.take(key, size)
        if not has_room:
            raise self._busy(key)

    def release(self, size: int, key: int) -> None:
        """Count them no more."""
        self._pending.give_back(key, size)

    def _busy(self, key: int) -> RetryLaterError:
        """What to say when the memory for bodies is full, or this key's share of it."""
        advice = (
            "send less at the same time "
            "(an operator may raise LOGSTER_MAX_PENDING_BYTES or LOGSTER_WORKERS)."
        )
        held, limit = self._pending.held_by(key), self._pending.max_bytes
        if self._pending.held_bytes > limit:
            return RetryLaterError(
                f"This worker already holds {limit} bytes of bodies; {advice}", BUSY_RETRY_AFTER_S
            )
        return QuotaError(
            f"The bodies of this key already take {held} of {limit} bytes for bodies; {advice}",
            BUSY_RETRY_AFTER_S,
        )

    # -- read, normalize, append ----------------------------------------------------------

    async def keep(self, delivery: Delivery) -> Receipt:
        """Make a body's events durable; a resend gets the receipt of its first time."""
        key = delivery.idempotency_key
        if not key:  # an empty one is a variable that was never set, and would be everybody's
            return await self._append(delivery, None)
        digest = digest_of(delivery.grant.workspace, delivery.grant.key, delivery.route, key)
        async with self._receipts.hold(digest) as answer:
            if answer is None:
                return await self._append(delivery, digest)
            kept = read_kept(answer)
            kept.check_body(await self._deliveries.fingerprint(delivery))
            metrics.count(metrics.REPLAYED)
            self._record_replay(delivery, kept.receipt)
            return _tell_minimum(kept.receipt, delivery.grant)

    def _record_replay(self, delivery: Delivery, receipt: Receipt) -> None:
        """A resend has outcomes of its own: what is stored is not stored again."""
        grant, protocol = delivery.grant, delivery.protocol.name
        self.outcomes.record(
            Outcome.REPEATED, grant, protocol, "idempotency_key", events=len(receipt.ids)
        )
        for bad in receipt.rejections:
            self.outcomes.record(Outcome.REJECTED, grant, protocol, bad.reason, events=1)

    async def _append(self, delivery: Delivery, digest: bytes | None) -> Receipt:
        reading, size, printed = await self._deliveries.read(delivery)
        if delivery.grant.rules is None:
            return await self._store(delivery, reading, size, (digest, printed))
        with self._charged(delivery, reading, size):
            return await self._store(delivery, reading, size, (digest, printed))

    @contextlib.contextmanager
    def _charged(self, delivery: Delivery, reading: Reading, size: int) -> Iterator[None]:
        """Count a body for its key's limits, if it is kept; raises KeyLimitError.

        What was refused in part, and is tried again, was counted the first time.
        """
        if self._quota is None or delivery.is_retry:
            yield
            return
        events = len(reading.columns) + len(reading.rejections)
        self._quota.take(delivery.grant, events=events, size=size)
        try:
            yield
        except asyncio.CancelledError:  # its sender has left: what waits for the disk is kept
            raise
        except BaseException:
            self._quota.give_back(delivery.grant, events=events, size=size)
            raise

    async def _store(
        self, delivery: Delivery, reading: Reading, size: int, resend: tuple[bytes | None, bytes]
    ) -> Receipt:
        """Make what was read durable; a `resend` is known by its digest and its fingerprint."""
        protocol, grant = delivery.protocol.name, delivery.grant
        digest, printed = resend
        if not len(reading.columns):
            self._record_rejections(reading, delivery)
            return _tell_minimum(_receipt(reading, [], {}), grant)
        discarded = self._find_discarded(grant.workspace)
        sifted = sift_discarded(await self._stamp(reading.columns, delivery), discarded)

        def receipt_of(repeated: Mapping[int, int]) -> Receipt:
            return _receipt(reading, sifted.events.ids, sifted.place(repeated))

        def keep(repeated: Mapping[int, int]) -> Answer:
            text = render_kept(receipt_of(repeated), printed)
            return Answer(digest or b"", text, delivery.answer_life_s)

        digests = None
        if reading.identities is not None:
            digests = [
                digest_of_identity(grant.workspace, protocol, each, grant.key) if each else None
                for each in (reading.identities[index] for index in sifted.kept)
            ]
        repeated: Mapping[int, int] = {}
        if (stored := sifted.stored) is not None:
            try:
                repeated = await self._sink.accept(
                    stored, size, receipt=keep if digest else None, digests=digests
                )
            except asyncio.CancelledError:  # its sender has left; the events are kept all the same
                self._record_rejections(reading, delivery)
                raise
        # Only now: a body for which there is no room comes again, and is counted then.
        self._record_rejections(reading, delivery)
        self._record_outcomes(sifted, len(repeated), delivery)
        return _tell_minimum(receipt_of(repeated), grant)

    def _record_rejections(self, reading: Reading, delivery: Delivery) -> None:
        grant, protocol = delivery.grant, delivery.protocol.name
        if reading.rejections:
            body = None if delivery.is_retry else delivery.body
            self.outcomes.record_rejections(reading, grant, protocol, delivery.request, body)
        for kind, times in reading.skipped.items():
            metrics.count(metrics.SKIPPED, protocol, kind, by=times)

    def _record_outcomes(self, sifted: Sifted, repeated: int, delivery: Delivery) -> None:
        record, grant, protocol = self.outcomes.record, delivery.grant, delivery.protocol.name
        stored = len(sifted.events.ids) - len(sifted.filtered) - repeated
        record(Outcome.STORED, grant, protocol, events=stored)
        record(Outcome.REPEATED, grant, protocol, events=repeated)
        if sifted.filtered:
            for reason, times in Counter(sifted.filtered.values()).items():
                record(Outcome.FILTERED, grant, protocol, reason, events=times)

    async def _stamp(self, columns: Columns, delivery: Delivery) -> Sifted:
        """Events ready for the spool, and which of them the settings of their key do not keep."""
        grant, protocol = delivery.grant, delivery.protocol.name

        def stamp() -> Batch:
            return self._sink.stamp(
                columns, workspace=grant.workspace, key=grant.key, protocol=protocol
            )

        rules = grant.rules
        if rules is None:
            # The key of a new error takes half a millisecond; a batch may have thousands of them.
            return Sifted(stamp() if delivery.is_small else await asyncio.to_thread(stamp))

        def sift() -> Sifted:
            complete(columns, rules)
            events = stamp()
            return Sifted(events, find_filtered(events, rules))

        is_quick = delivery.is_small and delivery.body.size <= QUICK_RULES_BYTES
        return sift() if is_quick else await asyncio.to_thread(sift)


def _receipt(reading: Reading, ids: list[int], repeated: Mapping[int, int]) -> Receipt:
    """What became of a body's events; those that came before have the ids of then."""
    if repeated:
        ids = [repeated.get(index, number) for index, number in enumerate(ids)]
    return Receipt(
        ids=ids,
        rejections=reading.rejections,
        lines=reading.lines,
        repeated=sorted(repeated),
        identity=next(filter(None, reading.identities or ()), None),
        notes=reading.notes,
    )


def _tell_minimum(receipt: Receipt, grant: Grant) -> Receipt:
    """Say what the key asks of its senders, for dialects that can tell them."""
    if grant.rules is None or not grant.rules.minimum_severity:
        return receipt
    return msgspec.structs.replace(receipt, minimum_severity=grant.rules.minimum_severity)
