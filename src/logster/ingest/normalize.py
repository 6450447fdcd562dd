"""Each field has one meaning: times that can be believed, labels of a sane length.

In: columns as a reader gives them. Out: the same columns, in place.
Promise: nothing a client sent is lost; what is changed here is kept in `properties`.

An event whose time lies outside of [now - retention, now + 1 day] is put at its arrival:
a clock in the year 1970 or 9999 would otherwise expire at once, or sit on top of every
search for years. What the client said is kept as the property `OriginalTimestamp`.
See docs/decisions/004-times-that-cannot-be-believed.md.

Text with the colours of a terminal is kept without them, so that its words are found; as it was
written it is the property `OriginalMessage` (`OriginalException`, `OriginalStackTrace`), which
the portal shows. See docs/decisions/025-colours-for-people.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from logster.event import NS_PER_S, read_properties, render_instant
from logster.fields.ansi import ESCAPE, plain_of

if TYPE_CHECKING:
    from logster.event import Columns

MAX_AHEAD_NS = 24 * 3600 * NS_PER_S
DAY_NS = 24 * 3600 * NS_PER_S

#: Labels are for grouping and counting; one of several kilobytes is a text in the wrong place.
MAX_LABEL_CHARS = 1024
LABELS = (
    "application",
    "category",
    "user",
    "host",
    "environment",
    "release",
    "trace_id",
    "span_id",
)
CUT_MARK = "…"

#: What is read by its words.
PROSE = ("message", "exception", "stack_trace")

ORIGINAL_TIMESTAMP = "OriginalTimestamp"


def normalize(columns: Columns, *, received_at: int, retention_days: int) -> None:
    """Make the columns ready for the store; `received_at` is nanoseconds since 1970 (UTC)."""
    _clamp_times(columns, received_at, received_at - retention_days * DAY_NS)
    for name in PROSE:
        values = getattr(columns, name)
        # One search through all of them: nearly always there is none, and it takes nanoseconds.
        if values is not None and ESCAPE in "".join(filter(None, values)):
            _take_colours(columns, name, values)
    for name in LABELS:
        values = getattr(columns, name)
        if values is not None and _longest(values) > MAX_LABEL_CHARS:
            _cut_labels(columns, name, values)


def _longest(values: list[str | None]) -> int:
    """How long the longest text is; that of a single message is quickly known."""
    if len(values) == 1:
        return len(values[0] or "")
    return max(map(len, filter(None, values)), default=0)


def _clamp_times(columns: Columns, received_at: int, oldest: int) -> None:
    times = columns.timestamp
    if times is None:
        columns.timestamp = [received_at] * len(columns)
        return
    newest = received_at + MAX_AHEAD_NS
    if _are_between(times, oldest, newest):  # nearly always, and quickly known
        return
    for index, time in enumerate(times):
        if time is None:
            times[index] = received_at
        elif not oldest <= time <= newest:
            times[index] = received_at
            _keep(columns, index, ORIGINAL_TIMESTAMP, render_instant(time))


def _are_between(times: list[int | None], oldest: int, newest: int) -> bool:
    if None in times:
        return False
    known = cast("list[int]", times)
    return oldest <= min(known) and max(known) <= newest


def _cut_labels(columns: Columns, name: str, values: list[str | None]) -> None:
    for index, value in enumerate(values):
        if value is not None and len(value) > MAX_LABEL_CHARS:
            values[index] = value[: MAX_LABEL_CHARS - len(CUT_MARK)] + CUT_MARK
            _keep(columns, index, _original_of(name), value)


def _take_colours(columns: Columns, name: str, values: list[str | None]) -> None:
    for index, value in enumerate(values):
        if value is None or ESCAPE not in value:
            continue
        plain = plain_of(value)
        if plain != value and plain.strip():  # of nothing but colours, nothing would be left
            values[index] = plain
            _keep(columns, index, _original_of(name), value)


def _original_of(name: str) -> str:
    return f"Original{name.title().replace('_', '')}"


def _keep(columns: Columns, index: int, name: str, value: str) -> None:
    """Keep what the client said as a property, beside its own ones."""
    if columns.properties is None:
        columns.properties = [None] * len(columns)
    said = columns.properties[index]
    properties: dict[str, Any] = read_properties(said) if said else {}
    properties.setdefault(name, value)
    columns.properties[index] = msgspec.json.encode(properties)
