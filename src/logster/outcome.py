"""What becomes of an event: exactly one of these; and what is kept of a body that was refused.

`stored` is counted in the store, `aside` in the spools; the others are written down by the ledger.
"""

from __future__ import annotations

import enum

import msgspec


class Outcome(enum.StrEnum):
    """The words of receipts.

    A body that is refused whole counts as a request, not as events; those that come by sockets are
    counted one by one. What was lost on the way to a socket never arrived.
    """

    STORED = "stored"
    REPEATED = "repeated"
    REJECTED = "rejected"
    FILTERED = "filtered"
    LIMITED = "limited"
    REFUSED = "refused"
    ASIDE = "aside"
    LOST = "lost"


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """Why one event, or a whole body, was not taken; `line` is 0 for a whole body."""

    line: int
    reason: str
    sentences: list[str]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A body of which something was not taken, as it came; the key is not in it.

    `events` is how many of its events were refused, None when nobody knows. `places` are theirs
    among all `count` events, from 0, None when they cannot be told from those that are stored.
    `size` is what came of the body, `body` its beginning; without `is_whole` more was to come.
    """

    at: float
    workspace: int
    key: int
    protocol: str
    outcome: Outcome
    reason: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    events: int | None
    faults: list[Fault]
    size: int
    body: bytes
    is_whole: bool
    places: list[int] | None = None
    count: int = 0
