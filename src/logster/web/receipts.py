"""What became of the events that were sent here: counts over time, by key, dialect and reason.

In: a session or a key with the right to read. Out: JSON.
Promise: a caller learns of their own workspace alone. What the store does not answer is null, the
rest is told all the same.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
import logging
import sqlite3

import msgspec
from litestar import get
from litestar.di import NamedDependency

from logster.config import Config
from logster.errors import LedgerUnavailableError, StoreError
from logster.event import render_instant
from logster.ledger.questions import Choice, Counted, count_outcomes
from logster.meta.keys import Keys
from logster.outcome import Outcome
from logster.spool.state import look_into_spools
from logster.store.arrivals import Arrived, count_arrivals
from logster.store.engine import Engine
from logster.web.access import Principal
from logster.web.choice import MINUTE_NS

log = logging.getLogger(__name__)

MAX_STEPS = 60
#: Widths of a step that people read at a glance.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)


class StepShape(msgspec.Struct, frozen=True, kw_only=True):
    """Events by outcome from `start` on; refused and limited are bodies that were turned away."""

    start: str
    counts: dict[str, int]


class RowShape(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what a key sent in a dialect, and why.

    `key` 0 is whoever had no valid one. A body that was turned away whole is a request: how many
    events it had is not known.
    """

    key: int
    key_name: str | None
    protocol: str
    outcome: Outcome
    reason: str
    events: int
    requests: int


class AsideShape(msgspec.Struct, frozen=True, kw_only=True):
    """Events of all workspaces that were set aside, or lost by damage, and wait for a person."""

    events: int
    lost_events: int


class ReceiptsShape(msgspec.Struct, frozen=True, kw_only=True):
    """What became of events, by the time at which they arrived.

    `has_stored` is false while the store cannot be asked; `aside` is null outside the first
    workspace.
    """

    since: str
    until: str
    step_s: int
    steps: list[StepShape]
    rows: list[RowShape]
    has_stored: bool
    aside: AsideShape | None


@get("/receipts", summary="What became of events")
async def count_receipts(
    principal: NamedDependency[Principal],
    choice: NamedDependency[Choice],
    engine: NamedDependency[Engine],
    config: NamedDependency[Config],
    keys: NamedDependency[Keys],
) -> ReceiptsShape:
    """Count outcomes over time, and by key, dialect and reason."""
    minutes = choice.until_minute - choice.since_minute
    step = next((each for each in STEPS if each * MAX_STEPS >= minutes), STEPS[-1])
    choice = msgspec.structs.replace(choice, since_minute=choice.since_minute // step * step)
    arrived = await _count_stored(engine, principal.workspace, choice, step)
    counted = await asyncio.to_thread(_count_others, config, choice, step)
    counted += [
        Counted(
            choice.since_minute + each.step * step,
            principal.workspace,
            each.key,
            each.protocol,
            Outcome.STORED,
            "",
            each.events,
            0,
        )
        for each in arrived or []
    ]
    return ReceiptsShape(
        since=_instant(choice.since_minute),
        until=_instant(choice.until_minute),
        step_s=step * 60,
        steps=_by_step(counted, choice, step),
        rows=await _by_reason(counted, keys, principal.workspace),
        has_stored=arrived is not None,
        aside=await asyncio.to_thread(_count_aside, config) if 0 in choice.workspaces else None,
    )


async def _count_stored(
    engine: Engine, workspace: int, choice: Choice, step: int
) -> list[Arrived] | None:
    """What the store has; None while it cannot be asked."""
    if choice.outcome not in (None, Outcome.STORED) or choice.reason:
        return []
    try:
        return await count_arrivals(
            engine,
            workspace,
            since_ms=choice.since_minute * 60_000,
            until_ms=choice.until_minute * 60_000,
            step_ms=step * 60_000,
            key=choice.key,
            protocol=choice.protocol,
        )
    except StoreError as error:
        log.warning("what was stored is not known: %s", error)
        return None


def _count_others(config: Config, choice: Choice, step: int) -> list[Counted]:
    try:
        return count_outcomes(config.ledger_path, choice, step)
    except LedgerUnavailableError as error:
        log.warning("%s", error)
        return []


def _count_aside(config: Config) -> AsideShape | None:
    try:
        states = look_into_spools(config.spool_path)
    except (sqlite3.Error, OSError):
        return None
    return AsideShape(
        events=sum(state.aside_events for state in states),
        lost_events=sum(state.lost_events for state in states),
    )


def _by_step(counted: list[Counted], choice: Choice, step: int) -> list[StepShape]:
    counts: dict[int, dict[str, int]] = {
        minute: {} for minute in range(choice.since_minute, choice.until_minute, step)
    }
    for each in counted:
        found = counts.get(each.minute)
        if found is not None:
            found[each.outcome] = found.get(each.outcome, 0) + each.events + each.requests
    return [StepShape(start=_instant(minute), counts=found) for minute, found in counts.items()]


async def _by_reason(counted: list[Counted], keys: Keys, workspace: int) -> list[RowShape]:
    sums: dict[tuple[int, str, str, str], tuple[int, int]] = {}
    for each in counted:
        place = (each.key, each.protocol, each.outcome, each.reason)
        events, requests = sums.get(place, (0, 0))
        sums[place] = (events + each.events, requests + each.requests)
    names = {key.id: key.name for key in await keys.in_workspace(workspace)}
    rows = [
        RowShape(
            key=key,
            key_name=names.get(key),
            protocol=protocol,
            outcome=Outcome(outcome),
            reason=reason,
            events=events,
            requests=requests,
        )
        for (key, protocol, outcome, reason), (events, requests) in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.events - row.requests, row.key, row.protocol))


def _instant(minute: int) -> str:
    return render_instant(minute * MINUTE_NS)


RECEIPTS = (count_receipts,)
