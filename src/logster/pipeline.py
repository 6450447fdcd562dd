"""The way of an event, on one page.

    receive   ingest/receive     a request is ours to answer
    admit     meta/keys          the key is known and may
    open      ingest/body        plain bytes within the cap
    read      ingest/protocols   events and rejections
    normalize ingest/normalize   each field has one meaning            ┐
    append    spool/spool        synced to disk: accepted              ┘ accept()
    reply     ingest/protocols   the client is told in its own words
    take      spool/drain        oldest blocks in hand, still on disk  ┐
    insert    store/insert       in the store exactly once             │ drain
    forget    spool/spool        removed from the spool                ┘

`docs/path-of-an-event.md` tells the same for people.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pyarrow as pa

from logster.errors import SpoolFullError, StoreRefusedError
from logster.event import Columns, Event
from logster.ingest.fairness import fits
from logster.ingest.normalize import normalize
from logster.spool.drain import Drain
from logster.spool.line import NOBODY, Block
from logster.store.block import (
    build_block,
    count_events,
    is_block,
    join_blocks,
    pack_block,
    read_block,
    size_of,
    split_block,
)
from logster.store.insert import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from logster.event import IdMaker
    from logster.faults import Faults
    from logster.spool.spool import Spool
    from logster.store.engine import Engine

Value = TypeVar("Value")


class Accepted(msgspec.Struct):
    """Normalized events on their way to disk, with what the server adds to them."""

    columns: Columns
    ids: list[int]
    received_at: int
    workspace: int
    key: int
    protocol: str


#: A batch is held back for this long at the most, and its spool looked at so often.
MAX_PACE_S = 2.0
LOOK_AGAIN_S = 0.01
#: The events of one key may take seven eighths of the spool, when it is alone.
SPOOL_GREED = 7

#: What a row of an Arrow block takes beside its texts: until events are packed, they count as
#: their body and this for each. So the shortest of messages make no block, and no claim, of ten
#: times the usual events.
ROW_BYTES = 100

#: From this many events on, a group is packed as an Arrow block at once.
MIN_BLOCK_EVENTS = 512

#: What the decoder and pyarrow raise for bytes that a sick disk has changed.
_UNREADABLE = (ValueError, OSError, pa.ArrowException)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Accepted])


class Pipeline:
    """One worker's way from columns to disk."""

    def __init__(
        self, spool: Spool[Accepted], ids: IdMaker, *, retention_days: Callable[[], int]
    ) -> None:
        """`retention_days` says how old an event may be: it is changed while we run."""
        self._spool = spool
        self._ids = ids
        self._retention_days = retention_days

    def check_room(self, size: int, key: int) -> None:
        """Refuse early, before a body is read: raises SpoolFullError."""
        self._spool.check_room(size)
        self._check_share(size, key)

    def _check_share(self, size: int, key: int) -> None:
        spool = self._spool
        held, all_held = spool.held_by(key), spool.held_bytes
        free = spool.max_bytes - all_held
        if not fits(size, held=held, nobodys=spool.held_by(NOBODY), free=free, greed=SPOOL_GREED):
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

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Accepted:
        """Normalize events and give them their ids."""
        received_at = time.time_ns()
        normalize(columns, received_at=received_at, retention_days=self._retention_days())
        ids = self._ids.take(len(columns))
        return Accepted(columns, ids, received_at, workspace, key, protocol)

    async def accept(
        self, events: Accepted, size: int, receipt: tuple[bytes, bytes] | None = None
    ) -> None:
        """Return when the events are synced to disk; raises SpoolFullError.

        `size` is that of the body. A key is charged what it takes in the spool: a guess until
        the events are packed, nothing when they were not kept. When their sender leaves, they
        are kept all the same.
        """
        key, size = events.key, size + ROW_BYTES * len(events.ids)
        self._check_share(size, key)
        await self._spool.append(events, size, receipt, owner=key)


def pack(group: list[Accepted]) -> Block:
    """Make the events of one group commit the bytes that are spooled.

    Few events are written as they are, which takes microseconds; an Arrow block costs half a
    millisecond however small it is, so it is built for many of them together, in `join`.
    """
    count = sum(len(events.ids) for events in group)
    if count < MIN_BLOCK_EVENTS:
        body = _encoder.encode(group)
        return Block(count, body, len(body))
    block = _build(group)
    return Block(count, pack_block([block]), block.nbytes)


def join(bodies: list[bytes]) -> bytes:
    """The spooled bytes of a claim as one block to insert; StoreRefusedError when that fails."""
    blocks = [body for body in bodies if is_block(body)]
    try:
        groups = [_decoder.decode(body) for body in bodies if not is_block(body)]
        if groups:
            block = _build([events for group in groups for events in group])
            blocks.append(pack_block([block]))
        return join_blocks(blocks)
    except (*_UNREADABLE, OverflowError, TypeError) as error:
        raise StoreRefusedError(f"These events make no block: {error}") from error


def split(body: bytes) -> list[Block]:
    """Halve spooled bytes; what cannot be halved comes back alone."""
    try:
        block = body if is_block(body) else join([body])
        halves = split_block(block) if count_events(block) > 1 else (block,)
        return [Block(count_events(half), half, size_of(half)) for half in halves]
    except (StoreRefusedError, *_UNREADABLE):
        return [Block(_count_rows(body), body, len(body))]


def unpack(body: bytes) -> list[Event]:
    """The events of spooled bytes, for people to look at; ValueError for what holds none."""
    try:
        if is_block(body):
            return read_block(body)
        return [event for events in _decoder.decode(body) for event in _rows_of(events)]
    except _UNREADABLE as error:
        raise ValueError(f"These bytes cannot be read as events: {error}") from error


def _rows_of(events: Accepted) -> Iterator[Event]:
    """The rows of columns that were spooled as they are."""
    columns = events.columns
    for index, number in enumerate(events.ids):
        values = {
            name: column[index]
            for name in Columns.__struct_fields__
            if (column := getattr(columns, name)) is not None
        }
        properties = values.pop("properties", None)
        yield Event(
            **values,
            properties=msgspec.json.decode(properties) if properties else {},
            id=number,
            received_at=events.received_at,
            workspace=events.workspace,
            key=events.key,
            protocol=events.protocol,
        )


def _count_rows(body: bytes) -> int:
    """How many events are in a group that was written as it is; 1 when nobody can tell."""
    try:
        return sum(len(events.ids) for events in _decoder.decode(body))
    except ValueError:
        return 1


def _build(group: list[Accepted]) -> pa.RecordBatch:
    first = group[0]
    columns, ids = first.columns, first.ids
    if len(group) > 1:  # into fresh lists: when one sender's events fail, the others pack again
        columns, ids = Columns(message=[], severity=[]), []
        for events in group:
            columns.extend(events.columns)
            ids.extend(events.ids)
    sizes = [len(events.ids) for events in group]
    return build_block(
        columns,
        ids=ids,
        received_at_ns=_spread([events.received_at for events in group], sizes),
        workspace=_spread([events.workspace for events in group], sizes),
        key=_spread([events.key for events in group], sizes),
        protocol=_spread([events.protocol for events in group], sizes),
    )


def _spread(values: list[Value], sizes: list[int]) -> Value | list[Value]:
    """One value for all when it is the same, else each as often as its sender has events."""
    if len(set(values)) == 1:
        return values[0]
    return [value for value, size in zip(values, sizes, strict=True) for _ in range(size)]


def build_drain(spool: Spool[Accepted], engine: Engine, faults: Faults) -> Drain:
    """Let a spool flow into the store."""

    async def insert_bodies(bodies: list[bytes], token: str) -> None:
        await insert(engine, await asyncio.to_thread(join, bodies), token)

    return Drain(spool, insert=insert_bodies, split=split, faults=faults)
