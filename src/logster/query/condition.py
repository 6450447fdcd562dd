"""One condition -> its part of the tree: what a value means to the field it stands behind.

In: Lark's tokens of a name, an operator and a value. Out: a `Filter`.
Promise: a value that its field cannot have is a `QueryError` at its place.

A condition on a time may become two: `2026-01-31` means the whole day, in the zone of whoever asks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lark import Token

from logster.event import Severity
from logster.fields.aliases import field_for
from logster.fields.severity import SEVERITY_NAMES
from logster.query.grammar import QUOTED, unquote, unquote_name
from logster.query.interval import interval_of
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.mistake import refusal_at
from logster.query.moment import MAX_INSTANT_NS
from logster.query.number import number_in, read_number
from logster.query.regex.parse import parse_regex
from logster.query.suggest import suggestion
from logster.query.tree import (
    FIELDS,
    NAME_FIELDS,
    NUMBER_FIELDS,
    TIME_FIELDS,
    And,
    Comparison,
    Equal,
    Field,
    Filter,
    Glob,
    Has,
    Order,
    Prefix,
    Regex,
    Words,
    field_named,
    is_prose,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from logster.query.number import Asked

_MAX_ID = 2**64 - 1
_SEVERITIES = {**SEVERITY_NAMES, **{str(int(level)): int(level) for level in Severity}}


def field_of(token: Token) -> Field:
    """The field or property of this name, which may stand in quotes."""
    field = field_named(unquote_name(token))
    if field.is_property and field.name.count(".") >= MAX_PATH_DEPTH:
        raise refusal_at(token, f"a property is at most {MAX_PATH_DEPTH} levels deep")
    return field


def parse_equal(field: Field, token: Token, zone: tzinfo) -> Filter:
    """What stands behind a colon: a value, a range, a pattern; a star alone is `has`."""
    is_plain = token.type in ("VALUE", "ITEM")
    if is_plain and set(token) == {"*"}:
        return _has_field(token, field)
    if is_prose(field):
        return parse_text(token, field)
    if is_plain and ".." in token and (tree := _range(field, token, zone)):
        return tree
    if field.is_property or field.name in NAME_FIELDS:
        return parse_text(token, field)
    if field.name in TIME_FIELDS:
        return _at_time(field, token, zone)
    return Equal(field, _whole_number(field, token))


def parse_has(token: Token) -> Filter:
    """What stands behind `has:`, the name of a field."""
    if token.type not in ("VALUE", "ITEM", "QUOTED") or "*" in token.split('"')[0]:
        raise refusal_at(token, "expected the name of a field that an event may be without")
    return _has_field(token, field_of(token))


def _has_field(token: Token, field: Field) -> Filter:
    if not field.is_property and field.name in ("severity", "id", *TIME_FIELDS):
        raise refusal_at(
            token, f"every event has {field.name}; expected a field that one may be without"
        )
    return Order(field, ">", 0) if field == Field("issue") else Has(field)


def parse_text(token: Token, field: Field | None) -> Filter:
    """What is written as text: a word, a value, a pattern, an expression."""
    if token.type == "REGEX":
        end = token.rindex("/")
        text, is_any_case = token[1:end], token.endswith("i")
        parse_regex(text, (token.start_pos or 0) + 1, is_any_case=is_any_case)
        return Regex(text, field, is_any_case)
    texts = _read_glob(token)
    if len(texts) > 1:
        if not any(texts):
            raise refusal_at(token, "a * needs text beside it; else quote it")
        if len(texts) > 2 or not texts[0]:  # noqa: PLR2004  text, star, nothing: a prefix
            return Glob(texts, field)
        if texts[1]:
            return Glob(texts, field)
    is_prefix = len(texts) > 1
    if is_prose(field):
        if not texts[0]:
            raise refusal_at(
                token, "expected text between the quotes; `has:` finds what is not empty"
            )
        return Words(texts[0], field, is_prefix)
    if field is None:  # never: that is prose
        raise TypeError(token)
    return Prefix(field, texts[0]) if is_prefix else Equal(field, texts[0])


def _read_glob(token: Token) -> tuple[str, ...]:
    """The texts of a word or value between its stars, at the ends also empty ones."""
    if token.type == "QUOTED":
        return (unquote(token),)
    if token.type == "QUOTED_GLOB":
        quoted = [unquote(text) for text in QUOTED.findall(token)]
        texts = [""] * token.startswith("*") + quoted + [""] * token.endswith("*")
    else:
        texts = re.split(r"\*+", token)
    if len(texts) == 1:
        return (texts[0],)
    return (texts[0], *filter(None, texts[1:-1]), texts[-1])


def _range(field: Field, token: Token, zone: tzinfo) -> Filter | None:
    """`a..b`, both inside, either may be missing; None where it is plain text."""
    first, last = token.split("..", 1)
    is_text = field.name in NAME_FIELDS and not field.is_property
    if is_text or not (first or last):
        return None
    if field.is_property and not any(number_in(text) is not None for text in (first, last)):
        return None
    start = token.start_pos or 0
    parts: list[Filter] = []
    if first:
        parts.append(parse_order(field, ">=", _part_of(first, start), zone))
    if last:
        parts.append(parse_order(field, "<=", _part_of(last, start + len(token) - len(last)), zone))
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _part_of(text: str, place: int) -> Token:
    return Token("VALUE", text, start_pos=place)


def parse_order(field: Field, comparison: Comparison, token: Token, zone: tzinfo) -> Filter:
    """What stands behind `<`, `<=`, `>` or `>=`: a number, a severity or a time."""
    if field.is_property:
        return Order(field, comparison, _number(token, field))
    if field.name in NUMBER_FIELDS:
        return Order(field, comparison, _whole_number(field, token))
    if field.name in TIME_FIELDS:
        start, end = _time(token, zone)
        is_exact = end - start == 1
        if is_exact or comparison in ("<", ">="):
            return Order(field, comparison, start)
        return Order(field, "<" if comparison == "<=" else ">=", end)
    raise refusal_at(token, f"{field.name} holds text, which can be compared by : and != only")


def _at_time(field: Field, token: Token, zone: tzinfo) -> Filter:
    start, end = _time(token, zone)
    if end - start == 1:
        return Equal(field, start)
    return And((Order(field, ">=", start), Order(field, "<", end)))


def _time(token: Token, zone: tzinfo) -> tuple[int, int]:
    """The nanoseconds (first, behind the last) that a time means; of `zone` where it says none."""
    try:
        start, end = interval_of(_unquoted(token), zone)
    except (ValueError, OverflowError):
        raise refusal_at(
            token, "expected a time such as 2026-01-31, 2026-01-31T08:15 or 2026-01-31T08:15:30.5Z"
        ) from None
    if not 0 <= start <= MAX_INSTANT_NS:
        raise refusal_at(token, "expected a time from 1970 to 2262")
    return start, end


def _whole_number(field: Field, token: Token) -> int:
    text = _unquoted(token)
    if field.name == "severity":
        severity = _SEVERITIES.get(text.lower())
        if severity is None:
            names = ", ".join(level.name.lower() for level in Severity)
            raise refusal_at(
                token,
                f"expected a severity: {names}, or a number from 0 to 6."
                + suggestion(text, SEVERITY_NAMES),
            )
        return severity
    number = int(text) if re.fullmatch("[0-9]{1,20}", text) else -1
    if 0 <= number <= _MAX_ID:
        return number
    raise refusal_at(token, f"expected a whole number from 0 to {_MAX_ID} for {field.name}")


def _number(token: Token, field: Field) -> Asked:
    text = _unquoted(token)
    number = read_number(text)
    if number is None:
        raise refusal_at(
            token,
            "expected a number; put text that only looks like a comparison in quotes."
            + suggestion(field_for(field.name) or field.name, FIELDS),
        )
    return number


def _unquoted(token: Token) -> str:
    """A value as it is meant, which may stand in quotes."""
    return unquote(token) if token.type == "QUOTED" else str(token)
