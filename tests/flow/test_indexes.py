"""What a question reads: each kind is answered from its index, and not from all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from logster.query.parse import parse_filter
from logster.store.search import search
from logster.store.select import select_events
from logster.store.selection import Selection
from support.engine import Overheard
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

#: Rows of a granule, the least that is read of a part.
GRANULE = 4096
ROWS = 5 * GRANULE
NEEDLE = GRANULE + 7


@pytest.fixture
async def haystack(engine: Engine) -> Engine:
    """Five granules in one part; one event differs from the others."""
    needle: dict[str, Any] = {
        "user": "Eve",
        "message": "the pump TimedOut again",
        "exception": "PumpError",
        "stack_trace": "at pump.turn()",
        "properties": {"RequestId": "4bf92f3577b34da6a3ce929d0e0e4736"},
        "trace_id": "a3ce929d0e0e4736",
    }
    plain: dict[str, Any] = {
        "user": "ann",
        "message": "all is well",
        "properties": {"RequestId": "0"},
    }
    await store_events(
        engine,
        [
            event_at(number, workspace=1, **(needle if number == NEEDLE else plain))
            for number in range(1, ROWS + 1)
        ],
    )
    return engine


@pytest.mark.parametrize(
    "text",
    [
        "timedout",
        "time*",
        "*medou*",
        '"pump timedo"*',
        "message:*IMEDOU*",
        "stack_trace:turn",
        "exception:pumperror",
        "user:Eve",
        "RequestId:4bf92f3577b34da6a3ce929d0e0e4736",
        "trace_id:a3ce929d0e0e4736",
        f"id:{NEEDLE}",
    ],
)
async def test_a_needle_is_found_without_reading_the_haystack(haystack: Engine, text: str) -> None:
    page = await search(haystack, Selection(workspace=1, filter=parse_filter(text)))
    assert [event.id for event in page.events] == [NEEDLE]
    # Its granule is read for the condition and once more for the other columns; a filter of
    # 0.85 % may let another one pass.
    assert page.rows_read <= 3 * GRANULE


@pytest.mark.parametrize("text", ["zqxj", "zqxj*", "*zqxj*", "user:nobody", "RequestId:nothing"])
async def test_what_is_nowhere_is_known_from_the_index_alone(haystack: Engine, text: str) -> None:
    statement = select_events(Selection(workspace=1, filter=parse_filter(text)), limit=10)
    answer = await haystack.ask(statement.sql, statement.parameters)
    assert answer.rows == []
    assert answer.rows_read <= GRANULE  # what a filter passes in vain


@pytest.mark.parametrize("text", ["RequestId:4bf92f3577b34da6a3ce929d0e0e4736", "trace_id:a3ce"])
async def test_an_identifier_is_asked_for_once(haystack: Engine, text: str) -> None:
    engine = Overheard(haystack)
    await search(engine, Selection(workspace=1, filter=parse_filter(text)))
    assert len(engine.asked) == 1


async def test_filters_are_not_packed_since_unpacking_is_most_of_a_search(engine: Engine) -> None:
    named = [
        event_at(number, user=f"user {number}", properties={"RequestId": f"{number:032x}"})
        for number in range(1, ROWS + 1)
    ]
    await store_events(engine, named)
    answer = await engine.inspect(
        "SELECT name, sum(data_uncompressed_bytes), sum(data_compressed_bytes)"
        " FROM system.data_skipping_indices WHERE table = 'events' AND database = currentDatabase()"
        " AND name IN ('users', 'property_values') GROUP BY name ORDER BY name"
    )
    assert [name for name, *_ in answer.rows] == ["property_values", "users"]
    for name, size, packed in answer.rows:
        assert size > ROWS, name
        assert packed >= size, name


@pytest.mark.parametrize("text", ["*éclai*", "*nowhére*"])
async def test_text_inside_words_is_found_by_the_index_in_every_spelling(
    engine: Engine, text: str
) -> None:
    message = "two e\u0301clairs"
    await store_events(
        engine,
        [
            event_at(number, workspace=1, message=message if number == NEEDLE else "all is well")
            for number in range(1, ROWS + 1)
        ],
    )
    statement = select_events(Selection(workspace=1, filter=parse_filter(text)), limit=10)
    answer = await engine.ask(statement.sql, statement.parameters)
    assert len(answer.rows) == (text != "*nowhére*")
    assert answer.rows_read <= 2 * GRANULE
