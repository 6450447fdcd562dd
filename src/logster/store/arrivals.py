"""How many events were stored, by when they arrived, key and dialect.

In: a workspace and two instants. Out: counts. The time of arrival is in each event's id, which has
an index; `received_at` has none.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.ids import ID_EPOCH_MS, ID_NODE_BITS, ID_SEQUENCE_BITS, id_at
from logster.store.parameters import Parameters
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.engine import Engine


class Arrived(msgspec.Struct, frozen=True, array_like=True):
    """Events of a key and a dialect that arrived within one step."""

    step: int
    key: int
    protocol: str
    events: int


async def count_arrivals(
    engine: Engine,
    workspace: int,
    *,
    since_ms: int,
    until_ms: int,
    step_ms: int,
    key: int | None = None,
    protocol: str | None = None,
) -> list[Arrived]:
    """Events of a workspace that arrived in this time, by steps from 0 on."""
    parameters = Parameters()
    parts = [
        f"workspace = {parameters.bind(workspace, 'UInt32')}",
        f"id >= {parameters.bind(id_at(since_ms), 'UInt64')}",
        f"id < {parameters.bind(id_at(until_ms), 'UInt64')}",
    ]
    if key is not None:
        parts.append(f"key = {parameters.bind(key, 'UInt32')}")
    if protocol is not None:
        parts.append(f"protocol = {parameters.bind(protocol, 'String')}")
    first_ms = parameters.bind(since_ms - ID_EPOCH_MS, "Int64")
    step = parameters.bind(step_ms, "Int64")
    made_ms = f"toInt64(bitShiftRight(id, {ID_NODE_BITS + ID_SEQUENCE_BITS}))"
    answer = await engine.ask(
        f"SELECT intDiv({made_ms} - {first_ms}, {step}) AS step, key, protocol, count()"
        f" FROM {EVENTS.read} WHERE {' AND '.join(parts)} GROUP BY step, key, protocol",
        parameters.values,
    )
    return [Arrived(*row) for row in answer.rows]
