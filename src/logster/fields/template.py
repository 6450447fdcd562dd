"""Message templates: `Hello {Name}` and its properties, as people read it.

In: a template as Serilog and its kin write it, and a lookup of properties by name.
Out: the message. Promise: pure; never raises, whatever the template; a hole whose property is
not there stays as it is written; no more than `MAX_CHARACTERS` characters come out.

`{Name}`, `{@Name}`, `{$Name}`, `{Name,10}`, `{Name,-10}`, `{Name:000}`; `{{` and `}}` are braces.
Texts stand without quotes, as on Serilog's console (`:lj`). Of formats, the common ones of .NET
for numbers and times are known; a value in another format is written as it is.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: A hole that is padded wider, or a number with more digits, is a mistake or an attack.
MAX_WIDTH = 1_000
MAX_DIGITS = 30
#: A message of the native API may have 4 MiB.
MAX_CHARACTERS = 1_000_000

_PIECE = re.compile(
    r"\{\{|\}\}"
    r"|\{(?P<sign>[@$]?)(?P<name>[^\s{}:,@$][^{}:,]*)"
    r"(?:,(?P<align>-?\d{1,9}))?(?::(?P<format>[^{}]*))?\}"
)


def render_template(
    template: str, properties: Mapping[str, Any], renderings: Sequence[Any] = ()
) -> str:
    """Fill the holes of a template.

    `renderings` are texts of the holes that have a format, in their order (`@r` of CLEF).
    """
    rendered = iter(renderings)
    parts: list[str] = []
    place, left = 0, MAX_CHARACTERS
    for piece in _PIECE.finditer(template):
        text = template[place : piece.start()] + _text_of(piece, properties, rendered)
        place = piece.end()
        parts.append(text[:left])
        left -= len(parts[-1])
    parts.append(template[place:][:left])
    return "".join(parts)


def _text_of(piece: re.Match[str], properties: Mapping[str, Any], rendered: Iterator[Any]) -> str:
    whole, name = piece[0], piece["name"]
    if name is None:
        return whole[0]
    given = next(rendered, None) if piece["format"] is not None else None
    align = int(piece["align"] or 0)
    if (name not in properties and given is None) or abs(align) > MAX_WIDTH:
        return whole
    if isinstance(given, str):
        text = given
    else:
        text = _plain(properties[name]) if piece["format"] is None else ""
        text = text or _formatted(properties[name], piece["format"] or "")
    return text.rjust(align) if align >= 0 else text.ljust(-align)


def _plain(value: Any) -> str:
    """A value as .NET writes it; objects and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value)
    return msgspec.json.encode(value).decode()


def _formatted(value: Any, form: str) -> str:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _number(value, form)
    if isinstance(value, str):
        return _time(value, form)
    return _plain(value)


_STANDARD = re.compile(r"([DFNXPEdfnxpe])(\d{0,2})")
#: 000 · 0.00 · #,##0.0 · 0.###
_CUSTOM = re.compile(r"(?P<whole>[#0,]+)(?:\.(?P<fraction>[#0]+))?(?P<percent>%?)")


def _number(value: float | Decimal, form: str) -> str:
    standard, custom = _STANDARD.fullmatch(form), _CUSTOM.fullmatch(form)
    try:
        if standard and int(standard[2] or 0) <= MAX_DIGITS:
            return _standard(value, standard[1], standard[2])
        if custom and len(form) <= MAX_DIGITS:
            return _custom(Decimal(str(value)), custom)
    except (ValueError, InvalidOperation, OverflowError):  # an infinity; a fraction in hexadecimal
        pass
    return _plain(value)


def _standard(value: float | Decimal, letter: str, digits: str) -> str:
    kind = letter.upper()
    if kind in "DX":
        whole = int(value)
        if whole != value:
            return _plain(value)
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
    with localcontext() as context:
        context.prec = 400
        return number.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")


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


def _time(value: str, form: str) -> str:
    form = _ISO.get(form, form)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
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
            return value
    return "".join(parts)


def _time_part(moment: datetime, part: str) -> str:
    if part == "yyyy":  # strftime leaves the zeros of the year 33 away
        return f"{moment.year:04}"
    if part == "zzz":
        shown = moment.strftime("%z") or "+0000"
        return f"{shown[:3]}:{shown[3:5]}"
    return moment.strftime(_TIME_PARTS[part])
