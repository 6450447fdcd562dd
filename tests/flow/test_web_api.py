import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logster.errors import StoreRefusedError
from logster.meta.grants import Right
from logster.meta.sessions import Role
from logster.store.engine import Engine
from logster.web import refusals
from support.meta import add_workspace, file_url, running_meta
from support.web import ADMIN, KEY, Site, absent_engine, csrf_of, log_in, running_site


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with absent_engine() as opened:
        yield opened


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        yield opened


async def test_a_person_is_told_who_they_are(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    told = (await browser.get("/api/v1/session")).json()
    assert (told["email"], told["workspace"], told["role"]) == (ADMIN, "default", "admin")
    assert told["version"]


@pytest.mark.parametrize(
    "headers",
    [{"ApiKey": KEY}, {"apikey": KEY}, {"X-Api-Key": KEY}, {"Authorization": f"Bearer {KEY}"}],
)
async def test_a_key_works_as_well_as_a_session(site: Site, headers: dict[str, str]) -> None:
    told = (await site.visit().get("/api/v1/session", headers=headers)).json()
    assert (told["email"], told["workspace"], told["role"]) == (None, "default", "admin")


@pytest.mark.parametrize("path", ["session", "events", "events/1", "events/tail", "keys"])
async def test_a_stranger_learns_nothing(site: Site, path: str) -> None:
    for headers in (
        {},
        {"ApiKey": "an-unknown-key-of-some-length"},
        {"Cookie": "logster_session=x"},
    ):
        answer = await site.visit().get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code == 401
        assert set(answer.json()) == {"error"}


async def test_an_unknown_key_is_not_saved_by_a_session(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    answer = await browser.get("/api/v1/session", headers={"ApiKey": "an-unknown-key"})
    assert answer.status_code == 401


async def test_a_key_that_may_only_send_may_not_read(site: Site) -> None:
    new = await site.meta.keys.create(1, "shop", [Right.INGEST])
    answer = await site.visit(key=new.text).get("/api/v1/events")
    assert answer.status_code == 403
    assert "'read'" in answer.json()["error"]["message"]


async def test_an_admin_makes_sees_and_revokes_keys(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    order = {"name": "shop", "rights": ["read", "ingest"]}
    made = await browser.post("/api/v1/keys", json=order, headers=csrf_of(browser))
    assert made.status_code == 201
    key, text = made.json()["key"], made.json()["text"]
    assert key["rights"] == ["ingest", "read"]
    assert key["created_at"].endswith("Z")
    listed = (await browser.get("/api/v1/keys")).json()["keys"]
    assert listed[0] == key
    assert text not in str(listed)
    assert (await site.visit(key=text).get("/api/v1/session")).status_code == 200
    revoked = await browser.delete(f"/api/v1/keys/{key['id']}", headers=csrf_of(browser))
    assert revoked.status_code == 204
    assert (await site.visit(key=text).get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
async def test_only_admins_touch_keys(site: Site, role: Role) -> None:
    await site.add_user("ada@example.com", 1, role)
    browser = site.visit()
    await log_in(browser, "ada@example.com")
    order = {"name": "mine", "rights": ["admin"]}
    assert (await browser.get("/api/v1/keys")).status_code == 403
    made = await browser.post("/api/v1/keys", json=order, headers=csrf_of(browser))
    assert made.status_code == 403
    assert (await browser.delete("/api/v1/keys/1", headers=csrf_of(browser))).status_code == 403


async def test_a_reading_key_makes_no_keys(site: Site) -> None:
    reader = await site.meta.keys.create(1, "reader", [Right.READ, Right.INGEST])
    order = {"name": "mine", "rights": ["admin"]}
    answer = await site.visit(key=reader.text).post("/api/v1/keys", json=order)
    assert answer.status_code == 403


async def test_a_change_by_cookie_needs_the_proof_of_our_own_page(site: Site) -> None:
    browser, other = site.visit(), site.visit()
    await log_in(browser)
    await log_in(other)
    order = {"name": "forged", "rights": ["admin"]}
    forged: list[dict[str, str]] = [
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        csrf_of(other),
    ]
    for headers in forged:
        answer = await browser.post("/api/v1/keys", json=order, headers=headers)
        assert answer.status_code == 403
    # A cookie planted by another site under our name proves nothing either.
    browser.cookies.set("csrftoken", "planted", domain="logs.test")
    headers = {"X-CSRF-Token": "planted"}
    assert (await browser.post("/api/v1/keys", json=order, headers=headers)).status_code == 403
    names = [info.name for info in await site.meta.keys.in_workspace(1)]
    assert "forged" not in names


async def test_a_key_needs_no_proof_because_no_browser_adds_it(site: Site) -> None:
    order = {"name": "by program", "rights": ["ingest"]}
    assert (await site.visit(key=KEY).post("/api/v1/keys", json=order)).status_code == 201


async def test_keys_of_another_workspace_do_not_exist(site: Site) -> None:
    other = add_workspace(site.meta.database, "other")
    theirs = await site.meta.keys.create(other, "theirs", [Right.READ])
    program = site.visit(key=KEY)
    assert (await program.delete(f"/api/v1/keys/{theirs.info.id}")).status_code == 404
    assert "theirs" not in (await program.get("/api/v1/keys")).text
    assert (await site.visit(key=theirs.text).get("/api/v1/session")).json()["workspace"] == "other"


async def test_the_workspace_cannot_be_asked_for(site: Site) -> None:
    add_workspace(site.meta.database, "other")
    headers = {"X-Workspace": "other", "Workspace": "2"}
    answer = await site.visit(key=KEY).get("/api/v1/session", headers=headers)
    assert answer.json()["workspace"] == "default"
    answer = await site.visit(key=KEY).get("/api/v1/session?workspace=2")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "order",
    [
        {"name": "", "rights": ["read"]},
        {"name": "x" * 201, "rights": ["read"]},
        {"name": "x", "rights": []},
        {"name": "x", "rights": ["root"]},
        {"name": "x"},
        {"name": 5, "rights": ["read"]},
        [],
        None,
    ],
)
async def test_a_bad_order_is_explained(site: Site, order: object) -> None:
    answer = await site.visit(key=KEY).post("/api/v1/keys", json=order)
    assert answer.status_code == 400
    assert len(answer.json()["error"]["message"]) > 10


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 50_000, b"x" * 100_000])
async def test_a_broken_body_is_a_refusal(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await site.visit(key=KEY).post("/api/v1/keys", content=body, headers=headers)
    assert answer.status_code in (400, 413)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "name", ["'); DROP TABLE keys; --", "<img src=x onerror=alert(1)>", "${7*7}"]
)
async def test_a_name_that_attacks_is_a_name(site: Site, name: str) -> None:
    program = site.visit(key=KEY)
    await program.post("/api/v1/keys", json={"name": name, "rights": ["read"]})
    answer = await program.get("/api/v1/keys")
    assert answer.json()["keys"][0]["name"] == name
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "position", "length"),
    [("q=severity>=nix", None, None), ("q=(a", None, None), ("since=soonerish", 0, 9)],
)
async def test_a_mistake_in_a_question_is_shown_where_it_is(
    site: Site, query: str, position: int | None, length: int | None
) -> None:
    answer = await site.visit(key=KEY).get(f"/api/v1/events?{query}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "position", "length"}
    if position is not None:
        assert (error["position"], error["length"]) == (position, length)


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "x", "1.5"])
async def test_a_limit_out_of_bounds_is_refused(site: Site, limit: str) -> None:
    answer = await site.visit(key=KEY).get(f"/api/v1/events?limit={limit}")
    assert answer.status_code == 400
    assert "limit" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["events", "events/123"])
async def test_an_engine_that_is_away_is_not_our_clients_business(site: Site, path: str) -> None:
    answer = await site.visit(key=KEY).get(f"/api/v1/{path}")
    assert answer.status_code == 503
    assert answer.json() == {"error": {"message": refusals.AWAY}}
    assert answer.headers["retry-after"] == "2"


async def test_the_engines_words_stay_inside(
    site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise StoreRefusedError("Code: 62. DB::Exception: secret of another workspace")

    monkeypatch.setattr(type(engine), "ask", refuse)
    answer = await site.visit(key=KEY).get("/api/v1/events/1")
    assert answer.status_code == 500
    assert answer.json() == {"error": {"message": refusals.FAILED}}
    assert "secret of another workspace" in caplog.text, "the operator can read it"


@pytest.mark.parametrize("event_id", ["0x1", "-1", "1e3", "abc", "99999999999999999999", "%D9%A1"])
async def test_what_is_no_id_is_not_found(site: Site, event_id: str) -> None:
    answer = await site.visit(key=KEY).get(f"/api/v1/events/{event_id}")
    assert answer.status_code == 404


async def test_unknown_paths_and_methods_of_the_api_answer_in_json(site: Site) -> None:
    program = site.visit(key=KEY)
    for answer in (await program.get("/api/v1/nix"), await program.put("/api/v1/keys")):
        assert answer.status_code in (404, 405)
        assert set(answer.json()) == {"error"}


async def test_a_revoked_key_soon_ends_in_the_worker_beside(
    site: Site, engine: Engine, tmp_path: Path
) -> None:
    new = await site.meta.keys.create(1, "shop", [Right.READ])
    with running_meta(file_url(tmp_path)) as beside:
        await beside.grants.admit(new.text, Right.READ)
        answer = await site.visit(key=KEY).delete(f"/api/v1/keys/{new.info.id}")
        assert answer.status_code == 204
        deadline = time.monotonic() + 10
        is_admitted = True
        while is_admitted and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            is_admitted = new.info.id in {grant.key for grant in beside.grants._grants.now.values()}
    assert not is_admitted


async def test_answers_are_not_kept_by_caches(site: Site) -> None:
    for path in ("session", "keys", "nix"):
        answer = await site.visit(key=KEY).get(f"/api/v1/{path}")
        assert answer.headers["cache-control"] == "no-store"


async def test_the_document_describes_both_apis(site: Site) -> None:
    document = (await site.visit().get("/api/v1/openapi.json")).json()
    paths = set(document["paths"])
    assert {"/api/Log", "/api/Logs", "/api/Log/{id}"} <= paths
    assert {
        "/api/v1/session",
        "/api/v1/events",
        "/api/v1/stats",
        "/api/v1/events/tail",
        "/api/v1/keys",
    } <= paths
    text = str(document)
    references = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(document["components"]["schemas"])
