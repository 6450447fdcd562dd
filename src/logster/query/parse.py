"""Text -> tree: what a person types (`severity>=error -user:bot "timed out" DurationMs>500`).

In: any text, and the zone of whoever asks. Out: a frozen `Filter`.
Promise: any text at all gives a tree or a `QueryError` that says where and what was expected;
`parse_filter(render_filter(tree)) == tree`.
"""

# ruff: noqa: D102  the methods of `Builder` are named and described by the grammar
from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.exceptions import VisitError
from lark.visitors import Transformer_NonRecursive

from logster.query.condition import field_of, parse_equal, parse_has, parse_order, parse_text
from logster.query.grammar import GRAMMAR
from logster.query.limits import check_size, check_text
from logster.query.mistake import explain_mistake, refusal_at
from logster.query.tree import EVERYTHING, And, Filter, Not, Or

_COMPARISONS = ("<", "<=", ">", ">=")


def parse_filter(text: str, zone: tzinfo = UTC) -> Filter:
    """Understand a search; raises `QueryError` with the place of the mistake.

    A time in it that names no zone is one of `zone`.
    """
    check_text(text)
    try:
        tree: Filter = Builder(zone).build(_parser(), text)
    except UnexpectedInput as error:
        raise explain_mistake(error, text) from None
    check_size(tree, text)
    return tree


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", regex=False)


class Builder(Transformer_NonRecursive[Token, Any]):
    """Makes the tree of one text; the method names are the grammar's rules."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        super().__init__(visit_tokens=False)
        self._zone = zone
        #: From where to where `=` or `==` was read as `:`.
        self.equals: list[tuple[int, int]] = []

    def build(self, parser: Lark, text: str) -> Any:
        """Parse a text, and make of it what the methods say."""
        try:
            return self.transform(parser.parse(text))
        except VisitError as error:
            raise error.orig_exc from None

    def start(self, parts: list[Filter]) -> Filter:
        return parts[0]

    def everything(self, _: list[Filter]) -> Filter:
        return EVERYTHING

    def any(self, parts: list[Filter]) -> Filter:
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def all(self, parts: list[Filter]) -> Filter:
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def negation(self, parts: list[Filter]) -> Filter:
        return Not(parts[0])

    def words(self, parts: list[Token]) -> Filter:
        return parse_text(parts[0], None)

    def set(self, parts: list[Token]) -> list[Token]:
        return parts

    def condition(self, parts: list[Any]) -> Filter:
        name, sign, given = parts
        values = given if isinstance(given, list) else [given]
        comparison = sign.removeprefix(":")
        if comparison in _COMPARISONS:
            if given is values:
                raise refusal_at(values[0], "a set is possible behind : and != only")
            return parse_order(field_of(name), comparison, given, self._zone)
        if comparison in ("=", "=="):
            self.equals.append((name.start_pos, values[-1].end_pos + (given is values)))
        if name.type == "FIELD" and name.lower() == "has":
            trees = [parse_has(value) for value in values]
        else:
            field = field_of(name)
            trees = [parse_equal(field, value, self._zone) for value in values]
        tree = Or(tuple(trees)) if len(trees) > 1 else trees[0]
        return Not(tree) if comparison in ("!=", "!==") else tree
