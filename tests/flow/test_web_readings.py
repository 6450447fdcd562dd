"""A search that finds nothing is read otherwise; what finds something is offered with its count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from logster.store import readings
from support.meta import add_workspace
from support.stored import NOON_NS, event_at, store_events
from support.web import KEY, Site, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from logster.store.engine import Engine

OURS, THEIRS = 1, 2
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not decide what is near."""
    monkeypatch.setattr(readings, "QUESTION_S", 30.0)
    monkeypatch.setattr(readings, "BUDGET_S", 60.0)


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        await store_events(
            engine,
            [
                event_at(
                    1_000_000_007,
                    workspace=OURS,
                    severity=4,
                    message="user=alice said C:\\temp\\x is full; retries=3",
                    application="orders-api",
                    trace_id=TRACE,
                    properties={"RequestId": "a1b2c3", "userId": "alice", "Status": 404},
                ),
                event_at(
                    2,
                    workspace=OURS,
                    severity=2,
                    message="cache warmed up, connection was refused; preconditions met",
                    application="orders-api",
                    properties={"http": {"status": 500, "id": "deep-7f"}, "user_id": "bob"},
                ),
                event_at(3, workspace=THEIRS, properties={"Secret": "theirs-only"}),
            ],
        )
        yield opened


async def search(site: Site, q: str, **more: str) -> dict[str, Any]:
    answer = await site.visit(key=KEY).get("/api/v1/events", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


@pytest.mark.parametrize(
    ("q", "offer"),
    [
        ("level:error", "severity:error"),
        ("lvl:error", "severity:error"),
        ("LogLevel:error", "severity:error"),
        ("log.level=error", "severity:error"),
        ("msg:warmed", "message:warmed"),
        ("app:orders-api", "application:orders-api"),
        ("service=orders-api", "application:orders-api"),
        ("user:alice", "userId:alice"),
        ("user:bob", "user_id:bob"),
        ("UserId:alice", "userId:alice"),
        ("user_id:alice", "userId:alice"),
        ("user.id:bob", "user_id:bob"),
        ("status:404", "Status:404"),
        ("status:500", "http.status:500"),
        ("http_status:500", "http.status:500"),
        ("a1b2c3", "RequestId:a1b2c3"),
        ('"a1b2c3"', "RequestId:a1b2c3"),
        ("correlation:a1b2c3", "RequestId:a1b2c3"),
        ("deep-7f", "http.id:deep-7f"),
        ("404", "Status:404"),
        ("Orders-API", "application:orders-api"),
        ("application:Orders-API", "application:orders-api"),
        ("application:orders", "application:*orders*"),
        ("orders-api", "application:orders-api"),
        ("1000000007", "id:1000000007"),
        ("#1000000007", "id:1000000007"),
        (TRACE.upper(), f"trace_id:{TRACE}"),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", f"trace_id:{TRACE}"),
        ("condition", "*condition*"),
        ("message:condition", "message:*condition*"),
        ('"refused connection"', "refused connection"),
        ("exception:warmed", "warmed"),
        ("C:\\temp\\x", '"C:\\\\temp\\\\x"'),
        ("retries=3", '"retries=3"'),
        ("retries= 3 Status:404", None),
        ("Status= 404", "Status:404"),
        ("Status =404", "Status:404"),
        ("Status=>400", "Status>=400"),
    ],
)
async def test_a_near_reading_is_offered_and_finds_what_it_says(
    site: Site, q: str, offer: str | None
) -> None:
    page = await search(site, q)
    if offer is None:
        assert len(page["events"]) == 1
        return
    assert page["events"] == []
    offers = {each["q"]: each["count"] for each in page["hint"]["offers"]}
    assert offer in offers
    for text, count in offers.items():
        assert count == len((await search(site, text))["events"]) > 0


async def test_a_reading_changes_one_term_and_keeps_the_others(site: Site) -> None:
    page = await search(site, "level:error a1b2c3")
    assert page["hint"] is None or page["hint"]["offers"] == []
    page = await search(site, "severity:error a1b2c3 -application:shop")
    assert page["hint"]["offers"][0] == {
        "q": "severity:error RequestId:a1b2c3 NOT application:shop",
        "count": 1,
    }


async def test_numbers_are_offered_with_their_pipe(site: Site) -> None:
    answer = await site.visit(key=KEY).get(
        "/api/v1/stats", params={"q": "level=error | count by application"}
    )
    table = answer.json()
    assert table["hint"]["offers"] == [{"q": "severity:error | count by application", "count": 1}]
    assert table["notice"].startswith("Read `=` as `:`: `level=error`")


@pytest.mark.parametrize(
    "q", ["theirs-only", "Secret:theirs-only", "NOTHING", "-cache -user=alice x7"]
)
async def test_nothing_near_is_no_hint_and_no_other_workspace_is_seen(site: Site, q: str) -> None:
    assert (await search(site, q))["hint"] is None


async def test_patterns_of_nothing_say_the_same(site: Site) -> None:
    program = site.visit(key=KEY)
    told = (await program.get("/api/v1/patterns", params={"q": "level=error"})).json()
    assert told["hint"]["offers"] == [{"q": "severity:error", "count": 1}]
    assert told["notice"].startswith("Read `=` as `:`")
    told = (await program.get("/api/v1/patterns", params={"q": "level:x", "hint": "false"})).json()
    assert (told["hint"], told["notice"]) == (None, None)


async def test_the_name_that_is_asked_about_is_one_that_finds_something(site: Site) -> None:
    hint = (await search(site, "status:404"))["hint"]
    assert "did you mean `Status`?" in hint["text"]
    assert hint["q"] == "Status:404"
    hint = (await search(site, "userid:bob"))["hint"]
    assert "did you mean" not in hint["text"]
    assert hint["q"] == "user_id:bob"


async def test_a_dashboard_asks_for_no_hint(site: Site) -> None:
    assert (await search(site, "a1b2c3", hint="false"))["hint"] is None
    table = await site.visit(key=KEY).get(
        "/api/v1/stats", params={"q": "a1b2c3 | count", "hint": "false"}
    )
    assert table.json()["hint"] is None


async def test_readings_are_counted_in_the_time_of_the_search(site: Site) -> None:
    page = await search(site, "a1b2c3", until="2020-01-01")
    assert page["hint"] is None
    page = await search(site, "", since="2100-01-01")
    assert page["hint"] == {"text": "The time begins in the future.", "q": None, "offers": []}
    page = await search(site, "x", since="2026-01-02", until="2026-01-01")
    assert page["hint"]["text"] == "The time ends before it begins."


async def test_how_an_equals_sign_was_read_is_said_on_the_first_page_only(site: Site) -> None:
    page = await search(site, "application=orders-api", limit="1")
    assert len(page["events"]) == 1
    assert page["notice"].startswith("Read `=` as `:`: `application=orders-api`")
    older = await search(site, "application=orders-api", before=page["next"])
    assert (len(older["events"]), older["notice"]) == (1, None)
    assert (await search(site, "application:orders-api"))["notice"] is None


@pytest.mark.parametrize("limit", ["QUESTION_S", "BUDGET_S", "MAX_QUESTIONS"])
async def test_without_time_for_other_readings_the_search_is_answered_without_them(
    site: Site, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(readings, limit, 0)
    assert (await search(site, "a1b2c3"))["hint"] is None
    hint = (await search(site, "level:error"))["hint"]
    assert (hint["q"], hint["offers"]) == ("severity:error", [])


async def test_many_terms_cost_a_few_questions(site: Site) -> None:
    page = await search(site, " ".join(f"word{number}x" for number in range(200)))
    assert page["hint"] is None


@pytest.mark.parametrize(
    "path",
    [
        "events",
        "histogram",
        "facets",
        "fields",
        "releases",
        "patterns",
        "export",
        "stats",
        "events/tail",
        "complete",
    ],
)
async def test_times_in_a_search_are_those_of_the_zone(site: Site, path: str) -> None:
    q = "timestamp:2026-12-01T00:20" + (" | count" if path == "stats" else "")
    program = site.visit(key=KEY)
    answer = await program.get(f"/api/v1/{path}", params={"q": q, "zone": "Mars/Olympus"})
    assert answer.status_code == 400
    assert "'Mars/Olympus', which is no time zone" in answer.json()["error"]["message"]


async def test_a_local_time_finds_the_event_it_is_shown_at(site: Site, engine: Engine) -> None:
    twenty_past = NOON_NS + 20 * 60 * 10**9  # 2026-09-21T14:33:20Z
    await store_events(engine, [event_at(50, twenty_past, workspace=OURS, message="late")])
    local = {"zone": "Asia/Tokyo"}
    page = await search(site, "late timestamp:2026-09-21T23:33", **local)
    assert [event["id"] for event in page["events"]] == ["50"]
    assert (await search(site, "late timestamp:2026-09-21T23:33"))["events"] == []
    page = await search(site, "late", since="2026-09-21 23:33", until="2026-09-21 23:34", **local)
    assert [event["id"] for event in page["events"]] == ["50"]
