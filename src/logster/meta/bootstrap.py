"""The first start: a workspace, a person who may do everything, and a key.

In: the database and what the operator said (`LOGSTER_BOOTSTRAP_…`). Out: what must be shown once.
Promise: any number of starters at the same moment make one of each. What was made up is
returned to one of them, to be printed; it is never logged and cannot be shown again.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING

import argon2
import msgspec
from sqlalchemy import select

from logster.errors import ConfigError
from logster.meta import tables
from logster.meta.accounts import add_user, check_email
from logster.meta.grants import ALL_RIGHTS
from logster.meta.key_text import MAX_KEY_LENGTH, MIN_OWN_KEY_LENGTH, digest_of, make_key
from logster.meta.keys import add_key
from logster.meta.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from logster.meta.sessions import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from logster.meta.database import Database

log = logging.getLogger(__name__)

WORKSPACE_NAME = "default"
KEY_NAME = "first key"
DEFAULT_EMAIL = "admin@localhost"


class FirstStart(msgspec.Struct, frozen=True, kw_only=True):
    """What to print, once; a secret the operator chose is None, since they know it."""

    email: str
    password: str | None
    key: str | None


def bootstrap(
    database: Database,
    *,
    admin: str = "",
    api_key: str = "",
    hasher: argon2.PasswordHasher | None = None,
) -> FirstStart | None:
    """Make what a new database needs, or None when it has it already; raises ConfigError.

    On later starts a bootstrap key that was never known is added; nothing else changes.
    """
    check_chosen(admin, api_key)
    email, password = _read_admin(admin)
    if password and len(password) < MIN_PASSWORD_LENGTH:
        log.warning(
            "The password in LOGSTER_BOOTSTRAP_ADMIN has fewer than %d characters; change it.",
            MIN_PASSWORD_LENGTH,
        )
    with database.writing() as connection:
        _lock(connection)
        workspace = _first_workspace(connection)
        if workspace is not None:
            _keep(connection, workspace, email if admin else "", api_key)
            return None
        chosen = password or secrets.token_urlsafe(12)
        password_hash = (hasher or argon2.PasswordHasher()).hash(chosen)
        key = api_key or make_key()
        workspace = _add_workspace(connection)
        add_user(connection, email, password_hash, workspace, Role.ADMIN)
        add_key(connection, workspace, KEY_NAME, key, ALL_RIGHTS)
    return FirstStart(
        email=email,
        password=None if password else chosen,
        key=None if api_key else key,
    )


def check_chosen(admin: str, api_key: str) -> None:
    """Refuse what cannot be an account or a key; raises ConfigError."""
    _read_admin(admin)
    _check_key(api_key)


def _read_admin(admin: str) -> tuple[str, str]:
    """`email:password` in its two parts; a missing one gets the default, or "" for a password."""
    if not admin:
        return DEFAULT_EMAIL, ""
    email, _, password = admin.partition(":")
    try:
        email = check_email(email)
    except ValueError:
        email = ""
    if not email or not password or len(password) > MAX_PASSWORD_LENGTH:
        raise ConfigError(
            "LOGSTER_BOOTSTRAP_ADMIN must be email:password, for instance "
            f"admin@example.com:… with a password of {MIN_PASSWORD_LENGTH} to "
            f"{MAX_PASSWORD_LENGTH} characters."
        )
    return email, password


def _check_key(api_key: str) -> None:
    # Header values arrive as bytes; only plain ASCII means the same to every client.
    is_plain = api_key.isascii() and api_key.isprintable() and api_key == api_key.strip()
    if api_key and not (is_plain and MIN_OWN_KEY_LENGTH <= len(api_key) <= MAX_KEY_LENGTH):
        raise ConfigError(
            f"LOGSTER_BOOTSTRAP_API_KEY has {len(api_key)} characters; it must have "
            f"{MIN_OWN_KEY_LENGTH} to {MAX_KEY_LENGTH}, printable ASCII without blanks around it."
        )


def _lock(connection: Connection) -> None:
    # SQLite's writer has the database for itself already; PostgreSQL's must take it.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE workspaces IN EXCLUSIVE MODE")


def _first_workspace(connection: Connection) -> int | None:
    workspaces = tables.workspaces.c
    return connection.execute(select(workspaces.id).order_by(workspaces.id).limit(1)).scalar()


def _add_workspace(connection: Connection) -> int:
    adding = tables.workspaces.insert().values(name=WORKSPACE_NAME, created_at=time.time_ns())
    workspace: int = connection.execute(adding.returning(tables.workspaces.c.id)).scalar_one()
    return workspace


def _keep(connection: Connection, workspace: int, email: str, api_key: str) -> None:
    """A later start: add a key that was never known, and say that nothing else changes."""
    keys, users = tables.keys.c, tables.users.c
    if api_key:
        known = select(keys.id).where(keys.digest == digest_of(api_key))
        # A revoked key is known, too: what a person ended stays ended.
        if connection.execute(known).one_or_none() is None:
            add_key(connection, workspace, KEY_NAME, api_key, ALL_RIGHTS)
            log.info("LOGSTER_BOOTSTRAP_API_KEY was added to the keys of the first workspace.")
    if email and connection.execute(select(users.id).where(users.email == email)).all() == []:
        log.info(
            "LOGSTER_BOOTSTRAP_ADMIN counts on the first start only; no account was made or "
            "changed. Use the accounts there are."
        )
