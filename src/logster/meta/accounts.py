"""People: who they are, that it is they, and how long we remember it.

In: an email and a password, later the cookie's token. Out: a `Session` (who, where, which role).
Promise: passwords are kept as Argon2id hashes and tokens as SHA-256; checking a password
never blocks the event loop and never takes more memory than `MAX_CHECKS` hashes need;
an unknown email takes as long as a wrong password.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import ipaddress
import secrets
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import argon2
import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from logster.errors import (
    ForbiddenError,
    NotFoundError,
    QuotaError,
    RefusedError,
    UnauthorizedError,
)
from logster.event import NS_PER_S
from logster.meta import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from logster.meta.database import Database

#: Password checks at one time; each takes 64 MiB and about 50 ms of one core.
MAX_CHECKS = 2
#: Log-ins that may wait for one of them; more would wait longer than people do.
MAX_WAITING_CHECKS = 20
#: Failures one email may have before it must wait: ten tries forgive a bad memory.
MAX_FAILURES_OF_EMAIL = 10
#: One address may be an office full of people.
MAX_FAILURES_OF_ADDRESS = 50
FAILURES_WINDOW_S = 300.0
#: Emails and addresses remembered; the longest unseen is forgotten first.
MAX_REMEMBERED = 10_000

MAX_EMAIL_LENGTH = 254
MIN_PASSWORD_LENGTH = 8
#: Argon2 reads all of it, so its length is our work.
MAX_PASSWORD_LENGTH = 1_000

_NS_PER_DAY = 86_400 * NS_PER_S
_Result = TypeVar("_Result")


class Role(enum.StrEnum):
    """What a person may do in a workspace."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is logged in, in one workspace."""

    user: int
    email: str
    workspace: int
    workspace_name: str
    role: Role
    expires_at: int


class LogIn(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in that worked; the token goes into the cookie and is not kept."""

    token: str
    session: Session


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
        self._passwords = _Passwords(hasher or argon2.PasswordHasher())
        self._failures_of_email = _Failures(MAX_FAILURES_OF_EMAIL, clock)
        self._failures_of_address = _Failures(MAX_FAILURES_OF_ADDRESS, clock)

    def close(self) -> None:
        """Let the threads go; the database is the caller's."""
        self._passwords.close()

    async def log_in(self, email: str, password: str, address: str) -> LogIn:
        """Begin a session; raises UnauthorizedError, or QuotaError after too many failures.

        Failures are counted per worker: with several, a guesser gets a few more tries.
        """
        email, network = fold_email(email), _network_of(address)
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
        return await self._begin_session(found.id)

    async def session_of(self, token: str) -> Session | None:
        """Who holds this token now, or None when it is unknown, expired or revoked."""
        digest = _digest_of(token)
        return await self._database.read(lambda connection: _find_session(connection, digest))

    async def log_out(self, token: str) -> None:
        """End a session; an unknown one has ended already."""
        ending = delete(tables.sessions).where(tables.sessions.c.digest == _digest_of(token))
        await self._database.write(lambda connection: connection.execute(ending))

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
        sessions = tables.sessions.c
        ending = delete(tables.sessions).where(
            (sessions.user == user) & (sessions.digest != _digest_of(kept_token))
        )
        await self._database.write(lambda connection: connection.execute(ending))

    async def _store_password(self, user: int, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        storing = update(tables.users).where(tables.users.c.id == user)
        await self._database.write(
            lambda connection: connection.execute(storing.values(password_hash=password_hash))
        )

    async def _begin_session(self, user: int) -> LogIn:
        token = secrets.token_urlsafe(32)
        digest, now = _digest_of(token), time.time_ns()
        expires_at = now + self._session_ns

        def begin(connection: Connection) -> Session | None:
            _forget_expired(connection, now)
            workspace = _first_workspace(connection, user)
            if workspace is None:
                return None
            connection.execute(
                tables.sessions.insert().values(
                    digest=digest,
                    user=user,
                    workspace=workspace,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
            return _find_session(connection, digest)

        session = await self._database.write(begin)
        if session is None:
            raise UnauthorizedError("This account belongs to no workspace; ask an administrator.")
        return LogIn(token=token, session=session)


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


def check_password(password: str) -> None:
    """Raise ValueError when a new password is too short or too long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ValueError(
            f"A password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters."
        )


def make_password() -> str:
    """A password to be told once: 96 random bits in 16 characters."""
    return secrets.token_urlsafe(12)


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


def _digest_of(token: str) -> bytes:
    # 256 random bits: a fast hash is enough, as for keys.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


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


def _find_session(connection: Connection, digest: bytes) -> Session | None:
    sessions, users = tables.sessions.c, tables.users.c
    memberships, workspaces = tables.memberships.c, tables.workspaces.c
    question = (
        select(
            users.id.label("user"),
            users.email,
            workspaces.id.label("workspace"),
            workspaces.name.label("workspace_name"),
            memberships.role,
            sessions.expires_at,
        )
        .join_from(tables.sessions, tables.users, users.id == sessions.user)
        .join(
            tables.memberships,
            # Whoever leaves a workspace leaves it at once, whatever their sessions.
            (memberships.user == sessions.user) & (memberships.workspace == sessions.workspace),
        )
        .join(tables.workspaces, workspaces.id == sessions.workspace)
        .where(
            sessions.digest == digest,
            sessions.expires_at > time.time_ns(),
            users.disabled_at.is_(None),
        )
    )
    row = connection.execute(question).one_or_none()
    return msgspec.convert(row, Session, from_attributes=True) if row else None


def _forget_expired(connection: Connection, now: int) -> None:
    connection.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= now))


def _first_workspace(connection: Connection, user: int) -> int | None:
    memberships = tables.memberships.c
    question = select(memberships.workspace).where(memberships.user == user)
    return connection.execute(question.order_by(memberships.workspace).limit(1)).scalar()


def _network_of(address: str) -> str:
    """The address as one household has it: an IPv6 customer owns a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if parsed.version == 4:  # noqa: PLR2004 - the name of the protocol
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class _Passwords:
    """Argon2 in a few threads of its own: it is meant to be slow and to need memory."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(MAX_CHECKS, thread_name_prefix="passwords")
        self._waiting_count = 0
        # What an unknown email is checked against, so that it takes the same time.
        self._nobody = hasher.hash(secrets.token_urlsafe(16))

    def close(self) -> None:
        self._threads.shutdown()

    async def verify(self, kept: str | None, password: str) -> bool:
        return await self._run(self._verify, kept or self._nobody, password)

    async def hash(self, password: str) -> str:
        return await self._run(self._hasher.hash, password)

    def is_outdated(self, kept: str) -> bool:
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD_LENGTH:
            password = ""
        try:
            return self._hasher.verify(kept, password)
        except argon2.exceptions.VerificationError:
            return False

    async def _run(self, work: Callable[..., _Result], *arguments: str) -> _Result:
        if self._waiting_count >= MAX_CHECKS + MAX_WAITING_CHECKS:
            raise QuotaError("Too many people log in at this moment; try again.", retry_after_s=2)
        self._waiting_count += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting_count -= 1


class _Failures:
    """How often each name failed in the last minutes; never more than `MAX_REMEMBERED` names."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        #: name -> (when its window began, failures since)
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def record(self, name: str) -> None:
        """Count one; raises QuotaError when it is one too many."""
        now = self._clock()
        began, count = self._counts.get(name, (now, 0))
        if now - began >= FAILURES_WINDOW_S:
            began, count = now, 0
        if count >= self._limit:
            wait_s = int(began + FAILURES_WINDOW_S - now) + 1
            raise QuotaError(
                f"Too many log-ins failed; try again in {wait_s} seconds.", retry_after_s=wait_s
            )
        self._counts[name] = (began, count + 1)
        self._counts.move_to_end(name)
        if len(self._counts) > MAX_REMEMBERED:
            self._counts.popitem(last=False)

    def take_back(self, name: str) -> None:
        """It was no failure after all."""
        began, count = self._counts.get(name, (0.0, 0))
        if count:
            self._counts[name] = (began, count - 1)

    def forget(self, name: str) -> None:
        """The right person came."""
        self._counts.pop(name, None)
