"""Errors by their keys: how many there are, when, of whom; and the events that tell of them.

In: a `Selection`, or keys of a workspace. Out: counts by key, events.
Promise: counts are what the store holds; users are distinct ones. The store knows keys alone: what
was merged comes as pairs, and is one in the answer.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.select import WHOLE_EVENT_COLUMNS, read_whole_event
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from logster.event import Event
    from logster.store.engine import Engine
    from logster.store.selection import Selection

Range: TypeAlias = "tuple[int, int]"

#: More issues of one time nobody looks through; those with the most errors are counted.
MAX_ISSUES = 20_000
#: So many keys are looked at at a time by who must look everywhere.
MAX_KEYS = 1_000
#: Steps of the small chart beside an issue.
MAX_STEPS = 60
#: Releases of one issue that are looked at.
MAX_RELEASES = 1_000


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has of one issue; instants are nanoseconds since 1970."""

    issue: int
    count: int
    users: int
    first_ns: int
    last_ns: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The issues of a selection, in no order."""

    counts: list[Count]
    elapsed_ms: float
    rows_read: int


async def count_issues(engine: Engine, selection: Selection, merged: Mapping[int, int]) -> Counts:
    """Count the errors of a selection by issue; `merged` says which keys are another's."""
    meter, parameters = Meter(engine), Parameters()
    rows = await meter.rows(
        f"SELECT {_issue(merged, parameters)} AS found, count() AS number,"
        " uniqIf(user, user != ''),"
        " toUnixTimestamp64Nano(min(timestamp)), toUnixTimestamp64Nano(max(timestamp))"
        f" FROM {EVENTS.read} WHERE {selection.where(parameters)} AND issue != 0"
        f" GROUP BY found ORDER BY number DESC LIMIT {MAX_ISSUES}",
        parameters.values,
    )
    return Counts(
        counts=[
            Count(issue=issue, count=count, users=users, first_ns=first_ns, last_ns=last_ns)
            for issue, count, users, first_ns, last_ns in rows
        ],
        elapsed_ms=meter.elapsed_ms,
        rows_read=meter.rows_read,
    )


async def count_steps(
    meter: Meter,
    selection: Selection,
    merged: Mapping[int, int],
    keys: Sequence[int],
    *,
    steps: int,
) -> dict[int, list[int]]:
    """How many errors each issue has in each of `steps` equal parts of the selection's time."""
    assert selection.since_ns is not None
    assert selection.until_ns is not None
    if not keys:
        return {}
    parameters = Parameters()
    width_ns = max(1, -(-(selection.until_ns - selection.since_ns) // steps))
    place = (
        f"toUInt32(intDiv(toUnixTimestamp64Nano(timestamp) -"
        f" {parameters.bind(selection.since_ns, 'Int64')}, {parameters.bind(width_ns, 'Int64')}))"
    )
    rows = await meter.rows(
        f"SELECT {_issue(merged, parameters)} AS found, countResample(0, {int(steps)}, 1)({place})"
        f" FROM {EVENTS.read} WHERE {selection.where(parameters)}"
        f" AND issue IN {parameters.bind(list(keys), 'Array(UInt64)')} GROUP BY found",
        parameters.values,
    )
    return dict(rows)


def _issue(merged: Mapping[int, int], parameters: Parameters) -> str:
    """The issue of a row; the key itself, where it was not merged."""
    if not merged:
        return "issue"
    keys = parameters.bind(list(merged), "Array(UInt64)")
    issues = parameters.bind(list(merged.values()), "Array(UInt64)")
    return f"transform(issue, {keys}, {issues}, issue)"


class StoredErrors:
    """What issues ask of the store (`track/listener`); ranges are nanoseconds, both ends in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def workspaces(self) -> list[int]:
        """Those that have errors."""
        rows = await self._rows(
            f"SELECT DISTINCT workspace FROM {EVENTS.read} WHERE issue != 0", Parameters()
        )
        return [workspace for (workspace,) in rows]

    async def keys(self, workspace: int, within: Range | None, after: int) -> list[int]:
        """The next keys of a range behind a key, in their order; of all time for None."""
        parameters = Parameters()
        rows = await self._rows(
            f"SELECT DISTINCT issue FROM {EVENTS.read}"
            f" WHERE {_where(workspace, within, parameters)}"
            f" AND issue > {parameters.bind(after, 'UInt64')} ORDER BY issue LIMIT {MAX_KEYS}",
            parameters,
        )
        return [key for (key,) in rows]

    async def first(
        self, workspace: int, keys: Sequence[int], within: Range | None
    ) -> list[tuple[int, Event, int]]:
        """Of each key that is there: itself, its first event, the time of its last one."""
        parameters = Parameters()
        rows = await self._rows(
            "SELECT issue, toUnixTimestamp64Nano(max(timestamp)), argMin(id, (timestamp, id))"
            f" FROM {EVENTS.read} WHERE {_where(workspace, within, parameters)}"
            f" AND issue IN {parameters.bind(list(keys), 'Array(UInt64)')} GROUP BY issue",
            parameters,
        )
        if not rows:
            return []
        parameters = Parameters()
        ids = parameters.bind([number for _, _, number in rows], "Array(UInt64)")
        found = await self._rows(
            f"SELECT {WHOLE_EVENT_COLUMNS} FROM {EVENTS.read}"
            f" WHERE {_where(workspace, within, parameters)} AND id IN {ids} LIMIT 1 BY id",
            parameters,
        )
        events = {event.issue: event for event in map(read_whole_event, found)}
        return [(key, events[key], last_ns) for key, last_ns, _ in rows if key in events]

    async def times(
        self, workspace: int, keys: Sequence[int], within: Range | None
    ) -> list[tuple[int, int, int]]:
        """Of each key that is there: the times of the first and the last error."""
        if not keys:
            return []
        parameters = Parameters()
        rows = await self._rows(
            "SELECT issue, toUnixTimestamp64Nano(min(timestamp)),"
            f" toUnixTimestamp64Nano(max(timestamp)) FROM {EVENTS.read}"
            f" WHERE {_where(workspace, within, parameters)}"
            f" AND issue IN {parameters.bind(list(keys), 'Array(UInt64)')} GROUP BY issue",
            parameters,
        )
        return [(key, first_ns, last_ns) for key, first_ns, last_ns in rows]

    async def since(
        self, workspace: int, since: Mapping[int, int], hour_ns: int
    ) -> list[tuple[int, str, int, int, int]]:
        """By key and release, of each key since its own moment.

        Gives the count, the time of the last, the count since `hour_ns`.
        """
        if not since:
            return []
        parameters = Parameters()
        keys = parameters.bind(list(since), "Array(UInt64)")
        moments = parameters.bind(list(since.values()), "Array(Int64)")
        rows = await self._rows(
            "SELECT issue, release, count(), toUnixTimestamp64Nano(max(timestamp)),"
            f" countIf(timestamp >= {parameters.instant(hour_ns)})"
            f" FROM {EVENTS.read} WHERE workspace = {parameters.bind(workspace, 'UInt32')}"
            f" AND timestamp > {parameters.instant(min(since.values()))} AND issue IN {keys}"
            f" AND toUnixTimestamp64Nano(timestamp) > transform(issue, {keys}, {moments}, 0)"
            f" GROUP BY issue, release ORDER BY max(timestamp) DESC LIMIT {MAX_RELEASES} BY issue",
            parameters,
        )
        return [(key, release, *numbers) for key, release, *numbers in rows]

    async def first_of_releases(
        self, workspace: int, application: str, releases: Sequence[str] | None = None
    ) -> dict[str, int]:
        """When each release of an application was first seen; of very many, the newest."""
        parameters = Parameters()
        where = (
            f"workspace = {parameters.bind(workspace, 'UInt32')}"
            f" AND application = {parameters.bind(application, 'String')} AND release != ''"
        )
        if releases is not None:
            where += f" AND release IN {parameters.bind(list(releases), 'Array(String)')}"
        rows = await self._rows(
            f"SELECT release, toUnixTimestamp64Nano(min(timestamp)) AS first_ns FROM {EVENTS.read}"
            f" WHERE {where} GROUP BY release ORDER BY first_ns DESC LIMIT {MAX_RELEASES}",
            parameters,
        )
        return dict(rows)

    async def _rows(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        return (await self._engine.ask(sql, parameters.values)).rows


def _where(workspace: int, within: Range | None, parameters: Parameters) -> str:
    mine = f"workspace = {parameters.bind(workspace, 'UInt32')}"
    if within is None:
        return mine
    first, last = map(parameters.instant, within)
    return f"{mine} AND timestamp >= {first} AND timestamp <= {last}"
