"""Which events of a body are the bad ones: their places among all of it, good and bad, from 0.

So a body of which the good events are stored can be tried again for the others alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.errors import ConflictError

if TYPE_CHECKING:
    from logster.ingest.protocol import Reading


def find_bad(reading: Reading) -> list[int] | None:
    """The places of the bad events; None when they cannot be told."""
    order = _order(reading)
    if order is None:
        return None
    return [place for place, index in enumerate(order) if index is None]


def choose(reading: Reading, places: frozenset[int], count: int) -> None:
    """Leave the events at these places alone, of a body that had `count` events the first time.

    Raises ConflictError when it is read in another way now.
    """
    order = _order(reading)
    if order is None or len(order) != count:
        raise ConflictError(
            "The body is read in another way than before, so nobody can say which of its events "
            "are stored already. Send again what is missing."
        )
    chosen = [index for place, index in enumerate(order) if place in places and index is not None]
    lines = reading.lines or [*range(1, len(reading.columns) + 1)]
    reading.columns = reading.columns.only(chosen)
    reading.lines = [lines[index] for index in chosen]
    if reading.identities is not None:
        reading.identities = [reading.identities[index] for index in chosen]


def _order(reading: Reading) -> list[int | None] | None:
    """The indexes of the good events as they came, None for a bad one."""
    count = len(reading.columns)
    if not reading.rejections:
        return [*range(count)]
    lines = reading.lines if count else []
    if lines is None:
        return None
    if {bad.line for bad in reading.rejections}.intersection(lines):
        return None  # of several events on one line nobody knows which came first
    rows = [(line, False, index) for index, line in enumerate(lines)]
    rows += [(bad.line, True, index) for index, bad in enumerate(reading.rejections)]
    return [None if is_bad else index for _, is_bad, index in sorted(rows)]
