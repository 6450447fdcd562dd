"""Who did what: every change of who may do what leaves a line, and every log-in; no secret does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from logster.meta.sessions import Role
from support.web import ADMIN, PASSWORD, Site, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from logster.store.engine import Engine

API = "/api/v1"
ADA = "ada@example.com"
VIEWER = "vera@example.com"
BOARD = {"format": "logster-dashboard/1", "name": "b"}
SEARCH = {"name": "s", "q": "timeout"}


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        await opened.add_user(ADA, 1, Role.MEMBER)
        await opened.add_user(VIEWER, 1, Role.VIEWER)
        yield opened


async def ask(browser: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await browser.request(method, f"{API}/{path}", json=body, headers=csrf_of(browser))
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "logster.audit"]


async def test_log_ins_and_log_outs_are_told(site: Site, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "logster.audit")
    async with site.visit(address="192.0.2.9") as browser:
        await log_in(browser, ADA, "wrong one\n")
        await log_in(browser, "x\nINFO forged", "wrong one")
        await log_in(browser, ADA, PASSWORD)
        await browser.post("/logout", headers=csrf_of(browser))
    assert lines(caplog) == [
        f"a log-in as {ADA!r} from 192.0.2.9 was refused",
        "a log-in as 'x\\nINFO forged' from 192.0.2.9 was refused",
        f"{ADA} logged in from 192.0.2.9",
        f"{ADA} logged out",
    ]


async def test_changes_of_keys_and_people_are_told(site: Site, caplog: pytest.LogCaptureFixture):
    async with site.visit() as browser:
        await log_in(browser, ADMIN, PASSWORD)
        caplog.set_level(logging.INFO, "logster.audit")
        caplog.clear()
        key = await ask(browser, "POST", "keys", {"name": "shop", "rights": ["ingest", "read"]})
        number = key["key"]["id"]
        await ask(browser, "PATCH", f"keys/{number}", {"name": "till"})
        await ask(browser, "DELETE", f"keys/{number}")
        user = await ask(browser, "POST", "users", {"email": "eve@example.com"})
        eve = user["user"]["id"]
        await ask(browser, "PATCH", f"users/{eve}", {"role": "admin"})
        made = await ask(browser, "POST", f"users/{eve}/password", {})
        await ask(browser, "POST", f"users/{eve}/disable")
        await ask(browser, "POST", f"users/{eve}/enable")
        await ask(browser, "DELETE", f"users/{eve}")
        await ask(browser, "POST", "searches", {**SEARCH, "is_shared": True})
        await ask(browser, "POST", "searches", SEARCH)
        await ask(browser, "PUT", "searches/2", {**SEARCH, "is_shared": True})
        await ask(browser, "POST", "dashboards", {**BOARD, "is_shared": True})
        await ask(browser, "DELETE", "searches/1")
        await ask(browser, "POST", "searches", SEARCH)
        await ask(browser, "DELETE", "searches/3")
        await ask(browser, "DELETE", "dashboards/1")
        chosen = {"current": PASSWORD, "password": "another horse"}
        await ask(browser, "POST", "password", chosen)
    told = lines(caplog)
    assert told == [
        f"{ADMIN} made the key {number} 'shop' (ingest, read)",
        f"{ADMIN} renamed the key {number} 'till' (ingest, read)",
        f"{ADMIN} revoked the key {number} 'till' (ingest, read)",
        f"{ADMIN} added eve@example.com as member",
        f"{ADMIN} made eve@example.com admin, who was member",
        f"{ADMIN} gave eve@example.com a new password",
        f"{ADMIN} disabled the account eve@example.com",
        f"{ADMIN} enabled the account eve@example.com",
        f"{ADMIN} removed eve@example.com",
        f"{ADMIN} shared the search 1 's'",
        f"{ADMIN} shared the search 2 's'",
        f"{ADMIN} shared the dashboard 1 'b'",
        f"{ADMIN} removed the shared search 1 's'",
        f"{ADMIN} removed the shared dashboard 1 'b'",
        f"{ADMIN} chose a new password",
    ]
    for secret in (key["text"], user["password"], made["password"], "another horse"):
        assert secret not in "\n".join(told)


async def test_what_is_refused_is_not_told_as_done(site: Site, caplog: pytest.LogCaptureFixture):
    async with site.visit() as browser:
        await log_in(browser, ADA, PASSWORD)
        caplog.set_level(logging.INFO, "logster.audit")
        caplog.clear()
        for method, path, body in (
            ("POST", "keys", {"name": "k", "rights": ["read"]}),
            ("DELETE", "keys/1", None),
            ("PATCH", "users/1", {"role": "viewer"}),
            ("POST", "password", {"current": "wrong one", "password": "another horse"}),
        ):
            answer = await browser.request(
                method, f"{API}/{path}", json=body, headers=csrf_of(browser)
            )
            assert answer.status_code == 403
    assert lines(caplog) == []


async def test_a_viewer_keeps_things_but_shares_nothing(site: Site):
    async with site.visit() as browser:
        await log_in(browser, VIEWER, PASSWORD)
        headers = csrf_of(browser)
        own = await ask(browser, "POST", "searches", SEARCH)
        board = await ask(browser, "POST", "dashboards", BOARD)
        shared_board = {**BOARD, "is_shared": True}
        for method, path, body in (
            ("POST", "searches", {**SEARCH, "is_shared": True}),
            ("PUT", f"searches/{own['id']}", {**SEARCH, "is_shared": True}),
            ("POST", "dashboards", shared_board),
            ("PUT", f"dashboards/{board['id']}", {**shared_board, "version": 1}),
        ):
            answer = await browser.request(method, f"{API}/{path}", json=body, headers=headers)
            assert answer.status_code == 403, (method, path)
            assert "member" in answer.json()["error"]["message"]
        await ask(browser, "PUT", f"searches/{own['id']}", {**SEARCH, "q": "mine"})
        await ask(browser, "POST", f"dashboards/{board['id']}/duplicate")


async def test_whoever_became_a_viewer_no_longer_changes_what_all_see(site: Site):
    async with site.visit() as browser, site.visit() as administrator:
        await log_in(browser, ADA, PASSWORD)
        await log_in(administrator, ADMIN, PASSWORD)
        shared = await ask(browser, "POST", "searches", {**SEARCH, "is_shared": True})
        users = (await ask(administrator, "GET", "users"))["users"]
        ada = next(user["id"] for user in users if user["email"] == ADA)
        await ask(administrator, "PATCH", f"users/{ada}", {"role": "viewer"})
        path = f"{API}/searches/{shared['id']}"
        change = {**SEARCH, "q": "other", "is_shared": True}
        answer = await browser.put(path, json=change, headers=csrf_of(browser))
        assert answer.status_code == 403
        await ask(browser, "PUT", f"searches/{shared['id']}", {**SEARCH, "is_shared": False})
