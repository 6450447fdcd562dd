"""Loki's push in JSON, of today and of the older `/api/prom/push`.

In: `{"streams":[{"stream":{…},"values":[["<ns>","line",{…}]]}]}`; the older form has `labels` as
text and `entries` with `ts` and `line`. Out: events; a line that cannot be read is a rejection.
Promise: lines are counted before any of them is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import InvalidBodyError
from logster.fields.instant import read_instant
from logster.ingest.groups import Groups
from logster.ingest.json_items import read_items
from logster.ingest.json_text import replace_halves
from logster.ingest.lines import Lines
from logster.ingest.protocols.loki.entry import Entries, compose
from logster.ingest.protocols.loki.labels import Said, find_said, read_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logster.ingest.protocol import Limits, Reading

_ABSENT = msgspec.Raw(b"null")
#: The digits of nanoseconds, from the year 2001 on.
_NS_DIGITS = 19
_MIN_VALUE, _MAX_VALUE = 2, 3


class _Stream(msgspec.Struct):
    stream: msgspec.Raw = _ABSENT
    values: msgspec.Raw = _ABSENT
    labels: str | None = None
    entries: msgspec.Raw = _ABSENT


class _Push(msgspec.Struct):
    streams: msgspec.Raw = _ABSENT


class _Entry(msgspec.Struct, rename={"metadata": "structuredMetadata"}):
    """A line of the older form."""

    ts: str | int
    line: str
    metadata: dict[str, Any] | None = None


_push = msgspec.json.Decoder(_Push)
_stream = msgspec.json.Decoder(_Stream)
_labels = msgspec.json.Decoder(dict[str, Any] | None)
_value = msgspec.json.Decoder(list[Any])
_entry = msgspec.json.Decoder(_Entry)


def read_json(body: bytes, limits: Limits, tenant: str = "") -> Reading:
    """The events and rejections of a body; raises InvalidBodyError when it is none of these."""
    lines, entries = Lines(limits), Entries()
    try:
        for text, stream, is_old in _lines_of(_decode(body), lines, limits, tenant):
            if lines.is_full:
                lines.end_part(compose(entries))
                entries = Entries()
            try:
                time, line, metadata = _read_entry(text) if is_old else _read_value(text)
                instant = _instant_of(time)
            except (ValueError, RecursionError) as error:
                lines.reject(error)
                continue
            lines.keep()
            entries.streams.append(stream)
            entries.instants.append(instant)
            entries.lines.append(line)
            entries.metadata.append(metadata)
    except (ValueError, RecursionError) as error:
        told = f"The body is no push of Loki in JSON: {error}."
        raise InvalidBodyError({"body": [told]}, "syntax") from None
    return lines.reading(compose(entries))


def _decode(body: bytes) -> _Push:
    try:
        return _push.decode(body)
    except ValueError:
        return _push.decode(replace_halves(body))


def _lines_of(
    push: _Push, lines: Lines, limits: Limits, tenant: str
) -> Iterator[tuple[msgspec.Raw, Said, bool]]:
    """Each line with its stream, and whether it has the older form.

    One that is too large, with what its stream says of it, is refused here.
    """
    groups = Groups(limits)
    for text in read_items(push.streams, limits):
        stream = _stream.decode(text)
        values, entries = read_items(stream.values, limits), read_items(stream.entries, limits)
        said_bytes = len(text) - len(stream.values) - len(stream.entries)
        lines.expect(len(values) + len(entries))
        groups.add(len(values) + len(entries), said_bytes)
        is_large = said_bytes > limits.max_message_bytes
        said = (Said() if is_large else _read_said(stream)).of_tenant(tenant)
        for each in values:
            if lines.has_room(said_bytes + len(each)):
                yield each, said, False
        for each in entries:
            if lines.has_room(said_bytes + len(each)):
                yield each, said, True


def _read_said(stream: _Stream) -> Said:
    return (
        read_labels(stream.labels)
        if stream.labels
        else find_said(_labels.decode(stream.stream) or {})
    )


def _read_value(text: msgspec.Raw) -> tuple[Any, str, dict[str, Any] | None]:
    parts = _value.decode(text)
    if not _MIN_VALUE <= len(parts) <= _MAX_VALUE:
        raise ValueError(f"it has {len(parts)} parts, but a time, a text and perhaps metadata")
    time, line = parts[:_MIN_VALUE]
    metadata = parts[_MIN_VALUE] if len(parts) > _MIN_VALUE else None
    if not isinstance(line, str):
        raise ValueError("its second part must be the text of the line")  # noqa: TRY004
    if not isinstance(metadata, dict | None):
        raise ValueError("its third part must be an object")  # noqa: TRY004
    return time, line, metadata


def _read_entry(text: msgspec.Raw) -> tuple[Any, str, dict[str, Any] | None]:
    entry = _entry.decode(text)
    return entry.ts, entry.line, entry.metadata


def _instant_of(time: Any) -> int | None:
    """A time in nanoseconds as text; another unit, a number or ISO text is understood, too."""
    if isinstance(time, str) and len(time) == _NS_DIGITS and time.isdecimal() and time.isascii():
        return int(time)
    if not isinstance(time, str | int) or isinstance(time, bool):
        raise ValueError("its time must be text, of nanoseconds since 1970")  # noqa: TRY004
    return read_instant(time) if time else None
