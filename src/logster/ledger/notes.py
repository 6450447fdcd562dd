"""What is kept of a refused body beside its bytes."""

from __future__ import annotations

import msgspec

from logster.outcome import Fault


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """How it came and why it was refused, as a member of a row; see `outcome.Refused`."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    events: int | None
    faults: list[Fault]
    size: int
    places: list[int] | None = None
    count: int = 0
