"""The bytes that are spooled: the events of one commit packed, joined for the store, and read back.

In: batches. Out: blocks of the spool; later one Arrow block to insert, or rows for people.
Promise: whatever was packed, by this version or an earlier one, comes out as the same events;
bytes that a sick disk has changed are an error of their own block alone.

Few events are written as they are (MessagePack), which takes microseconds. An Arrow block costs
half a millisecond however small it is, so it is built for many of them together, in `join`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
import pyarrow as pa

from logster.block import (
    build_block,
    count_events,
    holds_row,
    is_block,
    join_blocks,
    pack_block,
    read_block,
    size_of,
    split_block,
)
from logster.errors import StoreRefusedError
from logster.event import OBJECT_FIELDS, Batch, Columns, Event
from logster.spool.queue import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = TypeVar("Value")

#: From this many events on, a group is packed as an Arrow block at once.
MIN_BLOCK_EVENTS = 512

#: What the decoder and pyarrow raise for bytes that a sick disk has changed.
_UNREADABLE = (ValueError, OSError, pa.ArrowException)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Batch])


def pack(group: list[Batch]) -> Block:
    """Make the events of one group commit the bytes that are spooled."""
    count = sum(len(batch.ids) for batch in group)
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
            block = _build([batch for group in groups for batch in group])
            blocks.append(pack_block([block]))
        return join_blocks(blocks)
    except (*_UNREADABLE, OverflowError, TypeError) as error:
        raise StoreRefusedError(f"These events make no block: {error}") from error


def _build(group: list[Batch]) -> pa.RecordBatch:
    first = group[0]
    columns, ids = first.columns, first.ids
    if len(group) > 1:  # into fresh lists: when one sender's events fail, the others pack again
        columns, ids = Columns(message=[], severity=[]), []
        for batch in group:
            columns.extend(batch.columns)
            ids.extend(batch.ids)
    sizes = [len(batch.ids) for batch in group]
    return build_block(
        columns,
        ids=ids,
        received_at_ns=_repeat([batch.received_at for batch in group], sizes),
        workspace=_repeat([batch.workspace for batch in group], sizes),
        key=_repeat([batch.key for batch in group], sizes),
        protocol=_repeat([batch.protocol for batch in group], sizes),
    )


def _repeat(values: list[Value], sizes: list[int]) -> Value | list[Value]:
    """One value for all when it is the same, else each as often as its batch has events."""
    if len(set(values)) == 1:
        return values[0]
    return [value for value, size in zip(values, sizes, strict=True) for _ in range(size)]


def split(body: bytes) -> list[Block]:
    """Halve spooled bytes; what cannot be halved comes back alone."""
    try:
        block = body if is_block(body) else join([body])
        halves = split_block(block) if count_events(block) > 1 else (block,)
        return [Block(count_events(half), half, size_of(half)) for half in halves]
    except (StoreRefusedError, *_UNREADABLE):
        return [Block(_count_rows(body), body, len(body))]


def _count_rows(body: bytes) -> int:
    """How many events are in a group that was written as it is; 1 when nobody can tell."""
    try:
        return sum(len(batch.ids) for batch in _decoder.decode(body))
    except ValueError:
        return 1


class _Numbered(msgspec.Struct):
    """What of a batch says which events it has."""

    ids: list[int]
    workspace: int


_number_decoder = msgspec.msgpack.Decoder(list[_Numbered])


def holds(body: bytes, workspace: int, number: int) -> bool:
    """Whether spooled bytes hold an event; its texts are not unpacked, so that it takes no time."""
    try:
        if is_block(body):
            return holds_row(body, workspace, number)
        batches = _number_decoder.decode(body)
    except _UNREADABLE:
        return False
    return any(batch.workspace == workspace and number in batch.ids for batch in batches)


def unpack(body: bytes) -> list[Event]:
    """The events of spooled bytes, for people to look at; ValueError for what holds none."""
    try:
        if is_block(body):
            return read_block(body)
        return [event for batch in _decoder.decode(body) for event in _rows_of(batch)]
    except _UNREADABLE as error:
        raise ValueError(f"These bytes cannot be read as events: {error}") from error


def _rows_of(batch: Batch) -> Iterator[Event]:
    columns = batch.columns
    for index, number in enumerate(batch.ids):
        values = {
            name: column[index]
            for name in Columns.__struct_fields__
            if (column := getattr(columns, name)) is not None
        }
        objects = {name: values.pop(name, None) for name in OBJECT_FIELDS}
        yield Event(
            **values,
            **{name: msgspec.json.decode(text) for name, text in objects.items() if text},
            id=number,
            received_at=batch.received_at,
            workspace=batch.workspace,
            key=batch.key,
            protocol=batch.protocol,
        )
