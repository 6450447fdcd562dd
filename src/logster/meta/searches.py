"""Searches that people keep: saved ones, private or shared, and what each has asked lately.

In: a person, their workspace, and what they want to keep. Out: `SavedSearch`es, texts.
Promise: who sees and changes a search is said in `sharing`; a history is its owner's alone;
everybody keeps a bounded number of both.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select, update

from logster.errors import NotFoundError
from logster.meta import tables
from logster.meta.sharing import (
    MAX_INSTANT_CHARACTERS,
    changeable_in,
    check_length,
    check_name,
    check_room,
    check_sharing,
    insert_kept,
    load_kept,
    remove_kept,
    visible_in,
)
from logster.query.limits import MAX_TEXT_CHARACTERS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from logster.meta.database import Database
    from logster.meta.sharing import Person, Removed

MAX_SEARCHES = 500
MAX_HISTORY = 200
MAX_COLUMNS = 50
MAX_COLUMN_CHARACTERS = 500


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A search as somebody wants to keep it."""

    name: str
    query: str
    columns: list[str] = []
    since: str = ""
    until: str = ""
    is_shared: bool = False


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A kept search; instants are nanoseconds since 1970."""

    id: int
    owner: int
    owner_email: str
    name: str
    query: str
    columns: list[str]
    since: str
    until: str
    is_shared: bool
    created_at: int
    changed_at: int


class Searches:
    """Saved searches and histories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def visible_to(self, workspace: int, user: int | None) -> list[SavedSearch]:
        """The shared ones of the workspace, and the person's own, by name."""
        seen = visible_in(tables.saved_searches, workspace, user)
        return await self._database.read(lambda connection: _load(connection, seen))

    async def create(self, person: Person, draft: Draft) -> SavedSearch:
        """Keep a search; raises ForbiddenError, ValueError for what may not be kept."""
        check_sharing(person, is_shared=draft.is_shared)
        values = _values_of(draft)
        return await self._database.write(lambda connection: _insert(connection, person, values))

    async def change(self, person: Person, search: int, draft: Draft) -> SavedSearch:
        """Replace a search; raises ForbiddenError, NotFoundError unless the person may."""
        check_sharing(person, is_shared=draft.is_shared)
        values = _values_of(draft)

        def change(connection: Connection) -> SavedSearch:
            changeable = changeable_in(tables.saved_searches, person, search)
            changing = update(tables.saved_searches).where(changeable)
            done = connection.execute(changing.values(**values, changed_at=time.time_ns()))
            if not done.rowcount:
                raise _missing(search)
            return _load(connection, tables.saved_searches.c.id == search)[0]

        return await self._database.write(change)

    async def remove(self, person: Person, search: int) -> Removed:
        """Forget a search, and tell what it was.

        Raises NotFoundError unless it is the person's to change.
        """

        def remove(connection: Connection) -> Removed:
            removed = remove_kept(connection, tables.saved_searches, person, search)
            if removed is None:
                raise _missing(search)
            return removed

        return await self._database.write(remove)

    async def history(self, person: Person) -> list[tuple[str, int]]:
        """What the person asked lately and when, each text once, newest first."""
        asked = tables.query_history.c
        question = (
            select(asked.query, asked.asked_at)
            .where(_history_of(person))
            .order_by(asked.asked_at.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(question).all())
        return [(row.query, row.asked_at) for row in rows]

    async def record_query(self, person: Person, query: str) -> None:
        """Remember what was asked; the oldest are forgotten. Raises ValueError."""
        query = query.strip()
        check_length("The query", query, MAX_TEXT_CHARACTERS)
        await self._database.write(lambda connection: _record(connection, person, query))

    async def clear_history(self, person: Person) -> None:
        """Forget all that the person asked."""
        clearing = delete(tables.query_history).where(_history_of(person))
        await self._database.write(lambda connection: connection.execute(clearing))


def _insert(connection: Connection, person: Person, values: dict[str, object]) -> SavedSearch:
    saved = tables.saved_searches
    check_room(connection, saved, person, MAX_SEARCHES, "searches")
    return _load(connection, insert_kept(connection, saved, person, values))[0]


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[SavedSearch]:
    found = load_kept(connection, tables.saved_searches, condition)
    return [
        SavedSearch(**{**row, "columns": msgspec.json.decode(row["columns"], type=list[str])})
        for row in found
    ]


def _missing(search: int) -> NotFoundError:
    return NotFoundError(f"There is no saved search {search} that you may change.")


def _history_of(person: Person) -> ColumnElement[bool]:
    asked = tables.query_history.c
    return (asked.workspace == person.workspace) & (asked.user == person.user)


def _record(connection: Connection, person: Person, query: str) -> None:
    asked = tables.query_history
    digest = hashlib.sha256(query.encode()).digest()
    mine = _history_of(person)
    connection.execute(delete(asked).where(mine & (asked.c.digest == digest)))
    connection.execute(
        asked.insert().values(
            workspace=person.workspace,
            user=person.user,
            digest=digest,
            query=query,
            asked_at=time.time_ns(),
        )
    )
    newest = select(asked.c.asked_at).where(mine).order_by(asked.c.asked_at.desc())
    oldest_kept = connection.execute(newest.offset(MAX_HISTORY - 1).limit(1)).scalar()
    if oldest_kept is not None:
        connection.execute(delete(asked).where(mine & (asked.c.asked_at < oldest_kept)))


def _values_of(draft: Draft) -> dict[str, object]:
    """The columns of a row; raises ValueError."""
    name = check_name(draft.name)
    check_length("The query", draft.query, MAX_TEXT_CHARACTERS, least=0)
    for instant in (draft.since, draft.until):
        check_length("A time", instant, MAX_INSTANT_CHARACTERS, least=0)
    if len(draft.columns) > MAX_COLUMNS:
        raise ValueError(f"A search has at most {MAX_COLUMNS} columns.")
    for column in draft.columns:
        check_length("A column", column, MAX_COLUMN_CHARACTERS)
    return {
        "name": name,
        "query": draft.query,
        "columns": msgspec.json.encode(draft.columns).decode(),
        "since": draft.since,
        "until": draft.until,
        "is_shared": draft.is_shared,
    }
