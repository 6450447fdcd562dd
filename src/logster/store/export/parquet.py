"""Parquet: a page is a row group of columns from the engine, written by pyarrow."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pyarrow as pa

from logster.query.tree import TIME_FIELDS
from logster.store.columns import COLUMNS
from logster.store.cursor import Key
from logster.store.export.columns import DETAILS, PROPERTIES, is_absent, plain_text
from logster.store.export.page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.query.tree import Field
    from logster.store.export.columns import Column
    from logster.store.export.page import Place
    from logster.store.parameters import Parameters

#: Parquet is read by row groups; small ones cost their readers more.
ROW_GROUP_BYTES = 16 * 1024 * 1024


class ParquetFile:
    """Parquet: a page is a row group."""

    page_bytes = ROW_GROUP_BYTES

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sink = _Sink()
        self._writer: pa.parquet.ParquetWriter | None = None

    def sql(self, parameters: Parameters, place: Place) -> tuple[str, str]:
        """The question of a page, and the format of its answer."""
        expressions = ", ".join(
            f"{_typed(column.field, parameters)} AS c{number}"
            for number, column in enumerate(self._columns)
        )
        key = "toUnixTimestamp64Nano(timestamp) AS k1, id AS k2"
        return place.source(parameters, f"{expressions}, {key}"), "ArrowStream"

    async def write(self, answer: bytes) -> Page:
        """What the answer adds to the file."""
        return await asyncio.to_thread(self._write, answer)

    def _write(self, answer: bytes) -> Page:
        import pyarrow.parquet  # noqa: PLC0415  20 MB that only a Parquet export needs

        table = pa.ipc.open_stream(answer).read_all()
        count, size = table.num_rows, table.nbytes
        last = Key(table["k1"][-1].as_py(), table["k2"][-1].as_py()) if count else Key(0, 0)
        table = table.drop_columns(["k1", "k2"])
        table = table.rename_columns([column.heading for column in self._columns])
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(
                self._sink, table.schema, compression="zstd"
            )
        if count:
            self._writer.write_table(table, row_group_size=count)
        return Page(count, size, last, self._sink.take())

    def end(self) -> bytes:
        """What stands behind the last page."""
        if self._writer is not None:
            self._writer.close()
        return self._sink.take()


class _Sink(io.RawIOBase):
    """A file that only grows, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # pyarrow's buffer
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _typed(field: Field, parameters: Parameters) -> str:
    """A value as Parquet keeps it."""
    if field.is_property:
        return f"nullIf({plain_text(field, parameters)}, '')"
    if field == PROPERTIES:
        return plain_text(field, parameters)
    if field == DETAILS:
        return f"nullIf({plain_text(field, parameters)}, '')"
    if field.name in TIME_FIELDS or field.name in ("id", "severity"):
        return field.name
    if field.name == "issue":
        return "nullIf(issue, 0)"
    column = COLUMNS[field.name]
    return f"if({is_absent(field)}, NULL, toString({column}))"
