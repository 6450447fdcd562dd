"""A line of a stream: what its labels, its metadata and its own text say.

In: the stream, the line. Out: the fields of an event, as `Rows.add` takes them.
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

#: What the protocol says of each line.
_KNOWN = frozenset({"timestamp"})


def compose(
    stream: Said, timestamp: int | None, line: str, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of the event that a line is."""
    fields, parts = dict(stream.fields), [stream.properties]
    if metadata:
        said = find_said(metadata, fields)
        fields.update(said.fields)
        parts.append(said.properties)
    found = read_embedded(line, _KNOWN | fields.keys())
    if found is not None:
        inner = found.pop("properties")
        parts = [_without_repeats(part, inner) for part in parts]
        parts.append(inner)
        fields.update(found)
    if "severity" not in fields and (severity := read_severity(line)) is not None:
        fields["severity"] = severity
    fields["message"], raised = split_message(line.rstrip("\r\n"))
    if raised is not None:
        fields.setdefault("stack_trace", raised)
    if "stack_trace" in fields:
        fields.setdefault("exception", split_exception(fields["stack_trace"])[0])
    fields["timestamp"] = timestamp
    fields["properties"] = join(parts)
    return fields


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
