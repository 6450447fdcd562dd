"""Issues: what is kept of a group of errors, and how people change it.

In: a workspace, what was seen of new errors, what people want. Out: `Issue`s.
Promise: an issue is made once, however many workers meet its first error at the same moment, for
it is called by its key. Every change is in its history. No workspace sees another one's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from logster.errors import NotFoundError
from logster.meta import tables
from logster.meta.live import record_change
from logster.track.aliases import PART
from logster.track.history import Entry, load_entries, record
from logster.track.merging import check_issues, merge, split
from logster.track.states import Change, Standing, State, Until, check_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from logster.meta.database import Database
    from logster.meta.live import LiveValues

#: What is longer of a title, a place or a name is cut, where an issue is drafted.
MAX_TITLE_CHARACTERS = 500
MAX_COMMENT_CHARACTERS = 10_000
#: So many values of one statement are within the limits of every database.
MAX_AT_ONCE = 1_000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A new issue, as its first error tells of it; `grouped_by` is what its key was made of."""

    id: int
    title: str
    type: str | None
    culprit: str | None
    application: str | None
    family: str
    severity: int
    grouped_by: list[str]
    first_event: int
    first_at: int
    last_at: int
    first_release: str | None


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is chosen and sorted by; instants are nanoseconds since 1970."""

    id: int
    first_at: int
    standing: Standing
    regressed_at: int | None
    assigned_to: str | None


class Issue(Sketch, frozen=True, kw_only=True):
    """An issue as it is kept."""

    title: str
    type: str | None
    culprit: str | None
    application: str | None
    family: str
    severity: int
    grouped_by: list[str]
    first_event: int
    last_at: int
    first_release: str | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody wants an issue to be; None leaves it as it is.

    `assigned_to` is the address of a member of the workspace, or "" for nobody.
    """

    state: State | None = None
    until: Until = Until()
    assigned_to: str | None = None
    comment: str | None = None


class Issues:
    """The issues of all workspaces."""

    def __init__(self, database: Database, live: LiveValues | None = None) -> None:
        """`live` are the values of this worker, which know at once what was merged here."""
        self._database = database
        self._live = live

    async def known(self, workspace: int, keys: Iterable[int]) -> dict[int, int]:
        """The issues of those keys that were seen before."""
        kept = tables.issue_keys.c
        found: dict[int, int] = {}
        for some in _in_pieces(sorted(keys)):
            question = select(kept.key, kept.issue).where(
                (kept.workspace == workspace) & kept.key.in_(some)
            )
            rows = await self._database.read(lambda connection: connection.execute(question).all())  # noqa: B023
            found |= {row.key: row.issue for row in rows}
        return found

    async def keys_of(self, workspace: int, issues: Iterable[int]) -> dict[int, int]:
        """Each key of these issues, with the issue."""
        kept = tables.issue_keys.c
        found: dict[int, int] = {}
        for some in _in_pieces(sorted(issues)):
            question = select(kept.key, kept.issue).where(
                (kept.workspace == workspace) & kept.issue.in_(some)
            )
            rows = await self._database.read(lambda connection: connection.execute(question).all())  # noqa: B023
            found |= {row.key: row.issue for row in rows}
        return found

    async def create(self, workspace: int, drafts: Sequence[Draft]) -> None:
        """Make issues of errors that nobody saw before; those that are there stay as they are."""
        # In one order: two workers with the same new keys must not wait for each other.
        for some in _in_pieces(sorted(drafts, key=lambda draft: draft.id)):
            await self._database.write(
                lambda connection: _insert(connection, workspace, some)  # noqa: B023
            )

    async def record_seen(self, workspace: int, seen: Mapping[int, tuple[int, int]]) -> None:
        """Write down the times of the first and the last error of issues, where they are new."""

        def write(connection: Connection) -> None:
            for issue, (first_at, last_at) in sorted(seen.items()):
                kept = tables.issues.c
                changing = update(tables.issues).where(_one(workspace, issue))
                connection.execute(
                    changing.values(
                        first_at=_least(kept.first_at, first_at),
                        last_at=_most(kept.last_at, last_at),
                    )
                )

        await self._database.write(write)

    async def sketches(self, workspace: int, issues: Sequence[int]) -> dict[int, Sketch]:
        """Those of the named issues that are there, in short: tens of thousands."""

        def read(connection: Connection) -> dict[int, Sketch]:
            found: dict[int, Sketch] = {}
            for some in _in_pieces(issues):
                found |= _load_sketches(connection, workspace, some)
            return found

        return await self._database.read(read)

    async def standings(self, workspace: int, issues: Iterable[int]) -> dict[int, Issue]:
        """Those of the named issues that are there."""
        chosen: ColumnElement[bool] = tables.issues.c.workspace == workspace
        found: dict[int, Issue] = {}
        for some in _in_pieces(sorted(issues)):
            condition = chosen & tables.issues.c.id.in_(some)
            rows = await self._database.read(
                lambda connection: _load(connection, condition)  # noqa: B023
            )
            found |= {issue.id: issue for issue in rows}
        return found

    async def find(self, workspace: int, issue: int) -> tuple[Issue, list[Entry]]:
        """An issue and its history; raises NotFoundError."""

        def read(connection: Connection) -> tuple[Issue, list[Entry]]:
            found = _load(connection, _one(workspace, issue))
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
        _set_state(connection, workspace, issues, standing)
        detail = msgspec.to_builtins(wanted.until)
        record(connection, workspace, issues, wanted.state, who=who, **detail)
    if wanted.assigned_to is not None:
        _assign(connection, workspace, issues, wanted.assigned_to)
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


def _least(column: ColumnElement[int], value: int) -> ColumnElement[int]:
    return case((column > value, value), else_=column)


def _most(column: ColumnElement[int], value: int) -> ColumnElement[int]:
    return case((column < value, value), else_=column)


def _insert(connection: Connection, workspace: int, drafts: Sequence[Draft]) -> None:
    now = time.time_ns()
    rows = [
        {
            **msgspec.structs.asdict(draft),
            "workspace": workspace,
            "grouped_by": msgspec.json.encode(draft.grouped_by).decode(),
            "state": "open",
            "state_at": now,
            "state_until": "{}",
        }
        for draft in drafts
    ]
    adding = _insert_new(connection, tables.issues).returning(tables.issues.c.id)
    # Row by row: of several at once nobody says which were new.
    made = [number for row in rows for number in connection.execute(adding, row).scalars()]
    keys = [{"workspace": workspace, "key": draft.id, "issue": draft.id} for draft in drafts]
    connection.execute(_insert_new(connection, tables.issue_keys), keys)
    record(connection, workspace, made, "created")


def _insert_new(connection: Connection, table: Table) -> Any:
    """An insert that leaves alone what is there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[Issue]:
    users = tables.users
    question = (
        select(
            *(column for column in tables.issues.c if column.name != "assigned_to"),
            users.c.email.label("assigned_to"),
        )
        .join(users, users.c.id == tables.issues.c.assigned_to, isouter=True)
        .where(condition)
    )
    return [_issue_of(row) for row in connection.execute(question)]


#: What nearly all states wait for.
_NOTHING = Until()


def _read_until(text: str) -> Until:
    return _NOTHING if text == "{}" else msgspec.json.decode(text, type=Until)


def _load_sketches(
    connection: Connection, workspace: int, issues: Sequence[int]
) -> dict[int, Sketch]:
    kept, users = tables.issues.c, tables.users.c
    assigned = select(kept.assigned_to).where(kept.workspace == workspace)
    members = select(users.id, users.email).where(users.id.in_(assigned))
    emails = dict(connection.execute(members).all())
    question = select(
        kept.id,
        kept.first_at,
        kept.state,
        kept.state_at,
        kept.state_until,
        kept.regressed_at,
        kept.assigned_to,
    ).where((kept.workspace == workspace) & kept.id.in_(issues))
    return {
        number: Sketch(
            id=number,
            first_at=first_at,
            standing=Standing(state=state, state_at=state_at, until=_read_until(until)),
            regressed_at=regressed_at,
            assigned_to=emails.get(user),
        )
        for number, first_at, state, state_at, until, regressed_at, user in connection.execute(
            question
        )
    }


def _issue_of(row: Any) -> Issue:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    del values["workspace"]
    standing = Standing(
        state=values.pop("state"),
        state_at=values.pop("state_at"),
        until=_read_until(values.pop("state_until")),
    )
    grouped_by = msgspec.json.decode(values.pop("grouped_by"), type=list[str])
    return Issue(**values, standing=standing, grouped_by=grouped_by)


def _set_state(
    connection: Connection, workspace: int, issues: Sequence[int], standing: Standing
) -> None:
    mine = (tables.issues.c.workspace == workspace) & tables.issues.c.id.in_(issues)
    is_discarded = tables.issues.c.state == "discarded"
    before = select(tables.issues.c.id).where(mine & is_discarded).limit(1)
    if standing.state == "discarded" or connection.execute(before).first():
        record_change(connection, PART)
    connection.execute(
        update(tables.issues)
        .where(mine)
        .values(
            state=standing.state,
            state_at=standing.state_at,
            state_until=msgspec.json.encode(standing.until).decode(),
        )
    )


def _assign(connection: Connection, workspace: int, issues: Sequence[int], email: str) -> None:
    user = None
    if email:
        users, members = tables.users.c, tables.memberships.c
        question = (
            select(users.id)
            .join(tables.memberships, members.user == users.id)
            .where((users.email == email.strip().lower()) & (members.workspace == workspace))
            .where(users.disabled_at.is_(None))
        )
        user = None if "\0" in email else connection.execute(question).scalar_one_or_none()
        if user is None:
            raise ValueError(
                f"{email[:100]!r} is no member of this workspace; an issue belongs to a member."
            )
    mine = (tables.issues.c.workspace == workspace) & tables.issues.c.id.in_(issues)
    connection.execute(update(tables.issues).where(mine).values(assigned_to=user))
