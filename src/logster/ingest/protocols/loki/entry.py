"""A line of a stream: what its labels, its metadata and its own text say.

In: the stream, the line. Out: the fields of an event, as `Rows.add` takes them.
Promise: the line stays the message as it was sent; who says a field first keeps it: the labels,
then the metadata, then the line; what another says of it is a property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        parts.append(found.pop("properties"))
        fields.update(found)
    if "severity" not in fields and (severity := read_severity(line)) is not None:
        fields["severity"] = severity
    fields["message"] = line.rstrip("\r\n")
    fields["timestamp"] = timestamp
    fields["properties"] = join(parts)
    return fields
