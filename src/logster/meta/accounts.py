"""People: who they are, and that it is they.

In: an email and a password, later the cookie's token. Out: a `Session` (who, where, which role).
Promise: an unknown email takes as long as a wrong password, and is refused in the same words;
who guesses must wait.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import argon2
import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from logster.errors import ForbiddenError, NotFoundError, RefusedError, UnauthorizedError
from logster.event import NS_PER_S
from logster.meta import tables
from logster.meta.passwords import Passwords, check_password
from logster.meta.sessions import begin_session, end_session, end_sessions_of, find_session
from logster.meta.throttle import (
    MAX_FAILURES_OF_ADDRESS,
    MAX_FAILURES_OF_EMAIL,
    Throttle,
    network_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from logster.meta.database import Database
    from logster.meta.sessions import LogIn, Role, Session

MAX_EMAIL_LENGTH = 254
_NS_PER_DAY = 86_400 * NS_PER_S


class EmailTakenError(RefusedError):
    """There is an account with this email, here or in another workspace."""

    status = 409
    reason = "email_taken"


class Accounts:
    """Users and their sessions."""

    def __init__(
        self,
        database: Database,
        *,
        session_days: int,
        hasher: argon2.PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._session_ns = session_days * _NS_PER_DAY
        self._passwords = Passwords(hasher or argon2.PasswordHasher())
        self._failures_of_email = Throttle(MAX_FAILURES_OF_EMAIL, clock)
        self._failures_of_address = Throttle(MAX_FAILURES_OF_ADDRESS, clock)

    def close(self) -> None:
        """Let the threads go; the database is the caller's."""
        self._passwords.close()

    async def log_in(self, email: str, password: str, address: str) -> LogIn:
        """Begin a session; raises UnauthorizedError, or QuotaError after too many failures.

        Failures are counted per worker: with several, a guesser gets a few more tries.
        """
        email, network = fold_email(email), network_of(address)
        # Counted before the check, so that parallel guesses cannot slip through together.
        self._failures_of_address.record(network)
        self._failures_of_email.record(email)
        found = await self._database.read(lambda connection: _find_user(connection, email))
        is_right = await self._passwords.verify(found.password_hash if found else None, password)
        if not is_right or not found:
            raise UnauthorizedError("The email or the password is not right.")
        # Said to nobody but who knows the password; it counts as a failure, as any refusal.
        if found.is_disabled:
            raise UnauthorizedError("This account is disabled; ask an administrator.")
        self._failures_of_email.forget(email)
        self._failures_of_address.take_back(network)
        if self._passwords.is_outdated(found.password_hash):
            await self._store_password(found.id, password)
        log_in = await self._database.write(
            lambda connection: begin_session(connection, found.id, self._session_ns)
        )
        if log_in is None:
            raise UnauthorizedError("This account belongs to no workspace; ask an administrator.")
        return log_in

    async def session_of(self, token: str) -> Session | None:
        """Who holds this token now, or None when it is unknown, expired or revoked."""
        return await self._database.read(lambda connection: find_session(connection, token))

    async def log_out(self, token: str) -> None:
        """End a session; an unknown one has ended already."""
        await self._database.write(lambda connection: end_session(connection, token))

    async def set_password(self, email: str, password: str) -> None:
        """Give a user a new password and end all their sessions; raises NotFoundError."""
        check_password(password)
        email = fold_email(email)
        found = await self._database.read(lambda connection: _find_user(connection, email))
        if not found:
            raise NotFoundError(f"There is no account {email!r}.")
        await self._replace_password(found.id, password)

    async def change_password(
        self, session: Session, token: str, current: str, password: str
    ) -> None:
        """Let a person choose a new password; this session stays, their others end.

        Raises ForbiddenError for a wrong current one, which counts as a failed log-in
        (QuotaError), and ValueError for a new one that cannot be.
        """
        check_password(password)
        self._failures_of_email.record(session.email)
        found = await self._database.read(lambda connection: _find_user(connection, session.email))
        if not found or not await self._passwords.verify(found.password_hash, current):
            raise ForbiddenError("The current password is not right.")
        self._failures_of_email.forget(session.email)
        await self._replace_password(session.user, password, kept_token=token)

    async def create_user(self, email: str, password: str, workspace: int, role: Role) -> int:
        """Add a person to a workspace; raises ValueError, or EmailTakenError."""
        email = check_email(email)
        check_password(password)
        password_hash = await self._passwords.hash(password)
        try:
            return await self._database.write(
                lambda connection: add_user(connection, email, password_hash, workspace, role)
            )
        except IntegrityError:
            raise EmailTakenError(
                f"There is an account {email!r} already; an email has one account."
            ) from None

    async def workspace_name(self, workspace: int) -> str:
        """What people call a workspace; raises NotFoundError."""
        workspaces = tables.workspaces.c
        question = select(workspaces.name).where(workspaces.id == workspace)
        names = await self._database.read(
            lambda connection: connection.execute(question).scalars().all()
        )
        if not names:
            raise NotFoundError(f"There is no workspace {workspace}.")
        return str(names[0])

    async def _replace_password(self, user: int, password: str, kept_token: str = "") -> None:
        """Store a password and end the user's sessions, but that of `kept_token`."""
        await self._store_password(user, password)
        await self._database.write(
            lambda connection: end_sessions_of(connection, user, kept_token=kept_token)
        )

    async def _store_password(self, user: int, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        storing = update(tables.users).where(tables.users.c.id == user)
        await self._database.write(
            lambda connection: connection.execute(storing.values(password_hash=password_hash))
        )


def fold_email(email: str) -> str:
    """The one spelling under which an email is kept and looked up."""
    return email.strip().casefold()[: MAX_EMAIL_LENGTH + 1]


def check_email(email: str) -> str:
    """Give the folded email; raises ValueError when it cannot be one."""
    email = fold_email(email)
    name, at, host = email.rpartition("@")
    is_shown = email.isprintable() and " " not in email
    if not (name and at and host and is_shown and len(email) <= MAX_EMAIL_LENGTH):
        raise ValueError(f"{email!r} is not an email address.")
    return email


def add_user(
    connection: Connection, email: str, password_hash: str, workspace: int, role: Role
) -> int:
    """Write a user and their membership down; raises IntegrityError when the email is taken."""
    adding = tables.users.insert().values(
        email=email, password_hash=password_hash, created_at=time.time_ns()
    )
    user: int = connection.execute(adding.returning(tables.users.c.id)).scalar_one()
    connection.execute(
        tables.memberships.insert().values(workspace=workspace, user=user, role=role.value)
    )
    return user


class _User(msgspec.Struct, frozen=True):
    """What a log-in is checked against."""

    id: int
    password_hash: str
    is_disabled: bool


def _find_user(connection: Connection, email: str) -> _User | None:
    users = tables.users.c
    question = select(users.id, users.password_hash, users.disabled_at)
    row = connection.execute(question.where(users.email == email)).one_or_none()
    return _User(row.id, row.password_hash, row.disabled_at is not None) if row else None
