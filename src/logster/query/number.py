"""What a number is: written as text, and compared with what an event has.

In: text of a search, values of properties. Out: exact numbers, and whether one is beside another.
Promise: whole numbers compare by all their digits, and with decimals by value; the SQL of
`store/properties` says the same, and a test holds the two together. Reasons: docs/decisions/026.

What is asked for is an `int` when it is digits alone, else a `Decimal`, so that no digit is lost.
What an event has is an `int`, or a `float` when it was sent with a point or an exponent: JSON's
readers know no more of it. A float is asked for by the very text that was sent: a decimal stands
for the float next to it. Digits alone mean that whole number and no other, as far as 64 bits go.
"""

from __future__ import annotations

import math
import operator
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Asked: TypeAlias = int | Decimal
Sign: TypeAlias = Literal["=", "<", "<=", ">", ">="]

#: From here on a float may stand for several whole numbers.
FIRST_INEXACT = 2**53
#: From here on floats have no digits of their own: they are written, and meant, by the shortest.
FIRST_SHORT = 2**64
#: Whole numbers below this compare by their digits (the engine's widest integer holds 76).
FIRST_BEYOND = 10**76
#: Of larger exponents nothing is left in a float.
_MAX_EXPONENT_DIGITS = 4

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?")
_DIGITS = re.compile(r"-?[0-9]+")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def number_in(text: str) -> float | None:
    """The float a text is written as, or None; infinite when it is too large."""
    return float(text) if _NUMBER.fullmatch(text) else None


def read_number(text: str) -> Asked | None:
    """The exact number a text asks for; None for other text, and for what no float holds."""
    found = _NUMBER.fullmatch(text)
    if found is None or not math.isfinite(float(text)):
        return None
    if _DIGITS.fullmatch(text):
        return _read_digits(text)
    if found[1] and len(found[1].lstrip("+-0")) > _MAX_EXPONENT_DIGITS:
        return Decimal("0.0")
    return Decimal(text)


def exact(number: float | Decimal) -> Asked:
    """The number as it is asked for; a float means what it is written as."""
    return Decimal(repr(number)) if isinstance(number, float) else number


def render_number(number: float | Decimal) -> str:
    """Write it so that `read_number` reads the same, digits alone or not."""
    if isinstance(number, int):
        return str(number)
    text = str(exact(number))
    return text if "." in text or "E" in text else text + ".0"


def number_of(value: Any) -> float | None:
    """The value as a 64-bit float, or None when it is no number and not written like one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return number_in(value)
    if isinstance(value, int | float):
        return number_in(repr(value))
    return None


def exact_of(value: Any) -> int | float | None:
    """The value with all the digits it has: whole numbers as they are, others as 64-bit floats."""
    number = number_of(value)
    if number is None or not math.isfinite(number) or isinstance(value, float):
        return number
    text = str(value)
    return _read_digits(text) if _DIGITS.fullmatch(text) else number


def is_beside(found: float, sign: Sign, asked: Asked) -> bool:
    """Whether what an event has is on this side of what is asked for."""
    compare = _COMPARE[sign]
    if isinstance(found, int) and -FIRST_BEYOND < asked < FIRST_BEYOND:
        return compare(found, asked)
    return compare(float(found), asked if has_own_digits(asked) else float(asked))


def has_own_digits(asked: Asked) -> bool:
    """Whether it means one whole number and no other, of floats too."""
    return isinstance(asked, int) and -FIRST_SHORT < asked < FIRST_SHORT


def text_of_number(number: float) -> str:
    """The text of a number: whole ones of up to 64 bits have all digits, other floats the fewest.

    Without an exponent from 1e-6 up to 1e21, as the engine.
    """
    if isinstance(number, int):
        return str(number)
    number = float(number)
    size = abs(number)
    if number == 0 or FIRST_INEXACT <= size < FIRST_SHORT:
        return str(int(number))
    if not 1e-6 <= size < 1e21:  # noqa: PLR2004  the engine's bounds
        digits, _, exponent = repr(number).partition("e")
        return f"{digits.removesuffix('.0')}e{int(exponent)}"
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def _read_digits(text: str) -> int:
    """Digits that a float holds; Python reads no thousands of zeros before them."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return int(sign + (digits.lstrip("0") or "0"))
