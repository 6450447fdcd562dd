"""The web application of one worker in this process, and browsers and programs that ask it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from logster.config import load_config
from logster.meta.bootstrap import bootstrap
from logster.meta.expiry import Expiry
from logster.root import enter
from logster.store.engine import Engine
from logster.store.schema import EventsTable
from logster.web.app import build_site, name_parts
from logster.web.files import STATIC_FOLDER, BuiltFiles
from logster.web.live import TailStreams
from support.meta import FAST_HASHER, running_meta, upgraded_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from litestar.types import ASGIApp

    from logster.meta.meta import Meta
    from logster.meta.sessions import Role
    from logster.web.repeating import Retries

ORIGIN = "http://logs.test"
ADMIN, PASSWORD = "admin@example.com", "correct horse"
KEY = "a-key-of-the-web-tests"
#: As every browser sends it when it opens a page.
BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@asynccontextmanager
async def absent_engine() -> AsyncIterator[Engine]:
    """An engine at an address where nobody listens."""
    engine = await Engine.open("clickhouse://nobody:secret@127.0.0.1:9/default")
    try:
        yield engine
    finally:
        await engine.close()


class Site:
    """The application and its parts; the admin and the key are of the workspace "default"."""

    def __init__(self, meta: Meta, app: ASGIApp, streams: TailStreams, expiry: Expiry) -> None:
        self.meta = meta
        self.app = app
        self.streams = streams
        self.expiry = expiry

    def visit(self, *, key: str | None = None, address: str = "192.0.2.1") -> httpx.AsyncClient:
        """A browser, or a program when it has a key."""
        headers = {"ApiKey": key} if key else {"Accept": BROWSER_ACCEPT}
        # Litestar's types and httpx's say the same of ASGI in different words.
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def add_user(self, email: str, workspace: int, role: Role) -> None:
        """A person with the usual password."""
        await self.meta.accounts.create_user(email, PASSWORD, workspace, role)


@asynccontextmanager
async def running_site(
    folder: Path,
    engine: Engine,
    *,
    static_folder: Path | None = None,
    retries: Retries | None = None,
    **settings: str,
) -> AsyncIterator[Site]:
    """A site with a fresh meta database in `folder`."""
    config = load_config({"data": str(folder), **settings}, {})
    with running_meta(upgraded_file(folder), retention_days=config.retention_days) as meta:
        bootstrap(meta.database, admin=f"{ADMIN}:{PASSWORD}", api_key=KEY, hasher=FAST_HASHER)
        meta.live.refresh()
        streams = TailStreams()
        files = _load_files(static_folder, config.root)
        parts = name_parts(
            config, meta=meta, engine=engine, streams=streams, files=files, retries=retries
        )
        expiry = Expiry(meta.database, meta.retention, EventsTable(engine))
        with _given(parts, config.root) as app:
            yield Site(meta, _front(app, config.root), streams, expiry)


def _load_files(folder: Path | None, root: str) -> BuiltFiles:
    return BuiltFiles(folder, root) if folder else _load_portal(root)


@cache
def _load_portal(root: str) -> BuiltFiles:
    """The portal's own files, which no test changes."""
    return BuiltFiles(STATIC_FOLDER, root)


#: Sites that nobody has now, by their root: building one costs more than most tests do.
_IDLE: dict[str, list[tuple[dict[str, object], ASGIApp]]] = {}


@contextmanager
def _given(parts: Mapping[str, object], root: str) -> Iterator[ASGIApp]:
    """A site that has these parts, and no others; all that a test can change is a part."""
    idle = _IDLE.setdefault(root, [])
    if idle:
        own, app = idle.pop()
        own.update(parts)
    else:
        own = dict(parts)
        app = build_site(own, root)
    try:
        yield app
    finally:
        own.clear()
        idle.append((own, app))


def _front(app: ASGIApp, root: str) -> ASGIApp:
    """What the front of a worker does for the portal."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        enter(scope, root)
        await app(scope, receive, send)

    return answer if root else app


async def log_in(
    browser: httpx.AsyncClient,
    email: str = ADMIN,
    password: str = PASSWORD,
    goal: str = "/",
    root: str = "",
) -> httpx.Response:
    """Fill in the form as a person does."""
    door = f"{root}/login"
    page = await browser.get(door, params={"next": goal})
    found = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    assert found, page.text
    fields = {"email": email, "password": password, "csrf_token": found[1], "next": goal}
    return await browser.post(door, data=fields)


def csrf_of(browser: httpx.AsyncClient) -> dict[str, str]:
    """The header that the portal's script sends with every change."""
    return {"X-CSRF-Token": browser.cookies["csrftoken"]}
