"""An exception while its text is read: what it said and its frames are collected line by line.

In: what a family finds in the lines. Out: the exceptions of a chain. Promise: bounded; of what is
too much the middle is left out, because both the throw and the way to it tell something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.track.chain import Frame, Raised, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Of one exception; a recursion without end prints a thousand and more.
MAX_FRAMES = 1_000
#: Of one chain.
MAX_RAISED = 100
#: What is said beyond stays in the text.
MAX_MESSAGE_CHARACTERS = 32_768


class Draft:
    """An exception that is being read; a family adds to its `said` and its `frames`.

    `said` holds the lines of its message, None while there is none. `parent` is an index, as in
    `Raised`, and `frames` begin nearest the throw. `is_open` is whether lines without a sign of
    their own still belong to what it said.
    """

    __slots__ = ("frames", "is_open", "parent", "relation", "said", "type")

    def __init__(
        self,
        type_: str | None = None,
        said: str | None = None,
        *,
        parent: int | None = None,
        relation: Relation | None = None,
    ) -> None:
        self.type = type_
        self.said = None if said is None else [said]
        self.parent = parent
        self.relation = relation
        self.frames: list[Frame] = []
        self.is_open = True

    def say(self, line: str) -> None:
        """A further line of its message."""
        if self.said is None:
            self.said = [line] if line.strip() else None
        else:
            self.said.append(line)

    def finish(self) -> Raised:
        """The exception as it was read."""
        message = None
        if self.said is not None:
            message = "\n".join(self.said)[:MAX_MESSAGE_CHARACTERS].rstrip()
        return Raised(
            type=self.type,
            message=message,
            frames=bounded(self.frames),
            parent=self.parent,
            relation=self.relation,
        )


def bounded(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Frames without the middle of those that are too many."""
    if len(frames) <= MAX_FRAMES:
        return tuple(frames)
    half = MAX_FRAMES // 2
    return (*frames[:half], *frames[-half:])


def finish(drafts: Sequence[Draft]) -> tuple[Raised, ...]:
    """The chain of these, a parent before its children; of too many without those in the middle.

    Whose parent is left out belongs to the nearest that is there.
    """
    if len(drafts) > MAX_RAISED:
        drafts = _without_middle(drafts)
    return tuple([draft.finish() for draft in drafts])


def _without_middle(drafts: Sequence[Draft]) -> list[Draft]:
    half = MAX_RAISED // 2
    kept = [*range(half), *range(len(drafts) - half, len(drafts))]
    places = {old: new for new, old in enumerate(kept)}
    for index, draft in enumerate(drafts):
        if index not in places and draft.parent is not None:
            places[index] = places[draft.parent]
    for index in kept[1:]:
        parent = drafts[index].parent
        drafts[index].parent = 0 if parent is None else places[parent]
    return [drafts[index] for index in kept]
