"""The questions beside the search through the API: shapes, rights, isolation, refusals."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow.parquet
import pytest

from logster.event import Event
from logster.meta.grants import Right
from logster.meta.sessions import Role
from logster.query.match import matches
from logster.query.parse import parse_filter
from support.meta import add_workspace
from support.stored import event_at, store_events
from support.web import KEY, Site, csrf_of, log_in, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.store.engine import Engine

OURS, THEIRS = 1, 2
QUESTIONS = (
    *("histogram", "facets", "fields", "releases", "patterns", "export", "complete", "events"),
)


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        yield opened


@pytest.fixture
async def stored(engine: Engine) -> list[Event]:
    now = time.time_ns() // 1_000_000_000 * 1_000_000_000
    events = [
        Event(
            id=number,
            timestamp=now - number * 10_000_000_000,
            received_at=now,
            severity=number % 6,
            message=f"order {number} took {number * 7} ms" if number % 2 else "cache is cold",
            application=("shop", "cart")[number % 2],
            host="h1",
            properties={"ms": number * 7},
            workspace=OURS,
            protocol="api_log",
        )
        for number in range(1, 101)
    ]
    secret = Event(
        id=1_000,
        timestamp=now,
        received_at=now,
        severity=5,
        message="their secret",
        application="their secret",
        properties={"their secret": "their secret"},
        workspace=THEIRS,
    )
    await store_events(engine, [*events, secret])
    return events


async def ask(site: Site, question: str, **params: Any) -> Any:
    answer = await site.visit(key=KEY).get(f"/api/v1/{question}", params=params)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["elapsed_ms"] > 0
    assert told["rows_read"] > 0
    return told


async def test_every_question_is_about_the_same_events(site: Site, stored: list[Event]) -> None:
    place = {"q": "severity>=warn application:shop", "since": "10m"}
    page = await ask(site, "events", **place, details="true")
    # Exceptions are read when an event is shown: a file has the texts that they are read from.
    wanted = [{n: v for n, v in each.items() if n != "exceptions"} for each in page["events"]]
    since = time.time_ns() - 600_000_000_000
    tree = parse_filter(place["q"])
    expected = [e for e in stored if matches(tree, e) and e.timestamp >= since]
    assert abs(len(wanted) - len(expected)) <= 1
    total = len(wanted)
    drawn = await ask(site, "histogram", **place)
    assert drawn["total"] == sum(sum(series["counts"]) for series in drawn["series"]) == total
    assert drawn["interval_ms"] in (10_000, 15_000)
    counted = await ask(site, "facets", **place, field=["severity", "ms"])
    assert counted["total"] == total
    assert [facet["field"] for facet in counted["facets"]] == ["severity", "ms"]
    assert len((await ask(site, "facets"))["facets"]) == 7
    listed = await ask(site, "fields", **place)
    assert listed["looked_at"] == total
    assert {f["name"]: f["share"] for f in listed["fields"]}["ms"] == 1.0
    shapes = await ask(site, "patterns", **place)
    assert shapes["looked_at"] == total == sum(p["count"] for p in shapes["patterns"])
    found = await ask(site, "events", q=shapes["patterns"][0]["q"], since="10m")
    assert len(found["events"]) >= shapes["patterns"][0]["count"]
    exported = await site.visit(key=KEY).get("/api/v1/export", params=place)
    assert [json.loads(line) for line in exported.text.splitlines()] == wanted


async def test_a_name_is_asked_for_as_it_is_told(site: Site, engine: Engine) -> None:
    """A name with a space is told in quotes, as it is typed in a search."""
    await store_events(engine, [event_at(1, workspace=OURS, properties={"retry count": 3})])
    [told] = [f["name"] for f in (await ask(site, "fields"))["fields"] if "retry" in f["name"]]
    assert told == '"retry count"'
    for name in (told, "retry count"):
        [facet] = (await ask(site, "facets", field=name))["facets"]
        assert (facet["field"], facet["missing"]) == (told, 0)
        assert facet["values"] == [{"value": "3", "count": 1}]
        drawn = await ask(site, "histogram", split=name)
        assert [series["name"] for series in drawn["series"]] == ["3"]
        exported = await site.visit(key=KEY).get("/api/v1/export", params={"column": name})
        assert json.loads(exported.text) == {"retry count": 3}


async def test_context_leads_back_into_the_search(site: Site, stored: list[Event]) -> None:
    told = await ask(site, "context/50", scope="application", before=2, after=1)
    assert [event["id"] for event in told["events"]] == ["48", "50", "52", "54"]
    older = await ask(site, "events", q=told["q"], before=told["next"], limit=2)
    assert [event["id"] for event in older["events"]] == ["56", "58"]
    for path in ("context/1000", "context/x", "context/99999999999999999999999"):
        answer = await site.visit(key=KEY).get(f"/api/v1/{path}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("ndjson", "application/x-ndjson"),
        ("csv", "text/csv"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
async def test_an_export_is_a_file_with_a_name(
    site: Site, stored: list[Event], form: str, media_type: str
) -> None:
    params = {"format": form, "column": ["id", "ms"], "limit": "3"}
    answer = await site.visit(key=KEY).get("/api/v1/export", params=params)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    if form == "parquet":
        table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
        assert table.to_pylist() == [{"id": n, "ms": str(n * 7)} for n in (1, 2, 3)]
    elif form == "csv":
        assert answer.text.splitlines() == ['"id","ms"', '1,"7"', '2,"14"', '3,"21"']
    else:
        assert [json.loads(line) for line in answer.text.splitlines()] == [
            {"id": str(n), "ms": n * 7} for n in (1, 2, 3)
        ]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_read_rights_are_needed_and_enough(
    site: Site, stored: list[Event], question: str
) -> None:
    reader = await site.meta.keys.create(OURS, "reader", [Right.READ])
    sender = await site.meta.keys.create(OURS, "sender", [Right.INGEST])
    path = f"/api/v1/{question}"
    assert (await site.visit(key=reader.text).get(path)).status_code == 200
    assert (await site.visit(key=sender.text).get(path)).status_code == 403
    assert (await site.visit().get(path)).status_code == 401
    browser = site.visit()
    await log_in(browser)
    assert (await browser.get(path)).status_code == 200


ATTACKS = (
    "workspace:2",
    "-nothing OR secret",
    "'\") OR 1=1 --",
    "a'b",
    "`",
    "{p1:String}",
    "secre",
)


#: What each takes from a stranger besides the search and its time.
TEXTS = {
    "histogram": ("split",),
    "facets": ("field", "holding"),
    "export": ("column", "format"),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_text_reaches_another_workspace(
    site: Site, stored: list[Event], question: str
) -> None:
    program = site.visit(key=KEY)
    for attack in ATTACKS:
        for name in ("since", "q", *TEXTS.get(question, ())):
            for value in (attack, f'"{attack}":', f'"{attack}"'):
                answer = await program.get(f"/api/v1/{question}", params={name: value})
                assert answer.status_code in (200, 400), answer.text
                assert "their secret" not in answer.text


MISTAKES = (
    "histogram?buckets=0",
    "histogram?buckets=501",
    "histogram?split=message",
    "histogram?split=",
    "histogram?q=severity:loud",
    "histogram?since=yesterdayish",
    "histogram?since=9999999999999999999",
    "facets?limit=101",
    "facets?holding=a",
    "facets?field=user&holding=" + "a" * 201,
    "facets?field=stack_trace",
    "facets?" + "&".join(f"field=f{n}" for n in range(21)),
    "fields?q=)",
    "releases?q=)",
    "releases?since=2026-13-01",
    "patterns?limit=0",
    "context/1?scope=galaxy",
    "context/1?scope=user",
    "context/1?before=501",
    "export?format=xlsx",
    "export?limit=0",
    "export?" + "&".join(f"column=c{n}" for n in range(101)),
    "complete?q=a&cursor=-1",
)


async def test_a_mistake_is_a_400_with_advice(site: Site, stored: list[Event]) -> None:
    for path in MISTAKES:
        answer = await site.visit(key=KEY).get(f"/api/v1/{path}")
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error"]["message"]
        assert "DB::" not in answer.text
    answer = await site.visit(key=KEY).get("/api/v1/export?format=xlsx")
    assert answer.json()["error"]["message"] == "'xlsx' is no format; ndjson, csv, parquet are"


async def test_sql_is_for_administrators(site: Site, stored: list[Event]) -> None:
    order = {"sql": "SELECT application, count() AS n FROM events GROUP BY 1 ORDER BY 1"}
    told = (await site.visit(key=KEY).post("/api/v1/sql", json=order)).json()
    assert (told["columns"], told["rows"]) == (["application", "n"], [["cart", 50], ["shop", 50]])
    assert set(told) == {"columns", "rows", "elapsed_ms"}  # `rows_read` counts others' rows too
    narrow = {"sql": "SELECT count() FROM events", "until": "2000-01-01"}
    assert (await site.visit(key=KEY).post("/api/v1/sql", json=narrow)).json()["rows"] == [[0]]
    reader = await site.meta.keys.create(OURS, "reader", [Right.READ])
    assert (await site.visit(key=reader.text).post("/api/v1/sql", json=order)).status_code == 403
    browser = site.visit()
    await log_in(browser)
    assert (await browser.post("/api/v1/sql", json=order)).status_code == 403
    answer = await browser.post("/api/v1/sql", json=order, headers=csrf_of(browser))
    assert answer.status_code == 200
    wrong = await site.visit(key=KEY).post("/api/v1/sql", json={"sql": "SELECT FROM events"})
    assert wrong.status_code == 400
    assert wrong.json()["error"]["position"] > 0


async def test_saved_searches_are_kept_by_people(site: Site) -> None:
    await site.add_user("ada@example.com", OURS, Role.MEMBER)
    ada, admin, program = site.visit(), site.visit(), site.visit(key=KEY)
    await log_in(ada, "ada@example.com")
    await log_in(admin)
    order = {"name": "slow", "q": "ms>500", "columns": ["ms"], "since": "1h", "is_shared": True}
    made = await ada.post("/api/v1/searches", json=order, headers=csrf_of(ada))
    assert made.status_code == 201
    saved = made.json()
    assert {name: saved[name] for name in order} == order
    assert (saved["owner"], saved["can_change"]) == ("ada@example.com", True)
    private = {"name": "mine", "q": "x"}
    await admin.post("/api/v1/searches", json=private, headers=csrf_of(admin))
    seen = (await ada.get("/api/v1/searches")).json()["searches"]
    assert [(s["name"], s["can_change"]) for s in seen] == [("slow", True)]
    assert [s["name"] for s in (await program.get("/api/v1/searches")).json()["searches"]] == [
        "slow"
    ]
    assert (await program.post("/api/v1/searches", json=private)).status_code == 403
    (mine,) = [
        s for s in (await admin.get("/api/v1/searches")).json()["searches"] if s["name"] == "mine"
    ]
    for path in (mine["id"], 999):
        answer = await ada.put(f"/api/v1/searches/{path}", json=order, headers=csrf_of(ada))
        assert answer.status_code == 404
        answer = await ada.delete(f"/api/v1/searches/{path}", headers=csrf_of(ada))
        assert answer.status_code == 404
    path = f"/api/v1/searches/{saved['id']}"
    assert (await ada.put(path, json=private)).status_code == 403
    changed = await admin.put(path, json={**order, "name": "ours"}, headers=csrf_of(admin))
    assert changed.json()["name"] == "ours"
    assert (await ada.delete(path, headers=csrf_of(ada))).status_code == 204
    bad = await ada.post("/api/v1/searches", json={"name": "", "q": ""}, headers=csrf_of(ada))
    assert bad.status_code == 400


async def test_the_history_is_each_persons_own(site: Site) -> None:
    browser = site.visit()
    await log_in(browser)
    for text in ("a", "b", "a"):
        answer = await browser.post("/api/v1/history", json={"q": text}, headers=csrf_of(browser))
        assert answer.status_code == 204
    told = (await browser.get("/api/v1/history")).json()["queries"]
    assert [query["q"] for query in told] == ["a", "b"]
    assert (await site.visit(key=KEY).get("/api/v1/history")).status_code == 403
    assert (await browser.delete("/api/v1/history")).status_code == 403
    assert (await browser.delete("/api/v1/history", headers=csrf_of(browser))).status_code == 204
    assert (await browser.get("/api/v1/history")).json()["queries"] == []


async def test_every_question_is_in_the_document(site: Site) -> None:
    document = (await site.visit().get("/api/v1/openapi.json")).json()
    for path in (*QUESTIONS, "context/{event_id}", "sql", "searches", "history"):
        assert f"/api/v1/{path}" in document["paths"], path
    names = {p["name"] for p in document["paths"]["/api/v1/histogram"]["get"]["parameters"]}
    assert names == {"q", "since", "until", "zone", "buckets", "split", "top"}


class Leaver:
    """A client of ASGI that asks and leaves before the answer."""

    def __init__(self, site: Site, method: str, path: str, body: bytes = b"") -> None:
        self.sent: list[Any] = []
        self._gone = asyncio.Event()
        self._body: bytes | None = body
        route, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": route,
            "raw_path": route.encode(),
            "query_string": httpx.QueryParams(query).__str__().encode(),
            "headers": [(b"apikey", KEY.encode()), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("logs.test", 80),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
            "asgi": {"version": "3.0"},
        }
        app: Any = site.app
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self._gone.set()


async def test_a_question_whose_client_leaves_is_stopped_in_the_engine(
    site: Site, engine: Engine
) -> None:
    sql = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number, 815))"
    leaver = Leaver(site, "POST", "/api/v1/sql", json.dumps({"sql": sql}).encode())
    client = await engine._client("writer")

    async def is_running() -> bool:
        return bool(
            await client.command(
                "SELECT count() FROM system.processes WHERE query LIKE '%815%'"
                " AND position(query, 'processes') = 0"
            )
        )

    async with asyncio.timeout(30):
        while not await is_running():
            await asyncio.sleep(0.02)
    leaver.leave()
    await asyncio.wait_for(leaver.task, 30)
    assert leaver.sent == []
    async with asyncio.timeout(30):
        while await is_running():
            await asyncio.sleep(0.02)


async def test_an_export_ends_when_its_client_leaves(
    site: Site, stored: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logster.store.export.paging.FIRST_PAGE_ROWS", 1)
    monkeypatch.setattr("logster.store.export.paging.MAX_PAGE_ROWS", 1)
    leaver = Leaver(site, "GET", "/api/v1/export")
    async with asyncio.timeout(30):
        while len(leaver.sent) < 3:
            await asyncio.sleep(0.01)
    leaver.leave()
    await asyncio.wait_for(leaver.task, 30)
    assert len(leaver.sent) < 100
