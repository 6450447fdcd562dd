"""Puts whole events into the engine, as the drain does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster.block import build_block, pack_block
from logster.event import NS_PER_MS, NS_PER_S, TEXT_FIELDS, Columns, Event
from logster.store.insert import insert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.store.engine import Engine


NOON_NS = 1_790_000_000 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


def event_at(event_id: int, ns: int | None = None, **fields: Any) -> Event:
    """An event of workspace 7, now or at `ns`."""
    now = time.time_ns() // NS_PER_MS * NS_PER_MS if ns is None else ns
    values: dict[str, Any] = {
        "id": event_id,
        "timestamp": now,
        "received_at": now,
        "severity": 2,
        "message": f"event {event_id}",
        "workspace": 7,
        "protocol": "api_log",
    }
    return Event(**(values | fields))


async def store_events(engine: Engine, events: Sequence[Event]) -> None:
    """Insert the events as one block; workspace, key and protocol are taken event by event."""
    texts: dict[str, Any] = {
        name: [getattr(event, name) for event in events] for name in TEXT_FIELDS
    }
    columns = Columns(
        severity=[event.severity for event in events],
        timestamp=[event.timestamp for event in events],
        properties=[msgspec.json.encode(event.properties) for event in events],
        details=[msgspec.json.encode(event.details) if event.details else None for event in events],
        **texts,
    )
    batch = build_block(
        columns,
        ids=[event.id for event in events],
        received_at_ns=events[0].received_at,
        workspace=[event.workspace for event in events],
        key=[event.key for event in events],
        protocol=[event.protocol for event in events],
    )
    token = "-".join(str(event.id) for event in (events[0], events[-1]))
    await insert(engine, pack_block([batch]), token)


def block_of(count: int, *, days: int = 1, first_id: int = 1) -> bytes:
    """Events whose times are spread over so many days."""
    columns = Columns(
        message=[f"event {number}" for number in range(count)],
        severity=[2] * count,
        timestamp=[NOON_NS - number % days * DAY_NS for number in range(count)],
    )
    batch = build_block(
        columns,
        ids=list(range(first_id, first_id + count)),
        received_at_ns=NOON_NS,
        workspace=1,
        key=1,
        protocol="api_log",
    )
    return pack_block([batch])


async def counts(engine: Engine) -> tuple[int, int]:
    """Rows, and different ids."""
    answer = await engine.ask("SELECT count(), uniqExact(id) FROM events", {})
    rows, ids = answer.rows[0]
    return rows, ids
