"""An envelope into its items: a line of headers, then for each item such a line and a payload.

In: plain bytes. Out: the header, and items with their payloads as they were sent.
Source: https://develop.sentry.dev/sdk/foundations/transport/envelopes/
Promise: a byte is looked at a few times at the most, whatever the lengths say. A length that does
not end at the end of a line is not believed: then the payload is what stands up to there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A line of headers has a few hundred bytes; of more nothing is made.
MAX_HEADER_BYTES = 64 * 1024
#: A payload that ends here is followed by a line feed, or by nothing.
_LINE_FEED = 0x0A
_CARRIAGE_RETURN = 0x0D


class Header(msgspec.Struct):
    """What an envelope says of itself; whatever its members are."""

    event_id: Any = None
    dsn: Any = None


class ItemHeader(msgspec.Struct):
    """What an item says of itself; whatever its members are."""

    type: Any = None
    length: Any = None
    filename: Any = None


class Item(msgspec.Struct, frozen=True):
    """An item; without a header it could not be read, and neither what is behind it."""

    header: ItemHeader | None
    payload: bytes
    fault: str = ""


_header_decoder = msgspec.json.Decoder(Header)
_item_decoder = msgspec.json.Decoder(ItemHeader)


def read_header(body: bytes) -> tuple[Header, int]:
    """The header, and where the items begin; raises ValueError or RecursionError."""
    end = body.find(b"\n")
    line = body if end < 0 else body[:end]
    return _header_decoder.decode(_checked(line)), len(line) + 1


def _checked(line: bytes) -> bytes:
    if len(line) > MAX_HEADER_BYTES:
        raise ValueError(f"it is longer than {MAX_HEADER_BYTES} bytes")
    return line


def read_items(body: bytes, start: int) -> Iterator[Item]:
    """The items from there on."""
    size = len(body)
    while start < size:
        end = body.find(b"\n", start)
        if end < 0:
            end = size
        line, start = body[start:end], end + 1
        if not line.strip():
            continue
        try:
            header = _item_decoder.decode(_checked(line))
        except (ValueError, RecursionError) as error:
            yield Item(None, b"", f"The header of the item cannot be read: {error}.")
            return
        end = _end_of(header.length, body, start)
        yield Item(header, body[start:end])
        start = end + 1


def _end_of(length: Any, body: bytes, start: int) -> int:
    """Where a payload ends."""
    if type(length) is int and length >= 0:
        end = start + length
        if end == len(body) or (end < len(body) and _ends_line(body, end)):
            return end
    end = body.find(b"\n", start)
    return len(body) if end < 0 else end


def _ends_line(body: bytes, place: int) -> bool:
    if body[place] == _CARRIAGE_RETURN:
        place += 1
    return place < len(body) and body[place] == _LINE_FEED
