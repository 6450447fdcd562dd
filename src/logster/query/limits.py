"""How large a search may be: its text, its tree, its patterns.

In: a text, or the tree of one. Out: nothing, or a `QueryError` that names the limit.
Promise: after these checks recursion over a tree is safe, and the SQL of it stays far below what
the engine takes.
"""

from __future__ import annotations

from logster.errors import QueryError
from logster.query.tokens import is_token
from logster.query.tree import Filter, Glob, Regex, Words, parts_of
from logster.query.weight import MAX_WEIGHT, STAR_WEIGHT, weigh_expression, weigh_stars, weigh_text

#: Longer than any search a person writes; keeps the SQL far below the engine's limits.
MAX_TEXT_CHARACTERS = 8_000
#: Deeper trees are made by machines; recursion over a tree stays safe below it.
MAX_DEPTH = 50
#: Each term is a few conditions in SQL; a longer list belongs into saved searches.
MAX_TERMS = 200
#: A property's path is asked level by level.
MAX_PATH_DEPTH = 10


def check_text(text: str) -> None:
    """Refuse what is too long, or no text: half a character cannot be written as UTF-8."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise QueryError(
            f"the search has {len(text)} characters, at most {MAX_TEXT_CHARACTERS} are possible",
            MAX_TEXT_CHARACTERS,
            len(text) - MAX_TEXT_CHARACTERS,
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            f"the character {text[error.start]!a} is half a character and cannot be searched",
            error.start,
        ) from None


def check_size(tree: Filter, text: str) -> None:
    """Walk the tree level by level, so that no depth can exhaust the stack."""
    depth = terms = weight = 0
    level: list[Filter] = [tree]
    while level:
        depth += 1
        children = [child for node in level for child in parts_of(node)]
        terms += sum(1 for node in level if not parts_of(node))
        weight += sum(map(_weigh, level))
        level = children
    if depth > MAX_DEPTH:
        raise QueryError(
            f"the search is nested {depth} deep, at most {MAX_DEPTH} is possible", 0, len(text)
        )
    if terms > MAX_TERMS:
        raise QueryError(
            f"the search has {terms} terms, at most {MAX_TERMS} are possible", 0, len(text)
        )
    if weight > MAX_WEIGHT:
        raise QueryError(
            f"the patterns of the search weigh {weight:,}, at most {MAX_WEIGHT} is possible: a * "
            f"between two texts weighs {STAR_WEIGHT}, each character of an expression 1 as often "
            "as it is repeated (x* instead of x{0,900} weighs 1)",
            0,
            len(text),
        )


def _weigh(tree: Filter) -> int:
    """What finding it can cost in one text (`weight`); a prefix is looked for at one place."""
    match tree:
        case Words(text):
            folded = text.lower()
            return 0 if is_token(folded) else weigh_text(folded)
        case Glob(texts):
            return weigh_stars(part.lower() for part in texts)
        case Regex(text):
            return weigh_expression(text)
        case _:
            return 0
