"""What the portal's API says about an event and a key, and how it writes instants.

In: rows of the store, keys of the meta database. Out: JSON shapes.
Promise: numbers that do not fit a browser's (ids, issues) are decimal text; absent text is
null; instants are ISO 8601 in UTC, exact to the nanosecond.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from logster.event import Event, render_instant
from logster.meta.grants import Right
from logster.meta.key_settings import KeySettings
from logster.meta.keys import KeyInfo
from logster.query.value import value_of
from logster.store.export.columns import Column
from logster.store.suggestion import Suggestion
from logster.track.aliases import NOTHING, Merged
from logster.web.raised import ExceptionShape, shape_exceptions

MAX_ID = 2**64 - 1
#: A trace is read in up to half a millisecond: so many take 10 ms.
EVENTS_AT_ONCE = 20


class AnswerShape(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer of the store tells: its time, and how many rows it looked at."""

    elapsed_ms: float
    rows_read: int


class OfferShape(msgspec.Struct, frozen=True, kw_only=True):
    """Another search, and how many events it finds in the same time."""

    q: str
    count: int


class HintShape(msgspec.Struct, frozen=True, kw_only=True):
    """Why a search may have found nothing, and the search that may be meant (null: none).

    `offers` are other readings of it that find something.
    """

    text: str
    q: str | None
    offers: list[OfferShape]


class EventShape(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `exceptions` is left out where nobody asks for it."""

    id: str
    timestamp: str
    received_at: str
    severity: int
    message: str
    template: str | None
    application: str | None
    category: str | None
    user: str | None
    exception: str | None
    stack_trace: str | None
    host: str | None
    environment: str | None
    release: str | None
    trace_id: str | None
    span_id: str | None
    properties: dict[str, Any]
    protocol: str
    issue: str | None
    exceptions: list[ExceptionShape] | msgspec.UnsetType = msgspec.UNSET


class WholeEventShape(EventShape, frozen=True, kw_only=True):
    """One event with its details: what is kept to be shown, and not searched; null for none."""

    details: dict[str, Any] | None


class NeighbourShape(AnswerShape, frozen=True, kw_only=True):
    """The cursors of the pages beside this one.

    `hint` is there when nothing was found, and says what may be meant: a name that is spelt nearly
    like it, other readings that find something. `notice` says how a sign was read that is none of
    ours. Both are there on a first page only.
    """

    next: str | None
    previous: str | None
    hint: HintShape | None
    notice: str | None


class PageShape(NeighbourShape, frozen=True, kw_only=True):
    """Events, newest first."""

    events: list[EventShape]


class KeyShape(msgspec.Struct, frozen=True, kw_only=True):
    """One API key; its text is shown once, when it is made.

    `used_today_bytes` is what it has sent since 00:00 UTC; null without `daily_bytes`.
    """

    id: int
    name: str
    hint: str
    rights: list[Right]
    created_at: str
    revoked_at: str | None
    last_used_at: str | None
    settings: KeySettings
    used_today_bytes: int | None


def shape_event(
    event: Event, merged: Merged = NOTHING, *, has_exceptions: bool = False
) -> EventShape:
    """The event as the API shows it; its issue is the one that its own was merged into."""
    return EventShape(
        id=str(event.id),
        timestamp=render_instant(event.timestamp),
        received_at=render_instant(event.received_at),
        severity=event.severity,
        message=event.message,
        template=event.template,
        application=event.application,
        category=event.category,
        user=event.user,
        exception=event.exception,
        stack_trace=event.stack_trace,
        host=event.host,
        environment=event.environment,
        release=event.release,
        trace_id=event.trace_id,
        span_id=event.span_id,
        properties=event.properties,
        protocol=event.protocol,
        issue=str(merged.issue_of(event.issue)) if event.issue else None,
        exceptions=shape_exceptions(event) if has_exceptions else msgspec.UNSET,
    )


async def shape_events(
    events: Sequence[Event], merged: Merged, has_exceptions: bool
) -> list[EventShape]:
    """The events of a page; traces of many take so long that other requests come in between."""
    shapes: list[EventShape] = []
    for count, event in enumerate(events, 1):
        shapes.append(shape_event(event, merged, has_exceptions=has_exceptions))
        if has_exceptions and count % EVENTS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return shapes


def shape_whole_event(event: Event, merged: Merged = NOTHING) -> WholeEventShape:
    """The event as the API shows it when nothing is left out."""
    shown = msgspec.structs.asdict(shape_event(event, merged, has_exceptions=True))
    return WholeEventShape(**shown, details=event.details or None)


def shape_hint(hint: Suggestion | None) -> HintShape | None:
    """A suggestion as the API gives it, under the name `hint`."""
    if hint is None:
        return None
    offers = [OfferShape(q=offer.filter, count=offer.count) for offer in hint.offers]
    return HintShape(text=hint.text, q=hint.filter, offers=offers)


def shape_columns(
    event: Event, columns: Sequence[Column], merged: Merged = NOTHING
) -> dict[str, Any]:
    """Some columns of the event; null where it has nothing there."""
    shown = msgspec.structs.asdict(shape_event(event, merged))
    shown["details"] = event.details or None
    return {
        column.heading: value_of(column.field, event)
        if column.field.is_property
        else shown[column.field.name]
        for column in columns
    }


def render_spooled(event: Event) -> bytes:
    """An event that is not stored, as a line of NDJSON: with whose it is."""
    owner = {"workspace": event.workspace, "key": event.key}
    return msgspec.json.encode(msgspec.structs.asdict(shape_whole_event(event)) | owner) + b"\n"


def shape_key(key: KeyInfo, used_bytes: int | None = None) -> KeyShape:
    """The key as the API shows it, with what it has sent today."""
    return KeyShape(
        id=key.id,
        name=key.name,
        hint=key.hint,
        rights=sorted(key.rights),
        created_at=render_instant(key.created_at),
        revoked_at=render_optional(key.revoked_at),
        last_used_at=render_optional(key.last_used_at),
        settings=key.settings,
        used_today_bytes=used_bytes,
    )


def render_optional(instant_ns: int | None) -> str | None:
    """An instant, or null."""
    return None if instant_ns is None else render_instant(instant_ns)


def parse_event_id(text: str) -> int | None:
    """An id from its digits, or None for what is no id that was ever given."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    number = int(text)
    return number if number <= MAX_ID else None
