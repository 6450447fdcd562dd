"""Sessions: who is logged in, in which workspace and role, and until when.

In: a user, later the token of their cookie. Out: a `Session`.
Promise: a token is kept as SHA-256; who leaves a workspace or is disabled has no session there.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select

from logster.meta import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


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


def begin_session(connection: Connection, user: int, duration_ns: int) -> LogIn | None:
    """Let a user in, into the first of their workspaces; None when they have none."""
    now = time.time_ns()
    _forget_expired(connection, now)
    workspace = _first_workspace(connection, user)
    if workspace is None:
        return None
    token = secrets.token_urlsafe(32)
    connection.execute(
        tables.sessions.insert().values(
            digest=_digest_of(token),
            user=user,
            workspace=workspace,
            created_at=now,
            expires_at=now + duration_ns,
        )
    )
    session = find_session(connection, token)
    return LogIn(token=token, session=session) if session else None


def _forget_expired(connection: Connection, now: int) -> None:
    connection.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= now))


def _first_workspace(connection: Connection, user: int) -> int | None:
    memberships = tables.memberships.c
    question = select(memberships.workspace).where(memberships.user == user)
    return connection.execute(question.order_by(memberships.workspace).limit(1)).scalar()


def find_session(connection: Connection, token: str) -> Session | None:
    """Who holds this token now; None when it is unknown, expired or revoked."""
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
            sessions.digest == _digest_of(token),
            sessions.expires_at > time.time_ns(),
            users.disabled_at.is_(None),
        )
    )
    row = connection.execute(question).one_or_none()
    return msgspec.convert(row, Session, from_attributes=True) if row else None


def end_session(connection: Connection, token: str) -> None:
    """End it; an unknown one has ended already."""
    sessions = tables.sessions.c
    connection.execute(delete(tables.sessions).where(sessions.digest == _digest_of(token)))


def end_sessions_of(connection: Connection, user: int, *, kept_token: str = "") -> None:
    """End all sessions of a user, but that of `kept_token`."""
    sessions = tables.sessions.c
    others = (sessions.user == user) & (sessions.digest != _digest_of(kept_token))
    connection.execute(delete(tables.sessions).where(others))


def _digest_of(token: str) -> bytes:
    # 256 random bits: a fast hash is enough, as for keys.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
