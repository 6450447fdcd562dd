"""Text -> tree of an expression.

In: the text between the slashes, and where it stands in the search. Out: a tree.
Promise: what either engine would read in its own way, or not at all, is a `QueryError`; what is
taken is small enough for both.
"""

from __future__ import annotations

import re
from typing import NoReturn

from logster.errors import QueryError
from logster.query.regex.ranges import CLASSES, LAST, Range, complement, merge
from logster.query.regex.tree import Chars, Choice, Edge, Node, Repeat, Sequence

#: One repetition, as in RE2.
MAX_REPEAT = 1_000
#: Characters after all repetitions are written out; far below what RE2 compiles.
MAX_SIZE = 2_000
#: Groups inside groups; both readers of the expression recurse.
MAX_DEPTH = 20

#: A repetition; Python and RE2 differ about `{,3}`, which is text here.
_COUNT = re.compile(r"(?:([*+?])|\{(\d{1,6})(?:,(\d{0,6}))?\})\??", re.ASCII)
_CODE = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")

_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


def parse_regex(text: str, at: int = 0, *, is_any_case: bool = False) -> Node:
    """Understand an expression; `at` is where it stands in the search."""
    return _Reader(text, at, is_any_case=is_any_case).read()


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, at: int, *, is_any_case: bool) -> None:
        self._text = text
        self._at = at
        self._place = 0
        self._is_any_case = is_any_case

    def read(self) -> Node:
        node = self._choice(0)
        if self._place < len(self._text):
            self._refuse("there is no open ( for this; write \\) for the sign itself")
        if _size(node) > MAX_SIZE:
            self._place = 0
            self._refuse(
                f"the expression stands for more than {MAX_SIZE} characters when its "
                "repetitions are written out",
                len(self._text),
            )
        return node

    def _choice(self, depth: int) -> Node:
        parts = [self._sequence(depth)]
        while self._take("|"):
            parts.append(self._sequence(depth))
        return Choice(tuple(parts)) if len(parts) > 1 else parts[0]

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            parts.append(self._repeated(depth))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, depth: int) -> Node:
        start = self._place
        node = self._one(depth)
        found = _COUNT.match(self._text, self._place)
        if found is None:
            return node
        if isinstance(node, Edge):
            self._refuse("there is nothing to repeat before this", found.end() - found.start())
        low, high = _read_count(found)
        if low > MAX_REPEAT or (high or 0) > MAX_REPEAT or (high is not None and high < low):
            self._refuse(
                f"expected a count from 0 to {MAX_REPEAT}, the smaller one first",
                found.end() - found.start(),
            )
        self._place = found.end()
        if _COUNT.match(self._text, self._place):
            self._refuse("there is nothing to repeat before this; put ( ) around what is repeated")
        self._check_product(node, high or low, start)
        return Repeat(node, low, high)

    def _check_product(self, node: Node, count: int, start: int) -> None:
        """RE2 multiplies the counts of nested repetitions."""
        if _product(node) * max(count, 1) > MAX_REPEAT:
            length, self._place = self._place - start, start
            self._refuse(f"nested repetitions make more than {MAX_REPEAT}", length)

    def _one(self, depth: int) -> Node:
        character = self._text[self._place]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        if character in "*+?" or _COUNT.match(self._text, self._place):
            self._refuse(f"there is nothing to repeat before this; write \\{character} for it")
        self._place += 1
        if character in "^$":
            return Edge("^" if character == "^" else "$")
        return Chars(complement(((10, 10),))) if character == "." else self._chars([ord(character)])

    def _group(self, depth: int) -> Node:
        start = self._place
        if depth >= MAX_DEPTH:
            self._refuse(f"groups are at most {MAX_DEPTH} deep")
        self._place += 1
        if self._text.startswith("?", self._place) and not self._take("?:"):
            self._place = start
            self._refuse(
                "( ), (?: ) and | are all that groups can do here; /…/i ignores the case", 2
            )
        node = self._choice(depth + 1)
        if not self._take(")"):
            self._place = start
            self._refuse("the closing ) is missing; write \\( for the sign itself")
        # One node, so that a repetition or a neighbour cannot reach inside.
        return node if isinstance(node, Choice | Chars) else Sequence((node,))

    def _set(self) -> Node:
        start = self._place
        self._place += 1
        is_negated = self._take("^")
        ranges: list[Range] = []
        while not self._take("]"):
            if self._place >= len(self._text):
                self._place = start
                self._refuse("the closing ] is missing; write \\[ for the sign itself")
            ranges += self._set_item()
        if not ranges:
            self._place = start
            self._refuse("expected characters between [ and ]", 2)
        chars = merge(self._folded(ranges))
        chars = complement(chars) if is_negated else chars
        if not chars:
            self._place = start
            self._refuse("this set leaves no character")
        return Chars(chars)

    def _set_item(self) -> list[Range]:
        start = self._place
        if self._text.startswith("[:", start):
            self._refuse(r"named classes are not known here; \d, \w and \s are", 2)
        first = self._set_character()
        is_range = self._text.startswith("-", self._place) and self._text[
            self._place + 1 : self._place + 2
        ] not in ("]", "")
        if isinstance(first, list) or not is_range:
            return first if isinstance(first, list) else [(first, first)]
        self._place += 1
        last = self._set_character()
        if isinstance(last, list) or last < first:
            length, self._place = self._place - start, start
            self._refuse("expected the smaller character first, and single ones", length)
        return [(first, last)]

    def _set_character(self) -> int | list[Range]:
        if self._text[self._place] == "\\":
            node = self._escape(is_in_set=True)
            if not isinstance(node, Chars):  # never: an edge is refused in a set
                raise TypeError(node)
            (low, high), *more = node.ranges
            return [(low, high), *more] if more or low != high else low
        self._place += 1
        return ord(self._text[self._place - 1])

    def _escape(self, *, is_in_set: bool = False) -> Node:
        found = _CODE.match(self._text, self._place)
        if found is not None:
            code = int(found[1] or found[2], 16)
            if code > LAST or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  surrogates are halves
                self._refuse("there is no such character", found.end() - found.start())
            self._place = found.end()
            return self._chars([code], is_in_set=is_in_set)
        character = self._text[self._place + 1 : self._place + 2]
        if character in ("b", "B") and not is_in_set:
            self._place += 2
            return Edge("b" if character == "b" else "B")
        if character in CLASSES:
            self._place += 2
            return Chars(CLASSES[character])
        if character in _CONTROLS:
            self._place += 2
            return Chars(((_CONTROLS[character], _CONTROLS[character]),))
        if not character or character.isalnum():
            self._refuse(
                r"this escape is not known here; \d \w \s \b \t \n \r \x{…} and signs are", 2
            )
        self._place += 2
        return self._chars([ord(character)], is_in_set=is_in_set)

    def _chars(self, codes: list[int], *, is_in_set: bool = False) -> Chars:
        ranges = [(code, code) for code in codes]
        return Chars(merge(ranges if is_in_set else self._folded(ranges)))

    def _folded(self, ranges: list[Range]) -> list[Range]:
        """The same in both cases: single letters of every script, ranges of ASCII."""
        if not self._is_any_case:
            return ranges
        folded = list(ranges)
        for low, high in ranges:
            if low == high:
                folded += [(ord(other), ord(other)) for other in _cases(chr(low))]
            for first, last, shift in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
                start, end = max(low, first), min(high, last)
                if start <= end:
                    folded.append((start + shift, end + shift))
        return folded

    def _take(self, text: str) -> bool:
        is_there = self._text.startswith(text, self._place)
        self._place += len(text) * is_there
        return is_there

    def _refuse(self, message: str, length: int = 1) -> NoReturn:
        raise QueryError(message, self._at + self._place, max(length, 1))


def _cases(letter: str) -> list[str]:
    return [other for other in (letter.lower(), letter.upper()) if len(other) == 1]


def _read_count(found: re.Match[str]) -> tuple[int, int | None]:
    if found[1]:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
    low = int(found[2])
    if found[3] is None:
        return low, low
    return low, int(found[3]) if found[3] else None


def _size(node: Node) -> int:
    """Characters when every repetition is written out; a set counts its ranges."""
    match node:
        case Chars(ranges):
            return len(ranges)
        case Edge():
            return 1
        case Sequence(parts) | Choice(parts):
            return 1 + sum(map(_size, parts))
        case Repeat(part, low, high):
            return _size(part) * max(low + 1, high or 0)


def _product(node: Node) -> int:
    """The largest product of counts inside."""
    match node:
        case Sequence(parts) | Choice(parts):
            return max(map(_product, parts), default=1)
        case Repeat(part, low, high):
            return _product(part) * max(low, high or 0, 1)
        case _:
            return 1
