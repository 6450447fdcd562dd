"""Searches that people keep: saved ones, private or shared, and what each has asked lately.

In: a person, their workspace, and what they want to keep. Out: `SavedSearch`es, texts.
Promise: a private search is its owner's alone; a shared one is seen by the workspace and
changed by its owner and administrators; everybody keeps a bounded number of both.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, func, select, update

from logster.errors import NotFoundError
from logster.language import MAX_TEXT_CHARACTERS
from logster.meta import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from logster.meta.database import Database

MAX_SEARCHES = 500
MAX_HISTORY = 200
MAX_NAME_CHARACTERS = 200
MAX_COLUMNS = 50
MAX_COLUMN_CHARACTERS = 500
MAX_INSTANT_CHARACTERS = 50


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps searches, in which workspace."""

    user: int
    workspace: int
    is_admin: bool = False


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
        saved = tables.saved_searches.c
        seen: ColumnElement[bool] = saved.is_shared.is_(True)
        if user is not None:
            seen |= saved.owner == user
        return await self._database.read(
            lambda connection: _load(connection, (saved.workspace == workspace) & seen)
        )

    async def create(self, person: Person, draft: Draft) -> SavedSearch:
        """Keep a search; raises ValueError for one that cannot be kept."""
        values = _values_of(draft)
        return await self._database.write(lambda connection: _insert(connection, person, values))

    async def change(self, person: Person, search: int, draft: Draft) -> SavedSearch:
        """Replace a search; raises NotFoundError unless it is the person's to change."""
        values = _values_of(draft)

        def change(connection: Connection) -> SavedSearch:
            changing = update(tables.saved_searches).where(_changeable(person, search))
            done = connection.execute(changing.values(**values, changed_at=time.time_ns()))
            if not done.rowcount:
                raise _missing(search)
            return _load(connection, tables.saved_searches.c.id == search)[0]

        return await self._database.write(change)

    async def remove(self, person: Person, search: int) -> None:
        """Forget a search; raises NotFoundError unless it is the person's to change."""

        def remove(connection: Connection) -> None:
            removing = delete(tables.saved_searches).where(_changeable(person, search))
            if not connection.execute(removing).rowcount:
                raise _missing(search)

        await self._database.write(remove)

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
        _check_length("The query", query, MAX_TEXT_CHARACTERS)
        await self._database.write(lambda connection: _record(connection, person, query))

    async def clear_history(self, person: Person) -> None:
        """Forget all that the person asked."""
        clearing = delete(tables.query_history).where(_history_of(person))
        await self._database.write(lambda connection: connection.execute(clearing))


def _insert(connection: Connection, person: Person, values: dict[str, object]) -> SavedSearch:
    saved, now = tables.saved_searches, time.time_ns()
    mine = (saved.c.workspace == person.workspace) & (saved.c.owner == person.user)
    counting = select(func.count()).select_from(saved).where(mine)
    if connection.execute(counting).scalar_one() >= MAX_SEARCHES:
        raise ValueError(f"You have {MAX_SEARCHES} searches; remove one to keep another.")
    adding = saved.insert().values(
        **values,
        workspace=person.workspace,
        owner=person.user,
        created_at=now,
        changed_at=now,
    )
    number = connection.execute(adding.returning(saved.c.id)).scalar_one()
    return _load(connection, saved.c.id == number)[0]


def _load(connection: Connection, condition: ColumnElement[bool]) -> list[SavedSearch]:
    saved, users = tables.saved_searches, tables.users
    question = (
        select(saved, users.c.email.label("owner_email"))
        .join(users, users.c.id == saved.c.owner)
        .where(condition)
        .order_by(saved.c.name, saved.c.id)
    )
    return [_saved_of(row) for row in connection.execute(question)]


def _saved_of(row: Row[tuple[object, ...]]) -> SavedSearch:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    del values["workspace"]
    columns = msgspec.json.decode(values["columns"], type=list[str])
    return SavedSearch(**{**values, "columns": columns})


def _changeable(person: Person, search: int) -> ColumnElement[bool]:
    saved = tables.saved_searches.c
    allowed: ColumnElement[bool] = saved.owner == person.user
    if person.is_admin:
        allowed |= saved.is_shared.is_(True)
    return (saved.id == search) & (saved.workspace == person.workspace) & allowed


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
    name = draft.name.strip()
    _check_length("The name", name, MAX_NAME_CHARACTERS)
    if not name.isprintable():
        raise ValueError("The name holds characters that cannot be shown.")
    _check_length("The query", draft.query, MAX_TEXT_CHARACTERS, least=0)
    for instant in (draft.since, draft.until):
        _check_length("A time", instant, MAX_INSTANT_CHARACTERS, least=0)
    if len(draft.columns) > MAX_COLUMNS:
        raise ValueError(f"A search has at most {MAX_COLUMNS} columns.")
    for column in draft.columns:
        _check_length("A column", column, MAX_COLUMN_CHARACTERS)
    return {
        "name": name,
        "query": draft.query,
        "columns": msgspec.json.encode(draft.columns).decode(),
        "since": draft.since,
        "until": draft.until,
        "is_shared": draft.is_shared,
    }


def _check_length(what: str, text: str, most: int, *, least: int = 1) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{what} has {len(text)} characters, {least} to {most} are possible.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{what} holds a character that cannot be kept.")
