"""Searching and following through the API, with a real engine behind it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from logster.errors import StoreUnavailableError
from logster.event import Event
from logster.meta.grants import Right
from logster.store.engine import Engine
from support.meta import add_workspace
from support.stored import store_events
from support.web import KEY, Site, log_in, running_site

OURS, THEIRS = 1, 2
#: More than JavaScript's numbers can hold exactly.
FIRST_ID = 2**60 + 1


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        yield opened


def event(number: int, workspace: int = OURS, **fields: Any) -> Event:
    now = time.time_ns()
    values: dict[str, Any] = {
        "id": FIRST_ID + number,
        "timestamp": now - 1_000_000_000 + number,
        "received_at": now,
        "severity": 4,
        "message": f"event {number}",
        "workspace": workspace,
        "protocol": "api_log",
    }
    return Event(**(values | fields))


async def test_a_page_shows_what_was_stored_and_leads_to_the_next(
    site: Site, engine: Engine
) -> None:
    properties = {"OrderId": 4711, "deep": {"a": [1, 2.5, None, True, "<b>"]}}
    stored = [event(number) for number in range(5)]
    stored.append(event(5, application="shop", user="", properties=properties))
    await store_events(engine, stored)
    program = site.visit(key=KEY)
    first = (await program.get("/api/v1/events?limit=4&since=15m")).json()
    assert [found["message"] for found in first["events"]] == [f"event {n}" for n in (5, 4, 3, 2)]
    newest = first["events"][0]
    assert newest["id"] == str(FIRST_ID + 5)
    assert (newest["application"], newest["user"], newest["host"]) == ("shop", "", None)
    assert newest["properties"] == properties
    assert newest["timestamp"].endswith("Z")
    rest = (await program.get(f"/api/v1/events?limit=4&before={first['next']}")).json()
    assert [found["message"] for found in rest["events"]] == ["event 1", "event 0"]
    assert rest["next"] is None
    whole = {**newest, "details": None}
    assert (await program.get(f"/api/v1/events/{newest['id']}")).json() == whole
    found = (await program.get("/api/v1/events", params={"q": "OrderId:4711"})).json()["events"]
    assert found == [newest]


async def test_another_workspace_is_another_world(site: Site, engine: Engine) -> None:
    await store_events(engine, [event(1), event(2, THEIRS, message="their secret")])
    theirs = await site.meta.keys.create(THEIRS, "theirs", [Right.READ])
    browser, program, they = site.visit(), site.visit(key=KEY), site.visit(key=theirs.text)
    await log_in(browser)
    for principal in (browser, program):
        assert (await principal.get(f"/api/v1/events/{FIRST_ID + 2}")).status_code == 404
        assert (await principal.get(f"/api/v1/events/{FIRST_ID + 1}")).status_code == 200
        for q in (
            "",
            "secret",
            "workspace:2",
            "id:*",
            "a OR 1:1",
            "-nothing OR secret",
            "'\") OR 1=1 --",
        ):
            answer = await principal.get("/api/v1/events", params={"q": q})
            assert answer.status_code in (200, 400)
            assert "their secret" not in answer.text
    assert (await they.get(f"/api/v1/events/{FIRST_ID + 1}")).status_code == 404
    assert (await they.get(f"/api/v1/events/{FIRST_ID + 2}")).status_code == 200


async def test_a_page_has_the_columns_that_are_asked_for(site: Site, engine: Engine) -> None:
    properties = {"OrderId": 4711, "http": {"status": 500}, "retry count": 2}
    await store_events(engine, [event(0, properties=properties, message="paid"), event(1)])
    program = site.visit(key=KEY)
    names = ["id", "message", "OrderId", "http.status", '"retry count"', "properties", "user"]
    page = (await program.get("/api/v1/events", params={"column": names, "limit": 1})).json()
    [newest] = page["events"]
    assert newest["OrderId"] is None
    assert page["next"]
    params = {"column": names, "q": "paid"}
    [found] = (await program.get("/api/v1/events", params=params)).json()["events"]
    assert found == {
        "id": str(FIRST_ID),
        "message": "paid",
        "OrderId": 4711,
        "http.status": 500,
        "retry count": 2,
        "properties": properties,
        "user": None,
    }
    answer = await program.get("/api/v1/events", params={"column": ["x"] * 101})
    assert answer.status_code == 400


async def test_a_cursor_that_is_none_is_refused(site: Site) -> None:
    program = site.visit(key=KEY)
    for query in ("events?before=nix", "events?after=';--", "events/tail?cursor=nix"):
        answer = await program.get(f"/api/v1/{query}")
        assert answer.status_code == 400, query
        assert "message" in answer.json()["error"]


class Tail:
    """A reader of server-sent events, as a browser is one; ASGI itself, so that it can leave."""

    def __init__(self) -> None:
        self.status = 0
        self.messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        fields = dict(
            line.split(": ", 1) for line in message["body"].decode().splitlines() if ": " in line
        )
        if fields.get("event"):
            self.messages.put_nowait(fields)

    def leave(self) -> None:
        self._gone.set()

    async def next(self) -> dict[str, str]:
        return await asyncio.wait_for(self.messages.get(), 10)


@asynccontextmanager
async def following(
    site: Site, query: str = "", key: str = KEY, last_id: str = ""
) -> AsyncIterator[Tail]:
    tail = Tail()
    headers = [(b"apikey", key.encode()), (b"host", b"logs.test")]
    if last_id:
        headers.append((b"last-event-id", last_id.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/events/tail",
        "raw_path": b"/api/v1/events/tail",
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("logs.test", 80),
    }
    app: Callable[..., Awaitable[None]] = site.app
    serving = asyncio.ensure_future(app(scope, tail.receive, tail.send))
    async with asyncio.timeout(30):
        while not tail.status:
            await asyncio.sleep(0.01)
    try:
        yield tail
    finally:
        tail.leave()
        await asyncio.wait_for(serving, 10)


async def test_a_tail_shows_what_is_stored_from_now_on_in_its_workspace(
    site: Site, engine: Engine
) -> None:
    await store_events(engine, [event(1, message="before")])
    async with following(site, "q=severity>=error") as tail:
        await store_events(
            engine,
            [
                event(2, message="after"),
                event(3, message="quiet", severity=2),
                event(4, THEIRS, message="their secret"),
            ],
        )
        message = await tail.next()
    assert message["event"] == "events"
    data = json.loads(message["data"])
    assert [found["message"] for found in data["events"]] == ["after"]
    assert data["skipped"] == 0


async def test_a_tail_goes_on_where_it_was_cut(site: Site, engine: Engine) -> None:
    async with following(site) as tail:
        await store_events(engine, [event(1, message="seen")])
        cursor = (await tail.next())["id"]
    await store_events(engine, [event(2, message="missed")])
    for query, last_id in (("", cursor), (f"cursor={cursor}", "")):
        async with following(site, query, last_id=last_id) as tail:
            data = json.loads((await tail.next())["data"])
            assert [found["message"] for found in data["events"]] == ["missed"]


async def test_a_tail_takes_its_place_before_its_first_look(
    site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.streams, "_most", 1)
    looking, go_on, ask = asyncio.Event(), asyncio.Event(), engine.ask

    async def wait(*arguments: Any, **more: Any) -> Any:
        looking.set()
        await go_on.wait()
        return await ask(*arguments, **more)

    monkeypatch.setattr(engine, "ask", wait)

    async def open_first() -> int | None:
        async with following(site) as tail:
            return tail.status

    first = asyncio.create_task(open_first())
    await asyncio.wait_for(looking.wait(), 10)
    async with following(site) as second:
        assert second.status == 503
    go_on.set()
    assert await first == 200
    assert site.streams.count == 0


async def test_a_tail_is_refused_while_the_engine_is_away(
    site: Site, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreUnavailableError("the engine is away")

    monkeypatch.setattr(engine, "ask", fail)
    async with following(site) as tail:
        assert tail.status == 503


async def test_who_leaves_makes_room(site: Site, engine: Engine) -> None:
    for _ in range(3):
        async with following(site) as tail:
            assert tail.status == 200
    assert site.streams.count == 0


async def test_details_are_shown_with_one_event_and_in_a_list_when_asked_for(
    site: Site, engine: Engine
) -> None:
    details = {"threads": [{"id": 2**63, "crashed": True}]}
    of_property = event(2, properties={"details": "mine"})
    await store_events(engine, [event(1, details=details), of_property])
    program = site.visit(key=KEY)

    async def ask(path: str) -> Any:
        return (await program.get(f"/api/v1/events{path}")).json()

    assert (await ask(f"/{FIRST_ID + 1}"))["details"] == details
    assert (await ask(f"/{FIRST_ID + 2}"))["details"] is None
    assert all("details" not in each for each in (await ask(""))["events"])
    whole = (await ask("?details=true"))["events"]
    assert {each["id"]: each["details"] for each in whole} == {
        str(FIRST_ID + 1): details,
        str(FIRST_ID + 2): None,
    }
    named = (await ask("?column=details"))["events"]
    assert [each["details"] for each in named] == [details, None]
    assert not (await ask("?q=threads"))["events"]
