"""Times as people type them: `13:00`, `yesterday 14:00`, `2h ago`, `Nov 24`, `2026-11-24 08:15`.

In: a text and a `Clock`: the instant it is typed at, and the zone of whoever types it.
Out: nanoseconds since 1970; or a `QueryError` that says what would do.
Promise: what a time leaves out is filled in by the past: `13:00` is the last one that was, and
so are `monday` and `Nov 24`. The portal reads times by the same rules, in
`portal/src/state/moment.ts`; both are tested with one table, `tests/tables/moments.json`.

A time that the clocks skip in spring is read as if they had not been changed yet; of one that
comes twice in autumn the first is meant. A day is as long as the calendar says, `1d ago` 24 hours.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.fields.dates import LEAP_YEARS_WITHIN, MONTHS
from logster.fields.epoch import unit_ns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What 64-bit nanoseconds since 1970 can hold: to the year 2262.
MAX_INSTANT_NS = 2**63 - 1
#: What would do, said to whoever typed something else.
USUAL_FORMS = (
    "13:00, yesterday 18:00, monday, Nov 24, 2026-11-24 08:15, 2h ago, "
    "or a number of seconds or milliseconds since 1970"
)
#: A longer text is no time.
MAX_CHARACTERS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = (
    r"\d{1,6}\s?(?:weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s)"
    r"(?![a-z])"
)
_RELATIVE = re.compile(
    rf"(?:(?P<now>now)\s?(?=[+-])|(?:last|past)\s)?(?P<sign>[+-]?)\s?"
    rf"(?P<spans>{_SPAN}(?:\s?{_SPAN}){{0,4}})(?:\sago)?",
    re.ASCII,
)
_ONE_SPAN = re.compile(r"(\d+)\s?([a-z])")
_NUMBER = re.compile(r"@?(\d{9,20}(?:\.\d{1,9})?)", re.ASCII)

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORDS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = (
    "mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|"
    "sun(?:day)?"
)
_NTH = r"(?:st|nd|rd|th|\.)?"
_YEAR = r"(?:,?\s(?P<{}>\d{{4}})(?!:))?"
_DAY = (
    r"(?:(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)"
    r"|(?P<dot_day>\d\d?)\.\s?(?P<dot_month>\d\d?)\.(?:\s?(?P<dot_year>\d{4})(?!:))?"
    r"|(?P<short_month>\d\d?)-(?P<short_day>\d\d?)"
    rf"|(?P<name_month>{_MONTH})\.?\s(?P<name_day>\d\d?){_NTH}{_YEAR.format('name_year')}"
    rf"|(?P<of_day>\d\d?){_NTH}\s?(?P<of_month>{_MONTH})\.?{_YEAR.format('of_year')}"
    r"|(?P<word>today|yesterday|tomorrow)"
    rf"|(?P<last>last\s)?(?P<weekday>{_WEEKDAY}))"
)
_CLOCK = (
    r"(?:(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9})\d*)?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?"
    r"|(?P<bare_hour>\d\d?)\s?(?P<bare_half>[ap])\.?m\.?|(?P<noon>noon|midnight))"
)
_ZONE = r"(?:\s?(?P<zone>z|utc|gmt|[+-]\d\d:?\d\d|[+-]\d\d(?!\d)))?"
_WRITTEN = (
    re.compile(rf"{_DAY}(?:(?:t|,?\s(?:at\s)?){_CLOCK}{_ZONE})?", re.ASCII),
    re.compile(rf"{_DAY}\s?(?P<zone>z|utc|gmt|[+-]\d\d:\d\d)", re.ASCII),
    re.compile(rf"{_CLOCK}{_ZONE}(?:,?\s(?:on\s)?{_DAY})?", re.ASCII),
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_NOON_HOUR, _DAY_HOURS = 12, 24


class Clock(msgspec.Struct, frozen=True):
    """What a time is read against: the instant it is typed at, and the typer's zone."""

    now_ns: int
    zone: tzinfo = UTC


def parse_zone(name: str) -> tzinfo:
    """The zone of an IANA name, `Europe/Berlin`; raises `QueryError`."""
    if name == "UTC":
        return UTC
    if _NAME.fullmatch(name) and len(name) <= MAX_CHARACTERS:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # KeyError: not found; the others: no such file
            pass
    raise QueryError(
        f"`zone` is {name[:50]!r}, which is no time zone; a name such as Europe/Berlin or UTC "
        "would do",
        length=max(len(name), 1),
    )


def parse_moment(text: str, clock: Clock) -> int:
    """The instant a text means; raises `QueryError`."""
    plain = _plain(text)
    try:
        instant_ns = _parse(plain, clock)
    except (ValueError, OverflowError):  # the 30th of February, the year 9999 in another zone
        instant_ns = None
    if instant_ns is None:
        raise QueryError(
            f"{text.strip()[:50]!r} is not a time; {USUAL_FORMS} would do", length=max(len(text), 1)
        )
    if not 0 <= instant_ns <= MAX_INSTANT_NS:
        raise QueryError(
            f"{text.strip()[:50]!r} is a time that is not from 1970 to 2262",
            length=max(len(text), 1),
        )
    return instant_ns


def parse_range(since: str, until: str, clock: Clock) -> tuple[int | None, int | None]:
    """The instants of two sides, None for an empty one; raises `QueryError`.

    An end that leaves something out and would lie before the beginning is the first one behind it:
    from 22:00 to 02:00 goes over midnight.
    """
    since_ns = parse_moment(since, clock) if since.strip() else None
    until_ns = parse_moment(until, clock) if until.strip() else None
    if since_ns is not None and until_ns is not None and until_ns <= since_ns:
        written = _read(_plain(until))
        until_ns = (written and written.first_after(since_ns, clock.zone)) or until_ns
    return since_ns, until_ns


def instant_in(local: datetime, zone: tzinfo) -> int:
    """The nanoseconds of a time without a zone, in whole seconds, on the clocks of a zone."""
    return (local.replace(tzinfo=zone) - _EPOCH) // timedelta(seconds=1) * NS_PER_S


def _plain(text: str) -> str:
    """Lower case, one blank between words, and the portal's minus as the usual one."""
    if len(text) > MAX_CHARACTERS:
        return ""
    return " ".join(text.lower().replace("\u2212", "-").split())


def _parse(text: str, clock: Clock) -> int | None:
    if text == "now":
        return clock.now_ns
    if relative := _RELATIVE.fullmatch(text):
        spans = _ONE_SPAN.findall(relative["spans"])
        length_ns = sum(int(count) * _UNIT_S[unit] for count, unit in spans) * NS_PER_S
        if relative["sign"] == "+":
            return clock.now_ns + length_ns if relative["now"] else None
        return clock.now_ns - length_ns
    if number := _NUMBER.fullmatch(text):
        since_epoch = Decimal(number[1])
        unit_ns = unit_ns_of(since_epoch)
        return None if unit_ns is None else int(since_epoch * unit_ns)
    written = _read(text)
    return written.last_until(clock) if written else None


class _Written(msgspec.Struct, frozen=True):
    """A time as written: its day, which may be one of many, and its time of the day."""

    parts: dict[str, str | None]

    def last_until(self, clock: Clock) -> int | None:
        """The instant; of the many that it may be the last one until now."""
        zone = self.zone_or(clock.zone)
        today = (_EPOCH + timedelta(seconds=clock.now_ns // NS_PER_S)).astimezone(zone).date()
        if day := self._day(today):
            return self._on(day, zone)
        instants = (self._on(day, zone) for day in self._days(today, -1))
        return next((instant for instant in instants if instant <= clock.now_ns), None)

    def first_after(self, since_ns: int, zone: tzinfo) -> int | None:
        """The first of the many that is later than this; None when it is but one."""
        zone = self.zone_or(zone)
        first = (_EPOCH + timedelta(seconds=since_ns // NS_PER_S)).astimezone(zone).date()
        if self._day(first):
            return None
        instants = (self._on(day, zone) for day in self._days(first, 1))
        return next((instant for instant in instants if instant > since_ns), None)

    def zone_or(self, zone: tzinfo) -> tzinfo:
        """The zone that is written with it, or the other one."""
        return zone if self.parts["zone"] is None else _offset(self.parts["zone"])

    def _day(self, today: date) -> date | None:
        """The day, where it is certain."""
        parts = self.parts
        if parts["word"]:
            return today + timedelta(days=_DAY_WORDS[parts["word"]])
        for year, month, day in (("year", "month", "day"), ("dot_year", "dot_month", "dot_day")):
            if parts[year]:
                return date(int(parts[year] or 0), int(parts[month] or 0), int(parts[day] or 0))
        for kind in ("name", "of"):
            if year_text := parts[f"{kind}_year"]:
                return date(int(year_text), *self._month_and_day())
        return None

    def _days(self, from_day: date, step: int) -> Iterator[date]:
        """The days it may be, from this one on, forwards or back; a few are enough."""
        parts = self.parts
        if parts["weekday"]:
            place = _WEEKDAYS.index(parts["weekday"][:3])
            start = 1 if parts["last"] and step < 0 else 0
            days = (from_day + timedelta(days=step * number) for number in range(start, 15))
            yield from (day for day in days if day.weekday() == place)
        elif month_and_day := self._month_and_day():
            for number in range(LEAP_YEARS_WITHIN):
                try:
                    yield date(from_day.year + step * number, *month_and_day)
                except ValueError:
                    continue
        else:
            yield from (from_day + timedelta(days=step * number) for number in range(3))

    def _month_and_day(self) -> tuple[int, int] | tuple[()]:
        parts = self.parts
        for kind in ("short", "dot"):
            if month := parts[f"{kind}_month"]:
                return int(month), int(parts[f"{kind}_day"] or 0)
        for kind in ("name", "of"):
            if month := parts[f"{kind}_month"]:
                return MONTHS.index(month[:3]) + 1, int(parts[f"{kind}_day"] or 0)
        return ()

    def _on(self, day: date, zone: tzinfo) -> int:
        hour, minute, second, fraction_ns = self._time_of_day()
        if hour == _DAY_HOURS:
            day, hour = day + timedelta(days=1), 0
        local = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001  gets its zone next
        return instant_in(local, zone) + fraction_ns

    def _time_of_day(self) -> tuple[int, int, int, int]:
        """Hour, minute, second, nanoseconds; midnight where nothing is said. Raises ValueError."""
        parts = self.parts
        hour = int(parts["hour"] or parts["bare_hour"] or 0)
        minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
        if parts["noon"] == "noon":
            hour = _NOON_HOUR
        half = parts["half"] or parts["bare_half"]
        if half:
            if not 1 <= hour <= _NOON_HOUR:
                raise ValueError("no hour of a clock with two halves")
            hour = hour % _NOON_HOUR + (_NOON_HOUR if half == "p" else 0)
        fraction_ns = int((parts["fraction"] or "0").ljust(9, "0"))
        if hour == _DAY_HOURS and (minute or second or fraction_ns):
            raise ValueError("beyond the end of the day")
        return hour, minute, second, fraction_ns


@lru_cache(maxsize=64)
def _read(text: str) -> _Written | None:
    for shape in _WRITTEN:
        if found := shape.fullmatch(text):
            return _Written(dict.fromkeys(_PARTS) | found.groupdict())
    return None


_PARTS = sorted({name for shape in _WRITTEN for name in shape.groupindex})


def _offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
