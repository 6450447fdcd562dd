"""Small pieces of SQL: joined conditions, and a text as it stands inside a pattern.

A pattern is a value like any other and is bound; what is escaped here means itself in it.
"""

from __future__ import annotations

import re

_LIKE_SPECIAL = re.compile(r"[%_\\]")
#: RE2 takes a backslash before ASCII punctuation; control characters go by number.
_RE2_SPECIAL = re.compile(r"[^0-9A-Za-z_\x80-\U0010ffff]")


def all_of(conditions: list[str]) -> str:
    """Every one of the conditions; none are always met."""
    return f"({' AND '.join(conditions)})" if conditions else "1"


def any_of(conditions: list[str]) -> str:
    """At least one of the conditions."""
    return f"({' OR '.join(conditions)})"


def like_literal(text: str) -> str:
    """A text in a pattern of LIKE."""
    return _LIKE_SPECIAL.sub(r"\\\g<0>", text)


def re2_literal(text: str) -> str:
    """A text in an expression of RE2."""
    return _RE2_SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character.isprintable() else f"\\x{ord(character):02x}"
