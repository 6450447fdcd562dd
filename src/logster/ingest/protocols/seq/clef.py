"""CLEF: one event on each line, with Serilog's names: `{"@t":"…","@mt":"Hello {Name}","Name":"x"}`.

In: plain bytes. Out: a `Reading`. Format: https://clef-json.org.
Promise: a line that is none costs itself only; one without a time (`@t`) is none.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from logster.event import Rejection
from logster.ingest.columns import build_reading, too_many_events
from logster.ingest.protocol import oversize_text
from logster.ingest.protocols.seq.event import read_event
from logster.ingest.protocols.seq.plain import Row, columns_of, read_plain, row_of

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading

_BOM = b"\xef\xbb\xbf"
_ESCAPE = b'"@@'
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_clef(body: bytes, limits: Limits) -> Reading:
    """The events of lines; raises BodyTooLargeError when they are too many."""
    rows: list[Row] = []
    lines: list[int] = []
    rejections: list[Rejection] = []
    may_escape = _ESCAPE in body
    for number, line in enumerate(BytesIO(body.removeprefix(_BOM)), 1):
        if line.isspace():
            continue
        if len(rows) + len(rejections) >= limits.max_events:
            raise too_many_events(limits.max_events)
        row: Row | Rejection | None = None
        if len(line) <= limits.max_message_bytes and not (may_escape and _ESCAPE in line):
            row = read_plain(line)
        row = row or _read_any(number, line, limits.max_message_bytes)
        if isinstance(row, Rejection):
            rejections.append(row)
        else:
            rows.append(row)
            lines.append(number)
    return build_reading(columns_of(rows), lines, rejections)


def _read_any(number: int, line: bytes, max_bytes: int) -> Row | Rejection:
    """The event of a line that is not plain, or why it is none."""
    if len(line) > max_bytes:
        return _reject(number, "too_large", "message", oversize_text(max_bytes))
    try:
        fields = read_event(_decode(line), line, has_escapes=_ESCAPE in line)
    except (ValueError, RecursionError) as error:
        told = f"The line cannot be read as an event: {error}."
        return _reject(number, "syntax", "message", told)
    if fields.get("timestamp") is None:
        return _reject(number, "timestamp", "@t", "The event has no @t, its time.")
    return row_of(fields)


def _reject(number: int, reason: str, field: str, sentence: str) -> Rejection:
    return Rejection(line=number, reason=reason, faults={field: [sentence]})
