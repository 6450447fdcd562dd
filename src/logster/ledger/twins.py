"""The same body, refused again: it is one row, whatever was wrong with it each time.

In: a refused body, or the notes of two that are the same. Out: what tells it from others; one note.
Promise: an event that was good one of the times is stored, so it is not tried again; when nobody
can say which those are, none is (docs/decisions/048).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from logster.ledger.notes import Note
    from logster.outcome import Refused

KEPT, WHOLE, CUT, STORED = "kept", "whole", "cut", "stored"


def digest_of(refused: Refused) -> bytes:
    """The fingerprint of a body, within its key and its address."""
    head = (refused.workspace, refused.key, refused.protocol, refused.path, refused.query)
    told = msgspec.json.encode((*head, refused.size))
    return hashlib.blake2b(told + b"\n" + refused.body, digest_size=16).digest()


def join_notes(first: Note, second: Note) -> tuple[Note, str]:
    """One note of two times at which a body could have been tried again, and the state of it."""
    if first.events is None or second.events is None:
        return (second if first.events is None else first), KEPT
    if first.places is None or second.places is None or first.count != second.count:
        return second, WHOLE
    places = sorted({*first.places} & {*second.places})
    joined = msgspec.structs.replace(second, places=places, events=len(places))
    return joined, KEPT if places else STORED
