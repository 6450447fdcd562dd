"""What a pattern can cost: at how many of its places a text may be at once.

In: an expression, a text between stars. Out: a number, to be held against `MAX_WEIGHT`.
Promise: pure, and linear. The engine reads a text once and keeps what it has seen of each set of
places; where there are too many sets for its memory, it follows each place at each character, some
10 ns every time. So an event of 4 MiB costs 500 places 20 s, less than one question may take, and
within that time no limit and no kill is heeded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Of all patterns of a question together.
MAX_WEIGHT = 500
#: A star between two texts: the first has been found, and stays so. As dear as four places.
STAR_WEIGHT = 4
#: A text that is so often a part of itself weighs nothing: a stack trace's line is twice or so.
LIGHT_OVERLAP = 8


def weigh_text(text: str) -> int:
    """How often a text may have begun, at most, before it ends: `a a a a` is a part of itself."""
    begun, depths = [0], [0]
    for character in text[1:]:
        length = begun[-1]
        while length and text[length] != character:
            length = begun[length - 1]
        length += text[length] == character
        begun.append(length)
        depths.append(depths[length - 1] + 1 if length else 0)
    return max(depths) if max(depths) > LIGHT_OVERLAP else 0


def weigh_expression(pattern: str) -> int:
    """The signs of any expression of RE2, each as often as it is repeated."""
    #: The weight of each open group; of the last thing, which a count repeats.
    sums, last = [0], 0
    for found in _SIGN.finditer(pattern):
        sign = found[0]
        if found[1]:
            more = last * (max(int(found[1]), int(found[2] or 0)) - 1)
            last += max(more, 0)
            sums[-1] += max(more, 0)
        elif sign == "(":
            sums.append(0)
        elif sign == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        else:
            last = sign not in "*+?|"
            sums[-1] += last
    return sum(sums)


def weigh_stars(texts: Iterable[str]) -> int:
    """Texts with a star between each two; at the ends they may be empty."""
    found = [text for text in texts if text]
    return STAR_WEIGHT * max(len(found) - 1, 0) + sum(map(weigh_text, found))


def weigh_like(pattern: str) -> int:
    """A pattern of LIKE: its stars are `%`, and `_` is any character."""
    return weigh_stars(pattern.split("%")) + pattern.count("_")


#: A count, an escaped sign, a set, or any other sign.
_SIGN = re.compile(
    r"\{(\d{1,6})(?:,(\d{0,6}))?\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL | re.ASCII
)
