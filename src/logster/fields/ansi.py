"""Colours of terminals in text: what it says without them.

In: any text. Out: the same without ANSI escape sequences. Promise: pure, linear in the
length of the text; an escape that begins no sequence stays where it is.
"""

from __future__ import annotations

import re

ESCAPE = "\x1b"

#: Colours and cursor (CSI), links and titles (OSC, ended by BEL or ST), and the short ones.
_SEQUENCE = re.compile(
    "\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"
    "|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)"
    r"|[()*+][0-9A-Za-z]"
    r"|[=>78cHM])"
)


def plain_of(text: str) -> str:
    """The text without colours, links and other sequences."""
    return _SEQUENCE.sub("", text) if ESCAPE in text else text
