"""What the portal's API says about an event and a key, and how it writes and reads instants.

In: rows of the store, keys of the meta database. Out: JSON shapes.
Promise: numbers that do not fit a browser's (ids, issues) are decimal text; absent text is
null; instants are ISO 8601 in UTC, exact to the nanosecond.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from logster.errors import QueryError
from logster.event import NS_PER_S, Event, render_instant
from logster.language import value_of
from logster.meta.keys import KeyInfo, Right
from logster.store.export import Column
from logster.store.hint import Hint
from logster.timestamp import read_instant

MAX_ID = 2**64 - 1

_AGO = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class AnswerShape(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer of the store tells: its time, and how many rows it looked at."""

    elapsed_ms: float
    rows_read: int


class HintShape(msgspec.Struct, frozen=True, kw_only=True):
    """Why a search may have found nothing, and the search that may be meant (null: none)."""

    text: str
    q: str | None


class EventShape(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

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


class KeyShape(msgspec.Struct, frozen=True, kw_only=True):
    """One API key; its text is shown once, when it is made."""

    id: int
    name: str
    hint: str
    rights: list[Right]
    created_at: str
    revoked_at: str | None
    last_used_at: str | None


def shape_event(event: Event) -> EventShape:
    """The event as the API shows it."""
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
        issue=str(event.issue) if event.issue else None,
    )


def shape_hint(hint: Hint | None) -> HintShape | None:
    """A hint as the API gives it."""
    return HintShape(text=hint.text, q=hint.filter) if hint else None


def shape_columns(event: Event, columns: Sequence[Column]) -> dict[str, Any]:
    """Some columns of the event; null where it has nothing there."""
    shown = msgspec.structs.asdict(shape_event(event))
    return {
        column.heading: value_of(column.field, event)
        if column.field.is_property
        else shown[column.field.name]
        for column in columns
    }


def render_spooled(event: Event) -> bytes:
    """An event that is not stored, as a line of NDJSON: with whose it is."""
    owner = {"workspace": event.workspace, "key": event.key}
    return msgspec.json.encode(msgspec.structs.asdict(shape_event(event)) | owner) + b"\n"


def shape_key(key: KeyInfo) -> KeyShape:
    """The key as the API shows it."""
    return KeyShape(
        id=key.id,
        name=key.name,
        hint=key.hint,
        rights=sorted(key.rights),
        created_at=render_instant(key.created_at),
        revoked_at=render_optional(key.revoked_at),
        last_used_at=render_optional(key.last_used_at),
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


def parse_instant(text: str, now_ns: int) -> int:
    """An ISO time, a number since 1970, or how long ago (`15m`, `2h`, `7d`); else QueryError."""
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now_ns - int(ago[1]) * _UNIT_S[ago[2]] * NS_PER_S
    try:
        return read_instant(text)
    except ValueError:
        raise QueryError(
            f"{text[:50]!r} is not a time; 2026-01-31T08:15:30Z, milliseconds since 1970, "
            "or how long ago (15m, 2h, 7d) would do.",
            length=max(len(text), 1),
        ) from None
