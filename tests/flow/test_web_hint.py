"""A misspelt name finds nothing, and the answer says what may be meant."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from logster.store import readings
from logster.store.engine import Engine
from support.meta import add_workspace
from support.stored import event_at, store_events
from support.web import KEY, Site, running_site

OURS, THEIRS = 1, 2


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not decide what is near."""
    monkeypatch.setattr(readings, "QUESTION_S", 30.0)
    monkeypatch.setattr(readings, "BUDGET_S", 60.0)


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        properties = {"StatusCode": 500, "http": {"method": "GET"}, "odd name": "v"}
        await store_events(
            engine,
            [
                event_at(1, workspace=OURS, severity=4, user="alice", properties=properties),
                event_at(2, workspace=THEIRS, properties={"secrets": 1}),
            ],
        )
        yield opened


async def search(site: Site, q: str, **more: str) -> dict[str, Any]:
    answer = await site.visit(key=KEY).get("/api/v1/events", params={"q": q, **more})
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("sevrity:error", "severity:error"),
        ("StatusCod>400", "StatusCode>400"),
        ("statuscode:500", "StatusCode:500"),
        ("event usr:alice", "event user:alice"),
        ("http.metod:GET", "http.method:GET"),
        ("has:StatusCde", "has:StatusCode"),
        ('"odd nme":v', '"odd name":v'),
        ("mesage:event -aplication:shop", "message:event NOT application:shop"),
    ],
)
async def test_the_nearest_known_name_is_offered_and_finds(site: Site, q: str, meant: str) -> None:
    page = await search(site, q)
    assert page["events"] == []
    assert page["hint"]["q"] == meant
    assert "No recent event has" in page["hint"]["text"]
    assert page["rows_read"] > 0
    corrected = await search(site, page["hint"]["q"])
    assert [event["id"] for event in corrected["events"]] == ["1"]
    assert corrected["hint"] is None


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("| count by usr", "| count by user"),
        ("| avg(StatusCod), count", "| avg(StatusCode), count"),
        ("| count distinct usr every 1h", "| count distinct user every 1h"),
        ("sevrity:error | count", "severity:error | count"),
        ("| count by aplication, severity", "| count by application, severity"),
    ],
)
async def test_numbers_of_a_misspelt_name_say_which_is_meant(
    site: Site, q: str, meant: str
) -> None:
    program = site.visit(key=KEY)
    table = (await program.get("/api/v1/stats", params={"q": q})).json()
    assert table["hint"]["q"] == meant
    assert "No recent event has" in table["hint"]["text"]
    right = (await program.get("/api/v1/stats", params={"q": "| count by user, severity"})).json()
    assert right["hint"] is None


async def test_a_name_whose_field_cannot_be_asked_that_has_no_search(site: Site) -> None:
    page = await search(site, "aplication>5")
    assert page["hint"] == {
        "text": "No recent event has `aplication`; did you mean `application`?",
        "q": None,
        "offers": [],
    }


@pytest.mark.parametrize(
    "q",
    [
        "nothing_like_it",
        "severity:fatal",
        "StatusCode:404",
        "has:http user:bob",
        "Quantity:5",
        "secrts:1",
        "x" * 200 + ":5",
    ],
)
async def test_what_is_known_or_like_nothing_has_no_hint(site: Site, q: str) -> None:
    page = await search(site, q)
    assert (page["events"], page["hint"]) == ([], None)


async def test_a_page_behind_a_cursor_has_no_hint(site: Site) -> None:
    newest = await search(site, "")
    assert newest["hint"] is None
    older = await search(site, "sevrity:error", before=newest["previous"])
    assert (older["events"], older["hint"]) == ([], None)


async def test_the_time_of_a_search_does_not_hide_the_names(site: Site) -> None:
    page = await search(site, "sevrity:error", since="2100-01-01")
    assert page["hint"]["q"] == "severity:error"


async def test_many_unknown_names_are_answered_soon(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reading of so many finds anything, however long it is looked for."""
    monkeypatch.setattr(readings, "BUDGET_S", 0.5)
    q = " ".join(f"StatusCod{number}:5" for number in range(200))
    page = await search(site, q)
    assert page["hint"]["text"].count("did you mean") == 5
