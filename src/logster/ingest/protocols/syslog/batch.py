r"""Many messages of syslog at once: one search through all of them, and columns of what is found.

In: their texts. Out: columns, as `Rows` would give them, and the numbers of the messages that need
to be looked at one by one (`message`).
Promise: a message means the same here and there; tests compare the two.

A message costs 20 µs by itself and 4 here: most of them are plain, so that a single expression can
take all of them apart, and zip makes columns of it. What is not plain is left alone: text that is
JSON or logfmt, several lines, a mark of the order of bytes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import BodyTooLargeError
from logster.event import Columns, Rejection
from logster.fields.instant import read_instants
from logster.fields.severity import MAX_PRIORITY
from logster.ingest.protocol import Reading
from logster.ingest.protocols.syslog.elements import read_elements
from logster.ingest.protocols.syslog.message import ESCAPED_TRACE, begin
from logster.ingest.protocols.syslog.moment import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.ingest.protocol import Limits

    #: Field -> one value for each message.
    Found = dict[str, list[Any]]

#: Between the texts of a batch; a text that holds it is not plain.
SEPARATOR = "\x1e"
_PRIORITY = r"<(\d|[1-9]\d|1[0-8]\d|19[01])>"
_WORD = r"([^\s\x1e]{1,128})"
#: Text that is nothing but itself, up to the end of the message.
_PLAIN = r"(?![\s{@\ufeff]|[A-Za-z_][\w.@/-]*=)([^\n\x1e]*)(?=\x1e|\Z)"
_OTHER = r"|([^\x1e]*))"
#: As `elements.ELEMENTS`, of one message.
_ELEMENTS = r'(?:\[[^\s="\]\x1e]++(?: ++[^\s="\]\x1e]++="(?:[^"\\\x1e]++|\\[^\x1e])*+")*+ *+\])++'
_5424 = re.compile(
    rf"(?:\A|\x1e)(?:{_PRIORITY}1 {_WORD} {_WORD} {_WORD} {_WORD} {_WORD} "
    rf"(-|{_ELEMENTS}) {{1,2}}{_PLAIN}{_OTHER}",
    re.ASCII,
)
_OLDER = re.compile(
    rf"(?:\A|\x1e)(?:{_PRIORITY}(?:([A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d)"
    r"|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\s\x1e]*)) "
    r"(?:([^\s\x1e]{0,254}[^\s:\]\x1e]) )?([^\s:\[\]\x1e]{1,128})(?:\[([^\]\s\x1e]{1,128})\])?: "
    rf"{_PLAIN}{_OTHER}",
    re.ASCII,
)
#: What a plain message has.
_FIELDS = ("message", "severity", "timestamp", "host", "application", "properties")
_REQUIRED = ("message", "severity")
#: Longer elements are not remembered, nor more than so many.
_MAX_REMEMBERED = 300
_REMEMBERED = 4096
_NIL = "-"


class Batch:
    """The plain messages among many, as columns; `rest` are the places of the others."""

    def __init__(
        self, texts: Sequence[str], senders: Sequence[str], received_at: int, zone: str
    ) -> None:
        self._columns: Found = {name: [None] * len(texts) for name in _FIELDS}
        self.rest = list(range(len(texts)))
        joined = SEPARATOR.join(texts)
        if not texts or joined.count(SEPARATOR) != len(texts) - 1:
            return
        self.rest = _read_5424(joined, self.rest, self._columns)
        if not self.rest:
            return
        if len(self.rest) < len(texts):
            joined = SEPARATOR.join([texts[place] for place in self.rest])
        hosts = [senders[place] or None for place in self.rest]
        self.rest = _read_older(joined, self.rest, self._columns, hosts, (received_at, zone))

    def reading(
        self, lines: list[int], others: Reading, refused: list[Rejection], limits: Limits
    ) -> Reading:
        """Everything in its order; `others` are those of `rest`, with their places as lines."""
        if len(lines) > limits.max_events:
            raise BodyTooLargeError(
                f"The body has more than {limits.max_events} events; send it in parts "
                "(an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
            )
        kept = self.rest if others.lines is None else others.lines
        self._take(kept, others.columns)
        bad = {each.line for each in others.rejections}
        columns = Columns(message=self._columns["message"], severity=self._columns["severity"])
        for name, values in self._columns.items():
            setattr(
                columns,
                name,
                values if values.count(None) < len(values) or name in _REQUIRED else None,
            )
        if bad:
            columns.remove(sorted(bad))
        rejections = [
            *refused,
            *(Rejection(line=lines[each.line], reason=each.reason, faults=each.faults)
              for each in others.rejections),
        ]  # fmt: skip
        if not rejections:
            return Reading(columns=columns)
        return Reading(
            columns=columns,
            rejections=sorted(rejections, key=lambda each: each.line),
            lines=[line for place, line in enumerate(lines) if place not in bad],
        )

    def _take(self, places: list[int], columns: Columns) -> None:
        """Put what was read by itself among the others."""
        for name in Columns.__struct_fields__:
            values = getattr(columns, name)
            if values is not None and places:
                if name not in self._columns:
                    self._columns[name] = [None] * len(self._columns["message"])
                _put(self._columns, places, **{name: values})


def _read_5424(joined: str, rest: list[int], columns: Found) -> list[int]:
    found = _5424.findall(joined)
    plain = _plain_of(found, joined)
    if not plain:
        return rest
    priority, time, host, application, process, identity, elements, message, _ = zip(
        *(found if len(plain) == len(found) else [found[index] for index in plain]), strict=True
    )
    instants = _instants_of([None if text == _NIL else text for text in time])
    if instants is None:
        return rest
    begun = [_BEGUN[number] for number in priority]
    _put(
        columns,
        [rest[index] for index in plain],
        message=message,
        severity=[severity for severity, _ in begun],
        timestamp=instants,
        host=[None if text == _NIL else text for text in host],
        application=[None if text == _NIL else text for text in application],
        properties=[
            _remembered(*parts) if len(parts[-1]) < _MAX_REMEMBERED else _properties_of(*parts)
            for parts in zip(priority, process, identity, elements, strict=True)
        ],
    )
    return [] if len(plain) == len(found) else _without(rest, plain)


def _read_older(
    joined: str,
    rest: list[int],
    columns: Found,
    senders: list[str | None],
    clock: tuple[int, str],
) -> list[int]:
    found = _OLDER.findall(joined)
    moments = {parts[1]: read_moment(parts[1], *clock) for parts in found if parts[1]}
    plain = [
        index
        for index in _plain_of(found, joined)
        if not found[index][1] or moments[found[index][1]] is not None
    ]
    if not plain:
        return rest
    priority, moment, time, host, application, process, message, _ = zip(
        *[found[index] for index in plain], strict=True
    )
    instants = _instants_of([text or None for text in time])
    if instants is None:
        return rest
    begun = [_BEGUN[number] for number in priority]
    _put(
        columns,
        [rest[index] for index in plain],
        message=message,
        severity=[severity for severity, _ in begun],
        timestamp=[
            instant if instant is not None else moments[text]
            for instant, text in zip(instants, moment, strict=True)
        ],
        host=[text or senders[index] for index, text in zip(plain, host, strict=True)],
        application=application,
        properties=[
            _remembered(number, text or _NIL, _NIL, _NIL)
            for number, text in zip(priority, process, strict=True)
        ],
    )
    return [] if len(plain) == len(found) else _without(rest, plain)


def _plain_of(found: list[tuple[str, ...]], joined: str) -> list[int]:
    """The numbers of those that were taken apart."""
    plain = [index for index, parts in enumerate(found) if not parts[-1]]
    if ESCAPED_TRACE in joined:
        return [index for index in plain if ESCAPED_TRACE not in found[index][-2]]
    return plain


def _instants_of(times: list[str | None]) -> list[int | None] | None:
    """All at once; None when one of them is no time."""
    try:
        return read_instants(times)
    except (ValueError, OverflowError):
        return None


def _put(columns: Found, places: list[int], **found: Sequence[Any]) -> None:
    """Put the values of some messages into their places among all."""
    for name, values in found.items():
        if len(places) == len(columns[name]):
            columns[name] = list(values)
            continue
        column = columns[name]
        for place, value in zip(places, values, strict=True):
            column[place] = value


def _without(rest: list[int], plain: list[int]) -> list[int]:
    gone = set(plain)
    return [place for index, place in enumerate(rest) if index not in gone]


def _properties_of(priority: str, process: str, identity: str, elements: str) -> bytes:
    """The properties of a message, as JSON."""
    properties = dict(_BEGUN[priority][1])
    if elements != _NIL:
        properties.update(read_elements(elements))
    if process != _NIL:
        properties["procid"] = process
    if identity != _NIL:
        properties["msgid"] = identity
    return msgspec.json.encode(properties)


_remembered = lru_cache(_REMEMBERED)(_properties_of)
#: A priority as it is written -> severity, properties.
_BEGUN = {
    str(number): (fields["severity"], properties)
    for number, (fields, properties) in enumerate(map(begin, range(MAX_PRIORITY + 1)))
}
