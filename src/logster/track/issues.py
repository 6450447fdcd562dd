"""Issues: what is kept of a group of errors, and how people change it.

In: a workspace, what was seen of new errors, what people want. Out: `Issue`s.
Promise: an issue is made once, however many workers meet its first error at the same moment, for
it is called by its key. Every change is in its history. No workspace sees another one's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select, update

from logster.errors import NotFoundError
from logster.meta import tables
from logster.track.history import Entry, load_entries, record
from logster.track.merging import check_issues, merge, split
from logster.track.rows import (
    assign,
    insert_issues,
    least,
    load_issues,
    load_sketches,
    most,
    set_state,
)
from logster.track.states import Change, Standing, check_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from logster.meta.database import Database
    from logster.meta.live import LiveValues
    from logster.track.issue import Draft, Issue, Sketch, Wanted

MAX_COMMENT_CHARACTERS = 10_000
#: So many values of one statement are within the limits of every database.
MAX_AT_ONCE = 1_000


class Issues:
    """The issues of all workspaces."""

    def __init__(self, database: Database, live: LiveValues | None = None) -> None:
        """`live` are the values of this worker, which know at once what was merged here."""
        self._database = database
        self._live = live

    async def known(self, workspace: int, keys: Iterable[int]) -> dict[int, int]:
        """The issues of those keys that were seen before."""
        return await self._load_keys(workspace, tables.issue_keys.c.key, keys)

    async def keys_of(self, workspace: int, issues: Iterable[int]) -> dict[int, int]:
        """Each key of these issues, with the issue."""
        return await self._load_keys(workspace, tables.issue_keys.c.issue, issues)

    async def _load_keys(
        self, workspace: int, column: ColumnElement[int], values: Iterable[int]
    ) -> dict[int, int]:
        kept = tables.issue_keys.c
        found: dict[int, int] = {}
        for some in _in_pieces(sorted(values)):
            mine = (kept.workspace == workspace) & column.in_(some)
            question = select(kept.key, kept.issue).where(mine)
            rows = await self._database.read(lambda connection: connection.execute(question).all())  # noqa: B023
            found |= {row.key: row.issue for row in rows}
        return found

    async def create(self, workspace: int, drafts: Sequence[Draft]) -> None:
        """Make issues of errors that nobody saw before; those that are there stay as they are."""
        # In one order: two workers with the same new keys must not wait for each other.
        for some in _in_pieces(sorted(drafts, key=lambda draft: draft.id)):
            await self._database.write(
                lambda connection: insert_issues(connection, workspace, some)  # noqa: B023
            )

    async def record_seen(self, workspace: int, seen: Mapping[int, tuple[int, int]]) -> None:
        """Write down the times of the first and the last error of issues, where they are new."""

        def write(connection: Connection) -> None:
            for issue, (first_at, last_at) in sorted(seen.items()):
                kept = tables.issues.c
                changing = update(tables.issues).where(_one(workspace, issue))
                connection.execute(
                    changing.values(
                        first_at=least(kept.first_at, first_at),
                        last_at=most(kept.last_at, last_at),
                    )
                )

        await self._database.write(write)

    async def sketches(self, workspace: int, issues: Sequence[int]) -> dict[int, Sketch]:
        """Those of the named issues that are there, in short: tens of thousands."""

        def read(connection: Connection) -> dict[int, Sketch]:
            found: dict[int, Sketch] = {}
            for some in _in_pieces(issues):
                found |= load_sketches(connection, workspace, some)
            return found

        return await self._database.read(read)

    async def standings(self, workspace: int, issues: Iterable[int]) -> dict[int, Issue]:
        """Those of the named issues that are there."""
        chosen: ColumnElement[bool] = tables.issues.c.workspace == workspace
        found: dict[int, Issue] = {}
        for some in _in_pieces(sorted(issues)):
            condition = chosen & tables.issues.c.id.in_(some)
            rows = await self._database.read(
                lambda connection: load_issues(connection, condition)  # noqa: B023
            )
            found |= {issue.id: issue for issue in rows}
        return found

    async def find(self, workspace: int, issue: int) -> tuple[Issue, list[Entry]]:
        """An issue and its history; raises NotFoundError."""

        def read(connection: Connection) -> tuple[Issue, list[Entry]]:
            found = load_issues(connection, _one(workspace, issue))
            if not found:
                raise missing(issue)
            return found[0], load_entries(connection, workspace, issue)

        return await self._database.read(read)

    async def change(
        self,
        workspace: int,
        wishes: Sequence[tuple[Wanted, Sequence[int]]],
        *,
        who: str,
    ) -> None:
        """Make issues as somebody wants them, all of them or none.

        Raises NotFoundError, ValueError for what cannot be.
        """
        now = time.time_ns()
        for wanted, _ in wishes:
            _check_wanted(wanted, now)

        def write(connection: Connection) -> None:
            for wanted, issues in wishes:
                for some in _in_pieces(sorted(issues)):
                    check_issues(connection, workspace, some)
                    _change(connection, workspace, some, wanted, now=now, who=who)

        await self._database.write(write)
        if any(wanted.state is not None for wanted, _ in wishes):
            await self._catch_up()

    async def note(self, workspace: int, issue: int, standing: Standing, change: Change) -> bool:
        """Open an issue again of which errors came; False when somebody was faster.

        What two workers notice at the same moment is done, and told, once.
        """
        now = time.time_ns()
        before = (tables.issues.c.state == standing.state) & (
            tables.issues.c.state_at == standing.state_at
        )
        values: dict[str, Any] = {"state": "open", "state_at": now, "state_until": "{}"}
        if change == "regressed":
            values["regressed_at"] = now
        opening = update(tables.issues).where(_one(workspace, issue) & before).values(**values)

        def write(connection: Connection) -> bool:
            if not connection.execute(opening).rowcount:
                return False
            record(connection, workspace, [issue], change)
            return True

        return await self._database.write(write)

    async def merge(self, workspace: int, into: int, others: Sequence[int], *, who: str) -> None:
        """Make other issues part of one; raises NotFoundError, ValueError."""
        await self._database.write(
            lambda connection: merge(connection, workspace, into, others, who=who)
        )
        await self._catch_up()

    async def split(self, workspace: int, issue: int, keys: Sequence[int], *, who: str) -> None:
        """Give keys of an issue their own issues back; raises NotFoundError, ValueError."""
        await self._database.write(
            lambda connection: split(connection, workspace, issue, keys, who=who)
        )
        await self._catch_up()

    async def _catch_up(self) -> None:
        if self._live:
            await self._live.catch_up()


def _check_wanted(wanted: Wanted, now: int) -> None:
    """Raise ValueError for what cannot be wanted."""
    if wanted.state is not None:
        check_until(wanted.state, wanted.until, now)
    comment = wanted.comment
    if comment is not None and (
        not 1 <= len(comment.strip()) <= MAX_COMMENT_CHARACTERS or "\0" in comment
    ):
        raise ValueError(f"A comment has 1 to {MAX_COMMENT_CHARACTERS} characters.")


def _change(  # who changes what, and when
    connection: Connection,
    workspace: int,
    issues: Sequence[int],
    wanted: Wanted,
    *,
    now: int,
    who: str,
) -> None:
    if wanted.state is not None:
        standing = Standing(state=wanted.state, state_at=now, until=wanted.until)
        set_state(connection, workspace, issues, standing)
        detail = msgspec.to_builtins(wanted.until)
        record(connection, workspace, issues, wanted.state, who=who, **detail)
    if wanted.assigned_to is not None:
        assign(connection, workspace, issues, wanted.assigned_to)
        to = wanted.assigned_to or None
        record(connection, workspace, issues, "assigned", who=who, to=to)
    if wanted.comment is not None:
        record(connection, workspace, issues, "commented", who=who, text=wanted.comment.strip())


def missing(issue: int) -> NotFoundError:
    """There is none of that id, here."""
    return NotFoundError(f"There is no issue {issue} in this workspace.")


def _in_pieces(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[at : at + MAX_AT_ONCE] for at in range(0, len(values), MAX_AT_ONCE)]


def _one(workspace: int, issue: int) -> ColumnElement[bool]:
    return (tables.issues.c.workspace == workspace) & (tables.issues.c.id == issue)
