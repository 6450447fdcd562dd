"""Where to look first: the program's own frame nearest to what went wrong.

In: a chain. Out: one of its frames. Promise: pure; None when all of them are libraries'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logster.track.chain import Chain, Frame


def culprit_of(chain: Chain) -> Frame | None:
    """The first own frame of the root cause, else of the exception around it, and so on.

    Of a group the first member counts that has one; what was suppressed does not.
    """
    children: list[list[int]] = [[] for _ in chain.raised]
    for index, raised in enumerate(chain.raised):
        if raised.parent is not None and raised.relation != "suppressed":
            children[raised.parent].append(index)
    waiting = [0] if chain.raised else []
    seen = [False] * len(chain.raised)
    while waiting:
        index = waiting[-1]
        if not seen[index]:
            seen[index] = True
            waiting.extend(reversed(children[index]))
            continue
        waiting.pop()
        for frame in chain.raised[index].frames:
            if frame.in_app:
                return frame
    return None
