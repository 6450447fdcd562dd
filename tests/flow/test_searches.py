"""Saved searches and histories: whose they are, who sees them, who changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from logster.errors import NotFoundError
from logster.meta import searches as module
from logster.meta.searches import MAX_HISTORY, Draft, Searches
from logster.meta.sharing import Person
from support.meta import add_workspace

if TYPE_CHECKING:
    from logster.meta.database import Database

from logster.meta import tables

DRAFT = Draft(name="slow", query="DurationMs>500", columns=["application", "DurationMs"])


@pytest.fixture
def searches(database: Database) -> Searches:
    return Searches(database)


def person(database: Database, email: str, workspace: int, **rights: Any) -> Person:
    with database.writing() as connection:
        adding = tables.users.insert().values(email=email, password_hash="", created_at=1)
        user = connection.execute(adding.returning(tables.users.c.id)).scalar_one()
    return Person(user=user, workspace=workspace, can_share=True, **rights)


@pytest.fixture
def people(database: Database) -> dict[str, Person]:
    ours, theirs = add_workspace(database, "ours"), add_workspace(database, "theirs")
    return {
        "ada": person(database, "ada@x.org", ours),
        "bob": person(database, "bob@x.org", ours),
        "root": person(database, "root@x.org", ours, is_admin=True),
        "eve": person(database, "eve@x.org", theirs, is_admin=True),
    }


async def names(searches: Searches, who: Person) -> list[str]:
    return [saved.name for saved in await searches.visible_to(who.workspace, who.user)]


async def test_a_saved_search_comes_back_as_it_was(
    searches: Searches, people: dict[str, Person]
) -> None:
    saved = await searches.create(people["ada"], DRAFT)
    assert (saved.name, saved.query, saved.columns) == (DRAFT.name, DRAFT.query, DRAFT.columns)
    assert (saved.owner_email, saved.is_shared) == ("ada@x.org", False)
    assert await searches.visible_to(people["ada"].workspace, people["ada"].user) == [saved]
    changed = await searches.change(people["ada"], saved.id, Draft(name="x", query="", since="1h"))
    assert (changed.name, changed.since, changed.created_at) == ("x", "1h", saved.created_at)
    await searches.remove(people["ada"], saved.id)
    assert await names(searches, people["ada"]) == []


async def test_who_sees_and_who_changes(searches: Searches, people: dict[str, Person]) -> None:
    private = await searches.create(people["ada"], DRAFT)
    shared = await searches.create(people["ada"], Draft(name="all", query="", is_shared=True))
    seen = {name: await names(searches, who) for name, who in people.items()}
    assert seen == {"ada": ["all", "slow"], "bob": ["all"], "root": ["all"], "eve": []}
    assert [s.name for s in await searches.visible_to(people["bob"].workspace, None)] == ["all"]
    for name, search in (("bob", private), ("bob", shared), ("root", private), ("eve", shared)):
        with pytest.raises(NotFoundError):
            await searches.change(people[name], search.id, DRAFT)
        with pytest.raises(NotFoundError):
            await searches.remove(people[name], search.id)
    await searches.change(people["root"], shared.id, Draft(name="ours", query="", is_shared=True))
    assert await names(searches, people["bob"]) == ["ours"]
    await searches.remove(people["root"], shared.id)


async def test_the_number_of_searches_is_bounded(
    searches: Searches, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SEARCHES", 2)
    for _ in range(2):
        await searches.create(people["ada"], DRAFT)
    with pytest.raises(ValueError, match="remove one"):
        await searches.create(people["ada"], DRAFT)
    await searches.create(people["bob"], DRAFT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\nb"},
        {"name": "a\0"},
        {"query": "x" * 8_001},
        {"query": "\ud800"},
        {"columns": ["x"] * 51},
        {"columns": [""]},
        {"since": "x" * 51},
    ],
)
async def test_what_cannot_be_kept_is_refused(
    searches: Searches, people: dict[str, Person], wrong: dict[str, Any]
) -> None:
    values: dict[str, Any] = {"name": "x", "query": "", **wrong}
    with pytest.raises(ValueError, match=r"characters|character|columns"):
        await searches.create(people["ada"], Draft(**values))


async def test_the_history_has_each_query_once_newest_first_and_ends(
    searches: Searches, people: dict[str, Person]
) -> None:
    ada, bob = people["ada"], people["bob"]
    for text in ("first", "second", "third", "first"):
        await searches.record_query(ada, text)
    await searches.record_query(bob, "of bob")
    assert [text for text, _ in await searches.history(ada)] == ["first", "third", "second"]
    for number in range(MAX_HISTORY + 5):
        await searches.record_query(ada, f"query {number}")
    kept = [text for text, _ in await searches.history(ada)]
    assert kept == [f"query {number}" for number in range(MAX_HISTORY + 4, 4, -1)]
    await searches.clear_history(ada)
    assert await searches.history(ada) == []
    assert [text for text, _ in await searches.history(bob)] == ["of bob"]
    for wrong in ("", "  ", "x" * 8_001):
        with pytest.raises(ValueError, match="characters"):
            await searches.record_query(ada, wrong)
