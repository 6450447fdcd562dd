"""API keys, as people make, list, change and revoke them.

In: a workspace and what is wanted. Out: `KeyInfo`s, and once the text of a new key.
Promise: the text itself is not kept; a revoked key stays revoked, and is never made again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select, update

from logster.errors import NotFoundError
from logster.meta import tables
from logster.meta.grants import PART, Right, rights_of
from logster.meta.key_settings import (
    NOTHING,
    KeySettings,
    change_settings,
    read_settings,
    render_settings,
)
from logster.meta.key_text import digest_of, hint_of, make_key
from logster.meta.live import record_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sqlalchemy import Connection, Row

    from logster.meta.database import Database
    from logster.meta.live import LiveValues

MAX_NAME_LENGTH = 200


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it; instants are nanoseconds since 1970."""

    id: int
    workspace: int
    name: str
    hint: str
    rights: frozenset[Right]
    created_at: int
    revoked_at: int | None = None
    last_used_at: int | None = None
    settings: KeySettings = NOTHING


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made; the only moment its text can be seen."""

    info: KeyInfo
    text: str


class Keys:
    """The keys of all workspaces."""

    def __init__(self, database: Database, live: LiveValues | None = None) -> None:
        """`live` are the values of this worker, which know at once what was changed here."""
        self._database = database
        self._live = live

    async def create(
        self,
        workspace: int,
        name: str,
        rights: Iterable[Right],
        settings: Mapping[str, Any] | None = None,
    ) -> NewKey:
        """Make a key; raises ValueError for what cannot be, QueryError for the filter of it."""
        name, chosen = _check_name(name), frozenset(rights)
        chosen_settings = change_settings(NOTHING, settings or {})
        if not chosen:
            raise ValueError("A key needs at least one right: ingest, read or admin.")
        text = make_key()
        new = await self._database.write(
            lambda connection: NewKey(
                info=add_key(connection, workspace, name, text, chosen, chosen_settings), text=text
            )
        )
        await self._catch_up()
        return new

    async def in_workspace(self, workspace: int) -> list[KeyInfo]:
        """Every key of the workspace, revoked ones too, newest first."""
        question = (
            select(tables.keys)
            .where(tables.keys.c.workspace == workspace)
            .order_by(tables.keys.c.id.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(question).all())
        return [_info_of(row) for row in rows]

    async def find(self, workspace: int, key: int) -> KeyInfo:
        """One key of the workspace; raises NotFoundError."""
        return await self._database.read(lambda connection: _find(connection, workspace, key))

    async def change(
        self,
        workspace: int,
        key: int,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> KeyInfo:
        """Call a key something else, set some of its settings; the others stay as they are.

        Raises NotFoundError, ValueError for what cannot be, QueryError for the filter.
        """
        named = {} if name is None else {"name": _check_name(name)}

        def change(connection: Connection) -> KeyInfo:
            # Two people who change one key at the same time: the second sees what the first did.
            mine = select(tables.keys.c.id).where(tables.keys.c.id == key)
            connection.execute(mine.with_for_update())
            changed = change_settings(_find(connection, workspace, key).settings, settings or {})
            values = {**named, "settings": render_settings(changed)}
            connection.execute(update(tables.keys).where(tables.keys.c.id == key).values(**values))
            record_change(connection, PART)  # a socket may stand for it by its name
            return _find(connection, workspace, key)

        info = await self._database.write(change)
        await self._catch_up()
        return info

    async def revoke(self, workspace: int, key: int) -> None:
        """End a key for good; raises NotFoundError. Revoking twice is no mistake."""
        await self._database.write(lambda connection: _revoke(connection, workspace, key))
        await self._catch_up()

    async def _catch_up(self) -> None:
        if self._live:
            await self._live.catch_up()


def add_key(
    connection: Connection,
    workspace: int,
    name: str,
    text: str,
    rights: frozenset[Right],
    settings: KeySettings = NOTHING,
) -> KeyInfo:
    """Write a key down and tell every worker; the text itself is not kept."""
    row = connection.execute(
        tables.keys.insert()
        .values(
            workspace=workspace,
            name=name,
            digest=digest_of(text),
            hint=hint_of(text),
            rights=" ".join(sorted(rights)),
            created_at=time.time_ns(),
            settings=render_settings(settings),
        )
        .returning(tables.keys)
    ).one()
    record_change(connection, PART)
    return _info_of(row)


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise ValueError(f"A key's name is 1 to {MAX_NAME_LENGTH} printable characters.")
    return name


def _find(connection: Connection, workspace: int, key: int) -> KeyInfo:
    mine = (tables.keys.c.workspace == workspace) & (tables.keys.c.id == key)
    row = connection.execute(select(tables.keys).where(mine)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no key {key} in this workspace.")
    return _info_of(row)


def _revoke(connection: Connection, workspace: int, key: int) -> None:
    _find(connection, workspace, key)
    connection.execute(
        update(tables.keys)
        .where((tables.keys.c.id == key) & tables.keys.c.revoked_at.is_(None))
        .values(revoked_at=time.time_ns())
    )
    record_change(connection, PART)


def _info_of(row: Row[tuple[object, ...]]) -> KeyInfo:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    del values["digest"]
    rights, settings = rights_of(values["rights"]), read_settings(values["settings"])
    return KeyInfo(**{**values, "rights": rights, "settings": settings})
