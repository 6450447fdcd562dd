"""Lines of streams: what their labels, their metadata and their own text say.

In: lines with their streams, value by value. Out: the columns of events.
Promise: the line stays the message as it was sent, but for a stack trace at its end. Who says a
field first keeps it: the labels, then the metadata, then the line; what another says of it is a
property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.fields.exception import split_exception, split_message
from logster.fields.line.embedded import read_embedded
from logster.fields.line.severity import read_severity
from logster.ingest.properties import join
from logster.ingest.protocols.loki.labels import find_said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logster.ingest.protocols.loki.labels import Said

    Columns = dict[str, list[Any]]

#: What the protocol says of each line.
_KNOWN = frozenset({"timestamp"})


class Entries:
    """The lines of a body, value by value."""

    def __init__(self) -> None:
        self.streams: list[Said] = []
        self.instants: list[int | None] = []
        self.lines: list[str] = []
        self.metadata: list[Mapping[str, Any] | None] = []


def compose(entries: Entries) -> Columns:
    """The events that lines are, column by column; what few have is looked at by itself."""
    streams, lines = entries.streams, [line.rstrip("\r\n") for line in entries.lines]
    names = {"severity"}.union(*(stream.fields for stream in set(streams)))
    columns: Columns = {name: [stream.fields.get(name) for stream in streams] for name in names}
    columns["message"] = lines
    properties: list[dict[str, Any]] = []
    for index, line in enumerate(lines):
        parts = [streams[index].properties]
        if metadata := entries.metadata[index]:
            said = find_said(metadata, streams[index].fields)
            _put(columns, index, said.fields)
            parts.append(said.properties)
        if "=" in line or "{" in line:
            parts = _read_embedded(columns, index, parts)
        properties.append(join(parts))
        if columns["severity"][index] is None:
            columns["severity"][index] = read_severity(line)
    for index, line in enumerate(lines):
        if "\n" in line:
            lines[index], raised = split_message(line)
            _put(columns, index, {"stack_trace": raised}, is_first=False)
    for index, trace in enumerate(columns.get("stack_trace", ())):
        if trace:
            _put(columns, index, {"exception": split_exception(trace)[0]}, is_first=False)
    return {**columns, "timestamp": entries.instants, "properties": properties}


def _read_embedded(
    columns: Columns, index: int, parts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The properties of an event with those of its line, when that is JSON or logfmt."""
    known = {name for name, values in columns.items() if values[index] is not None}
    found = read_embedded(columns["message"][index], _KNOWN | known)
    if found is None:
        return parts
    inner = found.pop("properties")
    _put(columns, index, found)
    return [*(_without_repeats(part, inner) for part in parts), inner]


def _put(columns: Columns, index: int, fields: Mapping[str, Any], *, is_first: bool = True) -> None:
    """Give an event fields that few have; unless `is_first`, those that nobody has said yet."""
    for name, value in fields.items():
        if name not in columns:
            columns[name] = [None] * len(columns["message"])
        if is_first or columns[name][index] is None:
            columns[name][index] = value


def _without_repeats(said: dict[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the line says, too: clients make metadata of its members, as text."""
    if said.keys().isdisjoint(inner):
        return said
    return {
        name: value
        for name, value in said.items()
        if name not in inner or not _is_same(value, inner[name])
    }


def _is_same(said: Any, value: str | msgspec.Raw) -> bool:
    """Whether metadata says a value of the line: a text, or the value's own spelling."""
    if isinstance(value, str):
        return bool(said == value)
    spelt = bytes(value)
    return spelt == msgspec.json.encode(said) or (
        isinstance(said, str) and spelt == said.encode("utf-8", "replace")
    )
