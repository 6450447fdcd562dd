"""What became of the events that were sent here: counts over time, and one of them by its id.

In: a session or a key with the right to read. Out: JSON.
Promise: a caller learns of their own workspace alone; whose key is not known is told to those who
look after the machine. What the store does not answer is null, the rest is told all the same.

Litestar reads the annotations of the handlers when it starts, so they are real imports.
"""

import asyncio
import logging
import sqlite3
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from logster.config import Config
from logster.errors import LedgerUnavailableError, QueryError, StoreError
from logster.event import NS_PER_S, render_instant
from logster.ids import digest_of_identity
from logster.ledger.questions import Choice, Counted, count_outcomes
from logster.meta.grants import Right
from logster.meta.keys import Keys
from logster.meta.members import Members
from logster.outcome import Outcome
from logster.query.moment import Clock, parse_range
from logster.spool.lookup import find_digests, find_waiting
from logster.spool.state import look_into_spools
from logster.store.arrivals import Arrived, count_arrivals
from logster.store.engine import Engine
from logster.store.search import find
from logster.web.access import Principal
from logster.web.repeating import Retries
from logster.web.selection import Since, Until
from logster.web.shapes import EventShape, parse_event_id, shape_event

log = logging.getLogger(__name__)

MINUTE_NS = 60 * NS_PER_S
#: Without a time, and the most: counts are kept for so long.
DEFAULT_MINUTES, MAX_MINUTES = 24 * 60, 31 * 24 * 60
MAX_STEPS = 60
#: Widths of a step that people read at a glance.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
MAX_ID_CHARACTERS = 200

OutcomeName = Annotated[
    Outcome | None,
    QueryParameter(
        description="stored, repeated, rejected, filtered, limited, refused (bodies), lost."
    ),
]


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


class ReceiptShape(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event: `stored`, `waiting` for the store, `aside`, or `unknown`.

    `id` is that of the event here, when it has one.
    """

    outcome: str
    id: str | None
    text: str
    event: EventShape | None


#: A key's number is 32 bits wide in the store.
KeyNumber = Annotated[
    int | None, QueryParameter(ge=0, lt=1 << 32, description="The number of a key.")
]


async def provide_choice(  # noqa: PLR0917 - each is a parameter of the address
    principal: NamedDependency[Principal],
    members: NamedDependency[Members],
    clock: NamedDependency[Clock],
    since: Since = "",
    until: Until = "",
    key: KeyNumber = None,
    protocol: Annotated[str | None, QueryParameter(description="A dialect: seq, otlp.")] = None,
    outcome: OutcomeName = None,
    reason: Annotated[str | None, QueryParameter(description="Why: syntax, too_large.")] = None,
) -> Choice:
    """Which outcomes a question is about, of the caller's workspace."""
    since_ns, until_ns = parse_range(since, until, clock)
    until_minute = -(-min(until_ns or clock.now_ns, clock.now_ns + MINUTE_NS) // MINUTE_NS)
    first = until_minute - DEFAULT_MINUTES
    since_minute = first if since_ns is None else since_ns // MINUTE_NS
    if since_minute >= until_minute:
        raise QueryError("The time is empty: `since` must be before `until`, and not to come.")
    return Choice(
        workspaces=await _workspaces(principal, members),
        since_minute=max(since_minute, until_minute - MAX_MINUTES),
        until_minute=until_minute,
        key=key,
        protocol=protocol,
        outcome=outcome.value if outcome else None,
        reason=reason,
    )


async def _workspaces(principal: Principal, members: Members) -> list[int]:
    """The caller's own; 0, for keys that nobody knows, for those who look after the machine."""
    is_operator = Right.ADMIN in principal.rights and await members.is_first(principal.workspace)
    return [principal.workspace, 0] if is_operator else [principal.workspace]


CHOICE = Provide(provide_choice)


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


@get("/receipts/{event_id:str}", summary="What became of one event")
async def show_receipt(
    principal: NamedDependency[Principal],
    engine: NamedDependency[Engine],
    config: NamedDependency[Config],
    retries: NamedDependency[Retries],
    event_id: FromPath[str],
) -> ReceiptShape:
    """Say where an event is; by its id here, or by the one that its client gave it."""
    shown = event_id[:MAX_ID_CHARACTERS]
    number = parse_event_id(event_id)
    if number is not None:
        told = await _show(engine, config, principal.workspace, number)
        if told.outcome != UNKNOWN:
            return told
    digests = [
        digest_of_identity(principal.workspace, protocol, shown) for protocol in retries.protocols
    ]
    for found in (await asyncio.to_thread(find_digests, config.spool_path, digests)).values():
        return await _show(engine, config, principal.workspace, found)
    return ReceiptShape(outcome=UNKNOWN, id=None, text=_UNKNOWN_TEXT, event=None)


UNKNOWN = "unknown"
_UNKNOWN_TEXT = (
    "No event with this id is in the store, on its way to it or set aside. It was never accepted, "
    "or it has expired, or its key filters it out: look at the counts and the refused bodies of "
    "the time at which it was sent."
)
_TEXTS = {
    "waiting": "It is accepted and safe on disk, and waits for the store.",
    "aside": "The store refused it, and it was set aside (Set-up / System).",
}


async def _show(engine: Engine, config: Config, workspace: int, number: int) -> ReceiptShape:
    event = await find(engine, workspace, number)
    if event is not None:
        text = "It is stored."
        return ReceiptShape(outcome="stored", id=str(number), text=text, event=shape_event(event))
    place = await asyncio.to_thread(find_waiting, config.spool_path, workspace, number)
    return ReceiptShape(
        outcome=place or UNKNOWN,
        id=str(number) if place else None,
        text=_TEXTS[place] if place else _UNKNOWN_TEXT,
        event=None,
    )


def _instant(minute: int) -> str:
    return render_instant(minute * MINUTE_NS)


RECEIPTS = (count_receipts, show_receipt)
