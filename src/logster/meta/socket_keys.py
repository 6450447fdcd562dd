"""The keys that sockets stand for: one that is named, or a socket's own, whose text nobody knows.

In: the name of a key of the first workspace, or of a protocol that has a key of its own.
Out: a `Grant`. Promise: `check` does no I/O; a key made, renamed or revoked anywhere holds within
a second. An own key is made once: revoked, it stays revoked.

An own key has no text: what is kept of it is no digest of any, so that nobody can send it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from logster.errors import UnauthorizedError
from logster.meta import tables
from logster.meta.grants import PART, Grant, Grants, Right
from logster.meta.live import record_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from logster.meta.database import Database
    from logster.meta.live import LiveValues

#: Protocol -> name of its own key.
OWN_NAMES = {"syslog": "syslog", "gelf": "GELF"}


class SocketKeys:
    """Those of the live keys that a socket may stand for, as one worker knows them."""

    def __init__(self, grants: Grants, live: LiveValues) -> None:
        self._grants = grants
        nothing: Mapping[str, list[bytes]] = {}
        self._digests = live.add(PART, _load, nothing)

    def check(self, name: str, protocol: str) -> Grant:
        """What the key of that name grants, "" for the protocol's own; raises RefusedError."""
        digest = self._find(name) if name else _digest_of_own(protocol)
        try:
            return self._grants.check_digest(digest, Right.INGEST)
        except UnauthorizedError:
            which = f"the key {name!r}" if name else f"its own key {OWN_NAMES[protocol]!r}"
            raise UnauthorizedError(f"{which} was revoked") from None

    def _find(self, name: str) -> bytes:
        digests = self._digests.now.get(name, [])
        if not digests:
            raise UnauthorizedError(f"the first workspace has no key named {name!r}")
        if len(digests) > 1:
            raise UnauthorizedError(f"the first workspace has {len(digests)} keys named {name!r}")
        return digests[0]


def make_own_keys(database: Database, protocols: Iterable[str]) -> None:
    """Make the own keys of protocols that never had one, in the first workspace."""
    with database.writing() as connection:
        first = select(tables.workspaces.c.id).order_by(tables.workspaces.c.id).limit(1)
        workspace = connection.execute(first).scalar_one()
        for protocol in protocols:
            digest = _digest_of_own(protocol)
            known = select(tables.keys.c.id).where(tables.keys.c.digest == digest)
            if connection.execute(known).one_or_none() is None:
                _add_own(connection, workspace, protocol, digest)


def _add_own(connection: Connection, workspace: int, protocol: str, digest: bytes) -> None:
    adding = tables.keys.insert().values(
        workspace=workspace,
        name=OWN_NAMES[protocol],
        digest=digest,
        hint="(socket)",
        rights=Right.INGEST.value,
        created_at=time.time_ns(),
    )
    connection.execute(adding)
    record_change(connection, PART)


def _digest_of_own(protocol: str) -> bytes:
    """Shorter than any digest, so that no text has it."""
    return f"socket:{protocol}".encode()


def _load(connection: Connection) -> Mapping[str, list[bytes]]:
    """The live keys of the first workspace, by name."""
    keys, workspaces = tables.keys.c, tables.workspaces.c
    first = select(workspaces.id).order_by(workspaces.id).limit(1).scalar_subquery()
    question = select(keys.name, keys.digest).where(
        (keys.workspace == first) & keys.revoked_at.is_(None)
    )
    found: dict[str, list[bytes]] = {}
    for name, digest in connection.execute(question):
        found.setdefault(name, []).append(bytes(digest))
    return found
