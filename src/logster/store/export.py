"""Everything a search finds, as a file: NDJSON, CSV, Parquet.

In: a `Selection`, a `Form`, columns. Out: pieces of bytes, newest event first.
Promise: constant memory on every side, however many events and however slow the reader;
each event that was there at the start exactly once (it pages like `store/search`).

One page is one question, so a slow reader holds no place in the engine, and no export is
too long for the time of one question. The engine writes the text of whole pages; of a page
this process sees its last key alone. Parquet's row groups are pages of columns from the
engine, written by pyarrow. Reasons and figures: docs/decisions/007.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import asyncio
import enum
import io
import re
import struct
import time
import unicodedata
from typing import TYPE_CHECKING, Protocol

import msgspec
import pyarrow as pa

from logster.errors import QueryError, QueryTooHeavyError, StoreUnavailableError
from logster.event import TEXT_FIELDS
from logster.query.grammar import unquote_name
from logster.query.tree import TIME_FIELDS, Field
from logster.store.property import member_of
from logster.store.question import Selection, field_of, text_of
from logster.store.select import COLUMNS, Key, Parameters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from logster.store.engine import Engine

#: A page is about this large: enough to amortise a question, little enough to hold.
PAGE_BYTES = 4 * 1024 * 1024
FIRST_PAGE_ROWS, MAX_PAGE_ROWS = 2_000, 50_000
#: Parquet is read by row groups; small ones cost their readers more.
ROW_GROUP_BYTES = 16 * 1024 * 1024
#: A store that is away in the middle of an export is waited for this long: it restarts.
PATIENCE_S = 30.0
LOOK_AGAIN_S = 0.5

MAX_COLUMNS = 100
#: The order of the API's own events.
DEFAULT_COLUMNS = (
    *("id", "timestamp", "received_at", "severity"),
    *TEXT_FIELDS,
    *("properties", "protocol", "issue"),
)
#: A column that is no field of the search language.
_PROPERTIES = "properties"


class Form(enum.StrEnum):
    """The kinds of files."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


def parse_form(text: str) -> Form:
    """The kind of this name; raises `QueryError`."""
    try:
        return Form(text)
    except ValueError:
        raise QueryError(f"{text[:30]!r} is no format; {', '.join(Form)} are") from None


#: The answer adds the charset to what is text.
MEDIA_TYPES = {
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: "text/csv; header=present",
    Form.PARQUET: "application/vnd.apache.parquet",
}


class Column(msgspec.Struct, frozen=True):
    """A column of the file: its heading, and what it holds."""

    heading: str
    field: Field


class Page(msgspec.Struct, frozen=True):
    """What one question gave: rows, their bytes, the last one's place, and the file's part."""

    count: int
    size: int
    last: Key
    piece: bytes


def choose_columns(names: Sequence[str]) -> list[Column]:
    """The columns of these names, all when none are named; raises `QueryError`."""
    if len(names) > MAX_COLUMNS:
        raise QueryError(f"at most {MAX_COLUMNS} columns are possible, here are {len(names)}")
    fields = {
        unquote_name(name.strip()): _field_of_column(name) for name in names or DEFAULT_COLUMNS
    }
    return [Column(heading, field) for heading, field in fields.items()]


def _field_of_column(name: str) -> Field:
    """The field of a column; all properties together are a column too."""
    return Field(_PROPERTIES) if name.strip().lower() == _PROPERTIES else field_of(name)


async def export(
    engine: Engine,
    selection: Selection,
    form: Form,
    columns: Sequence[Column],
    *,
    limit: int | None = None,
) -> AsyncIterator[bytes]:
    """The pieces of the file; the first one comes when the store has answered."""
    file: _File = _ParquetFile(columns) if form is Form.PARQUET else _TextFile(form, columns)
    rows, left, before = FIRST_PAGE_ROWS, limit, None
    while left is None or left > 0:
        asked = rows if left is None else min(rows, left)
        place = _Place(selection, before, asked)
        try:
            page = await (
                _ask(engine, file, place) if before is None else _insist(engine, file, place)
            )
        except QueryTooHeavyError:
            if asked == 1:
                raise
            rows = max(asked // 8, 1)
            continue
        if page.piece:
            yield page.piece
        if page.count < asked:
            break
        left, before = None if left is None else left - page.count, page.last
        fitting = file.page_bytes * page.count // max(page.size, 1)
        rows = min(max(fitting, 1), rows * 4, MAX_PAGE_ROWS)
    if end := file.end():
        yield end


class _Place(msgspec.Struct, frozen=True):
    """The rows of one page: the next `count` older than `before`."""

    selection: Selection
    before: Key | None
    count: int

    def source(self, parameters: Parameters, expressions: str) -> str:
        where = self.selection.where(parameters)
        if self.before is not None:
            instant = parameters.instant(self.before.timestamp_ns)
            event_id = parameters.bind(self.before.id, "UInt64")
            where += f" AND timestamp <= {instant} AND (timestamp < {instant} OR id < {event_id})"
        return (
            f"SELECT {expressions} FROM events WHERE {where}"
            f" ORDER BY timestamp DESC, id DESC LIMIT {self.count}"
        )


class _File(Protocol):
    """A kind of file: asks for pages and writes them."""

    page_bytes: int

    def sql(self, parameters: Parameters, place: _Place) -> tuple[str, str]:
        """The question of a page, and the format of its answer."""
        ...

    async def write(self, answer: bytes) -> Page:
        """What the answer adds to the file."""
        ...

    def end(self) -> bytes:
        """What stands behind the last page."""
        ...


async def _ask(engine: Engine, file: _File, place: _Place) -> Page:
    parameters = Parameters()
    sql, answer_format = file.sql(parameters, place)
    return await file.write(await engine.fetch(sql, parameters.values, answer_format))


async def _insist(engine: Engine, file: _File, place: _Place) -> Page:
    """Ask until the store is back: the reader has a part of the file already."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await _ask(engine, file, place)
        except StoreUnavailableError:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(LOOK_AGAIN_S)


class _TextFile:
    """NDJSON or CSV. A page is one row of the engine: its count, its last key, its text."""

    page_bytes = PAGE_BYTES

    def __init__(self, form: Form, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._is_json = form is Form.NDJSON
        self._head = b"" if self._is_json else render_heading(columns)

    def sql(self, parameters: Parameters, place: _Place) -> tuple[str, str]:
        write = _json_line if self._is_json else _csv_line
        source = place.source(
            parameters, f"timestamp, id, {write(self._columns, parameters)} AS line"
        )
        lines = "arrayReverseSort(x -> (x.1, x.2), groupArray((timestamp, id, line)))"
        last = "toUnixTimestamp64Nano(min((timestamp, id)).1), min((timestamp, id)).2"
        text = f"arrayStringConcat(arrayMap(x -> x.3, {lines}))"
        return f"SELECT count(), {last}, {text} FROM ({source})", "RowBinary"

    async def write(self, answer: bytes) -> Page:
        count, timestamp_ns, event_id = _PAGE_HEAD.unpack_from(answer)
        text = answer[_PAGE_HEAD.size + _varint_length(answer, _PAGE_HEAD.size) :]
        head, self._head = self._head, b""
        return Page(count, len(text), Key(timestamp_ns, event_id), head + text)

    def end(self) -> bytes:
        head, self._head = self._head, b""
        return head


class _ParquetFile:
    """Parquet: a page is a row group."""

    page_bytes = ROW_GROUP_BYTES

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sink = _Sink()
        self._writer: pa.parquet.ParquetWriter | None = None

    def sql(self, parameters: Parameters, place: _Place) -> tuple[str, str]:
        expressions = ", ".join(
            f"{_typed(column.field, parameters)} AS c{number}"
            for number, column in enumerate(self._columns)
        )
        key = "toUnixTimestamp64Nano(timestamp) AS k1, id AS k2"
        return place.source(parameters, f"{expressions}, {key}"), "ArrowStream"

    async def write(self, answer: bytes) -> Page:
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


def render_heading(columns: Sequence[Column]) -> bytes:
    """The first line of a CSV file."""
    headings = (column.heading.replace('"', '""') for column in columns)
    return ",".join(f'"{_guard(heading)}"' for heading in headings).encode() + b"\r\n"


def _guard(text: str) -> str:
    shown = (sign for sign in text if unicodedata.category(sign)[0] not in "ZC")
    is_formula = next(shown, " ") in _SIGNS or text[:1] in ("\t", "\r", "\n")
    return "'" + text if is_formula else text


def _json_line(columns: Sequence[Column], parameters: Parameters) -> str:
    parts = []
    for number, column in enumerate(columns):
        name = msgspec.json.encode(column.heading).decode()
        parts.append(parameters.bind(f"{'{,'[number > 0]}{name}:", "String"))
        parts.append(_json(column.field, parameters))
    return f"concat({', '.join(parts)}, '}}\\n')"


def _json(field: Field, parameters: Parameters) -> str:
    """A value as JSON, the same as the API's events have it."""
    if field.is_property:
        raw, name = member_of(field, parameters)
        return f"if(({raw}) = '', 'null', {_one_line(name)})"
    if field.name in TIME_FIELDS:
        return f"""concat('"', {_iso(field.name)}, '"')"""
    if field.name == _PROPERTIES:
        return f"if(properties = '', '{{}}', {_one_line('properties')})"
    column = COLUMNS[field.name]
    if field.name == "severity":
        return f"toString({column})"
    if field.name in ("id", "issue"):
        number = f"""concat('"', toString({column}), '"')"""
        return number if field.name == "id" else f"if({column} = 0, 'null', {number})"
    text = f"toJSONString(toString({column}))"
    return f"if({_is_absent(field)}, 'null', {text})"


def _csv_line(columns: Sequence[Column], parameters: Parameters) -> str:
    cells = [
        _csv(column.field, parameters, f"cell{number}") for number, column in enumerate(columns)
    ]
    row = ", ',', ".join(cells)
    return f"concat({row}, '\\r\\n')"


def _csv(field: Field, parameters: Parameters, name: str) -> str:
    """A value as a cell. A spreadsheet runs what begins like a formula; a ' makes it text.

    It trims first, so blanks and control characters in front count for nothing, and it takes the
    wide forms of the signs for the signs themselves.
    """
    if not field.is_property:
        if field.name in TIME_FIELDS:
            return _iso(field.name)
        if field.name in ("id", "severity"):
            return f"toString({field.name})"
    text = f"({_plain(field, parameters)} AS {name})"
    formula = parameters.bind(_FORMULA, "String")
    guarded = (
        f"if(match({text}, {formula}) AND NOT match({name}, {_NUMBER}),"
        f" concat('\\'', {name}), {name})"
    )
    return f"""concat('"', replaceAll({guarded}, '"', '""'), '"')"""


def _plain(field: Field, parameters: Parameters) -> str:
    """A value as text: properties that are objects or lists as JSON."""
    if field == Field(_PROPERTIES):
        return f"if(properties = '', '{{}}', {_one_line('properties')})"
    if field.is_property:
        raw, name = member_of(field, parameters)
        return f"if(JSONType({raw}) = 'String', JSONExtractString({name}), {_one_line(name)})"
    return text_of(field, parameters)


def _typed(field: Field, parameters: Parameters) -> str:
    """A value as Parquet keeps it."""
    if field.is_property:
        return f"nullIf({_plain(field, parameters)}, '')"
    if field == Field(_PROPERTIES):
        return _plain(field, parameters)
    if field.name in TIME_FIELDS or field.name in ("id", "severity"):
        return field.name
    if field.name == "issue":
        return "nullIf(issue, 0)"
    column = COLUMNS[field.name]
    return f"if({_is_absent(field)}, NULL, toString({column}))"


def _is_absent(field: Field) -> str:
    """Whether the client did not send a text: '' is what it sent when its bit is set."""
    if field.name not in TEXT_FIELDS or field.name == "message":
        return "0"
    return f"{COLUMNS[field.name]} = '' AND NOT bitTest(blank, {TEXT_FIELDS.index(field.name)})"


def _iso(column: str) -> str:
    """An instant in ISO 8601 with the digits that say something, as `event.render_instant`."""
    digits = f"replaceRegexpOne(toString({column}), '\\\\.?0+$', '')"
    return f"concat(replaceOne({digits}, ' ', 'T'), 'Z')"


def _one_line(text: str) -> str:
    """JSON that a client wrote over several lines; inside its strings no line can end."""
    return f"replaceRegexpAll({text}, '[\\r\\n]+', ' ')"


def _varint_length(data: bytes, start: int) -> int:
    """How many bytes RowBinary takes to say a text's length."""
    place = start
    while data[place] & 0x80:
        place += 1
    return place - start + 1


#: Rows, and the last one's instant and id, in RowBinary.
_PAGE_HEAD = struct.Struct("<QqQ")
#: What a spreadsheet takes for a formula: it trims blanks and controls in front, and knows the
#: wide and the small forms of the signs.
_SIGNS = "=+-@\uff1d\uff0b\uff20\uff0d\ufe66\ufe62\ufe6b\ufe63\u2212"
_FORMULA = rf"^[\s\pZ\pC]*[{re.escape(_SIGNS)}]|^[\t\r\n]"
_NUMBER = r"'^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$'"
