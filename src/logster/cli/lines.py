"""What a line of a log says about itself: its time, its severity, its members.

In: one line of text, the instant it was read and the zone its clock runs in.
Out: a `Line`. Promise: pure; never raises, whatever the text; never guesses when the
shape is not certain; the message is the line as it was written, except that JSON and
logfmt lines that carry a message of their own are taken apart and nothing of them is
lost: what has no member of its own becomes a property.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from logster.event import SEVERITY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable


class Line(msgspec.Struct, kw_only=True):
    """A line as the native API takes it; None where the line does not say."""

    message: str
    timestamp: str | None = None
    severity: int | None = None
    members: dict[str, str] = {}
    properties: dict[str, Any] = {}


class Clock(msgspec.Struct, frozen=True):
    """What a line's time is read against: the instant of reading, and the writer's zone.

    `zone` None is the zone of this machine.
    """

    now: datetime
    zone: tzinfo | None = None


def read_line(text: str, clock: Clock) -> Line:
    """Read one line: JSON, then logfmt, then text with a time and a severity at its head."""
    if text.startswith("{"):
        line = _read_json(text, clock)
    elif "=" in text:
        line = _read_logfmt(text, clock)
    else:
        line = None
    return line or _read_text(text, clock)


# --- lines of text -------------------------------------------------------------------------


def _read_text(text: str, clock: Clock) -> Line:
    timestamp, rest = read_time(text, clock)
    severity = _read_priority(text)
    if severity is None:
        severity = read_severity(text, rest)
    return Line(message=text, timestamp=timestamp, severity=severity)


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_PACKED_CLOCK = r"(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)"
_FRACTION = r"(?:[.,](?P<fraction>\d{1,9})\d*)?"
_ZONE = r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d(?!\d)))?"
_END = r"(?![\w:])"

#: What may stand before a time: the name of a file or host, a syslog priority, a bracket.
_LEAD = r"(?:<\d{1,3}>(?:\d )?|[\[(]|[^\s\[({\"']{1,80} [\[(]?)?"

#: Every shape of a time that is certain, the frequent ones first; all begin at the line's head.
TIME_SHAPES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape, re.IGNORECASE | re.ASCII)
    for shape in (
        # 2015-10-18 18:01:47,978 · 2015-10-18T18:01:47.978Z · [2015/10/18 18:01:47]
        _LEAD
        + r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d\d)(?P=mark)(?P<day>\d\d)[T ]"
        + _CLOCK
        + _FRACTION
        + _ZONE
        + _END,
        # Jun 14 15:16:01, with or without a syslog priority
        r"(?:<\d{1,3}>)?" + _MONTH + r" +(?P<day>\d{1,2}) " + _CLOCK + _FRACTION + _END,
        # [Sun Dec 04 04:47:44.123 2005]
        r"\[?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
        + _MONTH
        + r" +(?P<day>\d{1,2}) "
        + _CLOCK
        + _FRACTION
        + r" (?P<year>\d{4})"
        + _END,
        # 17/06/09 20:10:40, year first as Spark and Hadoop's short pattern write it
        r"(?P<short_year>\d\d)/(?P<month>\d\d)/(?P<day>\d\d) " + _CLOCK + _FRACTION + r"(?=\s)",
        # 081109 203615, as HDFS writes it
        r"(?P<short_year>\d\d)(?P<month>\d\d)(?P<day>\d\d) " + _PACKED_CLOCK + r"(?=\s)",
        # 20151018T180147Z · 20151018 18:01:47
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[T -]"
        + _PACKED_CLOCK
        + _FRACTION
        + _ZONE
        + _END,
        # 203.0.113.7 - anna [10/Oct/2000:13:55:36 -0700], the access logs of web servers
        r"[^\s\[]{1,80} [^\s\[]{1,80} [^\[]{1,80}\[(?P<day>\d\d)/"
        + _MONTH
        + r"/(?P<year>\d{4}):"
        # a name that holds blanks would be longer than any we know
        + _CLOCK
        + _ZONE
        + _END,
        # I0612 15:04:05.123456, glog; 03-17 16:13:38.811, logcat
        r"[IWEF](?P<month>\d\d)(?P<day>\d\d) " + _CLOCK + r"\.(?P<fraction>\d{6})(?=\s)",
        r"(?P<month>\d\d)-(?P<day>\d\d) " + _CLOCK + r"\.(?P<fraction>\d{3})(?=\s+\d+\s)",
    )
)

#: Seconds, or 13 digits of milliseconds, at the head: from 2001 to 2286, so that a count is none.
_EPOCH = re.compile(
    r"\[?(?P<seconds>[1-9]\d{9})(?:\.(?P<fraction>\d{1,9})|(?P<ms>\d{3}))?(?=[\s\],|])"
)


_DAY_TO_SECOND = ("day", "hour", "minute", "second")
#: Month, day, hour, minute, second.
_Rest = tuple[int, int, int, int, int]


def read_time(text: str, clock: Clock) -> tuple[str | None, int]:
    """Give the time at the head of a line as ISO text in UTC, and where the rest begins."""
    for shape in TIME_SHAPES:
        found = shape.match(text)
        if found:
            timestamp = _timestamp_of(found.groupdict(), clock)
            if timestamp:
                return timestamp, found.end()
    found = _EPOCH.match(text)
    if found:
        fraction = found["fraction"] or found["ms"]
        return _instant(datetime.fromtimestamp(int(found["seconds"]), UTC), fraction), found.end()
    return None, 0


def _timestamp_of(parts: dict[str, str | None], clock: Clock) -> str | None:
    zone = _zone_of(parts.get("zone"), clock)
    month = _month_of(parts["month"] or "")
    day, hour, minute, second = (int(parts[name] or 0) for name in _DAY_TO_SECOND)
    rest = (month, day, hour, minute, second)
    if parts.get("year") or parts.get("short_year"):
        moment = _moment(int(parts.get("year") or f"20{parts['short_year']}"), rest, zone)
    else:
        moment = _latest(rest, zone, clock.now)
    return _instant(moment, parts.get("fraction")) if moment else None


def _month_of(text: str) -> int:
    return int(text) if text.isdigit() else MONTHS.index(text.lower()) + 1


def _zone_of(text: str | None, clock: Clock) -> tzinfo | None:
    if not text:
        return clock.zone
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    if offset >= timedelta(days=1):
        return clock.zone
    return timezone(-offset if text[0] == "-" else offset)


@lru_cache(maxsize=1024)  # the lines of one second come together
def _moment(year: int, rest: _Rest, zone: tzinfo | None) -> datetime | None:
    month, day, hour, minute, second = rest
    try:
        # A leap second has no place in a datetime: it is the second before.
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; the first hour of year 1
        return None


#: Among so many years is one with a 29th of February, even around 2100.
_YEARS_BACK = 9


def _latest(rest: _Rest, zone: tzinfo | None, now: datetime) -> datetime | None:
    """Find the year of a time without one: the last in which it is not in the future."""
    limit = now + timedelta(days=1)  # clocks and zones differ by less than a day
    for year in range(limit.year, limit.year - _YEARS_BACK, -1):
        moment = _moment(year, rest, zone)
        if moment and moment <= limit:
            return moment
    return None


def _instant(moment: datetime, fraction: str | None) -> str:
    text = moment.isoformat()[:19]
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


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
        fields = _OBJECT.decode(text)
        values = {name: _VALUE.decode(fields[name]) for name in _named(fields).values()}
    except (ValueError, RecursionError):  # no JSON, or deeper than anyone's log
        return None
    return _compose(text, dict(fields), values, clock)


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


#: Epochs by magnitude: one unit's year 2001 is the next unit's year 1970.
_EPOCH_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_FIRST_EPOCH_S = 10**8


def read_instant(value: Any, clock: Clock) -> str | None:
    """Read a time that stands alone: text of a known shape, or an epoch in s, ms, µs or ns."""
    if isinstance(value, str):
        text, end = read_time(value, clock)
        return text if end >= len(value.rstrip()) else _epoch_of(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch_of(str(value))
    return None


_NUMBER = re.compile(r"(?P<whole>\d{9,19})(?:\.(?P<fraction>\d{1,9})\d*)?", re.ASCII)


def _epoch_of(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    whole = int(found["whole"])
    unit = next((unit for limit, unit in _EPOCH_UNITS if whole < limit), 0)
    if not unit or whole // unit < _FIRST_EPOCH_S:
        return None
    seconds, below = divmod(whole, unit)
    digits = len(str(unit)) - 1
    fraction = f"{below:0{digits}d}" if digits else found["fraction"]
    return _instant(datetime.fromtimestamp(seconds, UTC), fraction)


#: pino's and bunyan's numbers, trace to fatal.
_TENS = {10: 0, 20: 1, 30: 2, 40: 3, 50: 4, 60: 5}


def severity_of(value: Any) -> int | None:
    """Read a severity that stands alone: a word, or one of the tens pino and bunyan write.

    Small numbers say nothing: 3 is Warn for one logger and Error for another.
    """
    if isinstance(value, str):
        return SEVERITY_WORDS.get(value.strip().lower())
    return _TENS.get(value) if isinstance(value, int) else None
