"""The time a line of a log says at its head, or a value says that stands alone.

In: text, the instant it was read and the zone its clock runs in. Out: ISO text in UTC.
Promise: pure; never raises; a time is read when its shape is certain, and its zone is: behind
a word that is a zone in several countries (IST, CST) no time is read rather than a wrong one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any

import msgspec

from logster.event import NS_PER_S
from logster.fields.dates import LEAP_YEARS_WITHIN, MAX_OFFSET, MONTHS
from logster.fields.epoch import unit_ns_of
from logster.fields.line.zone import Tail, read_tail


class Clock(msgspec.Struct, frozen=True):
    """What a line's time is read against: the instant of reading, and the writer's zone.

    `zone` None is the zone of this machine.
    """

    now: datetime
    zone: tzinfo | None = None


_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_PACKED_CLOCK = r"(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)"
_FRACTION = r"(?:[.,](?P<fraction>\d{1,9})\d*)?"
_ZONE = r"(?: ?(?P<zone>Z(?![\w/])|[+-]\d\d:?\d\d(?!\d)|[+-]\d\d(?!\d)))?"
#: A letter may follow at once: PM, UTC; what it is, `read_tail` knows.
_END = r"(?![\d_:])"
#: Between the clock and the year of `date`.
_ZONE_WORD = r"(?: (?P<word>[A-Z]{2,5}))?"

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
        + _ZONE_WORD
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


_HALF_DAY = 12
_DAY_TO_SECOND = ("day", "hour", "minute", "second")
#: Month, day, hour, minute, second.
_Rest = tuple[int, int, int, int, int]


def read_time(text: str, clock: Clock) -> tuple[str | None, int]:
    """Give the time at the head of a line as ISO text in UTC, and where the rest begins."""
    for shape in TIME_SHAPES:
        found = shape.match(text)
        if found:
            parts = found.groupdict()
            tail = read_tail(text, found.end(), parts.get("zone"), parts.get("word"))
            timestamp = _timestamp_of(parts, tail, clock) if tail else None
            if tail is None or timestamp:
                return timestamp, tail.end if tail else 0
    found = _EPOCH.match(text)
    if found:
        fraction = found["fraction"] or found["ms"]
        return _instant(datetime.fromtimestamp(int(found["seconds"]), UTC), fraction), found.end()
    return None, 0


def _timestamp_of(parts: dict[str, str | None], tail: Tail, clock: Clock) -> str | None:
    zone = tail.zone or _zone_of(parts.get("zone"), clock)
    month = _month_of(parts["month"] or "")
    day, hour, minute, second = (int(parts[name] or 0) for name in _DAY_TO_SECOND)
    if tail.half:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if tail.half == "P" else 0)
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
    if offset > MAX_OFFSET or minutes >= 60:  # noqa: PLR2004  it is a number, and no zone
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


def _latest(rest: _Rest, zone: tzinfo | None, now: datetime) -> datetime | None:
    """Find the year of a time without one: the last in which it is not in the future."""
    limit = now + timedelta(days=1)  # clocks and zones differ by less than a day
    for year in range(limit.year, limit.year - LEAP_YEARS_WITHIN, -1):
        moment = _moment(year, rest, zone)
        if moment and moment <= limit:
            return moment
    return None


def _instant(moment: datetime, fraction: str | None) -> str:
    text = moment.isoformat()[:19]
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


_FIRST_EPOCH_S = 10**8


def read_time_value(value: Any, clock: Clock) -> str | None:
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
    unit_ns = unit_ns_of(whole)
    if unit_ns is None or whole * unit_ns < _FIRST_EPOCH_S * NS_PER_S:
        return None
    seconds, below = divmod(whole, NS_PER_S // unit_ns)
    digits = len(str(NS_PER_S // unit_ns)) - 1
    fraction = f"{below:0{digits}d}" if digits else found["fraction"]
    return _instant(datetime.fromtimestamp(seconds, UTC), fraction)
