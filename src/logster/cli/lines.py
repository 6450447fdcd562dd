"""What a line of a log says about itself: its time, its severity, its members.

In: one line of text, the instant it was read and the zone its clock runs in.
Out: a `Line`. Promise: pure; never raises, whatever the text; never guesses when the
shape is not certain; the message is the line as it was written, except that JSON and
logfmt lines that carry a message of their own are taken apart and nothing of them is
lost: what has no member of its own becomes a property.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from logster.cli.clock import Clock, read_instant, read_time
from logster.cli.journal import application_of, read_journal
from logster.event import SEVERITY_NAMES
from logster.fields.ansi import ESCAPE, plain_of
from logster.fields.template import render_template

if TYPE_CHECKING:
    from collections.abc import Iterable


class Line(msgspec.Struct, kw_only=True):
    """A line as the native API takes it; None where the line does not say."""

    message: str
    timestamp: str | None = None
    severity: int | None = None
    members: dict[str, str] = {}
    properties: dict[str, Any] = {}
    #: Who wrote it, when the line says so surely.
    application: str | None = None


#: The name of a line as it was written, with its colours, when its message is but a part of it.
ORIGINAL = "OriginalMessage"


def read_line(text: str, clock: Clock) -> Line:
    """Read one line: JSON, then logfmt, then text with a time and a severity at its head.

    It is read without its colours; the message keeps them, to be shown.
    """
    plain = plain_of(text).strip() if ESCAPE in text else text
    if plain.startswith("{"):
        line = _read_json(plain, clock)
    elif "=" in plain:
        line = _read_logfmt(plain, clock)
    else:
        line = None
    if line is None:
        line = _read_text(plain, clock)
    if line.message == plain:
        line.message = text
    elif ESCAPE in text:
        line.properties.setdefault(ORIGINAL, text)
    return line


# --- lines of text -------------------------------------------------------------------------


def _read_text(text: str, clock: Clock) -> Line:
    timestamp, rest = read_time(text, clock)
    severity = _read_priority(text)
    if severity is None:
        severity = read_severity(text, rest)
    return Line(message=text, timestamp=timestamp, severity=severity)


# --- severities ----------------------------------------------------------------------------

#: Every word a log says its severity with, lower case, to Logster's number.
SEVERITY_WORDS: dict[str, int] = {
    **SEVERITY_NAMES,
    "verbose": 0,
    "finest": 0,
    "finer": 0,
    "fine": 1,
    "dbg": 1,
    "config": 1,
    "inf": 2,
    "notice": 2,
    "wrn": 3,
    "err": 4,
    "severe": 4,
    "crit": 5,
    "alert": 5,
    "emerg": 5,
    "emergency": 5,
    "panic": 5,
    "ftl": 5,
}
# Of a line of text, words that are no severity as often as they are one say nothing.
_TEXT_WORDS = "|".join(
    sorted(SEVERITY_WORDS.keys() - {"off", "none", "fine", "config"}, key=len, reverse=True)
)

#: How far behind the time a severity is looked for; farther on it is the text's own word.
_HEAD_CHARACTERS = 160

_SEVERITY_SHAPES: tuple[re.Pattern[str], ...] = (
    # [error] · [core:error] · <Warning> · (INFO)
    re.compile(rf"[\[<(|](?:[a-z_0-9]+:)? ?({_TEXT_WORDS}) ?[\]>)|]", re.IGNORECASE | re.ASCII),
    # INFO · WARN: in capitals, a word of its own
    re.compile(rf"(?<![\w./$*-])({_TEXT_WORDS.upper()})(?![\w./$*-])", re.ASCII),
    # level=error · severity: "warn"
    re.compile(rf"\b(?:level|lvl|severity)\"?[=:] ?\"?({_TEXT_WORDS})\b", re.IGNORECASE | re.ASCII),
    # sshd[12]: error: … · program: warning: …
    re.compile(rf"[:\])] ({_TEXT_WORDS}): ", re.IGNORECASE | re.ASCII),
)
# , Info  CBS · - Warning: … directly behind the time; error: … at the head of a line
_SEVERITY_FIRST = re.compile(
    rf"[\s,|\])-]*({_TEXT_WORDS})(?=[:|\]\t,]|  )", re.IGNORECASE | re.ASCII
)
_TROUBLE = re.compile(r"(?:(panic: )|Traceback \(most recent|Exception in thread )")
_GLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6}\s", re.ASCII)
_LOGCAT = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\s+\d+\s+\d+\s([VDIWEFA])\s", re.ASCII)
_LETTERS = {"V": 0, "D": 1, "I": 2, "W": 3, "E": 4, "F": 5, "A": 5}


def read_severity(text: str, rest: int = 0) -> int | None:
    """Give the severity the head of a line says; `rest` is where its time ends."""
    letter = _GLOG.match(text) or _LOGCAT.match(text)
    if letter:
        return _LETTERS[letter[1]]
    trouble = _TROUBLE.match(text)
    if trouble:
        return 5 if trouble[1] else 4
    first = _SEVERITY_FIRST.match(text, rest)
    if first:
        return SEVERITY_WORDS[first[1].lower()]
    return _earliest_word(text, rest)


def _earliest_word(text: str, rest: int) -> int | None:
    end = rest + _HEAD_CHARACTERS
    found = [match for shape in _SEVERITY_SHAPES if (match := shape.search(text, rest, end))]
    if not found:
        return None
    return SEVERITY_WORDS[min(found, key=lambda match: match.start(1))[1].lower()]


#: Syslog's eight severities, emergency to debug.
SYSLOG_SEVERITIES = (5, 5, 5, 4, 3, 2, 2, 1)
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_MAX_PRIORITY = 191


def _read_priority(text: str) -> int | None:
    found = _PRIORITY.match(text)
    if not found or int(found[1]) > _MAX_PRIORITY:
        return None
    return SYSLOG_SEVERITIES[int(found[1]) % 8]


# --- lines with members ----------------------------------------------------------------------

#: Member of the native API -> the names loggers give it, lower case, the surest first.
MEMBER_NAMES: dict[str, tuple[str, ...]] = {
    "Message": ("message", "msg", "@m", "renderedmessage", "short_message", "log", "event", "@mt"),
    "Timestamp": (
        *("timestamp", "@timestamp", "@t", "time", "ts", "datetime", "asctime", "t"),
        *("eventtime", "date"),
    ),
    "Severity": (
        *("severity", "level", "@l", "lvl", "log.level", "levelname", "loglevel"),
        *("severitytext", "severity_text", "priority"),
    ),
    "Category": ("category", "logger", "log.logger", "logger_name", "loggername", "sourcecontext"),
    "User": ("user", "username", "user.name"),
    "Exception": ("exception", "@x", "exc_info", "error.message"),
    "StackTrace": ("stacktrace", "stack_trace", "stack", "traceback", "error.stack_trace"),
    "Host": ("host", "hostname", "host.name"),
    "Environment": ("environment", "env", "service.environment"),
    "Release": ("release", "service.version"),
    "TraceId": ("traceid", "trace_id", "trace.id", "@tr"),
    "SpanId": ("spanid", "span_id", "span.id", "@sp"),
}
_MEMBER_OF: dict[str, tuple[str, int]] = {
    name: (member, rank)
    for member, names in MEMBER_NAMES.items()
    for rank, name in enumerate(names)
}

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE = msgspec.json.Decoder()


def _read_json(text: str, clock: Clock) -> Line | None:
    """Take a JSON object apart; values without a member keep their own spelling."""
    try:
        fields: dict[str, Any] = _OBJECT.decode(text)
        if _JOURNAL_MARK in text and (entry := read_journal(_VALUE.decode(text))):
            line = _compose(text, dict(entry), entry, clock)
            line.application = application_of(entry)
            return line
        values = {name: _VALUE.decode(fields[name]) for name in _named(fields).values()}
        if "@mt" in fields:
            return _read_clef(text, fields, values, clock)
    except (ValueError, RecursionError):  # no JSON, or deeper than anyone's log
        return None
    return _compose(text, dict(fields), values, clock)


_JOURNAL_MARK = "__REALTIME_TIMESTAMP"


def _read_clef(text: str, fields: dict[str, Any], values: dict[str, Any], clock: Clock) -> Line:
    """Fill the template of an event that has no message but it; the template stays a property."""
    line = _compose(text, dict(fields), values, clock)
    template = _VALUE.decode(fields["@mt"])
    if isinstance(template, str) and _named(fields).get("Message") == "@mt":
        properties = {name: _VALUE.decode(value) for name, value in fields.items()}
        renderings = properties.get("@r")
        line.message = render_template(
            template, properties, renderings if isinstance(renderings, list) else ()
        )
        line.properties["@mt"] = template
    return line


_PAIR = re.compile(
    r"\s*(?P<name>[A-Za-z_@][\w.@/-]*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\s\"=]*)(?=\s|$)"
)


def _read_logfmt(text: str, clock: Clock) -> Line | None:
    """Take `name=value` pairs apart, when the line is nothing else and says a time or a level."""
    values = _pairs_of(text)
    named = _named(values or {})
    if not values or "Message" not in named or not ({"Timestamp", "Severity"} & named.keys()):
        return None
    return _compose(text, dict(values), values, clock)


def _pairs_of(text: str) -> dict[str, str] | None:
    values: dict[str, str] = {}
    place = 0
    end = len(text.rstrip())
    while place < end:
        found = _PAIR.match(text, place)
        if not found:
            return None
        values[found["name"]] = _unquoted(found["value"])
        place = found.end()
    return values


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return msgspec.json.decode(value, type=str)
    except ValueError:  # an escape JSON does not know stays as it was written
        return value[1:-1]


def _named(fields: Iterable[str]) -> dict[str, str]:
    """Member -> the field that holds it: the surest name, and of equals the last."""
    best: dict[str, tuple[int, str]] = {}
    for name in fields:
        member, rank = _MEMBER_OF.get(name.lower(), ("", 0))
        if member and rank <= best.get(member, (rank, ""))[0]:
            best[member] = rank, name
    return {member: name for member, (_, name) in best.items()}


def _compose(text: str, fields: dict[str, Any], values: dict[str, Any], clock: Clock) -> Line:
    """Make the line; a field that its member could use leaves the properties."""
    line = Line(message=text, members={}, properties=fields)
    named = _named(fields)
    for member, name in named.items():
        if _fill(line, member, values[name], clock):
            del fields[name]
    if line.severity is None and line.message is not text:
        line.severity = read_severity(line.message)
    return line


def _fill(line: Line, member: str, value: Any, clock: Clock) -> bool:
    """Give the line a member; False when the value is not one that the member can hold."""
    if member == "Timestamp":
        line.timestamp = read_instant(value, clock)
        return line.timestamp is not None
    if member == "Severity":
        line.severity = severity_of(value)
        return line.severity is not None
    if not isinstance(value, str) or not value.strip():
        return False
    if member == "Message":
        line.message = value.rstrip("\n")
    else:
        line.members[member] = value
    return True


#: pino's and bunyan's numbers, trace to fatal.
_TENS = {10: 0, 20: 1, 30: 2, 40: 3, 50: 4, 60: 5}


def severity_of(value: Any) -> int | None:
    """Read a severity that stands alone: a word, or one of the tens pino and bunyan write.

    Small numbers say nothing: 3 is Warn for one logger and Error for another.
    """
    if isinstance(value, str):
        return SEVERITY_WORDS.get(value.strip().lower())
    return _TENS.get(value) if isinstance(value, int) else None
