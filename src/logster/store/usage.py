"""What the store holds: parts and bytes, what fills them, how late events are found.

In: an engine; a workspace or a key that the caller has checked. Out: numbers for people.
Promise: sizes come from the engine's own books, which it reads in milliseconds;
whoever asks about applications or a key learns of their own workspace alone.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.store.meter import Meter
from logster.store.parameters import Parameters
from logster.store.search import find
from logster.store.selection import Selection
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.event import Event
    from logster.store.engine import Engine

#: The newest events that are weighed.
WEIGHED = 1_000_000
MAX_APPLICATIONS = 20
#: Days a chart can show; older ones are in the totals alone.
MAX_DAYS = 400
#: How far back the lag looks.
LAG_S = 300

#: A part that has expired stands empty for a while in the place of what it was.
_PARTS = f"system.parts WHERE active AND rows > 0 AND {EVENTS.in_books}"
_SELECT_TOTALS = (
    f"SELECT count(), sum(rows), sum(bytes_on_disk), toUnixTimestamp(min(min_time)) FROM {_PARTS}"
)
_SELECT_DAYS = (
    "SELECT partition, sum(rows), sum(bytes_on_disk), count()"
    f" FROM {_PARTS} GROUP BY partition ORDER BY partition DESC LIMIT {MAX_DAYS}"
)
_SELECT_LOSS = f"SELECT groupUniqArray(partition), sum(rows), sum(bytes_on_disk) FROM {_PARTS}"
_SELECT_PIECES = (
    "SELECT name, 'column' AS kind, data_compressed_bytes AS bytes FROM system.columns"
    f" WHERE {EVENTS.in_books} AND bytes > 0 UNION ALL"
    " SELECT name, 'index', data_compressed_bytes FROM system.data_skipping_indices"
    f" WHERE {EVENTS.in_books} AND data_compressed_bytes > 0"
)
_SELECT_DISK = "SELECT sum(free_space), sum(total_space) FROM system.disks"
_SELECT_LAG = (
    "SELECT count(), quantile(0.5)(late), quantile(0.99)(late) FROM"
    f" (SELECT dateDiff('millisecond', received_at, stored_at) AS late FROM {EVENTS.read}"
    f" WHERE stored_at > now64(3) - INTERVAL {LAG_S} SECOND)"
)


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the table, UTC, as `2026-11-24`."""

    day: str
    rows: int
    bytes: int
    parts: int


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A column or an index, and its bytes on disk."""

    name: str
    kind: str
    bytes: int


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """From receipt to stored, of the events of the last minutes; null when there were none."""

    events: int
    median_ms: float | None
    p99_ms: float | None


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table, of all workspaces; `oldest_s` in seconds since 1970."""

    rows: int
    parts: int
    bytes: int
    oldest_s: int | None
    free_bytes: int
    total_bytes: int
    days: list[Day]
    pieces: list[Piece]
    lag: Lag


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What a shorter time would remove, of all workspaces; days as in `Day`, null without any."""

    days: int
    events: int
    bytes: int
    first: str | None
    last: str | None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one application has among the weighed events; bytes before compression."""

    application: str
    rows: int
    bytes: int


class Loads(msgspec.Struct, frozen=True, kw_only=True):
    """The heaviest applications of the newest `rows` events of a workspace."""

    applications: list[Load]
    rows: int
    bytes: int


async def count_holdings(engine: Engine) -> Holdings:
    """Read the engine's books about the table of events."""
    [[parts, rows, size, oldest_s]] = (await engine.inspect(_SELECT_TOTALS)).rows
    [[free, total]] = (await engine.inspect(_SELECT_DISK)).rows
    [[events, median, p99]] = (await engine.inspect(_SELECT_LAG)).rows
    pieces = (await engine.inspect(_SELECT_PIECES)).rows
    return Holdings(
        rows=rows,
        parts=parts,
        bytes=size,
        oldest_s=oldest_s if rows else None,
        free_bytes=free,
        total_bytes=total,
        days=await weigh_days(engine),
        pieces=[
            Piece(name=name, kind=kind, bytes=size)
            for name, kind, size in sorted(pieces, key=lambda piece: -piece[2])
        ],
        lag=Lag(
            events=events,
            median_ms=median if events else None,
            p99_ms=p99 if events else None,
        ),
    )


async def weigh_days(engine: Engine) -> list[Day]:
    """The days the table holds, oldest first; the newest `MAX_DAYS` of them."""
    days = (await engine.inspect(_SELECT_DAYS)).rows
    return [
        Day(day=_day_of(name), rows=rows, bytes=size, parts=parts)
        for name, rows, size, parts in reversed(days)
    ]


async def weigh_loss(engine: Engine, days: int, chosen_days: int) -> Loss:
    """What expires when events are kept for so many days: the parts with nothing younger.

    What has expired under the days that are chosen now and waits for its end is lost already.
    """
    answer = await engine.inspect(
        f"{_SELECT_LOSS} AND max_time <= now() - INTERVAL {int(days)} DAY"
        f" AND max_time > now() - INTERVAL {int(chosen_days)} DAY"
    )
    [[names, rows, size]] = answer.rows
    return Loss(
        days=len(names),
        events=rows,
        bytes=size,
        first=_day_of(min(names)) if names else None,
        last=_day_of(max(names)) if names else None,
    )


async def weigh_applications(engine: Engine, workspace: int) -> Loads:
    """How the newest events share the room; an event without an application is under ""."""
    meter, parameters = Meter(engine), Parameters()
    where = Selection(workspace=workspace).where(parameters)
    weight = (
        "byteSize(message, exception, stack_trace, properties, details, `user`, trace_id, span_id)"
    )
    answer = await meter.ask(
        "SELECT application, count() AS number, sum(weight) AS size,"
        " sum(number) OVER (), sum(size) OVER () FROM"
        f" (SELECT application, {weight} AS weight FROM {EVENTS.read} WHERE {where}"
        f" ORDER BY timestamp DESC LIMIT {WEIGHED})"
        f" GROUP BY application ORDER BY size DESC, application LIMIT {MAX_APPLICATIONS}",
        parameters.values,
    )
    return Loads(
        applications=[
            Load(application=name, rows=number, bytes=size)
            for name, number, size, _, _ in answer.rows
        ],
        rows=answer.rows[0][3] if answer.rows else 0,
        bytes=answer.rows[0][4] if answer.rows else 0,
    )


def _day_of(partition: str) -> str:
    return f"{partition[:4]}-{partition[4:6]}-{partition[6:]}"


async def newest_of_key(engine: Engine, workspace: int, key: int, since_ns: int) -> Event | None:
    """The newest event that came by this key and was stored at or after `since_ns`."""
    meter, parameters = Meter(engine), Parameters()
    where = Selection(workspace=workspace).where(parameters)
    answer = await meter.ask(
        f"SELECT id FROM {EVENTS.read} WHERE {where} AND key = {parameters.bind(key, 'UInt32')}"
        f" AND stored_at >= {parameters.instant(since_ns)} ORDER BY id DESC LIMIT 1",
        parameters.values,
    )
    return await find(engine, workspace, answer.rows[0][0]) if answer.rows else None
