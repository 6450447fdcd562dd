"""Numbers through the API, with a real engine behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logster.meta.grants import Right
from logster.store.engine import Engine
from support.meta import add_workspace
from support.stored import event_at, store_events
from support.web import KEY, Site, running_site

OURS, THEIRS = 1, 2
#: 2026-11-24T08:00:00Z
HOUR_NS = 1_795_507_200_000_000_000


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        yield opened


async def test_the_answer_says_what_a_chart_needs(site: Site, engine: Engine) -> None:
    await store_events(
        engine,
        [
            event_at(1, HOUR_NS, workspace=OURS, application="shop", properties={"ms": 2}),
            event_at(2, HOUR_NS + 1, workspace=OURS, application="shop", properties={"ms": 4.5}),
            event_at(3, HOUR_NS + 1, workspace=OURS, severity=4, properties={"ms": "slow"}),
            event_at(4, HOUR_NS, workspace=THEIRS, application="their secret"),
        ],
    )
    params = {"q": "| count, avg(ms) by application every 1h", "since": "2026-11-24"}
    answer = (await site.visit(key=KEY).get("/api/v1/stats", params=params)).json()
    assert answer["columns"] == [
        {"name": "time", "kind": "time", "role": "step"},
        {"name": "application", "kind": "text", "role": "group"},
        {"name": "count", "kind": "number", "role": "number"},
        {"name": "avg(ms)", "kind": "number", "role": "number"},
    ]
    assert answer["rows"] == [
        ["2026-11-24T08:00:00Z", "shop", 2, 3.25],
        ["2026-11-24T08:00:00Z", None, 1, None],
    ]
    assert (answer["every_s"], answer["has_more"]) == (3600, False)
    # The groups of a chart are found first, then counted step by step.
    assert answer["rows_read"] >= 3
    assert answer["bytes_read"] > 0
    assert answer["elapsed_ms"] > 0


async def test_a_workspace_counts_its_own_events(site: Site, engine: Engine) -> None:
    await store_events(
        engine,
        [event_at(1, workspace=OURS), event_at(2, workspace=THEIRS), event_at(3, workspace=THEIRS)],
    )
    theirs = await site.meta.keys.create(THEIRS, "theirs", [Right.READ])
    for key, expected in ((KEY, 1), (theirs.text, 2)):
        answer = await site.visit(key=key).get("/api/v1/stats", params={"q": "| count"})
        assert answer.json()["rows"] == [[expected]]
    assert (await site.visit().get("/api/v1/stats?q=|count")).status_code == 401


@pytest.mark.parametrize(
    ("params", "position", "expected"),
    [
        ({"q": "error"}, 5, "expected a pipe"),
        ({"q": "error | cuont"}, 8, "Did you mean `count`?"),
        ({"q": "/a(/ | count"}, 2, "closing )"),
        ({"q": "| count every 1s", "since": "7d"}, 0, "at most 2,000"),
        ({"q": "| count every 1d", "zone": "Mars/Base"}, 0, "no time zone"),
        ({"q": "| count", "since": "soon"}, 0, "is not a time"),
        ({"q": "| count", "until": "9999-12-31"}, 0, "1970 to 2262"),
        ({"q": "| count", "since": "99999999999999999999"}, 0, "1970 to 2262"),
    ],
)
async def test_a_mistake_is_answered_with_its_place(
    site: Site, params: dict[str, str], position: int, expected: str
) -> None:
    answer = await site.visit(key=KEY).get("/api/v1/stats", params=params)
    error = answer.json()["error"]
    assert (answer.status_code, error["position"]) == (400, position)
    assert expected in error["message"]


async def test_a_search_for_events_says_where_pipes_belong(site: Site) -> None:
    answer = await site.visit(key=KEY).get("/api/v1/events", params={"q": "error | count"})
    assert answer.status_code == 400
    assert "asks for numbers" in answer.json()["error"]["message"]
