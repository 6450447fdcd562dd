"""Events row by row: what a reader finds becomes columns, and what no field can hold a rejection.

In: the fields of one event after the other, by their names in `event.Columns`. Out: a `Reading`.
Promise: a value of a wrong type is refused here, by the name of its field, and costs its own event
only; whatever comes out can be stored.

Values are looked at when all rows are there, a whole column at a time. Which row is at fault is
looked for only in a column that has one.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import BodyTooLargeError
from logster.event import OPTIONAL_COLUMNS, Columns, Rejection, Severity
from logster.fields.exception import find_trace
from logster.fields.instant import END_NS, FIRST_NS, read_instant, read_instants
from logster.ingest.json_text import MAX_DEPTH, exceeds_depth
from logster.ingest.parts import Parts, fills_part
from logster.ingest.protocol import Reading, oversize_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from logster.ingest.protocol import Limits

    #: A whole column as it is kept; raises `_WrongValueError` when a value is none of its field's.
    Check = Callable[[Sequence[Any]], list[Any]]

#: The fields that a stack trace fills.
_ERRORS = ("exception", "stack_trace")
#: What the client calls the value that it has sent.
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


class Rows:
    """The events of a body, while it is read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.max_events
        self._parts = Parts()
        self._held_bytes = 0
        self._begin()

    def _begin(self) -> None:
        """Begin a part of the body."""
        self._rows: list[dict[str, Any]] = []
        self._lines: list[int] = []
        self._identities: list[str | None] = []
        self._rejections: list[Rejection] = []

    def has_room(self, line: int, size: int) -> bool:
        """Whether an event may have so many bytes; if not, it is rejected here.

        To be asked before anything is made of the event: its members may take fifty times that.
        """
        if size > self._limits.max_message_bytes:
            self.reject(line, "too_large", oversize_text(self._limits.max_message_bytes))
            return False
        self._held_bytes += size
        if fills_part(self._held_bytes):
            self._parts.add(self._read_part(), self._lines)
            self._held_bytes = size
            self._begin()
        return True

    def add(self, line: int, *, identity: str | None = None, **fields: Any) -> None:
        """Take an event; `line` counts from 1. None is the same as a field that is not there.

        `identity` is the client's own id of the event: within a day it is stored once.

        `message` is required; `severity` is Info when it is not there. `timestamp` counts
        nanoseconds since 1970, or is text that `fields.instant` reads (a column in a twentieth of
        the time), `properties` and `details` are dicts, in which `msgspec.Raw` stays as it was
        sent; it is read at the end. Raises BodyTooLargeError.
        """
        self.take(line, fields, identity)

    def take(self, line: int, fields: dict[str, Any], identity: str | None = None) -> None:
        """The same for fields that are a dict already; it is kept as it is."""
        self._take_room()
        self._rows.append(fields)
        self._lines.append(line)
        self._identities.append(identity)

    def reject(self, line: int, reason: str, sentence: str, field: str = "message") -> None:
        """Note why a line is no event; `reason` is a short metric label."""
        self._take_room()
        fault = Rejection(line=line, reason=reason, faults={field: [sentence]})
        self._rejections.append(fault)

    def _take_room(self) -> None:
        if self._room <= 0:
            raise too_many_events(self._limits.max_events)
        self._room -= 1

    def reading(self) -> Reading:
        """What came of all of them; raises TypeError for a field that events do not have."""
        return self._parts.join(self._read_part(), self._lines)

    def _read_part(self) -> Reading:
        names = set().union(*self._rows)
        columns = {name: [row.get(name) for row in self._rows] for name in names}
        identities = self._identities if any(self._identities) else None
        return build_reading(columns, self._lines, self._rejections, identities)


def too_many_events(max_events: int) -> BodyTooLargeError:
    """The refusal of a body that holds more events than one may."""
    return BodyTooLargeError(
        f"The body has more than {max_events} events; send it in parts "
        "(an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
    )


def build_reading(
    columns: Mapping[str, Sequence[Any]],
    lines: list[int],
    rejections: list[Rejection],
    identities: list[str | None] | None = None,
) -> Reading:
    """A reading of columns that a reader has filled itself, with what `Rows.add` takes.

    There is a value for each of `lines`, and `rejections` are those of other lines. Objects may be
    the text of one already, as bytes. Raises TypeError for a field that events do not have.
    """
    if unknown := columns.keys() - _FIELDS.keys():
        raise TypeError(f"events have no {', '.join(sorted(unknown))}")
    nothing = [None] * len(lines)
    columns = {"message": nothing, "severity": nothing, **columns}
    faults: dict[int, Rejection] = {}
    found = {
        name: _check_column(name, columns[name], lines, faults)
        for name in _FIELDS
        if name in columns
    }
    _find_traces(found)
    if not faults and not rejections:
        return Reading(columns=Columns(**found), identities=identities)
    kept = [index for index in range(len(lines)) if index not in faults]
    for name, values in found.items():
        found[name] = None if values is None else [values[index] for index in kept]
    return Reading(
        columns=Columns(**found),
        rejections=sorted([*rejections, *faults.values()], key=lambda rejection: rejection.line),
        lines=[lines[index] for index in kept],
        identities=None if identities is None else [identities[index] for index in kept],
    )


def _find_traces(found: dict[str, Any]) -> None:
    """A stack trace behind a message, of which nothing else is said, has fields of its own."""
    messages = found["message"]
    for index in [index for index, text in enumerate(messages) if text and "\n" in text]:
        if any(found.get(name) and found[name][index] for name in _ERRORS):
            continue
        if split := find_trace(messages[index]):
            messages[index], *error = split
            for name, text in zip(_ERRORS, error, strict=True):
                found[name] = found.get(name) or [None] * len(messages)
                found[name][index] = text


def _check_column(
    name: str, values: Sequence[Any], lines: Sequence[int], faults: dict[int, Rejection]
) -> Any:
    """One value for each event; those that their field cannot hold are told in `faults`."""
    if name in OPTIONAL_COLUMNS and values.count(None) == len(values):
        return None
    check = _FIELDS[name]
    try:
        return check(values)
    except _WrongValueError:
        kept = []
        for index, value in enumerate(values):
            try:
                kept += check([value])
            except _WrongValueError as error:
                kept.append(None)
                rejection = Rejection(line=lines[index], reason=error.reason, faults={})
                faults.setdefault(index, rejection).faults[name] = [f"{name} {error}."]
        return kept


class _WrongValueError(ValueError):
    """A value that its field cannot hold: what is wrong with it, behind the field's name."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


# Each check takes a column, and says of a column of one what is wrong with its value.


def _check_messages(values: Sequence[Any]) -> list[Any]:
    if None in values:
        raise _WrongValueError("missing_message", "is required")
    return _check_texts(values)


def _check_texts(values: Sequence[Any]) -> list[Any]:
    if len(values) == 1 and type(text := values[0]) is str and text.isascii():
        return [text]  # of a single event a column takes 2 µs less
    _check_types(values, {str}, "text")
    if not all(map(str.isascii, filter(None, values))):
        _check_letters(filter(None, values))
    return list(values)


def _check_letters(texts: Iterable[str]) -> None:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise _WrongValueError("encoding", "holds half of a character") from None


def _check_severities(values: Sequence[Any]) -> list[int]:
    _check_types(values, {int, Severity}, _A_SEVERITY)
    severities = [Severity.INFO if value is None else value for value in values]
    if severities and not Severity.TRACE <= min(severities) <= max(severities) <= Severity.OFF:
        raise _WrongValueError("severity", f"must be {_A_SEVERITY}")
    return severities


_A_SEVERITY = "a whole number from 0 (Trace) to 6 (Off)"


def _check_instants(values: Sequence[Any]) -> list[int | None]:
    kinds = _check_types(values, {int, str}, "a time")
    if str in kinds:
        values = _read_texts(values, is_mixed=int in kinds)
    instants = [value for value in values if value is not None] if NoneType in kinds else values
    if not FIRST_NS <= min(instants, default=0) <= max(instants, default=0) < END_NS:
        raise _WrongValueError("timestamp", "is not within the years 1 to 9999")
    return list(values)


def _read_texts(values: Sequence[Any], *, is_mixed: bool) -> list[int | None]:
    try:
        if not is_mixed:
            return read_instants(values)
        return [read_instant(value) if isinstance(value, str) else value for value in values]
    except ValueError:
        raise _WrongValueError("timestamp", "is no time that can be read") from None


def _check_objects(values: Sequence[Any]) -> list[bytes | None]:
    _check_types(values, {dict, bytes}, "an object")
    try:
        texts = [
            (value if isinstance(value, bytes) else _encode(value)) if value else None
            for value in values
        ]
        for text in filter(None, texts):
            _check_json(text)  # a msgspec.Raw within is written as it stands
    except (TypeError, ValueError):
        raise _WrongValueError("type", "holds what is no JSON") from None
    except RecursionError:
        raise _WrongValueError("depth", _TOO_DEEP) from None
    objects = list(filter(None, texts))
    try:  # of what a decoder skips as msgspec.Raw, the letters were never read
        b"".join(objects).decode()
    except UnicodeDecodeError:
        raise _WrongValueError("encoding", "is not in UTF-8") from None
    if any(len(text) >= _DEEP_BYTES and exceeds_depth(b"[" + text + b"]") for text in objects):
        raise _WrongValueError("depth", _TOO_DEEP)
    return texts


_encode = msgspec.json.Encoder().encode
_check_json = msgspec.json.Decoder(msgspec.Raw).decode
#: The event around an object is a level, too; each of the others has two brackets.
_DEEP_BYTES = 2 * (MAX_DEPTH - 1)
_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


def _check_types(values: Sequence[Any], types: set[type], wanted: str) -> set[type]:
    kinds = set(map(type, values))
    if others := kinds - types - {NoneType}:
        kind = others.pop()
        raise _WrongValueError(
            "type", f"must be {wanted}, but is {_KINDS.get(kind, kind.__name__)}"
        )
    return kinds


#: Every field that a client may send, and what its values have to be.
_SENT = (name for name in Columns.__struct_fields__ if name != "issue")
_FIELDS: dict[str, Check] = dict.fromkeys(_SENT, _check_texts) | {
    "message": _check_messages,
    "severity": _check_severities,
    "timestamp": _check_instants,
    "properties": _check_objects,
    "details": _check_objects,
}
