"""The words everyone speaks: what an event is, in rows and in columns.

An *event* is what Logster keeps; on the native wire it is called a message.
Readers give events as `Columns` (one list per field), because per event Python
objects are the cost of the hot path; people and the API see `Event`, one row.

Instants are integers: nanoseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import enum
import json
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as every instant here; the Z is written

#: The longest character in UTF-8.
_MAX_UTF8_BYTES = 4

#: Python reads no longer ones.
_MAX_INTEGER_DIGITS = 4_300


class Severity(enum.IntEnum):
    """The seven values of the native API; Off is accepted and shown as Off."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4
    FATAL = 5
    OFF = 6


#: The text fields in the order of their bit in `Columns.blank`.
TEXT_FIELDS = (
    "message",
    "template",
    "application",
    "category",
    "user",
    "exception",
    "stack_trace",
    "host",
    "environment",
    "release",
    "trace_id",
    "span_id",
)

#: The fields that are one JSON object, kept as its text.
OBJECT_FIELDS = ("properties", "details")


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One stored event as people see it.

    Text that the client did not send is None; `properties` is whatever JSON
    object it sent. `details` is what a dialect keeps whole, such as the frames of an
    exception: it is shown, but not searched. `timestamp` and `received_at` are nanoseconds
    since 1970 (UTC).
    """

    id: int
    timestamp: int
    received_at: int
    severity: int
    message: str
    template: str | None = None
    application: str | None = None
    category: str | None = None
    user: str | None = None
    exception: str | None = None
    stack_trace: str | None = None
    host: str | None = None
    environment: str | None = None
    release: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    properties: dict[str, Any] = {}
    details: dict[str, Any] = {}
    workspace: int = 0
    key: int = 0
    protocol: str = ""
    issue: int = 0


class Columns(msgspec.Struct, kw_only=True):
    """Events as parallel lists, all of the same length; the form of the hot path.

    `message` and `severity` are always lists. Any other field is a list, or None
    when no event of the block has it. Inside a text list, None means that the
    client did not send the field and "" that it sent it empty.
    `timestamp` holds nanoseconds since 1970 (UTC), None where the client sent no
    time. `properties` and `details` hold one JSON object per event as UTF-8 text, None for {}.
    `issue` is no reader's: the keys of errors are found on the way (track/group), 0 for none.
    """

    message: list[str]
    severity: list[int]
    timestamp: list[int | None] | None = None
    template: list[str | None] | None = None
    application: list[str | None] | None = None
    category: list[str | None] | None = None
    user: list[str | None] | None = None
    exception: list[str | None] | None = None
    stack_trace: list[str | None] | None = None
    host: list[str | None] | None = None
    environment: list[str | None] | None = None
    release: list[str | None] | None = None
    trace_id: list[str | None] | None = None
    span_id: list[str | None] | None = None
    properties: list[bytes | None] | None = None
    details: list[bytes | None] | None = None
    issue: list[int] | None = None

    def __len__(self) -> int:
        return len(self.message)

    def extend(self, other: Columns) -> None:
        """Add the events of `other` behind these."""
        before, added = len(self.message), len(other.message)
        for name in OPTIONAL_COLUMNS:
            ours, theirs = getattr(self, name), getattr(other, name)
            nothing = 0 if name == "issue" else None
            if theirs is None:
                if ours is not None:
                    ours.extend([nothing] * added)
            elif ours is None:
                setattr(self, name, [nothing] * before + theirs)
            else:
                ours.extend(theirs)
        self.message.extend(other.message)
        self.severity.extend(other.severity)

    def remove(self, indexes: list[int]) -> None:
        """Take events out; `indexes` ascend."""
        for name in self.__struct_fields__:
            values = getattr(self, name)
            if values is not None:
                for index in reversed(indexes):
                    del values[index]

    def only(self, indexes: Sequence[int]) -> Columns:
        """The events at these indexes, as lists of their own."""
        chosen = {
            name: None if values is None else [values[index] for index in indexes]
            for name in self.__struct_fields__
            for values in (getattr(self, name),)
        }
        return Columns(**chosen)  # type: ignore[arg-type]  # as each of them was

    def sizes(self) -> list[int]:
        """How large each event is: bytes of its texts in UTF-8, its properties and its details."""
        sizes = [0] * len(self)
        for name in (*TEXT_FIELDS, *OBJECT_FIELDS):
            values = getattr(self, name)
            if values is not None:
                added = map(len if name in OBJECT_FIELDS else _utf8_bytes, _present(values))
                sizes = [size + more for size, more in zip(sizes, added, strict=True)]
        return sizes

    def size_bound(self) -> int:
        """No event is larger than this: known from the longest of each column, in C."""
        longest = (
            max(map(len, filter(None, values)), default=0)
            for name in (*TEXT_FIELDS, *OBJECT_FIELDS)
            if (values := getattr(self, name)) is not None
        )
        return _MAX_UTF8_BYTES * sum(longest)


def _present(values: list[Any]) -> Iterator[Any]:
    """The values, with an empty text for those that are absent."""
    return (value or "" for value in values) if None in values else iter(values)


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


#: The columns that are None when no event has them.
OPTIONAL_COLUMNS = tuple(
    name for name in Columns.__struct_fields__ if name not in ("message", "severity")
)


class Batch(msgspec.Struct, frozen=True):
    """The events of one request, with what the server adds to them: as they go to disk."""

    columns: Columns
    ids: list[int]
    received_at: int
    workspace: int
    key: int
    protocol: str

    def without(self, indexes: Container[int]) -> Batch | None:
        """The batch without these events; None when none is left."""
        kept = [index for index in range(len(self.ids)) if index not in indexes]
        if not kept:
            return None
        return msgspec.structs.replace(
            self, columns=self.columns.only(kept), ids=[self.ids[index] for index in kept]
        )


class Rejection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that cannot be kept, and why.

    `line` counts from 1 within the request. `reason` is a short metric label
    (`syntax`, `missing_message`, …). `faults` maps the place (`message.Severity`)
    to sentences for the client.
    """

    line: int
    reason: str
    faults: dict[str, list[str]]


def blank_masks(columns: Columns) -> list[int] | None:
    """Per event a bit for each text field that was sent as "", or None when there is none.

    The store keeps absent text as ""; this mask is what tells the two apart.
    """
    masks: list[int] | None = None
    for bit, name in enumerate(TEXT_FIELDS):
        values: Sequence[str | None] | None = getattr(columns, name)
        if values is None or "" not in values:
            continue
        if masks is None:
            masks = [0] * len(columns)
        for index in _indexes_of_blank(values):
            masks[index] |= 1 << bit
    return masks


def _indexes_of_blank(values: Sequence[str | None]) -> Iterator[int]:
    return (index for index, value in enumerate(values) if value == "")


def read_properties(text: str | bytes) -> dict[str, Any]:
    """An object of an event; numbers beyond every type of ours are their own text.

    Such are 1e400 and integers of thousands of digits: JSON to a reader that keeps texts as they
    are, but no number to the fast decoder. One event must not spoil the page it is on.
    """
    try:
        properties: dict[str, Any] = msgspec.json.decode(text)
    except msgspec.DecodeError:
        properties = json.loads(text, parse_int=_read_integer, parse_float=_read_float)
    return properties


def _read_integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else digits


def _read_float(digits: str) -> float | str:
    return number if math.isfinite(number := float(digits)) else digits


def render_instant(ns: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC, with the digits that say something.

    A year that no calendar has stays a number.
    """
    seconds, fraction_ns = divmod(ns, NS_PER_S)
    try:
        second = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return str(ns)
    fraction = f".{fraction_ns:09}".rstrip("0") if fraction_ns else ""
    # Not strftime: it leaves the zeros of the year 33 away.
    return f"{second.isoformat()}{fraction}Z"
