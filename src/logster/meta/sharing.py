"""What people keep and may share: whose it is, who sees it, who changes it.

In: a person, and a table with the columns `workspace`, `owner` and `is_shared`.
Out: conditions on its rows. Promise: one rule for all of them: a private thing is its owner's
alone; a shared one is seen by the workspace and changed by its owner and administrators;
whoever may only look shares nothing;
everybody keeps a bounded number of each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from sqlalchemy import func, select

from logster.errors import ForbiddenError
from logster.meta import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

MAX_NAME_CHARACTERS = 200
#: A time as people give it: an instant, or how long ago.
MAX_INSTANT_CHARACTERS = 50


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps things, in which workspace."""

    user: int
    workspace: int
    is_admin: bool = False
    can_share: bool = False


class Kept(Protocol):
    """A thing that somebody keeps."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def owner(self) -> int:
        """The user whose it is."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether the workspace sees it."""
        ...


def visible_in(table: Table, workspace: int, user: int | None) -> ColumnElement[bool]:
    """The shared ones of the workspace, and the person's own."""
    seen: ColumnElement[bool] = table.c.is_shared.is_(True)
    if user is not None:
        seen |= table.c.owner == user
    return (table.c.workspace == workspace) & seen


def changeable_in(table: Table, person: Person, number: int) -> ColumnElement[bool]:
    """The one of this number, if it is the person's to change."""
    allowed: ColumnElement[bool] = table.c.owner == person.user
    if person.is_admin:
        allowed |= table.c.is_shared.is_(True)
    return (table.c.id == number) & (table.c.workspace == person.workspace) & allowed


def can_change(person: Person | None, kept: Kept) -> bool:
    """The same of a thing that the person sees; a program changes none."""
    if person is None:
        return False
    return kept.owner == person.user or (person.is_admin and kept.is_shared)


def check_sharing(person: Person, *, is_shared: bool) -> None:
    """Raise ForbiddenError when somebody who may only look would publish something."""
    if is_shared and not person.can_share:
        raise ForbiddenError(
            "Viewers keep things for themselves: leave `is_shared` false, or ask an administrator "
            "for the role member."
        )


def load_kept(
    connection: Connection, table: Table, condition: ColumnElement[bool], *, without: str = ""
) -> list[dict[str, Any]]:
    """The rows with their owners' addresses (`owner_email`), by name; one column may stay away."""
    users = tables.users
    columns = [column for column in table.c if column.name not in ("workspace", without)]
    question = (
        select(*columns, users.c.email.label("owner_email"))
        .join(users, users.c.id == table.c.owner)
        .where(condition)
        .order_by(table.c.name, table.c.id)
    )
    return [dict(row) for row in connection.execute(question).mappings()]


def insert_kept(
    connection: Connection, table: Table, person: Person, values: dict[str, Any]
) -> ColumnElement[bool]:
    """Keep one more for the person; gives the condition that finds it."""
    now = time.time_ns()
    adding = table.insert().values(
        **values, workspace=person.workspace, owner=person.user, created_at=now, changed_at=now
    )
    number = connection.execute(adding.returning(table.c.id)).scalar_one()
    made: ColumnElement[bool] = table.c.id == number
    return made


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept, and is no more."""

    id: int
    name: str
    owner: int
    is_shared: bool


def remove_kept(
    connection: Connection, table: Table, person: Person, number: int
) -> Removed | None:
    """Forget the one of this number; None unless it was the person's to change."""
    columns = (table.c.id, table.c.name, table.c.owner, table.c.is_shared)
    removing = table.delete().where(changeable_in(table, person, number)).returning(*columns)
    row = connection.execute(removing).one_or_none()
    return None if row is None else msgspec.convert(row, Removed, from_attributes=True)


def check_room(connection: Connection, table: Table, person: Person, most: int, what: str) -> None:
    """Raise ValueError when the person keeps as many in this workspace as one may."""
    mine = (table.c.workspace == person.workspace) & (table.c.owner == person.user)
    counting = select(func.count()).select_from(table).where(mine)
    if connection.execute(counting).scalar_one() >= most:
        raise ValueError(f"You have {most} {what}; remove one to keep another.")


def check_name(name: str) -> str:
    """The name without blanks around it; raises ValueError."""
    name = name.strip()
    check_length("The name", name, MAX_NAME_CHARACTERS)
    if not name.isprintable():
        raise ValueError("The name holds characters that cannot be shown.")
    return name


def check_length(what: str, text: str, most: int, *, least: int = 1) -> None:
    """Raise ValueError for a text that is too long, too short or cannot be kept."""
    if not least <= len(text) <= most:
        raise ValueError(f"{what} has {len(text)} characters, {least} to {most} are possible.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{what} holds a character that cannot be kept.")
