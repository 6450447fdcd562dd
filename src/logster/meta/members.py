"""The people of a workspace: who belongs to it, in which role, and who leaves.

In: a workspace and what its administrator wants. Out: `Member`s.
Promise: a workspace never loses its last administrator who can log in, whatever is asked at
the same time; an administrator of one workspace has no power over an account that another shares.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, select, update

from logster.errors import ForbiddenError, NotFoundError
from logster.meta import tables
from logster.meta.accounts import fold_email
from logster.meta.sessions import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from logster.meta.database import Database


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a workspace; `logged_in_at` is their newest log-in that still lives."""

    id: int
    email: str
    role: Role
    created_at: int
    logged_in_at: int | None = None
    disabled_at: int | None = None


class LastAdministratorError(ForbiddenError):
    """Somebody must be able to make keys and people tomorrow."""

    status = 409
    reason = "last_administrator"


class Members:
    """Who belongs where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_workspace(self, workspace: int) -> list[Member]:
        """Everybody of the workspace, by email."""
        return await self._database.read(
            lambda connection: [
                msgspec.convert(row, Member, from_attributes=True)
                for row in connection.execute(_select_members(workspace))
            ]
        )

    async def find(self, workspace: int, user: int) -> Member:
        """One of them; raises NotFoundError."""
        return await self._database.read(lambda connection: _find(connection, workspace, user))

    async def find_own(self, workspace: int, user: int) -> Member:
        """One who belongs to this workspace alone; raises NotFoundError or ForbiddenError."""
        return await self._database.read(
            lambda connection: _find_own(connection, workspace, user, "password")
        )

    async def change_role(self, workspace: int, user: int, role: Role) -> Member:
        """Give a person another role; raises NotFoundError or LastAdministratorError."""

        def change(connection: Connection) -> Member:
            member = _find(connection, workspace, user)
            if role is not Role.ADMIN:
                _check_others(connection, workspace, member)
            connection.execute(
                update(tables.memberships).where(_is(workspace, user)).values(role=role.value)
            )
            return _find(connection, workspace, user)

        return await self._database.write(change)

    async def disable(self, workspace: int, user: int) -> Member:
        """End a person's sessions and let them begin no other; all else stays.

        For one who belongs to this workspace alone. Raises NotFoundError, ForbiddenError or
        LastAdministratorError.
        """

        def disable(connection: Connection) -> Member:
            _check_others(connection, workspace, _find_own(connection, workspace, user, "disable"))
            _disable(connection, user)
            return _find(connection, workspace, user)

        return await self._database.write(disable)

    async def enable(self, workspace: int, user: int) -> Member:
        """Let a person log in again; raises NotFoundError or ForbiddenError."""

        def enable(connection: Connection) -> Member:
            _find_own(connection, workspace, user, "enable")
            _enable(connection, user)
            return _find(connection, workspace, user)

        return await self._database.write(enable)

    async def disable_account(self, email: str) -> None:
        """Disable an account in all its workspaces, as the operator; errors as above."""

        def disable(connection: Connection) -> None:
            user, workspaces = _find_account(connection, email)
            for workspace in workspaces:
                _check_others(connection, workspace, _find(connection, workspace, user))
            _disable(connection, user)

        await self._database.write(disable)

    async def enable_account(self, email: str) -> None:
        """Let an account log in again, as the operator; raises NotFoundError."""
        await self._database.write(
            lambda connection: _enable(connection, _find_account(connection, email)[0])
        )

    async def remove(self, workspace: int, user: int) -> None:
        """Let a person leave; the account goes with its last workspace. Errors as above."""

        def leave(connection: Connection) -> None:
            _check_others(connection, workspace, _find(connection, workspace, user))
            connection.execute(delete(tables.memberships).where(_is(workspace, user)))
            sessions = tables.sessions.c
            connection.execute(
                delete(tables.sessions).where(
                    (sessions.user == user) & (sessions.workspace == workspace)
                )
            )
            if not _count_workspaces(connection, user):
                connection.execute(delete(tables.users).where(tables.users.c.id == user))

        await self._database.write(leave)

    async def is_first(self, workspace: int) -> bool:
        """Whether this is the first workspace: its administrators look after the machine."""
        question = select(func.min(tables.workspaces.c.id))
        first = await self._database.read(lambda connection: connection.execute(question).scalar())
        return bool(first == workspace)


def _select_members(workspace: int) -> Any:
    users, memberships, sessions = tables.users.c, tables.memberships.c, tables.sessions.c
    newest = (
        select(func.max(sessions.created_at))
        .where((sessions.user == users.id) & (sessions.workspace == workspace))
        .scalar_subquery()
    )
    return (
        select(
            users.id,
            users.email,
            memberships.role,
            users.created_at,
            users.disabled_at,
            newest.label("logged_in_at"),
        )
        .join_from(tables.users, tables.memberships, memberships.user == users.id)
        .where(memberships.workspace == workspace)
        .order_by(users.email)
    )


def _find(connection: Connection, workspace: int, user: int) -> Member:
    question = _select_members(workspace).where(tables.users.c.id == user)
    row = connection.execute(question).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no user {user} in this workspace.")
    return msgspec.convert(row, Member, from_attributes=True)


def _find_own(connection: Connection, workspace: int, user: int, command: str) -> Member:
    """One who is nobody else's; `command` is what the operator would use instead."""
    member = _find(connection, workspace, user)
    if _count_workspaces(connection, user) > 1:
        raise ForbiddenError(
            f"{member.email} belongs to other workspaces too; that account is changed by the "
            f"operator alone: `logster user {command}`."
        )
    return member


def _find_account(connection: Connection, email: str) -> tuple[int, list[int]]:
    """An account and its workspaces, by email."""
    users, memberships = tables.users.c, tables.memberships.c
    email = fold_email(email)
    user = connection.execute(select(users.id).where(users.email == email)).scalar()
    if user is None:
        raise NotFoundError(f"There is no account {email!r}.")
    question = select(memberships.workspace).where(memberships.user == user)
    return user, list(connection.execute(question).scalars())


def _disable(connection: Connection, user: int) -> None:
    """Write down since when, and end the sessions: enabling must not bring them back."""
    users = tables.users.c
    is_free = (users.id == user) & users.disabled_at.is_(None)
    connection.execute(update(tables.users).where(is_free).values(disabled_at=time.time_ns()))
    connection.execute(delete(tables.sessions).where(tables.sessions.c.user == user))


def _enable(connection: Connection, user: int) -> None:
    """Forget that it was disabled."""
    connection.execute(
        update(tables.users).where(tables.users.c.id == user).values(disabled_at=None)
    )


def _check_others(connection: Connection, workspace: int, member: Member) -> None:
    """Raise LastAdministratorError unless somebody else stays to administer."""
    if member.role is not Role.ADMIN or member.disabled_at is not None:
        return
    memberships = tables.memberships.c
    # Locked where rows can be (PostgreSQL), so that two administrators cannot remove each other.
    question = (
        select(memberships.user)
        .join_from(tables.memberships, tables.users, tables.users.c.id == memberships.user)
        .where((memberships.workspace == workspace) & (memberships.role == Role.ADMIN.value))
        .where(tables.users.c.disabled_at.is_(None))
        .order_by(memberships.user)
        .with_for_update()
    )
    if set(connection.execute(question).scalars()) <= {member.id}:
        raise LastAdministratorError(
            f"{member.email} is the last administrator of this workspace; "
            "make somebody else one first."
        )


def _is(workspace: int, user: int) -> Any:
    memberships = tables.memberships.c
    return (memberships.workspace == workspace) & (memberships.user == user)


def _count_workspaces(connection: Connection, user: int) -> int:
    question = select(func.count()).where(tables.memberships.c.user == user)
    return int(connection.execute(question).scalar_one())
