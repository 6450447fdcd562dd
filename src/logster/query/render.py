"""Tree -> text: a filter, a field or a value as it is typed.

In: a `Filter`. Out: its canonical text. Promise: `parse_filter(render_filter(tree)) == tree`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from logster.event import Severity, render_instant
from logster.query.grammar import NAME, quote
from logster.query.number import render_number
from logster.query.tree import (
    PROPERTY_MARK,
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
    field_named,
)

if TYPE_CHECKING:
    from decimal import Decimal

#: Text that needs no quotes, as a word or as a value.
_BARE = re.compile(r"(?!(?:AND|OR|NOT)$)(?!.*\.\.)\w[\w./@+-]*")


def render_filter(tree: Filter) -> str:  # noqa: C901, PLR0911  # one answer per kind of node
    """Write the tree as text that parses to the same tree."""
    match tree:
        case And(filters):
            return " ".join(_render_inside(part) for part in filters)
        case Or(filters):
            return " OR ".join(_render_inside(part) for part in filters)
        case Not(part):
            return "NOT " + _render_inside(part)
        case Words(text, field, is_prefix):
            return _render_place(field) + _render_text(text) + "*" * is_prefix
        case Equal(field, value):
            return f"{render_field(field)}:{_render_value(field, value)}"
        case Prefix(field, text):
            return f"{render_field(field)}:{_render_text(text)}*"
        case Glob(texts, field):
            return _render_place(field) + _render_glob(texts)
        case Regex(text, field, is_any_case):
            return f"{_render_place(field)}/{text}/{'i' * is_any_case}"
        case Order(field, comparison, value):
            return f"{render_field(field)}{comparison}{_render_value(field, value)}"
        case Has(field):
            return "has:" + render_field(field)
        case _:
            assert_never(tree)


def _render_inside(tree: Filter) -> str:
    text = render_filter(tree)
    return f"({text})" if isinstance(tree, And | Or) else text


def _render_place(field: Field | None) -> str:
    return "" if field is None else render_field(field) + ":"


def _render_glob(texts: tuple[str, ...]) -> str:
    is_bare = all(_BARE.fullmatch(text) for text in texts if text)
    return "*".join(text if is_bare or not text else quote(text) for text in texts)


def _render_text(text: str) -> str:
    return text if _BARE.fullmatch(text) else quote(text)


def _render_value(field: Field, value: str | float | Decimal) -> str:
    if isinstance(value, str):
        return _render_text(value)
    if field == Field("severity"):
        return Severity(int(value)).name.lower()
    if field.name in TIME_FIELDS and not field.is_property:
        second, _, fraction = render_instant(int(value)).removesuffix("Z").partition(".")
        return f"{second}.{fraction:0<9}Z"
    return render_number(value)


def render_field(field: Field) -> str:
    """Write a field's name as it is typed; properties that look like fields say so."""
    name = field.name
    if field.is_property and (field_named(name) != field or name.lower() == "has"):
        name = PROPERTY_MARK + name
    return name if NAME.fullmatch(name) else quote(name)


def render_value(field: Field, value: str) -> str:
    """Write a value as it stands behind the colon."""
    return render_filter(Equal(field, value))[len(render_field(field)) + 1 :]
