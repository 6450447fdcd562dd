"""Dashboards: whose they are, versions, what is refused, files, and values in questions."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from logster.errors import ConflictError, NotFoundError
from logster.meta import dashboards as module
from logster.meta import tables
from logster.meta.dashboards import Board, Dashboards, Draft, Tile, Variable
from logster.meta.sessions import Role
from logster.meta.sharing import Person
from support.meta import add_workspace
from support.web import ADMIN, KEY, Site, absent_engine, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from logster.meta.database import Database

TILE = Tile(kind="number", title="Errors", q="severity>=error", x=0, y=0, w=3, h=2)
BOARD = Board(
    since="7d",
    refresh_s=60,
    variables=[Variable(name="application", field="application", values=["shop"])],
    tiles=[TILE],
)
DRAFT = Draft(name="Shop", board=BOARD)

PATH = "/api/v1/dashboards"
DOCUMENT: dict[str, Any] = {
    "format": "logster-dashboard/1",
    "name": "Shop",
    "since": "7d",
    "until": "",
    "refresh_s": 60,
    "variables": [{"name": "app", "field": "application", "values": ["shop"], "is_multiple": True}],
    "tiles": [
        {"kind": "line", "title": "All", "q": "application:$app", "x": 0, "y": 0, "w": 6, "h": 4},
        {"kind": "patterns", "title": "", "q": "", "x": 6, "y": 0, "w": 6, "h": 4},
    ],
}


@pytest.fixture
def dashboards(database: Database) -> Dashboards:
    return Dashboards(database)


@pytest.fixture
def people(database: Database) -> dict[str, Person]:
    def person(email: str, workspace: int, *, is_admin: bool = False) -> Person:
        with database.writing() as connection:
            adding = tables.users.insert().values(email=email, password_hash="", created_at=1)
            user = connection.execute(adding.returning(tables.users.c.id)).scalar_one()
        return Person(user=user, workspace=workspace, is_admin=is_admin, can_share=True)

    ours, theirs = add_workspace(database, "ours"), add_workspace(database, "theirs")
    return {
        "ada": person("ada@x.org", ours),
        "bob": person("bob@x.org", ours),
        "root": person("root@x.org", ours, is_admin=True),
        "eve": person("eve@x.org", theirs, is_admin=True),
    }


async def test_a_dashboard_comes_back_as_it_was(
    dashboards: Dashboards, people: dict[str, Person]
) -> None:
    ada = people["ada"]
    kept = await dashboards.create(ada, DRAFT)
    assert (kept.name, kept.board, kept.version, kept.owner_email) == (
        "Shop",
        BOARD,
        1,
        "ada@x.org",
    )
    assert await dashboards.find(ada.workspace, ada.user, kept.id) == kept
    (summary,) = await dashboards.visible_to(ada.workspace, ada.user)
    assert (summary.id, summary.name, summary.version) == (kept.id, "Shop", 1)
    copy = await dashboards.duplicate(ada, kept.id)
    assert (copy.name, copy.board, copy.is_shared) == ("Shop (copy)", BOARD, False)
    await dashboards.remove(ada, kept.id)
    assert [each.id for each in await dashboards.visible_to(ada.workspace, ada.user)] == [copy.id]


async def test_who_sees_who_changes_and_who_copies(
    dashboards: Dashboards, people: dict[str, Person]
) -> None:
    private = await dashboards.create(people["ada"], DRAFT)
    shared = await dashboards.create(people["ada"], Draft(name="all", board=BOARD, is_shared=True))
    seen = {
        name: [each.name for each in await dashboards.visible_to(who.workspace, who.user)]
        for name, who in people.items()
    }
    assert seen == {"ada": ["Shop", "all"], "bob": ["all"], "root": ["all"], "eve": []}
    for name, kept in (("bob", private), ("root", private), ("eve", private), ("eve", shared)):
        who = people[name]
        with pytest.raises(NotFoundError):
            await dashboards.find(who.workspace, who.user, kept.id)
        with pytest.raises(NotFoundError):
            await dashboards.duplicate(who, kept.id)
    for name, kept in (("bob", private), ("bob", shared), ("root", private), ("eve", shared)):
        with pytest.raises(NotFoundError):
            await dashboards.change(people[name], kept.id, 1, DRAFT)
        with pytest.raises(NotFoundError):
            await dashboards.remove(people[name], kept.id)
    assert (await dashboards.duplicate(people["bob"], shared.id)).owner == people["bob"].user
    changed = await dashboards.change(people["root"], shared.id, 1, DRAFT)
    assert (changed.version, changed.owner) == (2, people["ada"].user)


async def test_of_two_changes_to_one_version_only_the_first_is_kept(
    dashboards: Dashboards, people: dict[str, Person]
) -> None:
    kept = await dashboards.create(people["ada"], DRAFT)
    names = [f"change {number}" for number in range(8)]
    results = await asyncio.gather(
        *(
            dashboards.change(people["ada"], kept.id, 1, Draft(name=name, board=BOARD))
            for name in names
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, ConflictError) for each in results) == len(names) - 1
    (winner,) = [each for each in results if not isinstance(each, BaseException)]
    found = await dashboards.find(people["ada"].workspace, people["ada"].user, kept.id)
    assert (found.name, found.version) == (winner.name, 2)


async def test_the_number_of_dashboards_is_bounded(
    dashboards: Dashboards, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_DASHBOARDS", 1)
    kept = await dashboards.create(people["ada"], DRAFT)
    with pytest.raises(ValueError, match="remove one"):
        await dashboards.duplicate(people["ada"], kept.id)
    await dashboards.create(people["bob"], DRAFT)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with absent_engine() as engine, running_site(tmp_path / "site", engine) as opened:
        yield opened


@pytest.fixture
async def admin(site: Site) -> httpx.AsyncClient:
    browser = site.visit()
    await log_in(browser)
    browser.headers.update(csrf_of(browser))
    return browser


def told(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


async def test_a_dashboard_lives_through_the_api(site: Site, admin: httpx.AsyncClient) -> None:
    made = await admin.post(PATH, json={**DOCUMENT, "is_shared": True})
    assert made.status_code == 201
    shape = made.json()
    assert {name: shape[name] for name in DOCUMENT} == DOCUMENT
    assert (shape["owner"], shape["can_change"], shape["version"]) == (ADMIN, True, 1)
    path = f"{PATH}/{shape['id']}"

    changed = await admin.put(path, json={**DOCUMENT, "name": "Cart", "version": 1})
    assert (changed.json()["name"], changed.json()["version"]) == ("Cart", 2)
    late = await admin.put(path, json={**DOCUMENT, "version": 1})
    assert late.status_code == 409
    assert "version 2" in told(late)

    copy = (await admin.post(f"{path}/duplicate")).json()
    assert (copy["name"], copy["tiles"]) == ("Cart (copy)", DOCUMENT["tiles"])
    listed = (await admin.get(PATH)).json()["dashboards"]
    assert [each["name"] for each in listed] == ["Cart", "Cart (copy)"]
    assert "tiles" not in listed[0]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_programs_read_what_is_shared_and_change_nothing(
    site: Site, admin: httpx.AsyncClient
) -> None:
    private = (await admin.post(PATH, json=DOCUMENT)).json()["id"]
    shared = (await admin.post(PATH, json={**DOCUMENT, "is_shared": True})).json()["id"]
    program = site.visit(key=KEY)
    assert [each["id"] for each in (await program.get(PATH)).json()["dashboards"]] == [shared]
    answer = await program.get(f"{PATH}/{shared}")
    assert (answer.json()["tiles"], answer.json()["can_change"]) == (DOCUMENT["tiles"], False)
    assert (await program.get(f"{PATH}/{private}")).status_code == 404
    for method, path, body in (
        ("POST", PATH, DOCUMENT),
        ("PUT", f"{PATH}/{shared}", {**DOCUMENT, "version": 1}),
        ("POST", f"{PATH}/{shared}/duplicate", None),
        ("DELETE", f"{PATH}/{shared}", None),
    ):
        assert (await program.request(method, path, json=body)).status_code == 403, method
    assert (await site.visit().get(PATH)).status_code == 401


async def test_another_workspace_reaches_nothing(site: Site, admin: httpx.AsyncClient) -> None:
    shared = (await admin.post(PATH, json={**DOCUMENT, "is_shared": True})).json()["id"]
    theirs = add_workspace(site.meta.database, "theirs")
    await site.add_user("eve@example.com", theirs, Role.ADMIN)
    eve = site.visit()
    await log_in(eve, "eve@example.com")
    eve.headers.update(csrf_of(eve))
    assert (await eve.get(PATH)).json()["dashboards"] == []
    path = f"{PATH}/{shared}"
    for method, target, body in (
        ("GET", path, None),
        ("PUT", path, {**DOCUMENT, "version": 1}),
        ("POST", f"{path}/duplicate", None),
        ("DELETE", path, None),
    ):
        assert (await eve.request(method, target, json=body)).status_code == 404, method
    assert (await admin.get(path)).json()["version"] == 1


async def test_a_change_must_come_from_our_own_page(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    assert (await browser.post(PATH, json=DOCUMENT)).status_code == 403


def _with(path: str, value: object) -> dict[str, Any]:
    """The document with another value at `tiles.0.x`, or without the member."""
    document = json.loads(json.dumps(DOCUMENT))
    *way, last = path.split(".")
    target = document
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (_with("format", "logster-dashboard/2"), "format: 'logster-dashboard/2'"),
        (_with("format", None), "`format`"),
        (_with("format", 1), "format"),
        (_with("name", ""), "The name has 0 characters"),
        (_with("name", "x" * 201), "name"),
        (_with("name", "a\0b"), "The name"),
        (_with("tilez", []), "`tilez`"),
        (_with("since", "x" * 51), "since"),
        (_with("since", "yesterday"), "since: 'yesterday' is not a time"),
        (_with("refresh_s", 1), "refresh_s"),
        (_with("tiles", {}), "tiles"),
        (_with("tiles", [DOCUMENT["tiles"][0]] * 51), "tiles"),
        (_with("tiles.1.kind", "pie"), "tiles[1].kind"),
        (_with("tiles.0.q", None), "tiles[0]"),
        (_with("tiles.0.q", "x" * 8_001), "tiles[0].q"),
        (_with("tiles.0.q", "\0"), "tiles[0].q"),
        (_with("tiles.0.w", 13), "tiles[0].w"),
        (_with("tiles.1.w", 7), "tiles[1]: x + w is 13"),
        (_with("tiles.0.x", -1), "tiles[0].x"),
        (_with("tiles.0.y", 1.5), "tiles[0].y"),
        (_with("tiles.0.h", True), "tiles[0].h"),
        (_with("variables.0.name", "a b"), "variables[0].name"),
        (_with("variables.0.field", ""), "variables[0].field"),
        (_with("variables", DOCUMENT["variables"] * 2), "variables[1].name"),
        (_with("variables", DOCUMENT["variables"] * 21), "variables"),
        (_with("variables.0.values", ["x"] * 101), "variables[0].values"),
        (_with("variables.0.values", ["x" * 1_001]), "variables[0].values"),
        (_with("variables.0.values", [5]), "variables[0].values"),
        (
            _with("variables", [{"name": "a", "field": "b", "values": ["x", "y"]}]),
            "variables[0].values",
        ),
        ([DOCUMENT], "object"),
        ("x", "object"),
        (5, "object"),
    ],
)
async def test_what_is_no_dashboard_is_refused_by_the_name_of_the_member(
    admin: httpx.AsyncClient, document: object, said: str
) -> None:
    answer = await admin.post(PATH, json=document)
    assert answer.status_code == 400, answer.text
    assert said in told(answer)
    assert (await admin.get(PATH)).json()["dashboards"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"no json", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', 413),
    ],
)
async def test_garbage_is_refused(admin: httpx.AsyncClient, body: bytes, status: int) -> None:
    answer = await admin.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert told(answer)


async def test_values_are_put_into_questions(site: Site, admin: httpx.AsyncClient) -> None:
    order = {
        "questions": ["application:$app | count", "x", '"'],
        "values": {"app": ["x) OR (severity:fatal"]},
    }
    for visitor in (admin, site.visit(key=KEY)):
        answer = await visitor.post(f"{PATH}/questions", json=order)
        assert answer.status_code == 200
        assert answer.json()["questions"] == [
            'application:"x) OR (severity:fatal" | count',
            "x",
            '"',
        ]
        assert answer.json()["mistakes"] == [None, None, None]
    assert (await site.visit().post(f"{PATH}/questions", json=order)).status_code == 401
    wrong = {"questions": ["x"] * 51, "values": {}}
    assert (await admin.post(f"{PATH}/questions", json=wrong)).status_code == 400


async def test_a_name_without_values_is_a_mistake_of_its_question_alone(
    admin: httpx.AsyncClient,
) -> None:
    order = {"questions": ["x application:$App", "application:$app"], "values": {"app": ["shop"]}}
    answer = await admin.post(f"{PATH}/questions", json=order)
    assert answer.json()["questions"][1] == 'application:"shop"'
    mistake, none = answer.json()["mistakes"]
    assert (mistake["position"], mistake["length"], none) == (14, 4, None)
    assert mistake["message"].startswith("`$App` is not defined")
    assert "`$app`" in mistake["message"]


async def test_dashboards_are_in_the_document(site: Site) -> None:
    document = (await site.visit().get("/api/v1/openapi.json")).json()
    paths = document["paths"]
    assert set(paths[PATH]) >= {"get", "post"}
    assert set(paths[PATH + "/{dashboard_id}"]) >= {"get", "put", "delete"}
    assert "post" in paths[PATH + "/{dashboard_id}/duplicate"]
    assert "post" in paths[PATH + "/questions"]
