"""A line as an event of the native API.

In: a row and what the flags say about every line. Out: its JSON.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import Severity
from logster.fields.line.read import read_line
from logster.fields.line.timestamp import Clock

if TYPE_CHECKING:
    from logster.follow.rows import Row

#: What a line is when it does not say: neither noise nor alarm.
DEFAULT_SEVERITY = Severity.INFO


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say about every line."""

    application: str | None = None
    category: str | None = None
    user: str | None = None
    severity: int | None = None
    properties: dict[str, str] = {}
    uses_arrival_time: bool = False
    joins_traces: bool = False
    is_utc: bool = False


_ENCODER = msgspec.json.Encoder()


def render_event(row: Row, choices: Choices) -> bytes:
    """Make the event of a line, as JSON for the native API."""
    zone = UTC if choices.is_utc else None
    line = read_line(row.text or "", Clock(datetime.now(UTC), zone))
    severity = choices.severity if choices.severity is not None else line.severity
    event: dict[str, Any] = {
        **{_member_of(field): text for field, text in line.fields.items()},
        "Message": line.message,
        "Severity": DEFAULT_SEVERITY if severity is None else severity,
    }
    application = choices.application or line.application or _application_of(row.source)
    if application:
        event["Application"] = application
    if choices.category:
        event["Category"] = choices.category
    if choices.user:
        event["User"] = choices.user
    if line.timestamp and not choices.uses_arrival_time:
        event["Timestamp"] = line.timestamp
    if line.properties or choices.properties:
        event["Properties"] = {**line.properties, **choices.properties}
    return _ENCODER.encode(event)


def _member_of(field: str) -> str:
    """The name of a field in the native API: `StackTrace` for stack_trace."""
    return field.title().replace("_", "")


#: Rotation and compression add endings to the one a file has.
_ENDINGS = re.compile(r"(?<=.)(\.(log|txt|json|jsonl|ndjson|out|err|gz|zst|zstd|\d+))+$")


@lru_cache(maxsize=256)  # the lines of one file come together
def _application_of(source: str) -> str:
    """Name a file without folder and endings: /var/log/app.log.2.gz is app."""
    name = Path(source).name
    shorter = _ENDINGS.sub("", name)
    return shorter if shorter != name else Path(name).stem
