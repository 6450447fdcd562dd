"""What was raised, whatever language said it: exceptions, and where they were raised.

One form for the text of a stack trace and for what an SDK sends: all that groups, shows or asks
works on it alone.
"""

from __future__ import annotations

from typing import Literal

import msgspec

#: How an exception belongs to its parent: it was the reason for it; it was being dealt with when
#: the parent was raised; it is one of a group; it was raised beside it, and left out.
Relation = Literal["cause", "context", "member", "suppressed"]


class Frame(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A place in a program; a name is spelt as its runtime prints it, without parameters.

    `module` is what the function stands in, where the text says it apart from the function.
    `in_app` is whether it is the program's own code, and not its language's or a library's.
    """

    function: str | None = None
    module: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    in_app: bool = True


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An exception. None where the text does not say it, "" where it says nothing.

    `frames` begin nearest the throw. `parent` is the index in its chain of the exception that it
    belongs to, which stands before it; the outermost exception has none.
    """

    type: str | None = None
    message: str | None = None
    frames: tuple[Frame, ...] = ()
    parent: int | None = None
    relation: Relation | None = None


class Chain(msgspec.Struct, frozen=True):
    """The exceptions of one event, the outermost first, and the family of languages they are of.

    A parent stands before its children, which stand in the order in which they were printed.
    """

    family: str
    raised: tuple[Raised, ...]


def children_of(raised: tuple[Raised, ...]) -> dict[int, list[int]]:
    """Index -> those that belong to it; what was suppressed is left out, with all of its own."""
    children: dict[int, list[int]] = {}
    kept = {0}
    for index, each in enumerate(raised):
        if each.parent is not None and each.parent in kept and each.relation != "suppressed":
            kept.add(index)
            children.setdefault(each.parent, []).append(index)
    return children
