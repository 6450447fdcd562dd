"""What a client may say below /api/v1: whatever is not known is refused by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar.routes import HTTPRoute

from support.web import ADMIN, KEY, PASSWORD, Site, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from logster.store.engine import Engine

API = "/api/v1"
TILE = {"kind": "number", "title": "t", "q": "| count", "x": 0, "y": 0, "w": 3, "h": 2}
BOARD = {"format": "logster-dashboard/1", "name": "b"}


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        yield opened


def handlers(site: Site) -> Iterator[tuple[str, str, Any]]:
    """Method, path and handler of everything below /api/v1."""
    app: Any = site.app
    app = app.args[0]  # a partial of the routing and Litestar
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith(API):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS" and "openapi" not in route.path:
                    yield method, route.path, handler


def inner_structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
        for field in kind.fields:
            yield from inner_structs(field.type)
    for name in ("type", "item_type", "value_type"):
        if inner := getattr(kind, name, None):
            yield from inner_structs(inner)


async def test_every_order_knows_its_members(site: Site):
    seen = set()
    for _method, path, handler in handlers(site):
        if body := handler.parsed_data_field:
            for struct in inner_structs(msgspec.inspect.type_info(body.annotation)):
                seen.add(struct)
                assert struct.__struct_config__.forbid_unknown_fields, (path, struct)
    assert len(seen) >= 12


@pytest.mark.parametrize(
    ("method", "path", "body", "unknown", "meant"),
    [
        ("PUT", "retention", {"days": 14, "application": "shop"}, "application", "days"),
        ("PUT", "retention", {"days": 14, "Days": 3}, "Days", "days"),
        ("POST", "keys", {"name": "k", "rights": ["read"], "expires_at": "x"}, "expires_at", ""),
        ("PATCH", "keys/1", {"name": "k", "rights": ["admin"]}, "rights", "name"),
        ("POST", "users", {"email": "eve@example.com", "rol": "viewer"}, "rol", "role"),
        ("PATCH", "users/1", {"role": "admin", "until": "1d"}, "until", "role"),
        ("POST", "users/1/password", {"pasword": "x" * 20}, "pasword", "password"),
        ("POST", "password", {"current": "a", "password": "b", "pass": ""}, "pass", "password"),
        ("POST", "searches", {"name": "s", "q": "", "shared": True}, "shared", "is_shared"),
        ("POST", "history", {"q": "x", "query": "y"}, "query", "q"),
        ("POST", "sql", {"sql": "SELECT 1", "limit": 3}, "limit", "sql"),
        ("POST", "dashboards", {**BOARD, "refresh": 10}, "refresh", "refresh_s"),
        ("POST", "dashboards", {**BOARD, "tiles": [{**TILE, "tittle": ""}]}, "tittle", "title"),
        ("POST", "dashboards/questions", {"questions": [], "values": {}, "v": 1}, "v", "values"),
    ],
)
async def test_an_unknown_member_is_refused_with_the_nearest(
    site: Site, method: str, path: str, body: Any, unknown: str, meant: str
):
    async with site.visit() as browser:
        await log_in(browser, ADMIN, PASSWORD)
        answer = await browser.request(method, f"{API}/{path}", json=body, headers=csrf_of(browser))
        told = answer.json()["error"]["message"]
        assert answer.status_code == 400, told
        assert f"`{unknown}`" in told
        assert " of data" not in told
        assert meant in told.replace(f"`{unknown}`", "")


async def test_a_refused_order_changes_nothing(site: Site):
    async with site.visit(key=KEY) as program:
        before = (await program.get(f"{API}/retention")).json()
        assert (
            await program.put(f"{API}/retention", json={"days": 1, "application": "shop"})
        ).status_code == 400
        assert (await program.get(f"{API}/retention")).json()["days"] == before["days"]


async def test_an_unknown_parameter_is_refused_by_every_address(site: Site):
    async with site.visit(key=KEY) as program:
        for method, path, _ in handlers(site):
            address = re.sub(r"\{\w+:\w+\}", "1", path)
            body: Any = {} if method in ("POST", "PUT", "PATCH") else None
            answer = await program.request(method, f"{address}?sinse=1h", json=body)
            assert answer.status_code == 400, (method, address, answer.text)
            assert "`sinse`" in answer.json()["error"]["message"], (method, address)


async def test_a_misspelt_parameter_is_told_with_the_nearest(site: Site):
    async with site.visit(key=KEY) as program:
        answer = await program.get(f"{API}/events", params={"q": "x", "sinse": "1h"})
        assert "Did you mean `since`?" in answer.json()["error"]["message"]
        assert (await program.get(f"{API}/session", params={"q": "x"})).status_code == 400


async def test_a_parameter_that_is_read_once_is_not_said_twice(site: Site):
    async with site.visit(key=KEY) as program:
        answer = await program.get(f"{API}/events?q=a&q=b")
        assert answer.status_code == 400
        assert "`q` stands 2 times" in answer.json()["error"]["message"]
        assert (await program.get(f"{API}/facets?field=user&field=host")).status_code == 200


async def test_what_every_address_reads_it_still_reads(site: Site):
    async with site.visit(key=KEY) as program:
        for path in ("events", "histogram", "facets", "fields", "patterns", "releases"):
            answer = await program.get(
                f"{API}/{path}", params={"q": "", "since": "1h", "until": "1s"}
            )
            assert answer.status_code == 200, answer.text
