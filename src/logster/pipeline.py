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

import time
from typing import TYPE_CHECKING, TypeVar

import msgspec

from logster.event import Columns
from logster.ingest.normalize import normalize
from logster.spool.drain import Drain
from logster.spool.spool import Block
from logster.store.block import (
    build_block,
    count_events,
    join_blocks,
    pack_block,
    size_of,
    split_block,
)
from logster.store.insert import insert

if TYPE_CHECKING:
    from logster.event import IdMaker
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


class Pipeline:
    """One worker's way from columns to disk."""

    def __init__(self, spool: Spool[Accepted], ids: IdMaker, *, retention_days: int) -> None:
        self._spool = spool
        self._ids = ids
        self._retention_days = retention_days

    def check_room(self, size: int) -> None:
        """Refuse early, before a body is read: raises SpoolFullError."""
        self._spool.check_room(size)

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Accepted:
        """Normalize events and give them their ids."""
        received_at = time.time_ns()
        normalize(columns, received_at=received_at, retention_days=self._retention_days)
        ids = self._ids.take(len(columns))
        return Accepted(columns, ids, received_at, workspace, key, protocol)

    async def accept(
        self, events: Accepted, size: int, receipt: tuple[bytes, bytes] | None = None
    ) -> None:
        """Return when the events are synced to disk; raises SpoolFullError."""
        await self._spool.append(events, size, receipt)


def pack(group: list[Accepted]) -> Block:
    """Make the events of one group commit the block that will be inserted."""
    first = group[0]
    columns, ids = first.columns, first.ids
    if len(group) > 1:  # into fresh lists: when one sender's events fail, the others pack again
        columns, ids = Columns(message=[], severity=[]), []
        for events in group:
            columns.extend(events.columns)
            ids.extend(events.ids)
    sizes = [len(events.ids) for events in group]
    block = build_block(
        columns,
        ids=ids,
        received_at_ns=_spread([events.received_at for events in group], sizes),
        workspace=_spread([events.workspace for events in group], sizes),
        key=_spread([events.key for events in group], sizes),
        protocol=_spread([events.protocol for events in group], sizes),
    )
    return Block(len(ids), pack_block([block]), block.nbytes)


def _spread(values: list[Value], sizes: list[int]) -> Value | list[Value]:
    """One value for all when it is the same, else each as often as its sender has events."""
    if len(set(values)) == 1:
        return values[0]
    return [value for value, size in zip(values, sizes, strict=True) for _ in range(size)]


def split(body: bytes) -> list[Block]:
    """Halve a packed block; a block of one event comes back alone."""
    halves = split_block(body) if count_events(body) > 1 else (body,)
    return [Block(count_events(half), half, size_of(half)) for half in halves]


def build_drain(spool: Spool[Accepted], engine: Engine) -> Drain:
    """Let a spool flow into the store."""

    async def insert_bodies(bodies: list[bytes], token: str) -> None:
        await insert(engine, join_blocks(bodies), token)

    return Drain(spool, insert=insert_bodies, split=split, is_well=engine.ping)
