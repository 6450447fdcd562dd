"""Users, keys, system and set-aside events through the API: roles, isolation, refusals."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest

from logster.event import Batch, Columns, Event, render_instant
from logster.meta.grants import Right
from logster.meta.sessions import Role
from logster.spool.packing import pack
from logster.spool.queue import Block
from support.meta import add_workspace
from support.spooled import put_aside as spooled_aside
from support.stored import store_events
from support.web import ADMIN, KEY, PASSWORD, Site, absent_engine, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from logster.store.engine import Engine

OURS, THEIRS = 1, 2
NOW = time.time_ns() // 1_000_000 * 1_000_000
ADA = "ada@example.com"
THEIR_ADMIN = "boss@example.net"
OF_ADMINISTRATORS = [
    ("GET", "users", None),
    ("POST", "users", {"email": "eve@example.com"}),
    ("PATCH", "users/1", {"role": "viewer"}),
    ("POST", "users/1/password", {}),
    ("POST", "users/1/disable", None),
    ("POST", "users/1/enable", None),
    ("DELETE", "users/1", None),
    ("GET", "keys/1", None),
    ("PATCH", "keys/1", {"name": "mine"}),
    ("GET", "keys/1/newest", None),
    ("GET", "system", None),
    ("GET", "aside", None),
    ("POST", "aside/spool-00/1/replay", None),
    ("GET", "aside/spool-00/1", None),
    ("GET", "aside/spool-00/1/events", None),
    ("DELETE", "aside/spool-00/1", None),
    ("GET", "retention", None),
    ("GET", "retention/loss?days=1", None),
    ("PUT", "retention", {"days": 1}),
]


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        await opened.add_user(ADA, OURS, Role.MEMBER)
        await opened.add_user(THEIR_ADMIN, THEIRS, Role.ADMIN)
        yield opened


@pytest.fixture
def aside(tmp_path: Path) -> int:
    """A block that was set aside."""
    return put_aside(tmp_path, Block(3, b"block", 5))


async def visit_as(site: Site, email: str = ADMIN, password: str = PASSWORD) -> httpx.AsyncClient:
    browser = site.visit()
    await log_in(browser, email, password)
    browser.headers.update(csrf_of(browser))
    return browser


async def id_of(browser: httpx.AsyncClient, email: str) -> int:
    users = (await browser.get("/api/v1/users")).json()["users"]
    return next(int(user["id"]) for user in users if user["email"] == email)


def event(number: int, **fields: object) -> Event:
    now = time.time_ns() // 1_000_000 * 1_000_000
    values: dict[str, object] = {
        "id": number,
        "timestamp": now,
        "received_at": now,
        "severity": 2,
        "message": "hello",
        "workspace": OURS,
        "protocol": "api_log",
    }
    return Event(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
@pytest.mark.usefixtures("aside")
async def test_who_is_no_administrator_is_refused_everything(site: Site, role: Role) -> None:
    await site.add_user("low@example.com", OURS, role)
    browser = await visit_as(site, "low@example.com")
    for method, path, body in OF_ADMINISTRATORS:
        answer = await browser.request(method, f"/api/v1/{path}", json=body)
        assert (path, answer.status_code) == (path, 403)


async def test_a_stranger_and_a_page_that_is_not_ours_are_refused(site: Site) -> None:
    forger = site.visit()
    await log_in(forger)
    for method, path, body in OF_ADMINISTRATORS:
        answer = await site.visit().request(method, f"/api/v1/{path}", json=body)
        assert (path, answer.status_code) == (path, 401)
        if method != "GET":
            answer = await forger.request(method, f"/api/v1/{path}", json=body)
            assert (path, answer.status_code) == (path, 403)


async def test_a_person_is_added_with_a_password_that_is_shown_once(site: Site) -> None:
    admin = await visit_as(site)
    made = await admin.post("/api/v1/users", json={"email": " Eve@Example.com", "role": "viewer"})
    assert made.status_code == 201
    user, password = made.json()["user"], made.json()["password"]
    assert (user["email"], user["role"], user["is_me"]) == ("eve@example.com", "viewer", False)
    listed = await admin.get("/api/v1/users")
    assert password not in listed.text
    assert [u["email"] for u in listed.json()["users"]] == [ADA, ADMIN, "eve@example.com"]
    eve = await visit_as(site, "eve@example.com", password)
    assert (await eve.get("/api/v1/session")).json()["role"] == "viewer"


async def test_a_chosen_password_is_not_said_back(site: Site) -> None:
    admin = await visit_as(site)
    order = {"email": "eve@example.com", "password": "a long enough one"}
    made = await admin.post("/api/v1/users", json=order)
    assert made.json()["password"] is None
    await visit_as(site, "eve@example.com", "a long enough one")


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ({"email": "nobody"}, "not an email"),
        ({"email": "eve@example.com", "password": "short"}, "8 to"),
        ({"email": "eve@example.com", "role": "king"}, "role"),
        ({}, "email"),
    ],
)
async def test_a_person_that_cannot_be_added_is_told_why(
    site: Site, order: dict[str, str], word: str
) -> None:
    admin = await visit_as(site)
    answer = await admin.post("/api/v1/users", json=order)
    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


async def test_an_email_has_one_account(site: Site) -> None:
    admin = await visit_as(site)
    for email in (ADA, ADA.upper(), THEIR_ADMIN):
        answer = await admin.post("/api/v1/users", json={"email": email})
        assert answer.status_code == 409
        assert "already" in answer.json()["error"]["message"]


async def test_a_disabled_account_is_out_at_once_and_comes_back_with_its_password(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    user = await id_of(admin, ADA)
    disabled = await admin.post(f"/api/v1/users/{user}/disable")
    assert disabled.json()["disabled_at"].endswith("Z")
    assert (await ada.get("/api/v1/session")).status_code == 401
    right = await log_in(site.visit(), ADA, PASSWORD)
    assert right.status_code == 401
    assert "disabled" in right.text
    enabled = await admin.post(f"/api/v1/users/{user}/enable")
    assert enabled.json()["disabled_at"] is None
    assert (await ada.get("/api/v1/session")).status_code == 401
    assert (await (await visit_as(site, ADA)).get("/api/v1/session")).status_code == 200
    for done in ("disabled", "enabled"):
        assert f"{ADMIN} {done} the account {ADA}" in caplog.text


async def test_only_who_knows_the_password_learns_that_an_account_is_disabled(site: Site) -> None:
    admin = await visit_as(site)
    await admin.post(f"/api/v1/users/{await id_of(admin, ADA)}/disable")
    guessed = await log_in(site.visit(), ADA, "not the password")
    nobody = await log_in(site.visit(), "nobody@example.com", "not the password")
    assert guessed.status_code == nobody.status_code == 401
    assert "disabled" not in guessed.text
    assert "not right" in guessed.text


async def test_the_last_administrator_who_can_log_in_is_not_disabled(site: Site) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    me, other = await id_of(admin, ADMIN), await id_of(admin, ADA)
    assert (await admin.post(f"/api/v1/users/{me}/disable")).status_code == 409
    await admin.patch(f"/api/v1/users/{other}", json={"role": "admin"})
    answers = await asyncio.gather(
        admin.post(f"/api/v1/users/{other}/disable"), ada.post(f"/api/v1/users/{me}/disable")
    )
    assert sum(answer.status_code == 200 for answer in answers) == 1
    # An administrator who is disabled is none to rely on.
    left, mine = (admin, me) if answers[0].status_code == 200 else (ada, other)
    for answer in (
        await left.post(f"/api/v1/users/{mine}/disable"),
        await left.delete(f"/api/v1/users/{mine}"),
        await left.patch(f"/api/v1/users/{mine}", json={"role": "member"}),
    ):
        assert answer.status_code == 409
    gone = other if mine == me else me
    assert (await left.delete(f"/api/v1/users/{gone}")).status_code == 204


async def test_an_account_that_two_workspaces_share_is_disabled_by_neither(site: Site) -> None:
    admin, boss = await visit_as(site), await visit_as(site, THEIR_ADMIN)
    ada = await id_of(admin, ADA)
    with site.meta.database.writing() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO memberships (workspace, user, role) VALUES ({THEIRS}, {ada}, 'viewer')"
        )
    for visitor in (admin, boss):
        for step in ("disable", "enable"):
            refused = await visitor.post(f"/api/v1/users/{ada}/{step}")
            assert refused.status_code == 403
            assert f"logster user {step}" in refused.json()["error"]["message"]
    assert (await (await visit_as(site, ADA)).get("/api/v1/session")).status_code == 200


async def test_another_role_holds_at_once(site: Site) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    user = await id_of(admin, ADA)
    assert (await ada.get("/api/v1/users")).status_code == 403
    changed = await admin.patch(f"/api/v1/users/{user}", json={"role": "admin"})
    assert changed.json()["role"] == "admin"
    assert (await ada.get("/api/v1/users")).status_code == 200


async def test_the_last_administrator_stays(site: Site) -> None:
    admin = await visit_as(site)
    me = await id_of(admin, ADMIN)
    for answer in (
        await admin.delete(f"/api/v1/users/{me}"),
        await admin.patch(f"/api/v1/users/{me}", json={"role": "member"}),
    ):
        assert answer.status_code == 409
        assert "last administrator" in answer.json()["error"]["message"]
    ada = await id_of(admin, ADA)
    await admin.patch(f"/api/v1/users/{ada}", json={"role": "admin"})
    assert (await admin.delete(f"/api/v1/users/{me}")).status_code == 204
    assert (await admin.get("/api/v1/session")).status_code == 401


async def test_two_administrators_cannot_remove_each_other(site: Site) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    me, other = await id_of(admin, ADMIN), await id_of(admin, ADA)
    await admin.patch(f"/api/v1/users/{other}", json={"role": "admin"})
    answers = await asyncio.gather(
        admin.delete(f"/api/v1/users/{other}"), ada.delete(f"/api/v1/users/{me}")
    )
    assert sum(answer.status_code == 204 for answer in answers) == 1


async def test_who_is_removed_is_out_at_once_and_may_be_added_again(site: Site) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    assert (await admin.delete(f"/api/v1/users/{await id_of(admin, ADA)}")).status_code == 204
    assert (await ada.get("/api/v1/session")).status_code == 401
    assert (await admin.post("/api/v1/users", json={"email": ADA})).status_code == 201


async def test_a_reset_password_ends_the_sessions(site: Site) -> None:
    admin, ada = await visit_as(site), await visit_as(site, ADA)
    user = await id_of(admin, ADA)
    made = await admin.post(f"/api/v1/users/{user}/password", json={})
    assert made.status_code == 200
    assert (await ada.get("/api/v1/session")).status_code == 401
    await visit_as(site, ADA, made.json()["password"])


async def test_people_of_another_workspace_are_out_of_reach(site: Site) -> None:
    admin, boss = await visit_as(site), await visit_as(site, THEIR_ADMIN)
    theirs = await id_of(boss, THEIR_ADMIN)
    assert THEIR_ADMIN not in (await admin.get("/api/v1/users")).text
    for answer in (
        await admin.patch(f"/api/v1/users/{theirs}", json={"role": "viewer"}),
        await admin.post(f"/api/v1/users/{theirs}/password", json={}),
        await admin.post(f"/api/v1/users/{theirs}/disable"),
        await admin.delete(f"/api/v1/users/{theirs}"),
    ):
        assert answer.status_code == 404
    assert (await boss.get("/api/v1/session")).json()["role"] == "admin"


async def test_an_account_that_two_workspaces_share_keeps_its_password(site: Site) -> None:
    admin, boss = await visit_as(site), await visit_as(site, THEIR_ADMIN)
    ada = await id_of(admin, ADA)
    with site.meta.database.writing() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO memberships (workspace, user, role) VALUES ({THEIRS}, {ada}, 'viewer')"
        )
    refused = await boss.post(f"/api/v1/users/{ada}/password", json={})
    assert refused.status_code == 403
    assert (await boss.delete(f"/api/v1/users/{ada}")).status_code == 204
    assert (await visit_as(site, ADA)).cookies


async def test_ones_own_password_ends_the_other_sessions_alone(site: Site) -> None:
    ada, elsewhere = await visit_as(site, ADA), await visit_as(site, ADA)
    wrong = {"current": "not it", "password": "another long one"}
    assert (await ada.post("/api/v1/password", json=wrong)).status_code == 403
    short = {"current": PASSWORD, "password": "short"}
    assert (await ada.post("/api/v1/password", json=short)).status_code == 400
    right = {"current": PASSWORD, "password": "another long one"}
    assert (await ada.post("/api/v1/password", json=right)).status_code == 204
    assert (await ada.get("/api/v1/session")).status_code == 200
    assert (await elsewhere.get("/api/v1/session")).status_code == 401
    await visit_as(site, ADA, "another long one")


async def test_a_stolen_session_cannot_guess_the_password_for_ever(site: Site) -> None:
    ada = await visit_as(site, ADA)
    wrong = {"current": "not it", "password": "another long one"}
    answers = [(await ada.post("/api/v1/password", json=wrong)).status_code for _ in range(11)]
    assert (answers[0], answers[-1]) == (403, 429)


async def test_a_key_is_renamed_and_another_workspaces_is_not(site: Site) -> None:
    admin = await visit_as(site)
    ours = await site.meta.keys.create(OURS, "old", [Right.INGEST])
    theirs = await site.meta.keys.create(THEIRS, "theirs", [Right.INGEST])
    renamed = await admin.patch(f"/api/v1/keys/{ours.info.id}", json={"name": " shop "})
    assert renamed.json()["name"] == "shop"
    bad = await admin.patch(f"/api/v1/keys/{ours.info.id}", json={"name": ""})
    assert bad.status_code == 400
    for answer in (
        await admin.patch(f"/api/v1/keys/{theirs.info.id}", json={"name": "mine"}),
        await admin.get(f"/api/v1/keys/{theirs.info.id}/newest"),
    ):
        assert answer.status_code == 404


async def test_the_newest_event_of_a_key_is_found(site: Site, engine: Engine) -> None:
    admin = await visit_as(site)
    key = (await site.meta.keys.create(OURS, "shop", [Right.INGEST])).info.id
    path = f"/api/v1/keys/{key}/newest"
    waiting = (await admin.get(path)).json()
    assert waiting["event"] is None
    await store_events(
        engine,
        [
            event(1, key=key),
            event(2, key=key, message="newest"),
            event(3, key=key + 1),
            event(4, key=key, workspace=THEIRS, message="stolen"),
        ],
    )
    found = (await admin.get(path, params={"since": waiting["now"]})).json()
    assert found["event"]["message"] == "newest"
    later = (await admin.get(path, params={"since": "2100-01-01"})).json()
    assert later["event"] is None


async def test_the_system_says_what_the_store_and_the_applications_hold(
    site: Site, engine: Engine
) -> None:
    await store_events(
        engine,
        [
            *(event(number, application="shop", message="x" * 100) for number in range(1, 11)),
            event(11, application="cart"),
            event(12, application="secret", workspace=THEIRS),
        ],
    )
    told = (await site.visit(key=KEY).get("/api/v1/system")).json()
    store = told["machine"]["store"]
    assert (store["rows"], store["parts"]) == (12, len(store["days"]))
    assert store["bytes"] > 0
    assert store["disk"]["free_bytes"] > 0
    assert store["lag"]["events"] == 12
    assert store["oldest"].endswith("Z")
    assert {"column", "index"} >= {piece["kind"] for piece in store["pieces"]}
    shop, cart = told["loads"]["applications"]
    assert (shop["application"], shop["rows"], cart["rows"]) == ("shop", 10, 1)
    assert shop["bytes"] > 10 * 100
    assert told["loads"]["rows"] == 11
    assert "secret" not in str(told)


@pytest.mark.usefixtures("aside")
async def test_another_workspace_learns_nothing_of_the_machine(site: Site, engine: Engine) -> None:
    await store_events(engine, [event(1, application="ours"), event(2, workspace=THEIRS)])
    boss = await visit_as(site, THEIR_ADMIN)
    told = (await boss.get("/api/v1/system")).json()
    assert told["machine"] is None
    assert told["loads"]["rows"] == 1
    for method, path in (
        ("GET", "aside"),
        ("GET", "aside/spool-00/1"),
        ("GET", "aside/spool-00/1/events"),
        ("POST", "aside/spool-00/1/replay"),
        ("DELETE", "aside/spool-00/1"),
    ):
        assert (await boss.request(method, f"/api/v1/{path}")).status_code == 403


async def test_a_store_that_is_away_is_told_beside_the_rest(tmp_path: Path, aside: int) -> None:
    async with absent_engine() as engine, running_site(tmp_path, engine) as site:
        told = (await site.visit(key=KEY).get("/api/v1/system")).json()
    assert (told["machine"]["store"], told["loads"]) == (None, None)
    [spool] = told["machine"]["spools"]
    assert (spool["name"], spool["aside_events"]) == ("spool-00", 3)
    assert aside == 1


async def test_a_set_aside_block_is_shown_and_put_back_in_line(site: Site, aside: int) -> None:
    admin = await visit_as(site)
    [block] = (await admin.get("/api/v1/aside")).json()["blocks"]
    assert (block["spool"], block["number"], block["events"]) == ("spool-00", aside, 3)
    assert block["reason"] == "no such column"
    path = f"/api/v1/aside/spool-00/{aside}/replay"
    assert (await admin.post(path)).status_code == 204
    assert (await admin.post(path)).status_code == 404
    [spool] = (await admin.get("/api/v1/system")).json()["machine"]["spools"]
    assert (spool["events"], spool["aside_events"]) == (3, 0)


async def test_a_set_aside_block_is_dropped(site: Site, aside: int) -> None:
    admin = await visit_as(site)
    path = f"/api/v1/aside/spool-00/{aside}"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get("/api/v1/aside")).json() == {"blocks": []}
    for other in (path, "/api/v1/aside/..%2Fmeta/1", "/api/v1/aside/spool-99/1"):
        assert (await admin.delete(other)).status_code == 404


def spooled(*messages: str, workspace: int = OURS, key: int = 1) -> list[Batch]:
    """Events of one sender, as they are appended."""
    columns = Columns(
        message=list(messages),
        severity=[4] * len(messages),
        timestamp=[NOW] * len(messages),
        properties=[b'{"OrderId": 8812}', *[None] * (len(messages) - 1)],
    )
    ids = list(range(1, len(messages) + 1))
    return [Batch(columns, ids, NOW, workspace, key, "api_log")]


def put_aside(folder: Path, block: Block, reason: str = "no such column") -> int:
    return spooled_aside(folder / "spool" / "spool-00.sqlite", block, reason)


@pytest.mark.parametrize("count", [2, 600])
async def test_a_set_aside_block_is_previewed_in_either_form(
    site: Site, tmp_path: Path, count: int
) -> None:
    block = pack(spooled(*(f"order {n} failed" for n in range(count))))
    number = put_aside(tmp_path, block)
    shown = (await site.visit(key=KEY).get(f"/api/v1/aside/spool-00/{number}")).json()
    assert (shown["count"], shown["fault"]) == (count, None)
    assert len(shown["events"]) == min(count, 10)
    first = shown["events"][0]
    assert first["event"]["message"] == "order 0 failed"
    assert first["event"]["properties"] == {"OrderId": 8812}
    assert first["event"]["timestamp"] == render_instant(NOW)
    assert (first["workspace"], first["key"], first["key_name"]) == (OURS, 1, "first key")
    assert not first["is_cut"]


async def test_a_long_event_is_cut_in_the_preview_and_whole_in_the_file(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number = put_aside(tmp_path, pack(spooled("x" * 100_000, "short", key=999)))
    admin = await visit_as(site)
    path = f"/api/v1/aside/spool-00/{number}"
    long, short = (await admin.get(path)).json()["events"]
    assert long["event"]["message"] == "x" * 2_000 + "…"
    assert (long["is_cut"], short["is_cut"], long["key_name"]) == (True, False, None)
    file = await admin.get(f"{path}/events")
    assert file.headers["content-type"].startswith("application/x-ndjson")
    assert 'filename="spool-00-' in file.headers["content-disposition"]
    lines = [json.loads(line) for line in file.text.splitlines()]
    assert [len(line["message"]) for line in lines] == [100_000, 5]
    assert (lines[0]["workspace"], lines[0]["key"]) == (OURS, 999)
    assert f"{ADMIN} downloaded the set-aside block spool-00/{number}" in caplog.text


async def test_a_block_that_holds_no_events_is_told_so_and_kept(site: Site, aside: int) -> None:
    admin = await visit_as(site)
    shown = (await admin.get(f"/api/v1/aside/spool-00/{aside}")).json()
    assert (shown["count"], shown["events"]) == (3, [])
    assert "cannot be read" in shown["fault"]
    assert (await admin.get(f"/api/v1/aside/spool-00/{aside}/events")).status_code == 422
    assert len((await admin.get("/api/v1/aside")).json()["blocks"]) == 1


@pytest.mark.usefixtures("aside")
@pytest.mark.parametrize("place", ["spool-00/99", "spool-00/" + "9" * 30, "..%2Fmeta/1", "meta/1"])
async def test_an_unknown_block_is_not_found(site: Site, place: str) -> None:
    admin = await visit_as(site)
    for method, path in (
        ("GET", place),
        ("GET", f"{place}/events"),
        ("POST", f"{place}/replay"),
        ("DELETE", place),
    ):
        answer = await admin.request(method, f"/api/v1/aside/{path}")
        assert (path, answer.status_code) == (path, 404)


async def test_two_who_try_again_at_once_put_a_block_in_line_once(site: Site, aside: int) -> None:
    admin = await visit_as(site)
    path = f"/api/v1/aside/spool-00/{aside}/replay"
    answers = await asyncio.gather(*(admin.post(path) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404, 404]
    [spool] = (await admin.get("/api/v1/system")).json()["machine"]["spools"]
    assert (spool["events"], spool["aside_events"]) == (3, 0)


async def test_a_note_of_a_loss_is_shown_and_can_only_be_deleted(
    site: Site, tmp_path: Path
) -> None:
    number = put_aside(tmp_path, Block(7, b"", 0), "7 acknowledged events are lost")
    admin = await visit_as(site)
    [block] = (await admin.get("/api/v1/aside")).json()["blocks"]
    assert (block["events"], block["is_lost"]) == (7, True)
    [spool] = (await admin.get("/api/v1/system")).json()["machine"]["spools"]
    assert (spool["aside_events"], spool["lost_events"], spool["fault"]) == (0, 7, None)

    path = f"/api/v1/aside/spool-00/{number}"
    assert "lost" in (await admin.get(path)).json()["fault"]
    for answer in (await admin.post(f"{path}/replay"), await admin.get(f"{path}/events")):
        assert answer.status_code in (409, 422)
        assert "lost" in answer.json()["error"]["message"]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get("/api/v1/aside")).json()["blocks"] == []


async def test_a_damaged_spool_is_named_and_hides_nothing_of_the_others(
    site: Site, aside: int, tmp_path: Path
) -> None:
    (tmp_path / "spool" / "spool-01.sqlite").write_bytes(b"no database " * 1000)
    admin = await visit_as(site)
    sound, damaged = (await admin.get("/api/v1/system")).json()["machine"]["spools"]
    assert (sound["aside_events"], sound["fault"]) == (3, None)
    assert (damaged["name"], damaged["fault"]) == ("spool-01", "file is not a database")
    assert aside
