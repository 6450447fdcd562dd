"""Parts of the store that cannot be read, and those that the engine has set aside.

In: an engine. Out: names, days, paths for an operator.
Promise: from the engine's own books, in milliseconds; nothing is read of the parts themselves.
What a question or a merge has met is known until the part is gone or the engine starts again.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from logster.store.failures import DAMAGE_CODES, part_in
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.engine import Engine

_SELECT_DETACHED = (
    "SELECT name, reason, partition_id, bytes_on_disk, path FROM system.detached_parts"
    f" WHERE {EVENTS.in_books}"
    " ORDER BY partition_id DESC, name LIMIT 100"
)
#: Errors that name a part: of questions, and of merges, which nobody waits for.
_SELECT_ERRORS = (
    "SELECT last_error_message FROM system.errors"
    f" WHERE code IN ({', '.join(map(str, sorted(DAMAGE_CODES)))})"
)
_SELECT_ACTIVE = (
    f"SELECT name, path, rows, bytes_on_disk FROM system.parts WHERE active AND {EVENTS.in_books}"
)


class DamagedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is not searched any more (`detached`), or fails who reads it.

    `day` as `2026-11-24`; `rows` is null when nobody knows.
    """

    name: str
    day: str
    is_detached: bool
    reason: str
    rows: int | None
    bytes: int
    path: str


async def find_damage(engine: Engine) -> list[DamagedPart]:
    """The parts of the events that somebody should look at; the damaged ones first."""
    met = {
        part
        for (message,) in (await engine.inspect(_SELECT_ERRORS)).rows
        if (part := part_in(message))
    } | engine.damaged_parts
    damaged = []
    if met:
        active = {row[0]: row for row in (await engine.inspect(_SELECT_ACTIVE)).rows}
        engine.damaged_parts &= active.keys()
        damaged = [
            DamagedPart(
                name=name,
                day=day_of(name),
                is_detached=False,
                reason="cannot be read",
                rows=active[name][2],
                bytes=active[name][3],
                path=active[name][1],
            )
            for name in sorted(met & active.keys())
        ]
    detached = (await engine.inspect(_SELECT_DETACHED)).rows
    return damaged + [
        DamagedPart(
            name=name,
            day=day_of(day or ""),
            is_detached=True,
            reason=reason or "detached",
            rows=None,
            bytes=size or 0,
            path=path,
        )
        for name, reason, day, size, path in detached
    ]


def day_of(part: str) -> str:
    """The day of a part or a partition, UTC; empty when it has none in its name."""
    return f"{part[:4]}-{part[4:6]}-{part[6:8]}" if part[:8].isdecimal() else ""
