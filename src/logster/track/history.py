"""What became of issues: who did what and when, comments among it.

In: an open transaction. Out: rows of `issue_history`. Promise: nothing is ever changed or taken
away; what Logster itself noticed is told like what people did, by nobody's name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from logster.meta import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

#: More entries of one issue are not shown; the newest are.
MAX_ENTRIES = 500


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done; `at` is nanoseconds since 1970, `who` is "" for Logster."""

    id: int
    at: int
    who: str
    what: str
    detail: dict[str, Any]


def record(
    connection: Connection,
    workspace: int,
    issues: Iterable[int],
    what: str,
    *,
    who: str = "",
    **detail: Any,
) -> None:
    """Write down that something was done with each of the issues."""
    text = msgspec.json.encode({name: value for name, value in detail.items() if value is not None})
    rows = [
        {
            "workspace": workspace,
            "issue": issue,
            "at": time.time_ns(),
            "who": who,
            "what": what,
            "detail": text.decode(),
        }
        for issue in issues
    ]
    if rows:
        connection.execute(tables.issue_history.insert(), rows)


def load_entries(connection: Connection, workspace: int, issue: int) -> list[Entry]:
    """What was done with an issue, the newest first."""
    kept = tables.issue_history.c
    question = (
        select(kept.id, kept.at, kept.who, kept.what, kept.detail)
        .where((kept.workspace == workspace) & (kept.issue == issue))
        .order_by(kept.id.desc())
        .limit(MAX_ENTRIES)
    )
    return [
        Entry(id=number, at=at, who=who, what=what, detail=msgspec.json.decode(detail))
        for number, at, who, what, detail in connection.execute(question)
    ]
