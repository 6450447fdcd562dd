"""Exports through the API: they end with the key or session they were begun with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from litestar.exceptions import LitestarException

from logster.meta.grants import Right
from logster.store.export import paging
from logster.web import access
from logster.web import export as export_handlers
from support.samples import random_events
from support.stored import store_events
from support.web import KEY, Site, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from logster.store.engine import Engine


@pytest.fixture
async def site(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setattr(paging, "FIRST_PAGE_ROWS", 7)
    monkeypatch.setattr(paging, "MAX_PAGE_ROWS", 7)
    monkeypatch.setattr(access, "ADMISSION_S", 0.0)
    async with running_site(tmp_path, engine) as opened:
        await store_events(engine, random_events(1, 70))
        yield opened


async def export(
    site: Site, key: str, query: str, on_piece: Callable[[int], Awaitable[None]]
) -> tuple[list[bytes], bool]:
    """The pieces that arrive, and whether the end did; `on_piece` holds up each of them."""
    pieces: list[bytes] = []
    is_whole = is_asked = False
    ended = asyncio.Event()
    app: Any = site.app
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/export",
        "raw_path": b"/api/v1/export",
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"apikey", key.encode()), (b"host", b"logs.test")],
        "client": ("127.0.0.1", 1),
        "server": ("logs.test", 80),
    }

    async def send(message: dict[str, Any]) -> None:
        nonlocal is_whole
        if message["type"] == "http.response.body":
            if message.get("body"):
                pieces.append(message["body"])
                await on_piece(len(pieces))
            is_whole = not message.get("more_body", False)
            if is_whole:
                ended.set()

    async def receive() -> dict[str, Any]:
        nonlocal is_asked
        if not is_asked:
            is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await ended.wait()
        return {"type": "http.disconnect"}

    await app(scope, receive, send)
    return pieces, is_whole


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
async def test_an_export_ends_with_its_key_and_is_visibly_cut(site: Site, form: str) -> None:
    new = await site.meta.keys.create(1, "short", [Right.READ])

    async def revoke(count: int) -> None:
        if count == 2:
            await site.meta.keys.revoke(1, new.info.id)

    with pytest.raises(LitestarException) as caught:
        await export(site, new.text, f"format={form}", revoke)
    assert "The session or key of this export has ended." in repr(caught.value.__cause__)


async def test_a_key_that_ends_within_a_page_gets_no_more_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_handlers, "MAX_SENT_BYTES", 100)
    new = await site.meta.keys.create(1, "slow", [Right.READ])
    sent = 0

    async def revoke(count: int) -> None:
        nonlocal sent
        sent = count
        if count == 2:
            await site.meta.keys.revoke(1, new.info.id)

    with pytest.raises(LitestarException):
        await export(site, new.text, "", revoke)
    assert sent == 2


async def test_a_whole_export_ends_as_it_should(site: Site) -> None:
    async def nothing(_count: int) -> None:
        pass

    pieces, is_whole = await export(site, KEY, "", nothing)
    assert is_whole
    assert b"".join(pieces).count(b"\n") == 70


async def test_one_key_has_so_many_exports_and_no_more(site: Site) -> None:
    go_on, waiting = asyncio.Event(), asyncio.Semaphore(0)

    async def hold(count: int) -> None:
        if count == 1:
            waiting.release()
            await go_on.wait()

    running = [asyncio.create_task(export(site, KEY, "", hold)) for _ in range(4)]
    for _ in running:
        await asyncio.wait_for(waiting.acquire(), 20)
    async with site.visit(key=KEY) as program:
        refused = await program.get("/api/v1/export")
        assert refused.status_code == 503
        assert "4 exports open" in refused.json()["error"]["message"]
        assert refused.headers["retry-after"]
        go_on.set()
        assert all(is_whole for _, is_whole in await asyncio.gather(*running))
        assert (await program.get("/api/v1/export")).status_code == 200
