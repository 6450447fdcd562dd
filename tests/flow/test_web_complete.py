"""Completion through the API, from what the events of the workspace really hold."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logster.store.engine import Engine
from support.meta import add_workspace
from support.stored import event_at, store_events
from support.web import KEY, Site, running_site

OURS, THEIRS = 1, 2


@pytest.fixture
async def site(tmp_path: Path, engine: Engine) -> AsyncIterator[Site]:
    async with running_site(tmp_path, engine) as opened:
        assert add_workspace(opened.meta.database, "theirs") == THEIRS
        properties = {"status": 500, "http": {"code": "x"}, "odd name": "v"}
        await store_events(
            engine,
            [
                event_at(1, workspace=OURS, user="alice", properties=properties),
                event_at(2, workspace=OURS, user="alice b", properties={"status": 404}),
                event_at(3, workspace=OURS, user="alice", properties={"status": 500}),
                event_at(4, workspace=THEIRS, user="alien", properties={"stolen": 1}),
            ],
        )
        yield opened


@pytest.mark.parametrize(
    ("q", "start", "texts"),
    [
        ("us", 0, ["user:"]),
        ("ST", 0, ["status:", "stack_trace:"]),
        ("odd", 0, ['"odd name":']),
        ("error user:AL", 11, ["alice", '"alice b"']),
        ("status:", 7, ["500", "404"]),
        ("http.code:", 10, ["x"]),
        ("severity:wa", 9, ["warn", "warning"]),
        ("severity>=wa", 10, ["warn", "warning"]),
        ("message:e", 8, []),
        ("| count by st", 11, ["status", "stack_trace"]),
        ("| coun", 2, ["count", "count distinct "]),
        ("user:' OR 1=1", 13, []),
    ],
)
async def test_suggestions_are_what_is_there(
    site: Site, q: str, start: int, texts: list[str]
) -> None:
    answer = (await site.visit(key=KEY).get("/api/v1/complete", params={"q": q})).json()
    assert [found["text"] for found in answer["suggestions"]] == texts
    if texts:
        assert answer["start"] == start


async def test_the_text_behind_the_cursor_does_not_count(site: Site) -> None:
    params = {"q": "user:a severity:error", "cursor": "6"}
    answer = (await site.visit(key=KEY).get("/api/v1/complete", params=params)).json()
    assert answer == {
        "start": 5,
        "suggestions": [{"text": "alice", "count": 2}, {"text": '"alice b"', "count": 1}],
    }
