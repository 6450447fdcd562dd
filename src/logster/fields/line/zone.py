"""What stands behind the clock of a line: AM or PM, and a zone in words.

In: a text, and where its clock ends. Out: a `Tail`, or None when there is a zone that cannot be
known. Promise: pure; an abbreviation that several countries use is none that can be known.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache

import msgspec

from logster.fields.dates import MAX_OFFSET

#: Abbreviation -> minutes ahead of UTC, where the whole world means one zone by it.
ZONES: dict[str, int] = {
    "UTC": 0,
    "GMT": 0,
    "UT": 0,
    "CET": 60,
    "MEZ": 60,
    "CEST": 120,
    "MESZ": 120,
    "EET": 120,
    "SAST": 120,
    "EEST": 180,
    "MSK": 180,
    "MSD": 240,
    "PKT": 300,
    "NPT": 345,
    "WIB": 420,
    "WITA": 480,
    "HKT": 480,
    "AWST": 480,
    "JST": 540,
    "KST": 540,
    "ACST": 570,
    "AEST": 600,
    "ACDT": 630,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "NDT": -150,
    "BRT": -180,
    "EDT": -240,
    "EST": -300,
    "MDT": -360,
    "PDT": -420,
    "AKDT": -480,
    "AKST": -540,
    "HST": -600,
}
#: Those of which there are several (CST: Chicago, Shanghai, Havana), or that are words as well.
AMBIGUOUS = (
    *("ADT", "AMST", "AMT", "AST", "BDT", "BST", "CAT", "CDT", "CST", "EAT", "ECT", "GST", "ICT"),
    *("IDT", "IRST", "IST", "LMT", "MST", "MYT", "NST", "PHT", "PST", "PYT", "SGT", "SST"),
    *("WAST", "WAT", "WEST", "WET", "WIT", "WST", "YEKT"),
)

_HALF = re.compile("[ \xa0\u202f]?([AaPp])\\.?[Mm]\\b\\.?")
_OFFSET = r"(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?![\d:])"
_WORD = re.compile(
    rf" ?(?P<open>[\[(])?(?:(?:UTC|GMT|UT){_OFFSET}"
    rf"|(?P<name>{'|'.join((*ZONES, *AMBIGUOUS))})(?![\w/+-])"
    r"|(?P<region>(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
    r"|Etc|US|Canada)/[A-Za-z0-9_+/-]{1,60}))(?(open)[\])])",
    re.ASCII,
)
#: Eastern Standard Time · W. Europe Daylight Time, as Windows says.
_NAME = re.compile(r" ?[\[(]?(?:[A-Z][A-Za-z]*\.? ){1,4}(?:Standard|Daylight|Summer) Time\b")
_NUMBER = re.compile(r" ?(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?(?![\d:])", re.ASCII)

_MAX_OFFSET_MINUTES = MAX_OFFSET // timedelta(minutes=1)


class Tail(msgspec.Struct, frozen=True):
    """What stands behind a clock, and where it ends."""

    end: int
    #: "A" or "P", when it counts to twelve.
    half: str = ""
    zone: tzinfo | None = None


def read_tail(text: str, end: int, number: str | None, word: str | None) -> Tail | None:
    """Read on behind a clock; `number` is a numeric zone that stood there, `word` another one.

    None when the time cannot be known by it.
    """
    half = "" if number else _half_at(text, end)
    if half:
        end += len(half)
    letter = half.strip(" \xa0\u202f")[:1].upper()
    if word:
        return Tail(end, letter, _abbreviated(word)) if word in ZONES else None
    if number:
        return Tail(end, letter) if not text[end : end + 1].isalpha() else None
    found = _WORD.match(text, end) or (_NUMBER.match(text, end) if half else None)
    if found is None:
        is_glued = end < len(text) and text[end].isalpha()
        return None if is_glued or _NAME.match(text, end) else Tail(end, letter)
    zone = _zone_of(found)
    return Tail(found.end(), letter, zone) if zone else None


def _half_at(text: str, end: int) -> str:
    found = _HALF.match(text, end)
    return found[0] if found else ""


def _zone_of(found: re.Match[str]) -> tzinfo | None:
    parts = found.groupdict()
    if parts.get("name"):
        return _abbreviated(parts["name"])
    if parts.get("region"):
        return find_zone(parts["region"])
    minutes = int(parts["hours"]) * 60 + int(parts["minutes"] or 0)
    if minutes > _MAX_OFFSET_MINUTES:
        return None
    return _ahead(-minutes if parts["sign"] == "-" else minutes)


def _abbreviated(name: str) -> tzinfo | None:
    return _ahead(ZONES[name]) if name in ZONES else None


@lru_cache(maxsize=256)
def _ahead(minutes: int) -> tzinfo:
    return timezone(timedelta(minutes=minutes))


@lru_cache(maxsize=256)
def find_zone(name: str) -> tzinfo | None:
    """The zone of a name such as Europe/Berlin; None when there is no such zone."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
