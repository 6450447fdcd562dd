"""The settings of keys through the API: set, shown, refused, told in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from logster.meta.grants import Grants, Right
from logster.meta.key_settings import NOTHING, change_settings, read_rules, render_settings
from logster.meta.keys import Keys
from logster.meta.quota import Quota
from support.meta import add_workspace
from support.web import KEY, Site, absent_engine, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from logster.meta.meta import Meta

SETTINGS: dict[str, Any] = {
    "application": "shop",
    "environment": "production",
    "category": "web",
    "minimum_severity": "info",
    "filter": "-category:Health*",
    "properties": {"team": "core", "shard": 7, "is_new": True},
    "events_per_second": 1000,
    "burst_events": 5000,
    "daily_bytes": 1_000_000_000,
    "origins": ["https://shop.example"],
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with absent_engine() as engine, running_site(tmp_path, engine) as opened:
        yield opened


@pytest.fixture
def program(site: Site) -> httpx.AsyncClient:
    return site.visit(key=KEY)


async def make(program: httpx.AsyncClient, **settings: Any) -> dict[str, Any]:
    order = {"name": "shop", "rights": ["ingest"], "settings": settings}
    answer = await program.post("/api/v1/keys", json=order)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_key_is_made_with_settings_and_shows_them(
    program: httpx.AsyncClient, site: Site
) -> None:
    made = await make(program, **SETTINGS)
    assert made["key"]["settings"] == SETTINGS
    shown = (await program.get(f"/api/v1/keys/{made['key']['id']}")).json()
    assert shown == made["key"]
    assert shown["used_today_bytes"] == 0
    rules = site.meta.grants.check(made["text"], Right.INGEST).rules
    assert rules is not None
    assert rules.minimum_severity == 2


async def test_what_is_not_named_stays_and_null_takes_away(program: httpx.AsyncClient) -> None:
    path = f"/api/v1/keys/{(await make(program, **SETTINGS))['key']['id']}"
    change: dict[str, Any] = {
        "filter": None,
        "properties": {},
        "origins": [],
        "category": "",
        "daily_bytes": 5,
    }
    changed = (await program.patch(path, json={"settings": change})).json()
    assert changed["settings"] == SETTINGS | change | {"category": None}
    assert changed["name"] == "shop"
    renamed = (await program.patch(path, json={"name": "till"})).json()
    assert renamed["settings"] == changed["settings"]


async def test_a_mistake_in_a_filter_is_shown_where_it_is_and_changes_nothing(
    program: httpx.AsyncClient,
) -> None:
    path = f"/api/v1/keys/{(await make(program))['key']['id']}"
    change = {"name": "other", "settings": {"filter": "severity>=error and ("}}
    answer = await program.patch(path, json=change)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["position"], error["message"][:12]) == (21, "The filter: ")
    assert (await program.get(path)).json()["name"] == "shop"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"daily_bytes": -1}, "daily_bytes"),
        ({"burst_events": 5}, "set both"),
        ({"minimum_severity": "loud"}, "minimum_severity"),
        ({"minimum": "warn"}, "minimum_severity"),
        ({"origins": ["shop.example"]}, "no origin"),
        ({"properties": {"a": [1]}}, "properties"),
    ],
)
async def test_what_cannot_be_set_is_told(
    program: httpx.AsyncClient, settings: dict[str, Any], told: str
) -> None:
    order = {"name": "shop", "rights": ["ingest"], "settings": settings}
    answer = await program.post("/api/v1/keys", json=order)
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]


async def test_keys_of_another_workspace_are_neither_shown_nor_set(
    program: httpx.AsyncClient, site: Site
) -> None:
    other = add_workspace(site.meta.database, "theirs")
    theirs = (await site.meta.keys.create(other, "theirs", [Right.INGEST])).info.id
    path = f"/api/v1/keys/{theirs}"
    assert (await program.get(path)).status_code == 404
    assert (await program.patch(path, json={"settings": {"filter": "x"}})).status_code == 404
    assert (await site.meta.keys.find(other, theirs)).settings == NOTHING


async def test_who_may_not_manage_keys_sets_none(site: Site) -> None:
    reader = (await site.meta.keys.create(1, "reader", [Right.READ, Right.INGEST])).text
    answer = await site.visit(key=reader).patch("/api/v1/keys/1", json={"settings": {}})
    assert answer.status_code == 403


async def test_what_was_sent_today_is_shown_beside_the_limit(
    program: httpx.AsyncClient, site: Site, tmp_path: Path
) -> None:
    made = await make(program, daily_bytes=1000)
    quota = Quota(tmp_path)
    quota.take(site.meta.grants.check(made["text"], Right.INGEST), events=3, size=250)
    quota.close()
    keys = (await program.get("/api/v1/keys")).json()["keys"]
    assert [key["used_today_bytes"] for key in keys] == [250, None]


async def test_a_change_of_settings_is_in_the_log(
    program: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "logster.audit"):
        number = (await make(program, application="shop"))["key"]["id"]
        change = {"daily_bytes": 5, "filter": "a\nb"}
        await program.patch(f"/api/v1/keys/{number}", json={"settings": change})
    made, was_set = [record.getMessage() for record in caplog.records]
    assert made.endswith(f"made the key {number} 'shop' (ingest): application='shop'")
    assert was_set.endswith(f"set the key {number} 'shop' (ingest): filter='a\\nb', daily_bytes=5")


async def test_another_worker_soon_goes_by_a_change(meta: Meta, beside: Meta) -> None:
    workspace = add_workspace(meta.database, "default")
    keys, other = Keys(meta.database, meta.live), beside.grants
    new = await keys.create(workspace, "shop", [Right.INGEST])
    await other.admit(new.text, Right.INGEST)
    await keys.change(workspace, new.info.id, settings={"minimum_severity": "warn"})
    own = meta.grants.check(new.text, Right.INGEST).rules
    assert own is not None, "here it holds at once"
    deadline = time.monotonic() + 10
    while not _minimum_of(other, new.text):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert _minimum_of(other, new.text) == 3


def _minimum_of(grants: Grants, text: str) -> int:
    rules = grants.check(text, Right.INGEST).rules
    return rules.minimum_severity if rules else 0


def test_what_has_not_changed_is_not_understood_anew() -> None:
    text = render_settings(change_settings(NOTHING, {"filter": "severity>=warn"}))
    assert read_rules(text) is read_rules(text)
