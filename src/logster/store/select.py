"""Rows of events: the statements that ask for them, and the `Event` that a row is.

In: a `Selection`, and where to go on. Out: a `Statement`; an `Event` from a row of its answer.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import TEXT_FIELDS, Event, read_properties
from logster.query.tree import Equal, Field
from logster.store.columns import COLUMNS
from logster.store.cursor import beyond
from logster.store.expressions import all_of
from logster.store.parameters import Parameters, Statement
from logster.store.selection import Selection
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from logster.store.cursor import Key

#: The columns of an event in the order `read_event` takes them.
EVENT_COLUMNS = ", ".join(
    (
        "id",
        "toUnixTimestamp64Nano(timestamp)",
        "toUnixTimestamp64Nano(received_at)",
        "severity",
        *(COLUMNS[name] for name in TEXT_FIELDS),
        "blank",
        "properties",
        "workspace",
        "key",
        "protocol",
        "issue",
    )
)
#: Beside them, the column of what is only shown; `read_whole_event` takes it.
WHOLE_EVENT_COLUMNS = f"{EVENT_COLUMNS}, details"

#: The engine's clock, which is the one that sets `stored_at`.
SELECT_NOW = Statement("SELECT toUnixTimestamp64Milli(now64(3))", {})

#: Of all workspaces: the engine answers it from the headers of its parts, without reading a row.
SELECT_OLDEST = Statement(f"SELECT toUnixTimestamp64Nano(min(timestamp)) FROM {EVENTS.read}", {})


def select_events(
    selection: Selection,
    *,
    before: Key | None = None,
    after: Key | None = None,
    limit: int,
    is_whole: bool = False,
) -> Statement:
    """Events newest first; with `after`, those next to the key, oldest first.

    The events of `before` and `after` themselves are left out. Whole ones have their details.
    """
    parameters = Parameters()
    parts = selection.conditions(parameters)
    if before is not None:
        parts.append(beyond(before, "<", parameters))
    if after is not None:
        parts.append(beyond(after, ">", parameters))
    order = "DESC" if after is None else "ASC"
    columns = WHOLE_EVENT_COLUMNS if is_whole else EVENT_COLUMNS
    return Statement(
        f"SELECT {columns} FROM {EVENTS.read} WHERE {all_of(parts)}"
        f" ORDER BY timestamp {order}, id {order} LIMIT {parameters.bind(limit, 'UInt32')}",
        parameters.values,
    )


def select_event(workspace: int, event_id: int) -> Statement:
    """One event by its id, with its details."""
    parameters = Parameters()
    selection = Selection(workspace=workspace, filter=Equal(Field("id"), event_id))
    parts = selection.conditions(parameters)
    return Statement(
        f"SELECT {WHOLE_EVENT_COLUMNS} FROM {EVENTS.read} WHERE {all_of(parts)} LIMIT 1",
        parameters.values,
    )


def select_stored(
    selection: Selection, *, above_ms: int, shown: Iterable[int], limit: int
) -> Statement:
    """The newest rows stored after `above_ms` that were not shown; `stored_at` (ms) is last."""
    parameters = Parameters()
    parts = _stored(parameters, selection, above_ms, shown)
    return Statement(
        f"SELECT {EVENT_COLUMNS}, toUnixTimestamp64Milli(stored_at) FROM {EVENTS.read}"
        f" WHERE {all_of(parts)} ORDER BY stored_at DESC, id DESC"
        f" LIMIT {parameters.bind(limit, 'UInt32')}",
        parameters.values,
    )


def select_places(selection: Selection, *, above_ms: int, limit: int) -> Statement:
    """The newest rows stored after `above_ms`: their ids and `stored_at` (ms)."""
    parameters = Parameters()
    parts = _stored(parameters, selection, above_ms, ())
    return Statement(
        f"SELECT id, toUnixTimestamp64Milli(stored_at) FROM {EVENTS.read}"
        f" WHERE {all_of(parts)} ORDER BY stored_at DESC, id DESC"
        f" LIMIT {parameters.bind(limit, 'UInt32')}",
        parameters.values,
    )


def count_stored(
    selection: Selection, *, above_ms: int, until_ms: int, shown: Iterable[int]
) -> Statement:
    """How many rows `select_stored` would give without its limit, up to and with `until_ms`."""
    parameters = Parameters()
    parts = _stored(parameters, selection, above_ms, shown)
    until = f"fromUnixTimestamp64Milli({parameters.bind(until_ms, 'Int64')})"
    return Statement(
        f"SELECT count() FROM {EVENTS.read} WHERE {all_of([*parts, f'stored_at <= {until}'])}",
        parameters.values,
    )


def _stored(
    parameters: Parameters, selection: Selection, above_ms: int, shown: Iterable[int]
) -> list[str]:
    parts = selection.conditions(parameters)
    above = f"fromUnixTimestamp64Milli({parameters.bind(above_ms, 'Int64')})"
    parts.insert(1, f"stored_at > {above}")
    if ids := list(shown):
        parts.append(f"id NOT IN {parameters.bind(ids, 'Array(UInt64)')}")
    return parts


def read_event(row: Sequence[Any]) -> Event:
    """An event from the columns of `EVENT_COLUMNS`."""
    event_id, timestamp, received_at, severity, *texts = row[: 4 + len(TEXT_FIELDS)]
    blank, properties, workspace, key, protocol, issue = row[4 + len(TEXT_FIELDS) :][:6]
    present: dict[str, Any] = {
        name: text
        for bit, (name, text) in enumerate(zip(TEXT_FIELDS, texts, strict=True))
        if text or blank >> bit & 1
    }
    present.setdefault("message", "")
    return Event(
        id=event_id,
        timestamp=timestamp,
        received_at=received_at,
        severity=severity,
        properties=read_properties(properties) if properties else {},
        workspace=workspace,
        key=key,
        protocol=protocol,
        issue=issue,
        **present,
    )


def read_whole_event(row: Sequence[Any]) -> Event:
    """An event from the columns of `WHOLE_EVENT_COLUMNS`."""
    *others, details = row
    event = read_event(others)
    return msgspec.structs.replace(event, details=read_properties(details)) if details else event
