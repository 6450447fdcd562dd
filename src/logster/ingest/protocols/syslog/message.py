"""One message of syslog becomes fields.

In: its text, when it arrived, its sender. Out: fields as `Rows` takes them; the time may be a text,
which is read with those of all others (`instant.read_instants`).
Promise: pure; every text is a message, if nothing else; nothing of it is lost.

What is read, in this order:

    <13>1 2026-12-01T12:00:00Z web-1 shop 4711 ID47 [id a="b"] text   RFC 5424
    <13>Dec  1 12:00:00 web-1 shop[4711]: text                        RFC 3164
    <13>2026-12-01T12:00:00+01:00 web-1 shop[4711]: text              rsyslog's own
    <13>text                                                          Python's SysLogHandler
    text                                                              pino-socket (JSON), nc
"""

from __future__ import annotations

import re
from typing import Any

from logster.fields.exception import split_exception, split_message
from logster.fields.line.embedded import read_embedded
from logster.fields.line.severity import read_severity
from logster.fields.severity import MAX_PRIORITY, SYSLOG_NAMES, severity_of_priority
from logster.ingest.protocols.syslog.elements import ELEMENTS, read_elements
from logster.ingest.protocols.syslog.moment import read_moment

Fields = dict[str, Any]

#: Facilities by their number, as RFC 5424 has them and `logger -p` calls them.
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"),
    *("authpriv", "ftp", "ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
#: The severities whose own word says more than ours.
_FINER = frozenset({"emerg", "alert", "notice"})
#: What a priority says: severity, facility, the severity's own word.
_PRIORITIES = [
    (severity_of_priority(number), FACILITIES[number // 8], SYSLOG_NAMES[number % 8])
    for number in range(MAX_PRIORITY + 1)
]
_NIL = "-"
#: Before a message: the second one is rsyslog's, which takes it for a part of the message.
_MAX_BLANKS = 2
_BOM = "\ufeff"
#: What rfc5424-logging-handler makes of line ends in streams; the message stays as it was sent.
ESCAPED_TRACE = r"\nTraceback (most recent call last):\n"

_5424 = re.compile(r"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) ?", re.ASCII)
_OLDER = re.compile(
    r"<(\d{1,3})>(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)"
    r"|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*))(?: |$)",
    re.ASCII,
)
_BARE = re.compile(r"<(\d{1,3})>", re.ASCII)
#: web-1 shop[4711]: · shop[4711]: · web-1 shop:
_ORIGIN = re.compile(r"(?:(\S*[^\s:\]]) )?([^\s:\[\]]{1,128})(?:\[([^\]\s]{0,128})\])?:(?: |$)")
#: Without a time before it, a word and a colon are as often a part of the text.
_PROGRAM = re.compile(r"([^\s:\[\]<]{1,128})\[(\d{1,10})\]: ", re.ASCII)
#: A host that no program is named behind, as many devices have it: with a digit or a dot.
_HOST = re.compile(r"(?=\S*[\d.])([A-Za-z0-9][\w.:-]{0,254}) ", re.ASCII)
#: One frame has no more messages.
MAX_LINES = 1000
#: What a datagram begins with that has several messages on its lines.
_LINE_STARTS = ("<", "{")


def split_lines(text: str) -> list[str]:
    """The messages of one frame: several when each line begins as the first one does."""
    start = text[:1]
    if "\n" not in text or start not in _LINE_STARTS:
        return [text]
    lines = text.split("\n", MAX_LINES)
    return (
        lines
        if len(lines) <= MAX_LINES and all(line.startswith(start) for line in lines)
        else [text]
    )


def read_message(text: str, sender: str, received_at: int, zone: str) -> Fields:
    """The fields of a message."""
    found = _5424.match(text)
    if found and int(found[1]) <= MAX_PRIORITY:
        return _read_5424(text, found)
    fields = _read_older(text, received_at, zone)
    if sender and "host" not in fields:
        fields["host"] = sender
    return fields


def _read_5424(text: str, found: re.Match[str]) -> Fields:
    priority, time, host, application, process, identity = found.groups()
    fields, properties = begin(int(priority))
    rest = found.end()
    if text.startswith(_NIL, rest):
        rest += 1
    elif elements := ELEMENTS.match(text, rest):
        properties.update(read_elements(elements[0]))
        rest = elements.end()
    if time != _NIL:
        fields["timestamp"] = time
    if host != _NIL:
        fields["host"] = host
    if application != _NIL:
        fields["application"] = application
    if process != _NIL:
        properties["procid"] = process
    if identity != _NIL:
        properties["msgid"] = identity
    for _ in range(_MAX_BLANKS):
        rest += text.startswith(" ", rest)
    return _say(fields, properties, text[rest:], int(priority))


def _read_older(text: str, received_at: int, zone: str) -> Fields:
    found = _OLDER.match(text) or _BARE.match(text)
    if found is None or int(found[1]) > MAX_PRIORITY:
        return _read_text(text)
    fields, properties = begin(int(found[1]))
    rest = text[found.end() :]
    if found.re is _OLDER:
        time = read_moment(found[2], received_at, zone) if found[2] else found[3]
        if time is None:
            properties["time"] = found[2]  # a day that no month has
        else:
            fields["timestamp"] = time
        rest = _read_origin(rest, fields, properties)
    elif program := _PROGRAM.match(rest):
        fields["application"], properties["procid"] = program.groups()
        rest = rest[program.end() :]
    return _say(fields, properties, rest, int(found[1]))


def _read_origin(rest: str, fields: Fields, properties: Fields) -> str:
    """Take the host and the program off the text that is behind a time."""
    if found := _ORIGIN.match(rest):
        host, application, process = found.groups()
        fields["application"] = application
        if host:
            fields["host"] = host
        if process:
            properties["procid"] = process
    elif found := _HOST.match(rest):
        fields["host"] = found[1]
    else:
        return rest
    return rest[found.end() :]


def _read_text(text: str) -> Fields:
    """What is no syslog: its own words say its severity, if they do."""
    fields = _say({}, {}, text)
    fields.setdefault("severity", read_severity(text))
    return fields


def begin(priority: int) -> tuple[Fields, Fields]:
    """The fields and the properties that a priority says."""
    severity, facility, word = _PRIORITIES[priority]
    properties = {"facility": facility}
    if word in _FINER:
        properties["syslog_severity"] = word
    return {"severity": severity}, properties


def _say(fields: Fields, properties: Fields, said: str, priority: int | None = None) -> Fields:
    """Give an event its message; of JSON or logfmt in it, the program's own severity goes before.

    That of the priority is as often one that a relay gave to all that it carries.
    """
    said = said.removeprefix(_BOM)
    fields["properties"] = properties
    fields["message"], raised = split_message(said)
    if ESCAPED_TRACE in said and raised is None:
        _, raised = split_message(said.replace("\\n", "\n"))
    if raised is not None:
        fields["exception"], fields["stack_trace"] = split_exception(raised)
    embedded = read_embedded(said, known=fields.keys() - {"severity"})
    if embedded is not None:
        if (
            priority is not None
            and embedded.get("severity", fields["severity"]) != (fields["severity"])
        ):
            properties["syslog_severity"] = _PRIORITIES[priority][2]
        properties.update(embedded.pop("properties"))
        fields.update(embedded)
    return fields
