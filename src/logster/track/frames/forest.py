"""Exceptions that belong to each other while they are read, in whichever order they are told.

In: drafts, and how they belong together. Out: the exceptions of a chain. Promise: no recursion,
however deep they are nested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.track.frames.draft import finish

if TYPE_CHECKING:
    from logster.track.chain import Raised, Relation
    from logster.track.frames.draft import Draft


class Tree:
    """An exception whose frames are told the last first, and what belongs to it."""

    __slots__ = ("children", "draft")

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.children: list[Tree] = []

    def add(self, child: Tree, relation: Relation) -> None:
        """Let a child belong to this one."""
        child.draft.relation = relation
        self.children.append(child)


def flatten(root: Tree) -> tuple[Raised, ...]:
    """A tree as a chain, a parent before its children."""
    drafts: list[Draft] = []
    waiting: list[tuple[Tree, int | None]] = [(root, None)]
    while waiting:
        tree, parent = waiting.pop()
        tree.draft.parent = parent
        tree.draft.frames.reverse()
        index = len(drafts)
        drafts.append(tree.draft)
        waiting.extend([(child, index) for child in reversed(tree.children)])
    return finish(drafts)
