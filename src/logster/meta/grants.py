"""What each key may: who may send and read without a log-in.

In: the text of a key and the right that is asked for. Out: a `Grant`, or a refusal.
Promise: `check` does no I/O. A key made or revoked anywhere holds in every worker within
a second (`live`). While the meta database is away, the keys known so far keep working.
"""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select, update

from logster.errors import ForbiddenError, Sender, UnauthorizedError
from logster.meta import tables
from logster.meta.key_settings import Rules, read_rules
from logster.meta.key_text import digest_of, may_exist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from logster.meta.database import Database
    from logster.meta.live import LiveValues

#: Its name among the live values.
PART = "keys"


class Right(enum.StrEnum):
    """What a key may do; a key has any set of these."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


ALL_RIGHTS = frozenset(Right)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was checked: whose it is and what it may; None where it has no settings."""

    workspace: int
    key: int
    rights: frozenset[Right]
    rules: Rules | None = None


class Grants:
    """Those of the live keys, as one worker knows them."""

    def __init__(self, database: Database, live: LiveValues) -> None:
        self._database = database
        self._live = live
        nobody: Mapping[bytes, Grant] = {}
        self._grants = live.add(PART, _load, nobody)
        self._used: set[int] = set()

    def check(self, text: str | None, right: Right) -> Grant:
        """Give what the key grants; raises UnauthorizedError or ForbiddenError. No I/O.

        An unknown key hastens the next refresh; who can wait for it calls `admit`.
        """
        if not text:
            raise UnauthorizedError(
                "An API key is needed: send it in the ApiKey header. None came, or an empty one: "
                "is the variable set that holds it (LOGSTER_API_KEY)?"
            )
        try:
            return self.check_digest(digest_of(text), right)
        except UnauthorizedError:
            if may_exist(text):
                self._live.hasten()
            raise

    def check_digest(self, digest: bytes, right: Right) -> Grant:
        """The same for a key of which the digest is known."""
        grant = self._grants.now.get(digest)
        if grant is None:
            raise UnauthorizedError("The API key is unknown or was revoked.")
        if right not in grant.rights:
            raise ForbiddenError(
                f"The API key lacks the right {right.value!r}.", Sender(grant.workspace, grant.key)
            )
        self._used.add(grant.key)
        return grant

    async def admit(self, text: str | None, right: Right) -> Grant:
        """Check, and let an unknown key wait for one refresh: it may be a moment old."""
        upcoming = self._live.upcoming()
        try:
            return self.check(text, right)
        except UnauthorizedError:
            if not text or not may_exist(text):
                raise
        # A flood of wrong keys asks the database no more often.
        await self._live.wait_for(upcoming)
        return self.check(text, right)

    def find(self, workspace: int, key: int, right: Right) -> Grant | None:
        """What a key grants that is named by its number; None when it was revoked."""
        for grant in self._grants.now.values():
            if (grant.workspace, grant.key) == (workspace, key) and right in grant.rights:
                return grant
        return None

    async def record_use(self) -> None:
        """Write down which keys were used since the last time; raises MetaUnavailableError."""
        used, self._used = self._used, set()
        if not used:
            return
        keys = tables.keys.c
        using = update(tables.keys).where(keys.id.in_(tuple(used)))
        now = time.time_ns()
        try:
            await self._database.write(
                lambda connection: connection.execute(using.values(last_used_at=now))
            )
        except BaseException:
            self._used |= used
            raise


def _load(connection: Connection) -> Mapping[bytes, Grant]:
    keys = tables.keys.c
    question = select(keys.digest, keys.workspace, keys.id, keys.rights, keys.settings)
    return {
        bytes(digest): Grant(
            workspace=workspace, key=key, rights=rights_of(rights), rules=read_rules(settings)
        )
        for digest, workspace, key, rights, settings in connection.execute(
            question.where(keys.revoked_at.is_(None))
        )
    }


def rights_of(text: str) -> frozenset[Right]:
    """Rights as the table keeps them."""
    return frozenset(Right(name) for name in text.split())
