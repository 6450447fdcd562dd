"""Issues: what the real store's errors make of them, and what people do with them by the API."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.event import NS_PER_S
from logster.meta.sessions import Role
from logster.notice import Notice, Stored
from logster.track import draft
from logster.track.aliases import Aliases
from logster.track.draft import draft_of
from support.errors import Errors, listener_of
from support.meta import add_workspace
from support.stored import event_at
from support.web import ADMIN, KEY, Site, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from logster.store.engine import Engine
    from logster.track.evidence import Evidence

KEY_A, KEY_B, KEY_C = 9_000_000_000_000_000_001, 17, 18
HOUR_NS = 3600 * NS_PER_S


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        yield opened


@pytest.fixture
def program(site: Site) -> httpx.AsyncClient:
    return site.visit(key=KEY)


@pytest.fixture
def errors(site: Site, engine: Engine) -> Errors:
    return Errors(engine, site.meta.database, workspace=1)


async def list_issues(program: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    answer = await program.get("/api/v1/issues", params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["issues"]
    return found


async def show(program: httpx.AsyncClient, issue: int) -> dict[str, Any]:
    answer = await program.get(f"/api/v1/issues/{issue}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(program: httpx.AsyncClient, issue: int, **order: Any) -> dict[str, Any]:
    answer = await program.patch(f"/api/v1/issues/{issue}", json=order)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(issue: dict[str, Any]) -> list[str]:
    return [entry["what"] for entry in issue["history"]]


async def test_errors_of_one_key_are_one_issue_with_its_count_users_and_times(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    now = time.time_ns()
    await errors.raise_(KEY_A, at=now - 2 * HOUR_NS, user="ann", message="first\nsecond line")
    await errors.raise_(KEY_A, at=now - HOUR_NS, user="bob")
    await errors.raise_(KEY_A, at=now - HOUR_NS, user="ann")
    (issue,) = await list_issues(program)
    assert issue["id"] == str(KEY_A)
    assert issue["title"] == "first"
    assert (issue["count"], issue["users"], issue["state"]) == (3, 2, "open")
    assert issue["application"] == "shop"
    assert sum(issue["trend"]) == 3
    whole = await show(program, KEY_A)
    assert told(whole) == ["created"]
    assert whole["keys"] == [str(KEY_A)]
    assert whole["first_seen"] < whole["last_seen"]
    events = (await program.get(f"/api/v1/issues/{KEY_A}/events")).json()["events"]
    assert [event["issue"] for event in events] == [str(KEY_A)] * 3


async def test_what_is_told_twice_or_by_two_workers_makes_one_issue(
    errors: Errors, engine: Engine, program: httpx.AsyncClient
) -> None:
    notice = await errors.store([KEY_A, KEY_B])
    ears = [listener_of(engine, errors.issues) for _ in range(3)]
    await asyncio.gather(*(ear.hear(notice) for ear in ears for _ in range(2)))
    assert {issue["id"]: issue["count"] for issue in await list_issues(program)} == {
        str(KEY_A): 1,
        str(KEY_B): 1,
    }
    assert told(await show(program, KEY_A)) == ["created"]


async def test_a_resolved_issue_comes_back_once_with_a_new_error_and_not_with_a_late_one(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    await errors.raise_(KEY_A)
    resolved = await change(program, KEY_A, state="resolved")
    assert resolved["state"] == "resolved"
    await errors.raise_(KEY_A, at=time.time_ns() - HOUR_NS)
    assert (await show(program, KEY_A))["state"] == "resolved"
    for _ in range(2):
        await errors.raise_(KEY_A)
    back = await show(program, KEY_A)
    assert (back["state"], back["is_regressed"]) == ("open", True)
    assert told(back) == ["regressed", "resolved", "created"]
    assert [entry["who"] for entry in back["history"]] == [None, "key 1", None]
    assert [issue["id"] for issue in await list_issues(program, q="is:regressed")] == [str(KEY_A)]


@pytest.mark.parametrize(
    ("asked", "release", "state"),
    [
        ("1.4.0", "1.3.9", "resolved"),
        ("1.4.0", "", "resolved"),
        ("1.4.0", "1.4.0", "open"),
        ("1.4.0", "shop@1.10.0", "open"),
        ("next", "1.4.0-rc.1", "resolved"),
        ("next", "1.4.0", "resolved"),
        ("next", "1.4.1", "open"),
    ],
)
async def test_an_issue_that_is_resolved_in_a_release_comes_back_with_that_or_a_newer_one(
    errors: Errors, program: httpx.AsyncClient, asked: str, release: str, state: str
) -> None:
    await errors.raise_(KEY_A, release="1.3.0")
    await errors.raise_(KEY_B, release="1.4.0")
    await change(program, KEY_A, state="resolved", in_release=asked)
    await errors.raise_(KEY_A, release=release)
    assert (await show(program, KEY_A))["state"] == state


async def test_a_muted_issue_speaks_again_after_its_time_or_so_many_more_errors(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    for key in (KEY_A, KEY_B, KEY_C):
        await errors.raise_(key)
    await change(program, KEY_A, state="muted", until="1s")
    await change(program, KEY_B, state="muted", more=2)
    await change(program, KEY_C, state="muted", per_hour=3)
    for key in (KEY_B, KEY_C):
        await errors.raise_(key)
    states = {issue["id"]: issue["state"] for issue in await list_issues(program)}
    assert {states[str(key)] for key in (KEY_B, KEY_C)} == {"muted"}
    await asyncio.sleep(1)
    assert (await show(program, KEY_A))["state"] == "open"
    for key in (KEY_B, KEY_C):
        await errors.raise_(key)
    assert (await show(program, KEY_B))["state"] == "open"
    assert told(await show(program, KEY_B))[0] == "unmuted"
    assert (await show(program, KEY_C))["state"] == "muted"


async def test_merged_issues_are_one_everywhere_and_as_they_were_after_a_split(
    errors: Errors, program: httpx.AsyncClient, site: Site
) -> None:
    for key in (KEY_A, KEY_B, KEY_C):
        await errors.raise_(key, user=f"user {key}")
    before = {issue["id"]: issue for issue in await list_issues(program)}
    order = {"into": str(KEY_A), "issues": [str(KEY_B), str(KEY_C)]}
    assert (await program.post("/api/v1/issues/merge", json=order)).status_code == 200
    (issue,) = await list_issues(program)
    assert (issue["id"], issue["count"], issue["users"]) == (str(KEY_A), 3, 3)
    found = (await program.get("/api/v1/events", params={"q": f"issue:{KEY_A}"})).json()["events"]
    assert [event["issue"] for event in found] == [str(KEY_A)] * 3
    assert (await show(program, KEY_B))["id"] == str(KEY_A), "an old link leads to the whole"
    await errors.raise_(KEY_B)
    assert (await show(program, KEY_A))["count"] == 4

    order = {"issue": str(KEY_A), "keys": [str(KEY_B), str(KEY_C)]}
    assert (await program.post("/api/v1/issues/split", json=order)).status_code == 200
    after = {issue["id"]: issue for issue in await list_issues(program)}
    assert after.keys() == before.keys()
    assert (after[str(KEY_A)]["count"], after[str(KEY_B)]["count"]) == (1, 2)
    assert told(await show(program, KEY_B)) == ["split", "merged", "created"]


async def test_bulk_changes_all_that_a_search_finds_and_nothing_else(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    for key in range(100, 110):
        await errors.raise_(key, application="shop" if key % 2 else "cart")
    order = {"search": {"q": "is:open application:cart"}, "state": "ignored", "comment": "noise"}
    answer = await program.post("/api/v1/issues/bulk", json=order)
    assert answer.json()["changed"] == 5
    ignored = await list_issues(program, q="is:ignored")
    assert {issue["application"] for issue in ignored} == {"cart"}
    assert len(await list_issues(program, q="-is:ignored")) == 5
    assert told(await show(program, 100)) == ["commented", "ignored", "created"]
    answer = await program.post(
        "/api/v1/issues/bulk", json={"issues": ["101", "999"], "state": "ignored"}
    )
    assert answer.status_code == 404
    assert len(await list_issues(program, q="-is:ignored")) == 5, "all or none"


async def test_an_issue_is_assigned_to_a_member_and_found_by_it(
    errors: Errors, program: httpx.AsyncClient, site: Site
) -> None:
    await errors.raise_(KEY_A)
    await errors.raise_(KEY_B)
    assert (await change(program, KEY_A, assigned_to=ADMIN))["assigned_to"] == ADMIN
    async with site.visit() as browser:
        await log_in(browser)
        (mine,) = await list_issues(browser, q="assigned:me")
        assert mine["id"] == str(KEY_A)
        (other,) = await list_issues(browser, q="is:unassigned")
        assert other["id"] == str(KEY_B)
    answer = await program.get("/api/v1/issues", params={"q": "assigned:me"})
    assert answer.status_code == 400
    answer = await program.patch(f"/api/v1/issues/{KEY_B}", json={"assigned_to": "x@example.com"})
    assert answer.status_code == 400
    assert "no member" in answer.json()["error"]["message"]


async def test_who_may_assign_sees_whom_an_issue_can_belong_to(
    program: httpx.AsyncClient, site: Site
) -> None:
    await site.add_user("viewer@example.com", 1, Role.VIEWER)
    await site.add_user("member@example.com", 1, Role.MEMBER)
    await site.add_user("gone@example.com", 1, Role.MEMBER)
    users = (await program.get("/api/v1/users")).json()["users"]
    (gone,) = (each["id"] for each in users if each["email"] == "gone@example.com")
    assert (await program.post(f"/api/v1/users/{gone}/disable")).status_code == 200
    async with site.visit() as member, site.visit() as viewer:
        await log_in(member, "member@example.com")
        await log_in(viewer, "viewer@example.com")
        people = (await member.get("/api/v1/issues/members")).json()["members"]
        assert [(each["email"], each["is_me"]) for each in people] == [
            (ADMIN, False),
            ("member@example.com", True),
            ("viewer@example.com", False),
        ]
        assert (await viewer.get("/api/v1/issues/members")).status_code == 403


async def test_nobody_sees_or_changes_an_issue_of_another_workspace(
    errors: Errors, engine: Engine, program: httpx.AsyncClient, site: Site
) -> None:
    other = add_workspace(site.meta.database, "other")
    theirs = Errors(engine, site.meta.database, workspace=other)
    await theirs.raise_(KEY_B)
    await errors.raise_(KEY_A)
    assert [issue["id"] for issue in await list_issues(program)] == [str(KEY_A)]
    assert (await program.get(f"/api/v1/issues/{KEY_B}")).status_code == 404
    assert (await program.get(f"/api/v1/issues/{KEY_B}/events")).status_code == 404
    answer = await program.patch(f"/api/v1/issues/{KEY_B}", json={"state": "resolved"})
    assert answer.status_code == 404
    for order in (
        {"into": str(KEY_A), "issues": [str(KEY_B)]},
        {"into": str(KEY_B), "issues": [str(KEY_A)]},
    ):
        assert (await program.post("/api/v1/issues/merge", json=order)).status_code == 404
    order = {"issue": str(KEY_B), "keys": [str(KEY_B)]}
    assert (await program.post("/api/v1/issues/split", json=order)).status_code == 404
    # The same key in both is an issue of each.
    await theirs.raise_(KEY_A)
    await change(program, KEY_A, state="resolved")
    (issue,) = (await theirs.issues.standings(other, [KEY_A])).values()
    assert issue.standing.state == "open"


async def test_who_may_only_look_changes_nothing(errors: Errors, site: Site) -> None:
    await errors.raise_(KEY_A)
    await site.add_user("viewer@example.com", 1, Role.VIEWER)
    await site.add_user("member@example.com", 1, Role.MEMBER)
    async with site.visit() as viewer, site.visit() as member:
        await log_in(viewer, "viewer@example.com")
        await log_in(member, "member@example.com")
        assert len(await list_issues(viewer)) == 1
        order = {"state": "resolved"}
        path = f"/api/v1/issues/{KEY_A}"
        refused = await viewer.patch(path, json=order, headers=csrf_of(viewer))
        assert refused.status_code == 403
        assert (await member.patch(path, json=order)).status_code == 403, "without its token"
        done = await member.patch(path, json=order, headers=csrf_of(member))
        assert done.status_code == 200
        assert done.json()["history"][0]["who"] == "member@example.com"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({}, "changes nothing"),
        ({"state": "gone"}, "gone"),
        ({"state": "open", "until": "2h"}, "cannot be open until 'at'"),
        ({"state": "muted", "until": "2001-01-01"}, "that is over"),
        ({"state": "muted", "more": 0}, "it can be 1 to"),
        ({"state": "muted", "more": 5, "per_hour": 5}, "until one thing"),
        ({"more": 5}, "Name the `state`"),
        ({"state": "resolved", "in_release": "next"}, "names a release"),
        ({"comment": " "}, "A comment has"),
        ({"stat": "open"}, "`stat`"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_with_advice(
    errors: Errors, program: httpx.AsyncClient, order: dict[str, Any], said: str
) -> None:
    await errors.raise_(KEY_A)
    answer = await program.patch(f"/api/v1/issues/{KEY_A}", json=order)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["error"]["message"]


async def test_merges_and_splits_that_cannot_be_are_refused_with_advice(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    for key in (KEY_A, KEY_B, KEY_C):
        await errors.raise_(key)
    a, b, c = map(str, (KEY_A, KEY_B, KEY_C))
    for path, order, said in (
        ("merge", {"into": a, "issues": []}, "1 to"),
        ("merge", {"into": a, "issues": [a]}, "into itself"),
        ("split", {"issue": a, "keys": [a]}, "has one key"),
        ("split", {"issue": a, "keys": []}, "1 to"),
    ):
        answer = await program.post(f"/api/v1/issues/{path}", json=order)
        assert answer.status_code == 400, answer.text
        assert said in answer.json()["error"]["message"]
    await program.post("/api/v1/issues/merge", json={"into": a, "issues": [b]})
    for keys, said in (([a], "own and stays"), ([c], "no key of the issue")):
        answer = await program.post("/api/v1/issues/split", json={"issue": a, "keys": keys})
        assert answer.status_code == 400
        assert said in answer.json()["error"]["message"]


async def test_a_notice_that_says_only_where_to_look_finds_the_new_issues(
    errors: Errors, engine: Engine, program: httpx.AsyncClient
) -> None:
    now = time.time_ns()
    await errors.store([KEY_A], at=now)
    await errors.store([KEY_B], at=now - 20 * HOUR_NS)
    ear = listener_of(engine, errors.issues)
    within = Stored(count=2, first_at=now - HOUR_NS, last_at=now, fingerprints=None)
    await ear.hear(Notice(None, {1: within}))
    assert [issue["id"] for issue in await list_issues(program)] == [str(KEY_A)]
    await ear.hear(Notice(None, None))
    assert len(await list_issues(program)) == 2


async def test_the_keys_of_discarded_issues_are_known_to_every_worker(
    errors: Errors, program: httpx.AsyncClient, site: Site
) -> None:
    aliases = Aliases(site.meta.live)
    for key in (KEY_A, KEY_B, KEY_C):
        await errors.raise_(key)
    order = {"into": str(KEY_A), "issues": [str(KEY_B)]}
    assert (await program.post("/api/v1/issues/merge", json=order)).status_code == 200
    await change(program, KEY_A, state="discarded")
    assert aliases.within(1).discarded == {KEY_A, KEY_B}
    await change(program, KEY_A, state="open")
    assert aliases.within(1).discarded == frozenset()


async def test_the_gate_names_what_is_new_and_what_came_back_in_a_release(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    asked = {"release": "1.4", "against": "1.3", "since": "30m"}
    now = time.time_ns()
    await errors.raise_(KEY_A, release="1.3", at=now - 2 * HOUR_NS)
    await errors.raise_(KEY_C, release="1.3", at=now - 2 * HOUR_NS)
    answer = (await program.get("/api/v1/gate", params=asked)).json()
    assert not answer["passed"]
    assert "nothing is known" in answer["reasons"][0]
    assert answer["against"]["events"] == 2
    await change(program, KEY_A, state="resolved")
    await errors.raise_(KEY_A, release="1.4")
    await errors.raise_(KEY_B, release="1.4")
    await errors.raise_(KEY_C, release="1.4")
    answer = (await program.get("/api/v1/gate", params=asked)).json()
    assert [issue["id"] for issue in answer["new_issues"]] == [str(KEY_B)]
    assert [issue["id"] for issue in answer["regressed_issues"]] == [str(KEY_A)]
    assert len(answer["reasons"]) == 2
    allowed = asked | {"new_issues": "1", "regressed_issues": "1"}
    assert (await program.get("/api/v1/gate", params=allowed)).json()["passed"]
    other = asked | {"q": "application:cart"}
    assert not (await program.get("/api/v1/gate", params=other)).json()["passed"]


async def test_an_issue_was_seen_last_when_its_own_error_came_whatever_came_beside_it(
    errors: Errors, engine: Engine, program: httpx.AsyncClient
) -> None:
    now = time.time_ns()
    await errors.raise_(KEY_A, at=now - 3 * HOUR_NS)
    await errors.store([KEY_A], at=now - 2 * HOUR_NS)
    both = frozenset({KEY_A, KEY_B})
    told = Stored(count=2, first_at=now - 2 * HOUR_NS, last_at=now + HOUR_NS, fingerprints=both)
    await errors.store([KEY_B], at=now + HOUR_NS)
    ear = listener_of(engine, errors.issues)
    await ear.hear(Notice("both", {1: told}))
    kept = await errors.issues.standings(1, [KEY_A])
    assert kept[KEY_A].last_at == now - 2 * HOUR_NS
    await errors.store([KEY_A], at=now - 5 * HOUR_NS)
    await ear.hear(Notice(None, None))
    kept = await errors.issues.standings(1, [KEY_A])
    assert (kept[KEY_A].first_at, kept[KEY_A].last_at) == (now - 5 * HOUR_NS, now - 2 * HOUR_NS)


async def test_an_issue_waits_for_its_own_errors_since_its_own_time(
    errors: Errors, engine: Engine, program: httpx.AsyncClient
) -> None:
    now = time.time_ns()
    for key in (KEY_A, KEY_B):
        await errors.raise_(key, at=now - HOUR_NS)
    await change(program, KEY_A, state="resolved")
    await errors.store([KEY_B] * 5, at=time.time_ns())
    await change(program, KEY_B, state="muted", more=5)
    notice = await errors.store([KEY_A, KEY_B])
    await listener_of(engine, errors.issues).hear(notice)
    states = {issue["id"]: issue["state"] for issue in await list_issues(program)}
    assert states == {str(KEY_A): "open", str(KEY_B): "muted"}


async def test_a_muted_issue_counts_the_errors_of_all_its_keys(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    for key in (KEY_A, KEY_B):
        await errors.raise_(key)
    order = {"into": str(KEY_A), "issues": [str(KEY_B)]}
    assert (await program.post("/api/v1/issues/merge", json=order)).status_code == 200
    await change(program, KEY_A, state="muted", more=4)
    for key in (KEY_A, KEY_B, KEY_A):
        await errors.raise_(key)
    assert (await show(program, KEY_A))["state"] == "muted"
    await errors.raise_(KEY_B)
    assert (await show(program, KEY_A))["state"] == "open"


async def test_an_old_id_and_thousands_of_keys_are_found_by_a_search(
    errors: Errors, program: httpx.AsyncClient
) -> None:
    keys = range(1_000, 1_600)
    notice = await errors.store([1_000, 1_599])
    await errors.raise_(KEY_A)
    told = msgspec.structs.replace(
        next(iter((notice.workspaces or {}).values())), fingerprints=frozenset(keys)
    )
    assert told.count == 2
    drafts = [draft_of(key, event_at(key), 0) for key in keys]
    await errors.issues.create(1, drafts)
    order = {"into": "1000", "issues": [str(key) for key in keys if key != 1_000]}
    assert (await program.post("/api/v1/issues/merge", json=order)).status_code == 200
    for q, count in (
        ("issue:1000", 2),
        ("issue:1599", 2),
        ("-issue:1599", 1),
        (" OR ".join(f"issue:{key}" for key in keys[:190]), 2),
    ):
        answer = await program.get("/api/v1/events", params={"q": q})
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["events"]) == count, q
    assert (await show(program, 1_599))["count"] == 2
    path = "/api/v1/issues/1000/events"
    assert len((await program.get(path, params={"q": "issue:1599"})).json()["events"]) == 2


async def test_whatever_an_error_says_its_issue_is_made(
    errors: Errors, program: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = event_at(KEY_A, message="a\0b \ud800 c", application="x" * 5_000, workspace=1)
    await errors.issues.create(1, [draft_of(KEY_A, hostile, 0)])
    (issue,) = (await errors.issues.standings(1, [KEY_A])).values()
    assert "\0" not in issue.title
    assert len(issue.application or "") <= 500

    def broken(_: object) -> Evidence:
        raise RuntimeError("unreadable")

    monkeypatch.setattr(draft, "evidence_of", broken)
    await errors.issues.create(1, [draft_of(KEY_B, hostile, 0)])
    assert await errors.issues.standings(1, [KEY_B])
