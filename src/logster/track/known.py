"""Errors that are one issue whatever they say, since their cause is one.

In: the type and the message of an error. Out: the name of the rule that knows it, or "".
"""

from __future__ import annotations

import re

_TYPES = {"ChunkLoadError": "chunk-load"}
#: A page that was open during a deployment asks for files that are gone.
_CHUNK = re.compile(
    r"Loading (?:CSS )?chunk \S{1,100} failed|Failed to fetch dynamically imported module"
    r"|error loading dynamically imported module|Importing a module script failed"
    r"|Unable to preload CSS for ",
    re.IGNORECASE,
)
#: Where it is looked for: the sentence stands at the beginning.
_MAX_LOOKED_AT = 200


def known_error(kind: str, message: str) -> str:
    """The rule's name; "" for an error that is none of these."""
    if kind in _TYPES:
        return _TYPES[kind]
    return "chunk-load" if _CHUNK.match(message, 0, _MAX_LOOKED_AT) else ""
