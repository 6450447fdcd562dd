"""Tree -> text of an expression: for the engine (RE2), and for Python, which is the reference."""

from __future__ import annotations

import re

from logster.query.regex.tree import Chars, Choice, Edge, Node, Repeat, Sequence


def render_re2(node: Node) -> str:
    """Write it for the engine."""
    return _render(node, {"^": "^", "$": "$", "b": r"\b", "B": r"\B"}, r"\x{%x}")


def compile_python(node: Node) -> re.Pattern[str]:
    r"""Write it for Python, which serves as the reference.

    There `\B` is not found in empty text before version 3.14; that there is no `\b` is.
    """
    edges = {"^": r"\A", "$": r"\Z", "b": r"\b", "B": r"(?!\b)"}
    return re.compile(_render(node, edges, r"\U%08x"), re.ASCII)


def _render(node: Node, edges: dict[str, str], escape: str) -> str:
    match node:
        case Chars(((low, high),)) if low == high:
            return _render_character(low, escape)
        case Chars(ranges):
            return f"[{''.join(_render_range(low, high, escape) for low, high in ranges)}]"
        case Edge(kind):
            return edges[kind]
        case Sequence(parts):
            return "".join(_render(part, edges, escape) for part in parts)
        case Choice(parts):
            return f"(?:{'|'.join(_render(part, edges, escape) for part in parts)})"
        case Repeat(part, low, high):
            inner = _render(part, edges, escape)
            if isinstance(part, Sequence):
                inner = f"(?:{inner})"
            return inner + _render_count(low, high)


def _render_range(low: int, high: int, escape: str) -> str:
    first, last = _render_character(low, escape), _render_character(high, escape)
    return first if low == high else f"{first}-{last}"


def _render_character(code: int, escape: str) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else escape % code


def _render_count(low: int, high: int | None) -> str:
    short = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
    if short is not None:
        return short
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
