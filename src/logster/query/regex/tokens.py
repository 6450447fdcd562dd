"""What a text index can be asked for, of an expression."""

from __future__ import annotations

import re

from logster.query.regex.tree import Chars, Edge, Node, Sequence

_WHOLE_TOKEN = re.compile(r"(?<![0-9a-z\0])[0-9a-z]+(?![0-9a-z\0])")


def tokens_in_regex(node: Node) -> list[str]:
    r"""Tokens, in lower case, that stand whole in every match: what an index can be asked for.

    Only ASCII ones: folding other letters depends on their neighbours. What may be glued to
    a literal text is written as \0, which is glued to everything.
    """
    parts = node.parts if isinstance(node, Sequence) else (node,)
    text = "\0"
    for part in parts:
        if part == Edge("^"):
            text = " " if text == "\0" else text + "\0"
        elif part == Edge("$"):
            text += " "
        elif not isinstance(part, Edge):
            text += _letter(part) or "\0"
    return _WHOLE_TOKEN.findall(text + "\0")


def _letter(part: Node) -> str | None:
    """The one character a part stands for, whatever its case."""
    if not isinstance(part, Chars):
        return None
    letters = {chr(low).lower() for low, high in part.ranges if low == high < 0x80}  # noqa: PLR2004
    return letters.pop() if len(letters) == 1 and _is_single(part) else None


def _is_single(part: Chars) -> bool:
    return all(low == high < 0x80 for low, high in part.ranges)  # noqa: PLR2004  ASCII
