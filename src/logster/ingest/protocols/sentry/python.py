"""Exceptions as Python prints them: what was first is told first; groups are trees.

In: a chain of exceptions, the outermost last. Out: lines.
Promise: each exception is told once, whatever they say of their parents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.ingest.protocols.sentry.frames import file_of, render_name, shown_frames, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from logster.ingest.protocols.sentry.exceptions import Frame, Raised

_TRACEBACK = "Traceback (most recent call last):"
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"
_RULE = "-" * 16


def render_python(chain: Sequence[Raised]) -> Iterator[str]:
    """All exceptions of a chain."""
    if any(each.mechanism and each.mechanism.is_exception_group for each in chain):
        yield from _Tree(chain).lines()
        return
    for index, raised in enumerate(chain):
        if index:
            yield from ("", _sentence(chain[index - 1]), "")
        yield from _lines(raised)


def render_places(frames: Sequence[Frame]) -> list[str]:
    """Frames of a stack, the innermost last."""
    lines: list[str] = []
    for frame in shown_frames(frames):
        if isinstance(frame, int):
            lines.append(f"  [{frame} frames are left out]")
            continue
        number, function = text_of(frame.lineno) or "?", text_of(frame.function) or "?"
        lines.append(f'  File "{file_of(frame)}", line {number}, in {function}')
        if line := text_of(frame.context_line).strip():
            lines.append(f"    {line}")
    return lines


def _sentence(inner: Raised) -> str:
    """What stands between an exception and the one that came of it."""
    return _CAUSE if inner.source == "__cause__" else _CONTEXT


def _lines(raised: Raised) -> list[str]:
    frames = raised.frames
    places = [_TRACEBACK, *render_places(frames)] if frames else []
    return [*places, *render_name(raised, "python").split("\n")]


class _Tree:
    """Exceptions that belong to each other by their ids."""

    def __init__(self, chain: Sequence[Raised]) -> None:
        self._untold = {id(each): each for each in reversed(chain)}
        self._children: dict[str, list[Raised]] = {}
        for each in reversed(chain):
            if each.mechanism and each.mechanism.parent_id is not None:
                parent = text_of(each.mechanism.parent_id)
                self._children.setdefault(parent, []).append(each)

    def lines(self) -> Iterator[str]:
        """The outermost exception with all that belongs to it, then what belongs to none."""
        while self._untold:
            root = next(iter(self._untold.values()))
            yield from self._node(root, "  ", is_first=True)

    def _node(self, raised: Raised, margin: str, *, is_first: bool = False) -> Iterator[str]:
        self._untold.pop(id(raised), None)
        own = self._children_of(raised)
        members = [each for each in own if each.source.startswith("exceptions")]
        bar = f"{margin}| " if members or not is_first else ""
        for inner in own:
            if inner not in members and id(inner) in self._untold:
                yield from self._node(inner, margin, is_first=is_first)
                yield from (bar.rstrip(), f"{bar}{_sentence(inner)}", bar.rstrip())
        if not members:
            yield from (f"{bar}{line}" for line in _lines(raised))
            return
        yield from self._group(raised, members, margin, is_first=is_first)

    def _group(
        self, raised: Raised, members: list[Raised], margin: str, *, is_first: bool
    ) -> Iterator[str]:
        count = f"({len(members)} sub-exception{'s' if len(members) > 1 else ''})"
        head, *lines = _lines(raised)
        if raised.frames:
            yield f"{margin}{'+' if is_first else '|'} Exception Group {head}"
        else:
            lines = [head, *lines]
        if count not in lines[-1]:
            lines[-1] = f"{lines[-1]} {count}"
        yield from (f"{margin}| {line}" for line in lines)
        for number, member in enumerate(members, 1):
            yield f"{margin}{'+-+' if number == 1 else '  +'}{_RULE} {number} {_RULE}"
            if id(member) in self._untold:
                yield from self._node(member, f"{margin}  ")
        yield f"{margin}  +{'-' * 36}"

    def _children_of(self, raised: Raised) -> list[Raised]:
        """Those that name it as their parent, in the order of the outer one's members."""
        number = raised.mechanism.exception_id if raised.mechanism else None
        children = self._children.get(text_of(number), []) if number is not None else []
        return sorted(children, key=lambda each: each.source)
