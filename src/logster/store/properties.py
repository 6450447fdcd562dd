"""Conditions on a property, its text and its number, in the engine's words.

In: a `Field` that is a property, what is asked of it, the `Parameters` of a statement.
Out: SQL made of this module's own constants; every value of a stranger is bound.
Promise: it says what `match`, `value` and `number` of `query/` say.

The engine reads JSON as most readers do: a number with a point or an exponent is a 64-bit float,
digits alone are a whole number of 64 bits, and with more digits a text of them. Floats are fast and
enough, unless the float of what is asked for may also be that of another whole number: then the
rows that have this very float, and they alone, are looked at by their digits.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from logster.query.number import (
    FIRST_BEYOND,
    FIRST_INEXACT,
    FIRST_SHORT,
    exact,
    is_beside,
    read_number,
)
from logster.query.tree import Equal, Field, Has, Order
from logster.query.unicode import spellings

if TYPE_CHECKING:
    from logster.query.number import Asked
    from logster.store.parameters import Parameters

#: JSON of text, numbers and booleans: what has a text, see `query/value`.
SCALAR = """'^["tf0-9-]'"""

#: The index `property_values` is over this very text: it tells which rows are worth looking at.
_VALUES = "JSONExtractKeysAndValues(properties, 'String').2"
#: The same form of a number as in `number`, in quotes.
_QUOTED_NUMBER_PATTERN = r"""'^"(-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"$'"""
_FIRST_GROUP = r"'\\1'"
_DIGITS = "'^-?[0-9]+$'"
#: The first and the last whole number of 64 bits.
_LOWEST, _HIGHEST = (f"toInt256('{number}')" for number in (-(2**63), 2**64 - 1))
#: A name that JSON writes as it is, in quotes.
_PLAIN_NAME = re.compile(r"\w+")
#: A value that JSON writes as it is; `true` and numbers are written in more ways than one.
_PLAIN_VALUE = re.compile(r"[0-9A-Za-z_.:/ -]+")


def property_condition(tree: Equal | Order | Has, parameters: Parameters) -> str:
    """A condition on a property; never NULL, so that NOT means the rest."""
    match tree:
        case Equal(field, value):
            return _equal(field, str(value), parameters)
        case Order():
            return _beside(tree, parameters)
        case Has(field):
            member, _ = member_of(field, parameters)
            return f"""{member} NOT IN ('', 'null', '""')"""


def has_property_value(value: str, parameters: Parameters) -> str:
    """Whether any property has this text, by its index; deeper ones are not in there."""
    return f"hasAny({_VALUES}, [{parameters.bind(value, 'String')}])"


def property_text(field: Field, parameters: Parameters) -> str:
    """The text of a property; '' when there is none."""
    return text_of_member(*member_of(field, parameters), _type_of(field, parameters))


def property_number(field: Field, parameters: Parameters) -> str:
    """The number a property is or is written as, as a 64-bit float, or NULL."""
    return f"toFloat64OrNull({_unquoted(member_of(field, parameters)[0])})"


def property_digits(field: Field, parameters: Parameters) -> str:
    """The whole number where floats are too coarse for it, else NULL: of up to 64 bits as it is
    written, of a float that large as the float is.
    """  # noqa: D205  one sentence
    member, name = member_of(field, parameters)
    number = f"(toFloat64OrNull({_unquoted(member)} AS unquoted_{name}) AS number_{name})"
    size = f"abs({number})"
    whole = f"(toInt256OrZero(unquoted_{name}) AS whole_{name}) BETWEEN {_LOWEST} AND {_HIGHEST}"
    return (
        f"if(ifNull({size} >= {FIRST_INEXACT} AND {size} <= {FIRST_SHORT}, 0),"
        f" if({_is_whole(f'unquoted_{name}', field, parameters)} AND {whole}, whole_{name},"
        f" {_cut(f'number_{name}')}), NULL)"
    )


def text_of_member(member: str, name: str, kind: str) -> str:
    """The text of a member; the common numbers are their own text, without being parsed.

    The engine writes floats with the fewest digits, and whole ones of 64 bits are to have all:
    those of 17 digits or more whose last is a 0.
    """
    size = f"abs(toFloat64OrZero({name}))"
    is_float = f"(match({name}, '[.eE]') OR endsWith({name}, '0') AND {kind} = 'Double')"
    return (
        f"multiIf(match({member}, '^(?:0|-?[1-9][0-9]{{0,15}}|-?[1-9][0-9]*[1-9])$'), {name},"
        f" startsWith({name}, '\"'), JSONExtractString({name}),"
        f" ifNull(toFloat64OrNull({name}) = 0, 0), '0',"
        f" {size} >= {FIRST_INEXACT} AND {size} < {FIRST_SHORT} AND {is_float},"
        f" toString({_cut(f'toFloat64OrZero({name})')}),"
        f" match({name}, {SCALAR}), JSONExtract({name}, 'String'), '')"
    )


def text_in_member(field: Field, parameters: Parameters) -> tuple[str, str]:
    """Whether a property has a text, and the text where it has one."""
    member, name = member_of(field, parameters)
    text = text_of_member(name, name, _type_of(field, parameters))
    return f"match({member}, {SCALAR})", text


def member_of(field: Field, parameters: Parameters, *, is_many: bool = True) -> tuple[str, str]:
    """A property as JSON text, '' when it is missing, and the name by which to say it again.

    It is the member of exactly that name, else the one at the path split at dots.
    The properties are parsed for it once; its type and value are asked of the short text.
    """
    whole = parameters.bind(field.name, "String")
    raw = _extract("JSONExtractRaw", field, parameters)
    kind = "member"
    is_plain = "." not in field.name and _PLAIN_NAME.fullmatch(field.name) is not None
    if is_many and is_plain and parameters.may_scan():
        raw, kind = _scanned(field.name, whole, raw, parameters), "scanned"
    name = f"{kind}_{whole.strip('{').split(':')[0]}"
    return f"({raw} AS {name})", name


def _extract(function: str, field: Field, parameters: Parameters) -> str:
    whole = parameters.bind(field.name, "String")
    path = field.name.split(".")
    if len(path) == 1:
        return f"{function}(properties, {whole})"
    names = ", ".join(parameters.bind(name, "String") for name in path)
    return (
        f"if(JSONHas(properties, {whole}), {function}(properties, {whole}),"
        f" {function}(properties, {names}))"
    )


def _type_of(field: Field, parameters: Parameters) -> str:
    """What JSON has there: 'Double' tells a float that is written like a whole number."""
    return _extract("JSONType", field, parameters)


def _scanned(name: str, whole: str, raw: str, parameters: Parameters) -> str:
    """The member by a scan for its name, a third of the time of parsing, where that is safe.

    It is where there is one object only and no escape: then the name in quotes before a colon
    is the name of a member, and the value behind it is whole. All else is parsed.
    """
    quoted = parameters.bind(f'"{name}"', "String")
    found = f"simpleJSONExtractRaw(properties, {whole})"
    escape, objects = r"position(properties, '\\')", "countSubstrings(properties, '{')"
    # By sums, since AND and OR would copy the properties for the rows that are left to them.
    # An object begins with its brace, so an escape makes the sum more than one.
    is_doubtful = f"(({found} = '') + (({escape} + {objects}) != 1)) > 0"
    is_there = f"(position(properties, {quoted}) > 0 OR {escape} > 0)"
    return f"if({is_doubtful} AND {is_there}, {raw}, trim(BOTH ' \\t\\n\\r' FROM {found}))"


def _unquoted(member: str) -> str:
    """A number that is written as text, without its quotes.

    It names the member once: in the branches of an `if` the engine would compute it again.
    """
    return f"replaceRegexpOne({member}, {_QUOTED_NUMBER_PATTERN}, {_FIRST_GROUP})"


def _cut(number: str) -> str:
    """A float of up to 64 bits as a whole number; others too must not break the question."""
    return f"toInt256(least(greatest({number}, -{float(FIRST_SHORT)}), {float(FIRST_SHORT)}))"


def _is_whole(text: str, field: Field, parameters: Parameters) -> str:
    """Whether a number was sent by its digits; a float that is parsed may be written like one."""
    return f"(match({text}, {_DIGITS}) AND {_type_of(field, parameters)} != 'Double')"


def _beside(tree: Order, parameters: Parameters) -> str:
    asked, sign = exact(tree.value), tree.comparison
    member, name = member_of(tree.field, parameters)
    bound = parameters.bind(float(asked), "Float64")
    if not _is_shared(asked):
        return f"ifNull(toFloat64OrNull({_unquoted(member)}) {sign} {bound}, 0)"
    number = f"(toFloat64OrNull({_unquoted(member)} AS unquoted_{name}) AS number_{name})"
    # Of whole numbers, those below 7.5 are those below 8, those above it are those above 7.
    nearest = math.ceil(asked) if sign in ("<", ">=") else math.floor(asked)
    digits = f"toInt256OrZero(unquoted_{name}) {sign} {parameters.bind(nearest, 'Int256')}"
    of_float = int(is_beside(float(asked), sign, asked))
    is_whole = _is_whole(f"unquoted_{name}", tree.field, parameters)
    of_same = f"if({is_whole}, {digits}, {of_float})"
    return f"ifNull(if({number} = {bound}, {of_same}, number_{name} {sign} {bound}), 0)"


def _is_shared(asked: Asked) -> bool:
    """Whether its float may also be that of a whole number which it is not."""
    nearest = float(asked)
    is_exact = asked == nearest and abs(nearest) < FIRST_INEXACT
    return nearest.is_integer() and not is_exact and -FIRST_BEYOND < asked < FIRST_BEYOND


def _equal(field: Field, value: str, parameters: Parameters) -> str:
    # Equality reads the few rows that the index leaves, which is no work for a scan.
    member, name = member_of(field, parameters, is_many=False)
    asked = read_number(value)
    if not value:
        equals, texts = f"{member} = '\"\"'", ["''"]
    elif asked is None:
        equals, texts = _equal_text(field, value, (member, name), parameters)
    else:
        equals, texts = _equal_number(field, value, asked, (member, name), parameters)
    if "." in field.name:  # the index knows the top level only
        return f"({equals})"
    # Last: the index is asked all the same, and the values are listed for few rows only.
    parts = [equals, f"hasAny({_VALUES}, [{', '.join(texts)}])"]
    if _PLAIN_VALUE.fullmatch(value) and asked is None:
        # Unless it is written with an escape, it stands there as it is: no need to parse the rest.
        is_there = f"position(properties, {texts[0]}) > 0"
        parts.insert(0, f"({is_there} OR position(properties, '\\\\') > 0)")
    return f"({' AND '.join(parts)})"


def _equal_text(
    field: Field, value: str, member: tuple[str, str], parameters: Parameters
) -> tuple[str, list[str]]:
    """The condition, and the values of which the index must have one."""
    texts = [parameters.bind(text, "String") for text in spellings(value)]
    text = text_of_member(*member, _type_of(field, parameters))
    return f"{text} IN ({', '.join(texts)})", texts


def _equal_number(
    field: Field, value: str, asked: Asked, member: tuple[str, str], parameters: Parameters
) -> tuple[str, list[str]]:
    raw, name = member
    typed, bound = parameters.bind(value, "String"), parameters.bind(float(asked), "Float64")
    of_text = f"startsWith({raw}, '\"') AND JSONExtractString({name}) = {typed}"
    of_float = f"ifNull(toFloat64OrNull({name}) = {bound}, 0)"
    texts = [typed, f"toString({bound})"] if asked else [typed, "'0'", "'-0'"]
    if not _is_shared(asked):
        return f"({of_text} OR {of_float})", texts
    kind, parts = _type_of(field, parameters), [of_text]
    if asked == math.floor(asked):
        digits = parameters.bind(str(math.floor(asked)), "String")
        parts.append(f"{name} = {digits} AND {kind} != 'Double'")
        texts.append(digits)
    if is_beside(float(asked), "=", asked):
        parts.append(f"{of_float} AND {kind} = 'Double'")
    return f"({' OR '.join(parts)})", texts
