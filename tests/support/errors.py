"""Errors that are stored and told of, as the drain tells of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from logster.event import NS_PER_MS
from logster.notice import Notice, Stored
from logster.store.issues import StoredErrors
from logster.track.issues import Issues
from logster.track.listener import IssueListener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.meta.database import Database
    from logster.store.engine import Engine

_INSERT = """
INSERT INTO events (id, timestamp, received_at, severity, message, application, release, user,
    workspace, issue, protocol)
SELECT {id:UInt64}, fromUnixTimestamp64Nano({at:Int64}), fromUnixTimestamp64Nano({at:Int64}),
    4, {message:String}, {application:String}, {release:String}, {user:String},
    {workspace:UInt32}, {key:UInt64}, 'api_log'
"""


class Errors:
    """Stores errors, and tells the issues of a workspace of them."""

    def __init__(self, engine: Engine, database: Database, workspace: int) -> None:
        self.issues = Issues(database)
        self.workspace = workspace
        self._engine = engine
        self._listener = listener_of(engine, self.issues)
        self._last_id = time.time_ns() // NS_PER_MS

    async def raise_(self, key: int, *, at: int | None = None, **fields: Any) -> Notice:
        """Store one error and tell of it; gives what was told."""
        notice = await self.store([key], at=at, **fields)
        await self._listener.hear(notice)
        return notice

    async def store(self, keys: Sequence[int], *, at: int | None = None, **fields: Any) -> Notice:
        """Store an error of each key; gives what is to be told."""
        at = time.time_ns() if at is None else at
        for key in keys:
            self._last_id += 1
            values = {
                "message": f"error {key}",
                "application": "shop",
                "release": "",
                "user": "",
                "workspace": self.workspace,
                **fields,
                "id": self._last_id,
                "at": at,
                "key": key,
            }
            await self._engine.command(_INSERT, values)
        told = Stored(count=len(keys), first_at=at, last_at=at, fingerprints=frozenset(keys))
        return Notice(f"token-{self._last_id}", {self.workspace: told})


def listener_of(engine: Engine, issues: Issues) -> IssueListener:
    """Another worker's ear."""
    return IssueListener(issues, StoredErrors(engine))
