"""Columns of events as the Arrow block that will be inserted, and back.

In: `Columns` and what the server adds to them. Out: an Arrow record batch, packed as an Arrow
IPC stream, and what is in it; large ones with LZ4 buffers (a third of the size for a tenth of the
time of zstd).
Promise: what is packed once is inserted as it is; draining never parses an event again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from logster.event import OBJECT_FIELDS, TEXT_FIELDS, Event, blank_masks, read_properties
from logster.notice import MAX_NAMES, Notice, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.event import Columns

_INSTANT = pa.timestamp("ns", tz="UTC")

SCHEMA = pa.schema(
    [
        ("id", pa.uint64()),
        ("timestamp", _INSTANT),
        ("received_at", _INSTANT),
        ("severity", pa.uint8()),
        *((name, pa.string()) for name in TEXT_FIELDS),
        ("properties", pa.binary()),
        ("details", pa.binary()),
        ("workspace", pa.uint32()),
        ("key", pa.uint32()),
        ("protocol", pa.string()),
        ("issue", pa.uint64()),
        ("blank", pa.uint16()),
    ]
)

_PLAIN = pa.ipc.IpcWriteOptions()
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
#: Below this, compressing costs more time (0.2 ms for the 40 buffers of a batch) than it saves.
MIN_COMPRESSED_BYTES = 64 * 1024


def build_block(
    columns: Columns,
    *,
    ids: Sequence[int],
    received_at_ns: int | Sequence[int],
    workspace: int | Sequence[int],
    key: int | Sequence[int],
    protocol: str | Sequence[str],
) -> pa.RecordBatch:
    """One row per event; a single value stands for all of them.

    Raises ValueError or OverflowError (pyarrow's) for a value that no column holds.
    """
    values: dict[str, Any] = {
        "id": ids,
        "received_at": received_at_ns,
        "workspace": workspace,
        "key": key,
        "protocol": protocol,
        "issue": columns.issue or 0,
        "blank": blank_masks(columns) or 0,
    }
    count = len(columns)
    arrays = [
        _column(
            values[field.name] if field.name in values else getattr(columns, field.name),
            field.type,
            count,
        )
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _column(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, kind)
    if isinstance(values, int | str):
        return pa.repeat(pa.scalar(values, kind), count)
    return pa.array(values, kind)


def pack_block(batches: Sequence[pa.RecordBatch]) -> bytes:
    """Batches as one Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    is_small = sum(batch.nbytes for batch in batches) < MIN_COMPRESSED_BYTES
    options = _PLAIN if is_small else _COMPRESSED
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def join_blocks(bodies: Sequence[bytes]) -> bytes:
    """Several packed blocks as one; bytes are put behind each other, nothing is unpacked."""
    if len(bodies) == 1:
        return bodies[0]
    if all(body.startswith(_HEAD) and body.endswith(_END) for body in bodies):
        batches = (memoryview(body)[len(_HEAD) : -len(_END)] for body in bodies)
        return b"".join((_HEAD, *batches, _END))
    # Blocks with the columns of another version are among them.
    return pack_block(pa.concat_tables(map(_unpack, bodies)).to_batches())


#: A stream is its schema, its batches and an end mark: those of an empty one are for all.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_HEAD = pack_block([]).removesuffix(_END)


def split_block(body: bytes) -> tuple[bytes, bytes]:
    """The first and the second half of a packed block of at least two events."""
    table = _unpack(body)
    half = table.num_rows // 2
    first, second = table.slice(0, half), table.slice(half)
    return pack_block(first.to_batches()), pack_block(second.to_batches())


def is_block(body: bytes) -> bool:
    """Whether bytes are a packed block: Arrow's streams begin with this mark."""
    return body.startswith(b"\xff\xff\xff\xff")


def count_events(body: bytes) -> int:
    """How many events a packed block holds."""
    return int(_unpack(body).num_rows)


def size_of(body: bytes) -> int:
    """How many bytes a packed block takes when it is unpacked."""
    return int(_unpack(body).nbytes)


#: What a notice is made of: only these columns are unpacked.
_NOTED = ("workspace", "timestamp", "application", "issue")


def read_notice(body: bytes, token: str) -> Notice:
    """What a packed block holds, for those who are told of it; 1 to 2 ms for 5,000 events."""
    with pa.ipc.open_stream(body) as reader:
        columns = [reader.schema.get_field_index(name) for name in _NOTED]
    options = pa.ipc.IpcReadOptions(included_fields=columns, use_threads=False)
    with pa.ipc.open_stream(body, options=options) as reader:
        table = reader.read_all()
    times = table.column("timestamp").cast(pa.int64())
    rows = (
        table.set_column(table.column_names.index("timestamp"), "at", times)
        .group_by("workspace", use_threads=False)
        .aggregate([([], "count_all"), ("at", "min"), ("at", "max"), *_NAMES])
        .to_pylist()
    )
    return Notice(token, {row["workspace"]: _read_stored(row) for row in rows})


_NAMES = (("application", "distinct"), ("issue", "distinct"))


def _read_stored(row: dict[str, Any]) -> Stored:
    return Stored(
        count=row["count_all"],
        first_at=row["at_min"],
        last_at=row["at_max"],
        applications=_few(row["application_distinct"]),
        fingerprints=_few(row["issue_distinct"]),
    )


def _few(names: list[Any]) -> frozenset[Any] | None:
    """The names that are some, unless they are too many to be told."""
    told = frozenset(filter(None, names))
    return told if len(told) <= MAX_NAMES else None


def holds_row(body: bytes, workspace: int, number: int) -> bool:
    """Whether a packed block holds an event of a workspace; nothing but its id is unpacked."""
    with pa.ipc.open_stream(body) as reader:
        columns = [reader.schema.get_field_index(name) for name in ("id", "workspace")]
    options = pa.ipc.IpcReadOptions(included_fields=columns, use_threads=False)
    with pa.ipc.open_stream(body, options=options) as reader:
        return any(
            batch.column("workspace")[index].as_py() == workspace
            for batch in reader
            if (index := batch.column("id").index(pa.scalar(number, pa.uint64())).as_py()) >= 0
        )


def read_block(body: bytes) -> list[Event]:
    """The events of a packed block, for people to look at."""
    table = _unpack(body)
    for name in ("timestamp", "received_at"):
        at = table.column_names.index(name)
        table = table.set_column(at, name, table.column(name).cast(pa.int64()))
    return [_read_row(row) for row in table.to_pylist()]


def _read_row(row: dict[str, Any]) -> Event:
    del row["blank"]  # here, absent is None already
    objects = {name: row.pop(name) for name in OBJECT_FIELDS}
    row |= {name: read_properties(text) for name, text in objects.items() if text}
    return Event(**row)


def _unpack(body: bytes) -> pa.Table:
    """The rows of a block; a column that an earlier version did not have is empty."""
    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    if table.schema.names == SCHEMA.names:
        return table
    for place, field in enumerate(SCHEMA):
        if field.name not in table.schema.names:
            table = table.add_column(place, field, pa.nulls(table.num_rows, field.type))
    return table
