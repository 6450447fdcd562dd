"""Which releases appeared in a range of time, and when the first event of each came.

In: a `Selection`. Out: `Releases`, the newest first.
Promise: a release that an event before the range has is none of them. Of the filter only
what it says about application and environment counts: a release appears with its first event
there, whatever that says, not with the first that is searched for.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.query.tree import And, Field, Filter, fields_in
from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.engine import Engine
    from logster.store.selection import Selection

#: More marks than this on one histogram nobody can tell apart.
MAX_RELEASES = 20
#: Names of the range that are looked for before it: those of hundreds of applications that
#: seldom say anything, of which most have been there.
MAX_CANDIDATES = 1_000
#: What is longer is no name that anybody reads on a mark.
MAX_NAME_BYTES = 200

#: Where a release runs.
_PLACES = frozenset({Field("application"), Field("environment")})


class Release(msgspec.Struct, frozen=True):
    """A release and the time of its first event."""

    name: str
    first_ns: int


class Releases(msgspec.Struct, frozen=True, kw_only=True):
    """At most `MAX_RELEASES`."""

    releases: list[Release]
    elapsed_ms: float
    rows_read: int


async def find_releases(engine: Engine, selection: Selection) -> Releases:
    """Look at the range, and then before it for those that were found: most have been there."""
    meter, parameters = Meter(engine), Parameters()
    there = selection.with_filter(_places_in(selection.filter))
    rows = await meter.rows(
        f"SELECT release, toUnixTimestamp64Nano(min(timestamp)) AS first_ns FROM {EVENTS.read}"
        f" WHERE {there.where(parameters)} AND length(release) BETWEEN 1 AND {MAX_NAME_BYTES}"
        f" GROUP BY release ORDER BY first_ns DESC, release LIMIT {MAX_CANDIDATES}",
        parameters.values,
    )
    old = await _names_before(meter, there, [name for name, _ in rows])
    new = [Release(name, first_ns) for name, first_ns in rows if name not in old]
    return Releases(
        releases=new[:MAX_RELEASES],
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


async def _names_before(meter: Meter, selection: Selection, names: list[str]) -> set[str]:
    if selection.since_ns is None or not names:
        return set()
    before = selection.between(None, selection.since_ns)
    parameters = Parameters()
    rows = await meter.rows(
        f"SELECT DISTINCT release FROM {EVENTS.read} WHERE {before.where(parameters)}"
        f" AND release IN {parameters.bind(names, 'Array(String)')} LIMIT {len(names)}",
        parameters.values,
    )
    return {name for (name,) in rows}


def _places_in(tree: Filter) -> Filter:
    """The conditions that all events must meet and that are about places alone."""
    parts = tree.filters if isinstance(tree, And) else (tree,)
    return And(tuple(part for part in parts if _PLACES.issuperset(fields_in(part))))
