"""What following decides, apart from any file: pure.

A file that appears with the content of one that is followed may be a copy: logrotate's
copytruncate copies a log and empties it; rsync and editors replace a file by a copy with more
in it. Or it is a log of its own that begins alike. Its lines are known already in the first
case, and new in the second, so the decision waits for what tells them apart.
"""

from __future__ import annotations

import msgspec

#: How long a copy may rest while its original is still as it was, before it is a file of its own.
COPY_REST_S = 10.0
#: How long a file that lost its name is read on after its last line: programs are told of a
#: rotation some time after it, and write to the old file until then.
LATE_S = 60.0


class Lookalike(msgspec.Struct, kw_only=True):
    """A file that begins with what was read of another one."""

    #: The size of the other one when the likeness was seen.
    origin_bytes: int
    size: int
    changed_at: float


def look_again(alike: Lookalike, *, size: int, now: float) -> None:
    """Note how far a lookalike has come: a copy grows until it has the size of its original."""
    if size != alike.size:
        if size <= alike.origin_bytes:
            alike.changed_at = now
        alike.size = size


def is_of_its_own(alike: Lookalike, *, now: float) -> bool:
    """Tell that a lookalike is no copy in the making: its original was left as it is."""
    return now - alike.changed_at >= COPY_REST_S


def may_let_go(*, now: float, lost_at: float | None, grown_at: float, is_awaited: bool) -> bool:
    """Tell whether a file that lost its name needs to be read no longer.

    `is_awaited`: its name was given, and no other file has it yet; whoever writes to it may
    go on for long.
    """
    if lost_at is None or is_awaited:
        return False
    return now - max(lost_at, grown_at) >= LATE_S
