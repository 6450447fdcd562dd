"""The items of a JSON array: how many there are is known before any of them is made.

In: the text of an array. Out: its items, each as its own text.
Promise: an array of more items than a batch may have costs no memory for them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from logster.errors import BodyTooLargeError
from logster.ingest import json_marks

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits

_items = msgspec.json.Decoder(list[msgspec.Raw])

#: Items that may be looked at, for each that may be kept, to know how many there are: the
#: decoder takes 56 bytes for one, so that is 90 MB of them.
_COUNTED_PER_EVENT = 16


def read_items(array: msgspec.Raw, limits: Limits) -> list[msgspec.Raw]:
    """The items; none of null.

    Raises BodyTooLargeError when there are too many, ValueError when it is no array.
    """
    text = bytes(array)
    if text == b"null":
        return []
    check_items(text, limits.max_events)
    return _items.decode(text)


def check_items(body: bytes, max_events: int) -> None:
    """Refuse too many items before they are decoded: there are no more than commas, and one."""
    if body.count(b",") < max_events:
        return
    count = _count_items(body, max_events)
    if count > max_events:
        raise too_many(f"at least {count} items", max_events)


def _count_items(body: bytes, max_events: int) -> int:
    if body.count(b",") < _COUNTED_PER_EVENT * max_events:
        with contextlib.suppress(msgspec.MsgspecError, RecursionError):
            return len(_items.decode(body))
    return json_marks.count_items(body, max_events)


def too_many(counted: str, max_events: int) -> BodyTooLargeError:
    """The refusal of a batch of more than may be read."""
    return BodyTooLargeError(
        f"The batch has {counted}; at most {max_events} are read at a time, so send it in parts "
        "(an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
    )
