"""Small pieces of SQL: joined conditions, and a text as it stands inside a pattern.

A pattern is a value like any other and is bound; what is escaped here means itself in it.
"""

from __future__ import annotations

import re

_LIKE_SPECIAL = re.compile(r"[%_\\]")


def all_of(conditions: list[str]) -> str:
    """Every one of the conditions; none are always met."""
    return f"({' AND '.join(conditions)})" if conditions else "1"


def any_of(conditions: list[str]) -> str:
    """At least one of the conditions."""
    return f"({' OR '.join(conditions)})"


def like_literal(text: str) -> str:
    """A text in a pattern of LIKE."""
    return _LIKE_SPECIAL.sub(r"\\\g<0>", text)
