"""The web application of one worker in this process, and browsers and programs that ask it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from logster.config import load_config
from logster.meta.accounts import Accounts, Role
from logster.meta.bootstrap import bootstrap
from logster.meta.dashboards import Dashboards
from logster.meta.keys import Keys
from logster.meta.members import Members
from logster.meta.retention import Retention
from logster.meta.searches import Searches
from logster.root import enter
from logster.store.engine import Engine
from logster.store.schema import EventsTable
from logster.web.app import build_app
from logster.web.files import STATIC_FOLDER
from logster.web.live import TailStreams
from support.meta import FAST_HASHER, meta_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from litestar.types import ASGIApp

    from logster.meta.database import Database

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

    def __init__(
        self,
        database: Database,
        keys: Keys,
        accounts: Accounts,
        app: ASGIApp,
        streams: TailStreams,
        retention: Retention,
    ) -> None:
        self.database = database
        self.keys = keys
        self.accounts = accounts
        self.app = app
        self.streams = streams
        self.retention = retention

    def visit(self, *, key: str | None = None, address: str = "192.0.2.1") -> httpx.AsyncClient:
        """A browser, or a program when it has a key."""
        headers = {"ApiKey": key} if key else {"Accept": BROWSER_ACCEPT}
        # Litestar's types and httpx's say the same of ASGI in different words.
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def add_user(self, email: str, workspace: int, role: Role) -> None:
        """A person with the usual password."""
        await self.accounts.create_user(email, PASSWORD, workspace, role)


@asynccontextmanager
async def running_site(
    folder: Path,
    engine: Engine,
    *,
    static_folder: Path = STATIC_FOLDER,
    **settings: str,
) -> AsyncIterator[Site]:
    """A site with a fresh meta database in `folder`."""
    with meta_database(folder) as database:
        bootstrap(database, admin=f"{ADMIN}:{PASSWORD}", api_key=KEY, hasher=FAST_HASHER)
        keys = Keys(database).start()
        accounts = Accounts(database, session_days=14, hasher=FAST_HASHER)
        config = load_config({"data": str(folder), **settings}, {})
        streams = TailStreams()
        retention = Retention(database, EventsTable(engine), default_days=config.retention_days)
        app = build_app(
            config,
            keys=keys,
            accounts=accounts,
            members=Members(database),
            searches=Searches(database),
            retention=retention,
            dashboards=Dashboards(database),
            engine=engine,
            streams=streams,
            static_folder=static_folder,
        )
        try:
            yield Site(database, keys, accounts, _front(app, config.root), streams, retention)
        finally:
            accounts.close()
            keys.close()


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
