"""Words and patterns in prose: messages, exceptions, stack traces.

In: `Words`, a `Glob` or a `Regex` of a filter. Out: a condition on one column of prose, or on
any of them.

How the text index is used. A word is asked by its tokens (`hasAllTokens`), which the
engine answers from the index alone. A phrase, a pattern and an expression ask for the tokens
that stand whole in every match first and then for the rest in the few rows that are left.
Text inside a word is found among the words of the index (`LIKE`).
The index is over lower-cased text, `lowerUTF8(column)`, and only that very expression asks it.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from typing import TYPE_CHECKING

from logster.query.re2 import re2_bounded, re2_in_prose, re2_literal, re2_of
from logster.query.regex.parse import parse_regex
from logster.query.regex.tokens import tokens_in_regex
from logster.query.tokens import (
    bounds_of,
    pattern_of_text,
    runs_of,
    whole_tokens_in,
    whole_tokens_of,
)
from logster.query.tree import PROSE_FIELDS, Field, Glob, Regex, Words
from logster.query.unicode import MAX_SPELLINGS, folded_spellings
from logster.store.columns import COLUMNS
from logster.store.expressions import all_of, any_of, like_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from logster.store.parameters import Parameters

#: For a shorter part the engine does not look through the words of the index.
MIN_PART_CHARACTERS = 4

#: A column and a pattern.
_FOLDED_MATCH = "match(lowerUTF8({}), {})"
_FOLDED_LIKE = "lowerUTF8({}) LIKE {}"
_MATCH = "match({}, {})"
_ALL_WORDS = "hasAllTokens(lowerUTF8({}), {})"
_ANY_WORD = "hasAnyTokens(lowerUTF8({}), {})"

#: Characters of one word (`query/tokens`), ASCII alone: others have cases of their own.
_PART = re.compile(r"[0-9a-z]+")


def is_prose(field: Field) -> bool:
    """Whether a field is a text to read, with an index of its words."""
    return field.name in PROSE_FIELDS and not field.is_property


def words_in_prose(words: Words, parameters: Parameters) -> str:
    """Where the words stand, in any case and spelling."""
    tokens = whole_tokens_of(words)
    bounds = bounds_of(words)
    part = None if tokens else _longest_part((words.text,))
    if not any(bounds) and (likes := _likes(words.text)):
        # A part that is the whole text says it all.
        part = None if part == words.text.lower() else part
        return _prose(words.field, tokens, part, (_FOLDED_LIKE, likes), parameters)
    is_one_token = tokens == [words.text.lower()]
    pattern = re2_bounded(pattern_of_text(words.text, re2_literal), *bounds)
    test = (_FOLDED_MATCH, [] if is_one_token else [pattern])
    return _prose(words.field, tokens, part, test, parameters)


def pattern_in_prose(tree: Glob | Regex, parameters: Parameters) -> str:
    """A pattern is looked for in lower-cased text, an expression in the text as it is written."""
    if isinstance(tree, Regex):
        node = parse_regex(tree.text, is_any_case=tree.is_any_case)
        test = (_MATCH, [re2_of(tree)])
        return _prose(tree.field, tokens_in_regex(node), None, test, parameters)
    tokens = whole_tokens_in(tree.texts)
    part = None if tokens else _longest_part(tree.texts)
    match tree.texts:
        case ("", text, "") if likes := _likes(text):
            test = (_FOLDED_LIKE, likes)
            part = None if part == text.lower() else part
        case _:
            test = (_FOLDED_MATCH, [re2_in_prose(tree)])
    return _prose(tree.field, tokens, part, test, parameters)


def _likes(text: str) -> list[str]:
    """A text anywhere, by its spellings, which the index finds inside its words; else none."""
    runs = runs_of(text)
    if math.prod(map(len, runs)) > MAX_SPELLINGS:
        return []
    return [f"%{like_literal(''.join(spelling))}%" for spelling in itertools.product(*runs)]


def _longest_part(texts: Iterable[str]) -> str | None:
    """The longest run of one word's characters, which the index finds inside its words.

    Letters that are whole in the composed spelling are so in all others.
    """
    composed = (unicodedata.normalize("NFC", text.lower()) for text in texts)
    parts = [part for text in composed for part in _PART.findall(text)]
    longest = max(parts, key=len, default="")
    return longest if len(longest) >= MIN_PART_CHARACTERS else None


def _prose(
    field: Field | None,
    tokens: list[str],
    part: str | None,
    test_and_patterns: tuple[str, list[str]],
    parameters: Parameters,
) -> str:
    """Whole tokens or a part of one by the index, then any pattern; in any of the columns."""
    names = PROSE_FIELDS if field is None else (field.name,)
    test, patterns = test_and_patterns
    asked = _tokens(tokens, parameters)
    if part is not None:
        asked.append((_FOLDED_LIKE, [parameters.bind(f"%{part}%", "String")]))
    if patterns:
        asked.append((test, [parameters.bind(pattern, "String") for pattern in patterns]))
    alternatives = []
    for column in (COLUMNS[name] for name in names):
        parts = ([test.format(column, bound) for bound in places] for test, places in asked)
        alternatives.append(all_of([any_of(part) if part[1:] else part[0] for part in parts]))
    return any_of(alternatives)


def _tokens(tokens: list[str], parameters: Parameters) -> list[tuple[str, list[str]]]:
    """Those with one spelling all together, each other one by any of its spellings."""
    spelled = [folded_spellings(token) for token in dict.fromkeys(tokens)]
    plain = " ".join(found[0] for found in spelled if len(found) == 1)
    asked = [(_ALL_WORDS, [parameters.bind(plain, "String")])] if plain else []
    several = (list(found) for found in spelled if len(found) > 1)
    return asked + [(_ANY_WORD, [parameters.bind(found, "Array(String)")]) for found in several]
