"""Patterns for RE2, which the engine has, and which needs no more time than the text is long.

In: a `Glob` or `Regex` of a filter, or a text. Out: an expression that finds it.
Promise: pure. In prose a `Glob` is looked for in lower-cased text; anything else in the text as it
is. `match` says the same for Python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logster.query.regex.parse import parse_regex
from logster.query.regex.render import render_re2
from logster.query.tokens import SPACES, bounds_of_glob, pattern_of_text
from logster.query.tree import Glob, Regex, is_prose
from logster.query.unicode import spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

#: RE2 takes a backslash before ASCII punctuation; control characters go by number.
_SPECIAL = re.compile(r"[^0-9A-Za-z_\x80-\U0010ffff]")
_NEIGHBOUR = r"[^0-9A-Za-z\x{80}-\x{10ffff}]"


def re2_of(tree: Glob | Regex) -> str:
    """What finds the pattern in a text of its field."""
    if isinstance(tree, Regex):
        return render_re2(parse_regex(tree.text, is_any_case=tree.is_any_case))
    return re2_in_prose(tree) if is_prose(tree.field) else re2_of_value(tree.texts)


def re2_in_prose(glob: Glob) -> str:
    """What finds texts with something between them in lower-cased text."""
    middle = f"[^{SPACES}]*".join(pattern_of_text(text, re2_literal) for text in glob.texts)
    return re2_bounded(middle, *bounds_of_glob(glob))


def re2_of_value(texts: Sequence[str]) -> str:
    """What fits a whole name or property of this form, in all spellings of its texts."""
    parts = ("|".join(map(re2_literal, spellings(text))) for text in texts)
    return "^" + "(?s:.*)".join(f"(?:{part})" for part in parts) + "$"


def re2_bounded(middle: str, is_bounded_before: bool, is_bounded_behind: bool) -> str:
    """A pattern with no token character beside it: without look-around, the neighbour is in it."""
    return (
        (f"(?:^|{_NEIGHBOUR})" if is_bounded_before else "")
        + middle
        + (f"(?:$|{_NEIGHBOUR})" if is_bounded_behind else "")
    )


def re2_literal(text: str) -> str:
    """A text that means itself."""
    return _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character.isprintable() else f"\\x{ord(character):02x}"
