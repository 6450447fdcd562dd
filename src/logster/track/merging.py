"""Issues that are one, and such that are not: which issue each key belongs to.

In: an open transaction and what a person wants. Out: keys that lead elsewhere.
Promise: no row of the store is touched, and nothing is forgotten: what was merged keeps its own
row and history, and is as it was after a split.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from logster.errors import NotFoundError
from logster.meta import tables
from logster.meta.live import record_change
from logster.track.aliases import PART
from logster.track.history import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

#: Keys of one issue; a question names them all.
MAX_KEYS = 1_000


def check_issues(connection: Connection, workspace: int, issues: Sequence[int]) -> None:
    """Raise NotFoundError unless each is an issue of the workspace that is no part of another."""
    kept = tables.issue_keys.c
    question = select(kept.issue).where((kept.workspace == workspace) & kept.issue.in_(issues))
    # Held until the end, always in the same order: two people may merge at the same moment.
    held = question.order_by(kept.key).with_for_update()
    found = set(connection.execute(held).scalars())
    mine = (tables.issues.c.workspace == workspace) & tables.issues.c.id.in_(issues)
    rows = select(tables.issues.c.id).where(mine).order_by(tables.issues.c.id)
    connection.execute(rows.with_for_update())
    for issue in issues:
        if issue not in found:
            raise NotFoundError(f"There is no issue {issue} in this workspace.")


def merge(
    connection: Connection, workspace: int, into: int, others: Sequence[int], *, who: str
) -> None:
    """Make other issues part of one; raises NotFoundError, ValueError."""
    if not others:
        raise ValueError("Name at least one other issue to be merged.")
    if into in others:
        raise ValueError(f"The issue {into} cannot be merged into itself.")
    check_issues(connection, workspace, [into, *others])
    kept = tables.issue_keys.c
    counting = select(func.count()).where(
        (kept.workspace == workspace) & kept.issue.in_([into, *others])
    )
    number = connection.execute(counting).scalar_one()
    if number > MAX_KEYS:
        raise ValueError(
            f"The issue would have {number} keys, it can have {MAX_KEYS}; a fingerprint that "
            "the program sends makes one key of many."
        )
    moving = (kept.workspace == workspace) & kept.issue.in_(others)
    connection.execute(update(tables.issue_keys).where(moving).values(issue=into))
    record(connection, workspace, [into], "merged", who=who, others=list(map(str, others)))
    record(connection, workspace, others, "merged", who=who, into=str(into))
    record_change(connection, PART)


def split(
    connection: Connection, workspace: int, issue: int, keys: Sequence[int], *, who: str
) -> None:
    """Give keys of an issue their own issues back; raises NotFoundError, ValueError."""
    check_issues(connection, workspace, [issue])
    held = _keys_of(connection, workspace, issue)
    if len(held) == 1:
        raise ValueError(
            f"The issue {issue} has one key, so all its errors look alike; a fingerprint that the "
            "program sends tells them apart."
        )
    if not keys:
        raise ValueError("Name at least one key to be split off; the issue's page lists them.")
    keys = list(dict.fromkeys(keys))
    for key in keys:
        if key not in held:
            raise ValueError(f"{key} is no key of the issue {issue}.")
        if key == issue:
            raise ValueError(
                f"The key {key} is the issue's own and stays; name the others to be split off."
            )
    kept = tables.issue_keys.c
    moving = (kept.workspace == workspace) & kept.key.in_(keys)
    connection.execute(update(tables.issue_keys).where(moving).values(issue=kept.key))
    record(connection, workspace, [issue], "split", who=who, others=list(map(str, keys)))
    record(connection, workspace, keys, "split", who=who, off=str(issue))
    record_change(connection, PART)


def _keys_of(connection: Connection, workspace: int, issue: int) -> set[int]:
    kept = tables.issue_keys.c
    question = select(kept.key).where((kept.workspace == workspace) & (kept.issue == issue))
    return set(connection.execute(question).scalars())
