"""How many events and errors each release had in a time.

In: a `Selection` and names of releases. Out: a `Rate` of each, also of one without any event.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.event import Severity
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.store.engine import Engine
    from logster.store.selection import Selection


class Rate(msgspec.Struct, frozen=True):
    """Events, and how many of them are errors."""

    events: int = 0
    errors: int = 0

    @property
    def share(self) -> float:
        """Errors among the events, 0 to 1."""
        return self.errors / self.events if self.events else 0.0


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Release -> its events and errors."""

    rates: dict[str, Rate]
    elapsed_ms: float
    rows_read: int


async def count_rates(engine: Engine, selection: Selection, releases: Sequence[str]) -> Rates:
    """Count the events and the errors of releases."""
    meter, parameters = Meter(engine), Parameters()
    is_error = f"severity BETWEEN {int(Severity.ERROR)} AND {int(Severity.FATAL)}"
    rows = await meter.rows(
        f"SELECT release, count(), countIf({is_error}) FROM {EVENTS.read}"
        f" WHERE {selection.where(parameters)}"
        f" AND release IN {parameters.bind(list(releases), 'Array(String)')} GROUP BY release",
        parameters.values,
    )
    found = {release: Rate(events, errors) for release, events, errors in rows}
    return Rates(
        rates={release: found.get(release, Rate()) for release in releases},
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )
