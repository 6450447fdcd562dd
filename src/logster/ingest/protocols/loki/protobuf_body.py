"""Loki's push in protobuf, packed as a snappy block: what Promtail, Alloy and most clients send.

In: the block. Out: events; a line that cannot be read is a rejection.
Source: https://github.com/grafana/loki/blob/main/pkg/push/push.proto, with the names of that file.
Promise: lines are counted before any of them is made, and are made one at a time.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from logster.errors import InvalidBodyError
from logster.event import NS_PER_S
from logster.ingest.groups import Groups
from logster.ingest.lines import Lines
from logster.ingest.properties import gather
from logster.ingest.protobuf import declare
from logster.ingest.protocols.loki.entry import Entries, compose
from logster.ingest.protocols.loki.labels import Said, read_labels

if TYPE_CHECKING:
    from logster.ingest.protocol import Limits, Reading

#: By the names of Loki's own file.
MESSAGES = declare(
    "logster.loki",
    {
        "PushRequest": "repeated bytes streams = 1",
        "Stream": "string labels = 1; repeated bytes entries = 2",
        "Entry": "Timestamp timestamp = 1; string line = 2; repeated LabelPair metadata = 3;"
        " repeated LabelPair parsed = 4",
        "Timestamp": "int64 seconds = 1; int32 nanos = 2",
        "LabelPair": "string name = 1; string value = 2",
    },
)
_PushRequest, _Stream, _Entry = (MESSAGES[name] for name in ("PushRequest", "Stream", "Entry"))


def read_protobuf(body: bytes, limits: Limits, tenant: str = "") -> Reading:
    """The events and rejections of a plain body; raises InvalidBodyError when it is none."""
    lines, groups, entries = Lines(limits), Groups(limits), Entries()
    try:
        for bytes_of_stream in _PushRequest.FromString(body).streams:
            stream = _Stream.FromString(bytes_of_stream)
            labels, texts = stream.labels, stream.entries
            lines.expect(len(texts))
            groups.add(len(texts), len(labels))
            is_large = len(labels) > limits.max_message_bytes
            said = (Said() if is_large else read_labels(labels)).of_tenant(tenant)
            for text in texts:
                if not lines.has_room(len(labels) + len(text)):
                    continue
                try:
                    _read_entry(_Entry.FromString(text), said, entries)
                except DecodeError as error:
                    lines.reject(error)
                else:
                    lines.keep()
                if lines.is_full:
                    lines.end_part(compose(entries))
                    entries = Entries()
    except DecodeError as error:
        told = f"The body is no PushRequest in protobuf: {error}."
        raise InvalidBodyError({"body": [told]}, "syntax") from None
    return lines.reading(compose(entries))


def _read_entry(entry: Any, stream: Said, entries: Entries) -> None:
    time = entry.timestamp
    time_ns = time.seconds * NS_PER_S + time.nanos
    entries.streams.append(stream)
    entries.instants.append(time_ns or None)
    entries.lines.append(entry.line)
    entries.metadata.append(_metadata_of(entry))


def _metadata_of(entry: Any) -> dict[str, Any]:
    pairs = entry.metadata
    metadata = {pair.name: pair.value for pair in pairs}
    if len(metadata) == len(pairs) and not entry.parsed:
        return metadata
    # One after the other: of a million that are held at once the runtime keeps a slow book.
    return gather((pair.name, pair.value) for pair in chain(pairs, entry.parsed))
