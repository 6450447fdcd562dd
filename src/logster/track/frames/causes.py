"""A chain without branches: each exception is the reason for the one before it, as most print it.

In: exceptions that were read one by one. Out: a chain. Promise: bounded as `draft` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.track.frames.draft import finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.track.chain import Raised, Relation
    from logster.track.frames.draft import Draft


def chained(drafts: Sequence[Draft], relation: Relation = "cause") -> tuple[Raised, ...]:
    """The chain of these, the outermost first."""
    for index, draft in enumerate(drafts):
        draft.parent = index - 1 if index else None
        draft.relation = relation if index else None
    return finish(drafts)
