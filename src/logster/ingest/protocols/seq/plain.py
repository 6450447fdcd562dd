"""What nearly all lines of CLEF are: no escapes, no resource, each member of the type it has.

In: a line. Out: a `Row`, or None for a line that only `event` can read; many of them as columns.
Promise: the fields are those that `event` gives, in a third of the time, since a decoder finds
them; a property test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import astuple

from logster.event import Severity
from logster.fields.exception import split_exception
from logster.fields.severity import severity_of_level
from logster.ingest.protocols.seq.event import render_message, take_renderings
from logster.ingest.protocols.seq.names import LEVELS, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Field -> the member that holds its text.
_MEMBERS = {
    "timestamp": "@t",
    "message": "@m",
    "template": "@mt",
    "level": "@l",
    "exception": "@x",
    "trace_id": "@tr",
    "span_id": "@sp",
}
#: Members of which `event` knows what they mean.
_ODD = frozenset({"@ra", "@sc"})


class Members(msgspec.Struct, rename=_MEMBERS, gc=False):
    """The members of an event that have a field; those of `NAMES` are added below."""

    timestamp: str | None = None
    message: str | None = None
    template: str | None = None
    level: str | None = None
    exception: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


#: Field -> the attributes of its names, the surest first.
_ATTRIBUTES = {
    field: [f"{field}_{rank}" for rank in range(len(names))] for field, names in NAMES.items()
}
_Named = msgspec.defstruct(
    "_Named",
    [
        (attribute, Any, msgspec.field(default=None, name=name))
        for field, names in NAMES.items()
        for attribute, name in zip(_ATTRIBUTES[field], names, strict=True)
    ],
    bases=(Members,),
    gc=False,
)
_decode_members: Any = msgspec.json.Decoder(_Named).decode
_decode_all = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


#: What nearly all levels are, as they are written.
_SEVERITIES: dict[str | None, int] = {None: Severity.INFO.value} | {
    name: severity for severity, name in enumerate(LEVELS[: Severity.OFF])
}

#: An event: its members, its severity, its stack trace and its properties.
Row = tuple[Members, int, str | None, bytes | None]


def read_plain(line: bytes) -> Row | None:
    """The event of a line without escapes; None when `event` must look at it."""
    try:
        members: Members = _decode_members(line)
        others = _decode_all(line)
    except (ValueError, RecursionError):
        return None
    if members.timestamp is None or not _ODD.isdisjoint(others):
        return None
    del others["@t"]
    if members.template is not None:
        del others["@mt"]
    severity = _take_severity(members.level, others)
    stack_trace = _take_texts(members, others)
    try:
        _complete_message(members, others, line)
    except ValueError:  # of what a decoder skips, the letters were never read
        return None
    return members, severity, stack_trace, _encode(others) if others else None


def _complete_message(members: Members, others: dict[str, msgspec.Raw], line: bytes) -> None:
    """Render the message where there is a template alone."""
    if members.message is None:
        members.message = render_message(members.template, members.exception, others, line)
    else:
        del others["@m"]
        take_renderings(members.template, others)


def _take_severity(level: str | None, others: dict[str, msgspec.Raw]) -> int:
    """The severity of a level; a word that is none stays a property."""
    severity = _SEVERITIES.get(level)
    if severity is None:
        severity = severity_of_level(level)
    if severity is None:
        return Severity.INFO.value
    if level is not None:
        del others["@l"]
    return severity


def _take_texts(members: Members, others: dict[str, msgspec.Raw]) -> str | None:
    """Take the texts that few events have; the stack trace is that of the exception."""
    if members.trace_id is not None:
        del others["@tr"]
    if members.span_id is not None:
        del others["@sp"]
    if members.exception is None:
        return None
    del others["@x"]
    members.exception, stack_trace = split_exception(members.exception)
    return stack_trace


def row_of(fields: dict[str, Any]) -> Row:
    """The fields of `event` as a row."""
    severity = fields.pop("severity", Severity.INFO.value)
    stack_trace, properties = fields.pop("stack_trace", None), fields.pop("properties") or None
    names = {_ATTRIBUTES.get(name, [name])[0]: value for name, value in fields.items()}
    return _Named(**names), severity, stack_trace, properties  # type: ignore[return-value]


def columns_of(rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The rows, a field at a time."""
    if not rows:
        return {"message": [], "severity": []}
    events, *made = zip(*rows, strict=True)
    columns: dict[str, Sequence[Any]] = dict(
        zip(("severity", "stack_trace", "properties"), made, strict=True)
    )
    values = dict(
        zip(_Named.__struct_fields__, zip(*map(astuple, events), strict=True), strict=True)
    )
    for name in _MEMBERS.keys() - {"level"}:
        columns[name] = values[name]
    for field, attributes in _ATTRIBUTES.items():
        columns[field] = _first_texts([values[attribute] for attribute in attributes])
    return columns


def _first_texts(candidates: list[Sequence[Any]]) -> Sequence[str | None]:
    """Of each row the first value that is a text, and not a blank one."""
    found = [values for values in candidates if values.count(None) < len(values)]
    if not found:
        return candidates[0]
    if len(found) == 1:
        return [each if isinstance(each, str) and each.strip() else None for each in found[0]]
    return [
        next((each for each in values if isinstance(each, str) and each.strip()), None)
        for values in zip(*found, strict=True)
    ]
