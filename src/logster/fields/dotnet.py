"""Formats of .NET, as templates of messages have them: `{Elapsed:0.000}`, `{At:HH:mm:ss}`.

In: a number or the text of a time, and its format. Out: text, or None where the format is none of
the common ones. Promise: pure; never raises; the culture is the invariant one.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

#: A number with more digits is a mistake or an attack.
MAX_DIGITS = 30
#: One takes 10 µs; templates have the same few, and what is made to hurt has them most often.
MAX_KEPT = 4_096
#: Digits of the largest float, and those that may be asked for behind the point.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)

_STANDARD = re.compile(r"([DFNXPEdfnxpe])(\d{0,2})")
#: 000 · 0.00 · #,##0.0 · 0.###
_CUSTOM = re.compile(r"(?P<whole>[#0,]+)(?:\.(?P<fraction>[#0]+))?(?P<percent>%?)")


@lru_cache(maxsize=MAX_KEPT, typed=True)
def format_number(value: float | Decimal, form: str) -> str | None:
    """A number in a standard or custom format."""
    standard, custom = _STANDARD.fullmatch(form), _CUSTOM.fullmatch(form)
    try:
        if standard and int(standard[2] or 0) <= MAX_DIGITS:
            return _standard(value, standard[1], standard[2])
        if custom and len(form) <= MAX_DIGITS:
            return _custom(Decimal(str(value)), custom)
    except (ValueError, InvalidOperation, OverflowError):  # an infinity; a fraction in hexadecimal
        pass
    return None


def _standard(value: float | Decimal, letter: str, digits: str) -> str | None:
    kind = letter.upper()
    if kind in "DX":
        whole = int(value)
        if whole != value:
            return None
        text = f"{abs(whole):{'d' if kind == 'D' else letter}}".zfill(int(digits or 0))
        return f"-{text}" if whole < 0 else text
    number = Decimal(str(value))
    places = int(digits) if digits else {"E": 6}.get(kind, 2)
    if kind == "E":
        mantissa, _, exponent = f"{number:.{places}e}".partition("e")
        return f"{mantissa}{letter}{exponent[0]}{exponent[1:].zfill(3)}"
    if kind == "P":
        return f"{_rounded(number * 100, places):,.{places}f} %"
    return f"{_rounded(number, places):{',' if kind == 'N' else ''}.{places}f}"


def _custom(number: Decimal, form: re.Match[str]) -> str:
    whole, fraction = form["whole"], form["fraction"] or ""
    if form["percent"]:
        number *= 100
    text = f"{abs(_rounded(number, len(fraction))):.{len(fraction)}f}"
    before, _, behind = text.partition(".")
    before = before.lstrip("0").zfill(whole.count("0"))
    least = fraction.rfind("0") + 1
    behind = behind[:least] + behind[least:].rstrip("0")
    if "," in whole and before.isdigit():
        before = f"{int(before):,}".zfill(len(before))
    sign = "-" if number < 0 and text.strip("0.") else ""
    return sign + before + (f".{behind}" if behind else "") + form["percent"]


def _rounded(number: Decimal, places: int) -> Decimal:
    """Halves go away from zero, as .NET rounds numbers it shows."""
    return number.quantize(_place(places), context=_CONTEXT)


@lru_cache(maxsize=2 * MAX_DIGITS)
def _place(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


#: What .NET calls the parts of a time, to what Python calls them; longer ones first.
_TIME_PARTS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "dddd": "%A",
    "ddd": "%a",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "tt": "%p",
    "zzz": "%:z",
}
_TIME_PART = re.compile("|".join(_TIME_PARTS) + "|f{1,7}|'[^']*'|[A-Za-z]+|[^A-Za-z']+")
_ISO = {"O": "", "o": "", "s": "yyyy-MM-ddTHH:mm:ss", "u": "yyyy-MM-dd HH:mm:ssZ"}


@lru_cache(maxsize=MAX_KEPT)
def format_time(value: str, form: str) -> str | None:
    """A time in a custom format, or in one of those that sort."""
    form = _ISO.get(form, form)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not form:
        return value
    parts: list[str] = []
    for found in _TIME_PART.finditer(form):
        part = found[0]
        if part in _TIME_PARTS:
            parts.append(_time_part(moment, part))
        elif part.strip("f") == "" and len(part) <= 7:  # noqa: PLR2004  ticks of .NET
            parts.append(f"{moment.microsecond:06}0"[: len(part)])
        elif part in {"T", "Z"} or not part[0].isalpha():
            parts.append(part.strip("'"))
        else:
            return None
    return "".join(parts)


def _time_part(moment: datetime, part: str) -> str:
    if part == "yyyy":  # strftime leaves the zeros of the year 33 away
        return f"{moment.year:04}"
    if part == "zzz":
        shown = moment.strftime("%z") or "+0000"
        return f"{shown[:3]}:{shown[3:5]}"
    return moment.strftime(_TIME_PARTS[part])
