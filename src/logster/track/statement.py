"""Statements of SQL within a message: their values leave, their tables and columns stay.

In: a line. Out: the line, with `?` for a literal and one for a list of them, however long it was.
Promise: pure; linear.
"""

from __future__ import annotations

import re

_STATEMENT = re.compile(
    r"\b(?:select|insert into|replace into|update|delete from|merge into)\s", re.IGNORECASE
)
_GOES_ON = re.compile(r"\b(?:from|set|values|where|using|select)\b", re.IGNORECASE)
_LITERAL = re.compile(r"'[^']*+(?:'|$)|\b\d++(?:\.\d++)?+\b")
_ITEM = r"(?:[?]|null|default|true|false|%s|[$@:][\w?]{1,60})"
_LIST = re.compile(rf"\(\s*+{_ITEM}\s*+(?:,\s*+{_ITEM}\s*+)*+(?:\)|,?\s*+$)", re.IGNORECASE)
_LISTS = re.compile(r"\(\?\)(?:\s*+,\s*+\(\?\))++")


def shorten_statement(line: str) -> str:
    """A line whose statement of SQL has `?` for literals, and one for a list of them."""
    found = _STATEMENT.search(line)
    if found is None or not _GOES_ON.search(line, found.end()):
        return line
    statement = _LITERAL.sub("?", line[found.start() :])
    return line[: found.start()] + _LISTS.sub("(?)", _LIST.sub("(?)", statement))
