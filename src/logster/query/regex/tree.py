"""What a checked expression is."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from logster.query.regex.ranges import Range


class Chars(msgspec.Struct, frozen=True, tag=True):
    """One character out of these ranges, ascending and apart."""

    ranges: tuple[Range, ...]


class Edge(msgspec.Struct, frozen=True, tag=True):
    """A place: the beginning, the end, a word's edge, no word's edge."""

    kind: Literal["^", "$", "b", "B"]


class Sequence(msgspec.Struct, frozen=True, tag=True):
    """One after the other."""

    parts: tuple[Node, ...]


class Choice(msgspec.Struct, frozen=True, tag=True):
    """One of them."""

    parts: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """`low` to `high` times; no `high` is no end."""

    part: Node
    low: int
    high: int | None


Node: TypeAlias = Chars | Edge | Sequence | Choice | Repeat
