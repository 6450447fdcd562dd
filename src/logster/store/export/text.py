"""NDJSON and CSV, whose lines the engine writes.

Promise: JSON is the same as the API's; a cell of CSV is no formula to a spreadsheet.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import re
import struct
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from logster.query.tree import TIME_FIELDS
from logster.store.columns import COLUMNS
from logster.store.cursor import Key
from logster.store.export.columns import OBJECTS, is_absent, object_text, one_line, plain_text
from logster.store.export.form import Form
from logster.store.export.page import Page
from logster.store.properties import member_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.query.tree import Field
    from logster.store.export.columns import Column
    from logster.store.export.page import Place
    from logster.store.parameters import Parameters

#: A page is about this large: enough to amortise a question, little enough to hold.
PAGE_BYTES = 4 * 1024 * 1024

#: Rows, and the last one's instant and id, in RowBinary.
_PAGE_HEAD = struct.Struct("<QqQ")
#: What a spreadsheet takes for a formula: it trims blanks and controls in front, and knows the
#: wide and the small forms of the signs.
_SIGNS = "=+-@\uff1d\uff0b\uff20\uff0d\ufe66\ufe62\ufe6b\ufe63\u2212"
_FORMULA = rf"^[\s\pZ\pC]*[{re.escape(_SIGNS)}]|^[\t\r\n]"
_NUMBER = r"'^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$'"


class TextFile:
    """NDJSON or CSV. A page is one row of the engine: its count, its last key, its text."""

    page_bytes = PAGE_BYTES

    def __init__(self, form: Form, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._is_json = form is Form.NDJSON
        self._head = b"" if self._is_json else render_heading(columns)

    def sql(self, parameters: Parameters, place: Place) -> tuple[str, str]:
        """The question of a page, and the format of its answer."""
        write = _json_line if self._is_json else _csv_line
        source = place.source(
            parameters, f"timestamp, id, {write(self._columns, parameters)} AS line"
        )
        lines = "arrayReverseSort(x -> (x.1, x.2), groupArray((timestamp, id, line)))"
        last = "toUnixTimestamp64Nano(min((timestamp, id)).1), min((timestamp, id)).2"
        text = f"arrayStringConcat(arrayMap(x -> x.3, {lines}))"
        return f"SELECT count(), {last}, {text} FROM ({source})", "RowBinary"

    async def write(self, answer: bytes) -> Page:
        """What the answer adds to the file."""
        count, timestamp_ns, event_id = _PAGE_HEAD.unpack_from(answer)
        text = answer[_PAGE_HEAD.size + _varint_length(answer, _PAGE_HEAD.size) :]
        head, self._head = self._head, b""
        return Page(count, len(text), Key(timestamp_ns, event_id), head + text)

    def end(self) -> bytes:
        """What stands behind the last page."""
        head, self._head = self._head, b""
        return head


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
        return f"if(({raw}) = '', 'null', {one_line(name)})"
    if field.name in TIME_FIELDS:
        return f"""concat('"', {_iso(field.name)}, '"')"""
    if field in OBJECTS:
        return object_text(field, OBJECTS[field])
    column = COLUMNS[field.name]
    if field.name == "severity":
        return f"toString({column})"
    if field.name in ("id", "issue"):
        number = f"""concat('"', toString({column}), '"')"""
        return number if field.name == "id" else f"if({column} = 0, 'null', {number})"
    text = f"toJSONString(toString({column}))"
    return f"if({is_absent(field)}, 'null', {text})"


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
    text = f"({plain_text(field, parameters)} AS {name})"
    formula = parameters.bind(_FORMULA, "String")
    guarded = (
        f"if(match({text}, {formula}) AND NOT match({name}, {_NUMBER}),"
        f" concat('\\'', {name}), {name})"
    )
    return f"""concat('"', replaceAll({guarded}, '"', '""'), '"')"""


def _iso(column: str) -> str:
    """An instant in ISO 8601 with the digits that say something, as `event.render_instant`."""
    digits = f"replaceRegexpOne(toString({column}), '\\\\.?0+$', '')"
    return f"concat(replaceOne({digits}, ' ', 'T'), 'Z')"


def _varint_length(data: bytes, start: int) -> int:
    """How many bytes RowBinary takes to say a text's length."""
    place = start
    while data[place] & 0x80:
        place += 1
    return place - start + 1
