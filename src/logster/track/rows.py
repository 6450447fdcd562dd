"""Rows of issues: written, read, changed, within a transaction.

In: an open transaction of the meta database. Out: issues. Promise: alike on SQLite and PostgreSQL;
whoever calls has looked whose the issues are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from logster.meta import tables
from logster.meta.live import record_change
from logster.track.aliases import PART
from logster.track.history import record
from logster.track.issue import Draft, Issue, Sketch
from logster.track.states import Standing, Until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Table


def insert_issues(connection: Connection, workspace: int, drafts: Sequence[Draft]) -> None:
    """Make issues, with the keys that lead to them; those that are there stay as they are."""
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


def least(column: ColumnElement[int], value: int) -> ColumnElement[int]:
    """The smaller one of what a row has and a value."""
    return case((column > value, value), else_=column)


def most(column: ColumnElement[int], value: int) -> ColumnElement[int]:
    """The larger one of what a row has and a value."""
    return case((column < value, value), else_=column)


def load_issues(connection: Connection, condition: ColumnElement[bool]) -> list[Issue]:
    """The issues that fulfil a condition, whole."""
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


#: What nearly all states wait for.
_NOTHING = Until()


def _read_until(text: str) -> Until:
    return _NOTHING if text == "{}" else msgspec.json.decode(text, type=Until)


def load_sketches(
    connection: Connection, workspace: int, issues: Sequence[int]
) -> dict[int, Sketch]:
    """Those of the named issues that are there, in short."""
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


def set_state(
    connection: Connection, workspace: int, issues: Sequence[int], standing: Standing
) -> None:
    """Let issues stand otherwise; every worker hears of what is discarded, or no more."""
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


def assign(connection: Connection, workspace: int, issues: Sequence[int], email: str) -> None:
    """Give issues to a member, or to nobody for ""; raises ValueError."""
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
