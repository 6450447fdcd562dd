"""Filter tree -> SQL: the condition that an event of a search fulfils.

In: a `Filter`, which may come from a stranger, and the `Parameters` of a statement.
Out: a condition made of our own words, in brackets where it has several parts.
Promise: it finds what `query/match` says, and a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from logster.query.re2 import re2_of, re2_of_value
from logster.query.tree import (
    TIME_FIELDS,
    And,
    Equal,
    Field,
    Filter,
    Glob,
    Has,
    Not,
    Or,
    Order,
    Prefix,
    Regex,
    Words,
)
from logster.query.unicode import spellings
from logster.store.columns import COLUMNS
from logster.store.expressions import all_of, any_of, like_literal
from logster.store.properties import property_condition, text_in_member
from logster.store.prose import is_prose, pattern_in_prose, words_in_prose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from logster.store.parameters import Parameters


_ISSUE = Field("issue")


def condition(tree: Filter, parameters: Parameters) -> str:  # noqa: PLR0911  # one answer per kind
    """The condition of a tree; never NULL, so that NOT means the rest."""
    match tree:
        case And(filters):
            return all_of([condition(part, parameters) for part in filters])
        case Or(filters):
            if (keys := _keys_in(filters)) is not None:
                return f"{COLUMNS['issue']} IN {parameters.bind(keys, 'Array(UInt64)')}"
            return any_of([condition(part, parameters) for part in filters])
        case Not(part):
            return f"NOT {condition(part, parameters)}"
        case Words():
            return words_in_prose(tree, parameters)
        case Glob() | Regex():
            if tree.field is None or is_prose(tree.field):
                return pattern_in_prose(tree, parameters)
            return _text_condition(tree, tree.field, parameters)
        case Prefix(field):
            return _text_condition(tree, field, parameters)
        case Equal(field) | Order(field) | Has(field):
            return (property_condition if field.is_property else _column)(tree, parameters)
        case _:
            assert_never(tree)


def _keys_in(filters: Sequence[Filter]) -> list[int] | None:
    """The keys of `issue:(a, b)`; an issue that others were merged into may have a thousand."""
    keys = [part.value for part in filters if isinstance(part, Equal) and part.field == _ISSUE]
    whole = [key for key in keys if isinstance(key, int)]
    return whole if whole and len(whole) == len(filters) else None


def _text_condition(tree: Prefix | Glob | Regex, field: Field, parameters: Parameters) -> str:
    """A condition on the text of a name or of a property; a property may have none."""
    if not field.is_property:
        return _text_test(tree, COLUMNS[field.name], parameters)
    has_text, text = text_in_member(field, parameters)
    return f"({has_text} AND {_text_test(tree, text, parameters)})"


def _text_test(tree: Prefix | Glob | Regex, text: str, parameters: Parameters) -> str:
    match tree:
        case Prefix(_, beginning):
            bound = [parameters.bind(each, "String") for each in spellings(beginning)]
            return any_of([f"startsWith({text}, {each})" for each in bound])
        case Glob(texts):
            return _value_pattern(texts, text, parameters)
        case Regex():
            return f"match({text}, {parameters.bind(re2_of(tree), 'String')})"


def _value_pattern(texts: tuple[str, ...], text: str, parameters: Parameters) -> str:
    """A whole value of this form; text with accents has several spellings, which LIKE has not."""
    if all(map(str.isascii, texts)):
        pattern = "%".join(map(like_literal, texts))
        return f"{text} LIKE {parameters.bind(pattern, 'String')}"
    return f"match({text}, {parameters.bind(re2_of_value(texts), 'String')})"


def _column(tree: Equal | Order | Has, parameters: Parameters) -> str:
    """A condition on a column; numbers bind as the widest type they fit."""
    column = COLUMNS[tree.field.name]
    match tree:
        case Equal(_, value):
            if isinstance(value, int):
                return f"{column} = {_column_value(tree.field, value, parameters)}"
            bound = [parameters.bind(each, "String") for each in spellings(value)]
            return f"{column} IN ({', '.join(bound)})" if bound[1:] else f"{column} = {bound[0]}"
        case Order(_, comparison, value):
            return f"{column} {comparison} {_column_value(tree.field, value, parameters)}"
        case Has():
            return f"{column} != ''"


def _column_value(field: Field, value: float | Decimal, parameters: Parameters) -> str:
    if field.name in TIME_FIELDS:
        return parameters.instant(int(value))
    return parameters.bind(value, "UInt64")
