"""CLEF: one event on each line, with Serilog's names: `{"@t":"…","@mt":"Hello {Name}","Name":"x"}`.

In: plain bytes. Out: a `Reading`. Format: https://clef-json.org.
Promise: a line that is none costs itself only; one without a time (`@t`) is none.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from logster.ingest.columns import Rows
from logster.ingest.protocol import oversize_text
from logster.ingest.protocols.seq.event import read_event

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading

_BOM = b"\xef\xbb\xbf"
_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_clef(body: bytes, limits: Limits) -> Reading:
    """The events of lines; raises BodyTooLargeError when they are too many."""
    rows = Rows(limits)
    for number, line in enumerate(BytesIO(body.removeprefix(_BOM)), 1):
        if line.isspace():
            continue
        if len(line) > limits.max_message_bytes:
            rows.reject(number, "too_large", oversize_text(limits.max_message_bytes))
            continue
        try:
            members = _decoder.decode(line)
            if "@t" in members:
                rows.add(number, **read_event(members, line, has_escapes=b'"@@' in line))
            else:
                rows.reject(number, "timestamp", "The event has no @t, its time.", "@t")
        except (ValueError, RecursionError) as error:
            rows.reject(number, "syntax", f"The line cannot be read as an event: {error}.")
    return rows.reading()
