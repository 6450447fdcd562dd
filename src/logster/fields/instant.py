"""Instants as programs write them, to nanoseconds since 1970-01-01T00:00:00Z.

In: ISO 8601 and RFC 3339 text (also its basic form, weeks, days of the year and 24:00:00), .NET's
`/Date(ms)/`, or a number since 1970. Out: an int; years 1 to 9999 are readable, clamping is a
later step.
Promise: exact to the nanosecond, and one value or a whole column give the same.
"""

from __future__ import annotations

import functools
import math
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from logster.event import NS_PER_MS, NS_PER_S
from logster.fields.epoch import unit_ns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_S = 86_400
_MAX_DAY_OF_YEAR = len("2026-335")
#: Of the years 1 to 9999.
FIRST_NS = (date.min.toordinal() - _EPOCH_DAY) * _DAY_S * NS_PER_S
END_NS = (date.max.toordinal() + 1 - _EPOCH_DAY) * _DAY_S * NS_PER_S

# Groups: date, hour, minute, second, fraction, offset sign, offset hours, offset minutes.
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ]([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d|60)(?:[.,](\d+))?)?)?"
    r"(?: ?(?:[Zz]|UTC|GMT|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?))?)?",
    re.ASCII,
)
# What fewer write: no marks between the parts, 24:00, a week or a day of the year. The same groups.
_RARE_ISO = re.compile(
    r"(\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d-?\d|\d{4}-\d{3}|\d{7}(?=[Tt]))"
    r"(?:[Tt ]([01]\d|2[0-3]|24)(?::?([0-5]\d)(?::?([0-5]\d|60)(?:[.,](\d+))?)?)?"
    r"(?: ?(?:[Zz]|UTC|GMT|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?))?)?",
    re.ASCII,
)
_DAY_OF_YEAR = re.compile(r"(\d{4})-?(\d{3})", re.ASCII)
# The offset only says where it was written: the number is of UTC.
_DOTNET = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/", re.ASCII)
# Shorter text may be meant as a year or a day; nine digits are the year 1973.
_NUMBER = re.compile(r"-?\d{9,20}(?:\.\d+)?", re.ASCII)


def read_instant(value: str | float) -> int:
    """One instant; raises ValueError when it is none."""
    instant = _read_text(value.strip()) if isinstance(value, str) else _read_number(value)
    if not FIRST_NS <= instant < END_NS:
        raise ValueError("beyond any time")
    return instant


def _read_text(text: str) -> int:
    if found := _ISO.fullmatch(text):
        return _read_iso(*found.groups())
    if _NUMBER.fullmatch(text):
        return _read_number(int(text) if text.lstrip("-").isdigit() else float(text))
    if found := _RARE_ISO.fullmatch(text):
        return _read_rare(found)
    if found := _DOTNET.fullmatch(text):
        return int(found[1]) * NS_PER_MS
    raise ValueError("not a time")


def _read_rare(found: re.Match[str]) -> int:
    day, hour, *rest = found.groups()
    if hour == "24" and any(int(part or 0) for part in rest[:3]):
        raise ValueError("a day ends at 24:00:00")
    numbered = _DAY_OF_YEAR.fullmatch(day)
    if numbered and len(day) <= _MAX_DAY_OF_YEAR:
        year, number = int(numbered[1]), int(numbered[2])
        found_day = date(year, 1, 1) + timedelta(days=number - 1)
        if found_day.year != year:
            raise ValueError("the year has no such day")
        day = found_day.isoformat()
    return _read_iso(day, hour, *rest)


def _read_iso(
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
    sign: str | None,
    offset_hour: str | None,
    offset_minute: str | None,
) -> int:
    seconds = _midnight_s(day)
    if hour:
        seconds += int(hour) * 3600 + int(minute or 0) * 60 + int(second or 0)
    if offset_hour:
        offset_s = int(offset_hour) * 3600 + int(offset_minute or 0) * 60
        seconds += offset_s if sign == "-" else -offset_s
    return seconds * NS_PER_S + (int(fraction[:9].ljust(9, "0")) if fraction else 0)


# Nearly all events of a day share one value; 64 days cover a late batch.
@functools.lru_cache(maxsize=64)
def _midnight_s(day: str) -> int:
    return (date.fromisoformat(day).toordinal() - _EPOCH_DAY) * _DAY_S


def _read_number(value: float) -> int:
    try:
        is_finite = math.isfinite(value)
    except OverflowError:  # an integer that is more than any float
        raise ValueError("beyond any time") from None
    if not is_finite:
        raise ValueError("not a finite number")
    unit_ns = unit_ns_of(value)
    if unit_ns is None:
        raise ValueError("beyond any time")
    # repr is the shortest text of a float: 1700000000.1 means exactly that.
    return int(Decimal(repr(value)) * unit_ns)


def read_instants(values: Sequence[str | float | None]) -> list[int | None]:
    """A column of instants; raises ValueError when one is none.

    Arrow reads the common spelling (with T and an offset, 1678 to 2262) at 75 ns
    each instead of 1,500 and refuses whatever it is not sure of.
    """
    try:
        texts = pa.array(values, pa.string())
        instants = texts.cast(pa.timestamp("ns", "UTC"))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return [None if value is None else read_instant(value) for value in values]
    numbers: list[int] = memoryview(instants.buffers()[1]).cast("q").tolist()
    del numbers[len(values) :]
    if instants.null_count:
        return [
            None if value is None else number for value, number in zip(values, numbers, strict=True)
        ]
    return list[int | None](numbers)
