"""What was stored, told to whoever acts on it: issues and alerts, once they are there.

In: what a claim held (`block.read_notice`). Out: nothing; whoever listens is told by the drain
(spool/drain, spool/listeners), after the store has the events and before the spool forgets them.
Promise: every stored event is told of at least once, also after a crash.

What that asks of a listener is in docs/decisions/036-notice.md: the same notice may come again,
with the same token; one without a token is about several claims and says only where to look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

Name = TypeVar("Name", str, int)

#: More names than these are not told one by one: a listener looks into the store then. So a
#: sender with a new name for each event makes no notice that is as large as its events.
MAX_NAMES = 1_000


class Stored(msgspec.Struct, frozen=True):
    """What one workspace has of the stored events.

    `first_at` and `last_at` are the times of its earliest and latest event, in nanoseconds since
    1970. `applications` are those that the senders named; `fingerprints` are the keys of errors
    (`track/fingerprint`). None stands for more than `MAX_NAMES`: it could be any.
    """

    count: int
    first_at: int
    last_at: int
    applications: frozenset[str] | None = frozenset()
    fingerprints: frozenset[int] | None = frozenset()


class Notice(msgspec.Struct, frozen=True):
    """What was stored, by workspace, since nobody may see into another one.

    `token` is that of the claim; None when several claims are told of at once. Their counts are
    then added up, and some of it may have been told before. `workspaces` is None when what a
    claim held could not be read: it could be anything.
    """

    token: str | None
    workspaces: dict[int, Stored] | None


class Listener(msgspec.Struct, frozen=True):
    """Somebody who wants to know; the name is for faults, and for what it has missed."""

    name: str
    hear: Callable[[Notice], Awaitable[None]]


def merge(missed: Notice | None, notice: Notice) -> Notice:
    """One notice of all that has not been told."""
    if missed is None:
        return notice
    if missed.workspaces is None or notice.workspaces is None:
        return Notice(None, None)
    workspaces = dict(missed.workspaces)
    for workspace, stored in notice.workspaces.items():
        before = workspaces.get(workspace)
        workspaces[workspace] = _add(before, stored) if before else stored
    return Notice(None, workspaces)


def _add(one: Stored, other: Stored) -> Stored:
    return Stored(
        count=one.count + other.count,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        applications=_unite(one.applications, other.applications),
        fingerprints=_unite(one.fingerprints, other.fingerprints),
    )


def _unite(one: frozenset[Name] | None, other: frozenset[Name] | None) -> frozenset[Name] | None:
    if one is None or other is None:
        return None
    names = one | other
    return names if len(names) <= MAX_NAMES else None
