"""What a filter means, in memory: the reference for the engine.

In: a `Filter` and an `Event`. Out: whether the event is one of those it means.
Promise: `store/conditions` finds the same events, and a test holds the two together.

A word is looked for as `tokens` says. In a name or property a `*` is any text, and the pattern is
the whole. A regular expression (`regex`) is searched in the text as it is written, anywhere in it,
and both cases differ unless it ends in `/i`.

A number equals and compares as a number by its exact value (`number`), also against text that is
written like one when ordered; other values are equal when their text is (`unicode`), and so are
integers beyond 64 bits. Prefixes, patterns and expressions look at the text of a value (`value`).
Objects, arrays and nulls are equal to nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, assert_never

from logster.query.number import exact, exact_of, is_beside, read_number
from logster.query.regex.parse import parse_regex
from logster.query.regex.render import compile_python
from logster.query.tokens import SPACES, bounded_pattern, bounds_of, bounds_of_glob, pattern_of_text
from logster.query.tree import (
    PROSE_FIELDS,
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
    is_prose,
)
from logster.query.unicode import spellings
from logster.query.value import text_of, value_of

if TYPE_CHECKING:
    from logster.event import Event


def matches(tree: Filter, event: Event) -> bool:  # noqa: C901, PLR0911  # one answer per kind of node
    """Whether the event is one of those the filter means."""
    match tree:
        case And(filters):
            return all(matches(part, event) for part in filters)
        case Or(filters):
            return any(matches(part, event) for part in filters)
        case Not(part):
            return not matches(part, event)
        case Words(_, field):
            pattern = _pattern_of_words(tree)
            return any(pattern.search(text.lower()) for text in texts_of(field, event))
        case Glob(texts, field):
            if is_prose(field):
                pattern = _pattern_of_glob(tree)
                return any(pattern.search(text.lower()) for text in texts_of(field, event))
            whole = _pattern_of_value(texts)
            return any(whole.fullmatch(text) for text in texts_of(field, event))
        case Regex(text, field, is_any_case):
            pattern = compile_python(parse_regex(text, is_any_case=is_any_case))
            return any(pattern.search(found) for found in texts_of(field, event))
        case Equal(field, value):
            return _equals(value_of(field, event), value)
        case Prefix(field, text):
            beginnings = spellings(text)
            return any(found.startswith(beginnings) for found in texts_of(field, event))
        case Order(field):
            return _is_beside(value_of(field, event), tree)
        case Has(field):
            return value_of(field, event) not in (None, "")
        case _:
            assert_never(tree)


def texts_of(field: Field | None, event: Event) -> list[str]:
    """The texts in which a pattern is looked for."""
    if field is None or not field.is_property:
        names = PROSE_FIELDS if field is None else (field.name,)
        return [getattr(event, name) or "" for name in names]
    text = text_of(value_of(field, event))
    return [] if text is None else [text]


@lru_cache(maxsize=256)
def _pattern_of_words(words: Words) -> re.Pattern[str]:
    """What finds a word or phrase in lower-cased text."""
    return bounded_pattern(pattern_of_text(words.text, re.escape), *bounds_of(words))


@lru_cache(maxsize=256)
def _pattern_of_glob(glob: Glob) -> re.Pattern[str]:
    """What finds texts with something between them in lower-cased text."""
    middle = f"[^{SPACES}]*".join(pattern_of_text(text, re.escape) for text in glob.texts)
    return bounded_pattern(middle, *bounds_of_glob(glob))


@lru_cache(maxsize=256)
def _pattern_of_value(texts: tuple[str, ...]) -> re.Pattern[str]:
    """What fits a whole name or property of this form."""
    parts = ("|".join(map(re.escape, spellings(text))) for text in texts)
    return re.compile(".*".join(f"(?:{part})" for part in parts), re.DOTALL)


def _equals(found: Any, value: str | int) -> bool:
    if isinstance(value, int):
        return bool(found == value)
    if isinstance(found, bool):
        return value == text_of(found)
    if isinstance(found, int) and not -(2**63) <= found < 2**64:
        return text_of(found) == value
    if isinstance(found, int | float):
        asked = read_number(value)
        return asked is not None and is_beside(found, "=", asked)
    return isinstance(found, str) and found in spellings(value)


def _is_beside(found: Any, order: Order) -> bool:
    """A property may be written like a number; ids and instants are whole numbers."""
    number = exact_of(found)
    return number is not None and is_beside(number, order.comparison, exact(order.value))
