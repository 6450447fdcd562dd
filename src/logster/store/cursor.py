"""The place of an event in the order of a search, as SQL and as text for a URL.

In: a `Key`, or the text of a cursor from a stranger. Out: a condition, a text; `QueryError`
for a text that is no cursor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from logster.errors import QueryError

if TYPE_CHECKING:
    from logster.event import Event
    from logster.store.parameters import Parameters


class Key(msgspec.Struct, frozen=True):
    """The place of an event in the order of a search: newest first, ids break ties."""

    timestamp_ns: int
    id: int


def key_of(event: Event) -> Key:
    """The place of an event."""
    return Key(event.timestamp, event.id)


def beyond(key: Key, side: Literal["<", ">"], parameters: Parameters) -> str:
    """What is older (`<`) or newer (`>`) than a key.

    Written as two conditions so that the first one can use the sorting key.
    """
    instant, event_id = parameters.instant(key.timestamp_ns), parameters.bind(key.id, "UInt64")
    return f"(timestamp {side}= {instant} AND (timestamp {side} {instant} OR id {side} {event_id}))"


def render_cursor(key: Key) -> str:
    """A key as text for a URL."""
    return f"{key.timestamp_ns:x}-{key.id:x}"


def parse_cursor(text: str) -> Key:
    """A key from its text; raises `QueryError` when it is none."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise QueryError(f"{text[:40]!r} is no cursor of a search", 0, len(text))
    return Key(int(found[1], 16), int(found[2], 16))


#: Instants are signed 64-bit and not before 1970, ids are unsigned 64-bit.
_CURSOR = re.compile(r"([0-7]?[0-9a-f]{1,15})-([0-9a-f]{1,16})")
