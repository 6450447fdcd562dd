"""Completion from recent events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.errors import QueryError
from logster.language import matches, parse_filter
from logster.store.complete import MAX_ITEMS, Completer
from logster.store.question import Selection
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.event import Event
    from logster.store.engine import Engine

OURS = Selection(workspace=7)


@pytest.fixture
async def stored(engine: Engine) -> list[Event]:
    ours = [
        event_at(
            number,
            application=("shop", "Shipping", "cart")[number % 3],
            user=f"user {number}" if number % 2 else "x' OR 1=1 --",
            properties={"DurationMs": number, "http": {"status": 200 + number % 2}, "it's": "yes"},
        )
        for number in range(1, 61)
    ]
    theirs = [event_at(100, workspace=8, application="secret", properties={"secret": "secret"})]
    await store_events(engine, ours + theirs)
    return ours


async def texts(completer: Completer, text: str) -> list[str]:
    found = await completer.complete(OURS, text, len(text))
    return [text[: found.start] + item.text + text[found.end :] for item in found.items]


async def test_names_begin_with_what_is_typed(engine: Engine, stored: list[Event]) -> None:
    completer = Completer(engine)
    assert (await texts(completer, "dur"))[0] == "DurationMs"
    assert (await texts(completer, "-STAT"))[0] == "-http.status"
    assert "stack_trace" in await texts(completer, "st")
    assert "has:DurationMs" in await texts(completer, "has:D")
    assert (await texts(completer, "a O"))[-1] == "a OR"
    everything = await completer.complete(OURS, "", 0)
    assert MAX_ITEMS - 5 < len(everything.items) <= MAX_ITEMS
    assert {item.text: item.detail for item in everything.items}["severity"] == "severity"


async def test_a_whole_name_goes_on_with_its_operators(engine: Engine, stored: list[Event]) -> None:
    completer = Completer(engine)
    assert (await texts(completer, "DurationMs"))[:3] == [
        "DurationMs:",
        "DurationMs!=",
        "DurationMs>=",
    ]
    assert (await texts(completer, "application"))[:3] == [
        "application:",
        "application!=",
        "application",
    ]


async def test_values_are_those_of_recent_events_and_find_them(
    engine: Engine, stored: list[Event]
) -> None:
    completer = Completer(engine)
    assert await texts(completer, "application:SH") == ["application:Shipping", "application:shop"]
    assert await texts(completer, "application:(cart, hop") == ["application:(cart, shop"]
    assert await texts(completer, "severity>=er") == ["severity>=error"]
    assert await texts(completer, "http.status:") == ["http.status:200", "http.status:201"]
    assert await texts(completer, "message:x") == await texts(completer, "id:1") == []
    for text in ("user:", 'user:"x', "user:use", '"it\'s":', "DurationMs:1"):
        for completed in await texts(completer, text):
            assert any(matches(parse_filter(completed), event) for event in stored), completed


async def test_the_second_key_is_answered_from_memory(engine: Engine, stored: list[Event]) -> None:
    now = 0.0
    completer = Completer(engine, lambda: now)
    first = await completer.complete(OURS, "user:u", 6)
    again = await completer.complete(OURS, "user:u", 6)
    assert (again.items, again.rows_read) == (first.items, 0)
    now = 60.0
    assert (await completer.complete(OURS, "user:u", 6)).rows_read > 0


@pytest.mark.parametrize(
    "text", ["secret", "secret:", "application:\"' OR 1=1", "a') OR ('1:", "workspace:", "`:"]
)
async def test_nothing_of_another_workspace_is_offered(
    engine: Engine, stored: list[Event], text: str
) -> None:
    completer = Completer(engine)
    found = await completer.complete(OURS, text, len(text))
    assert "secret" not in str(found.items)


async def test_a_cursor_outside_the_text_is_refused(engine: Engine) -> None:
    for text, cursor in (("a", 2), ("a", -1), ("a" * 9_000, 1)):
        with pytest.raises(QueryError, match="cursor"):
            await Completer(engine).complete(OURS, text, cursor)
