"""Equality of a property on the real engine: what the bloom filter lets through is what matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from logster.query.match import matches
from logster.query.number import number_of
from logster.query.tree import Equal, Field
from logster.query.value import text_of
from logster.store.columns import value_of_field
from logster.store.parameters import Parameters
from logster.store.properties import property_number
from logster.store.search import search
from logster.store.select import select_events
from logster.store.selection import Selection
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

VALUES: list[Any] = [
    *(200, 200.0, 200.5, "200", "200.0", "2e2", 0, -0.0, "0", "-0", 0.1, 1e-7, 1e22, "1e22"),
    *(2**53, 2**53 + 1, 2**63, -(2**63), 10**15, 123456789012345678),
    *(2**64 - 1, 2**64, -(2**63) - 1, 10**30 + 1, -(10**30), 10**400, str(10**30 + 1)),
    *("", " ", "x/é", "\\", '"', "a\nb", "\u0001", "\u2028", "✓ \U0001f600", "<b>", "x" * 5000),
    *(True, False, None, "true", "null", [], [200], ["x/é"], {"a": 200}, {}),
]
ASKED = [
    *("200", "200.0", "2e2", "200.5", "0", "-0", "0.1", "1e-7", "1e22", "9007199254740992"),
    *("9007199254740993", "1000000000000000", "123456789012345678", "9223372036854775808"),
    *("", " ", "x/é", "\\", '"', "a\nb", "\u0001", "\u2028", "✓ \U0001f600", "<b>", "x" * 5000),
    *("true", "false", "null", "[200]", "{}", "1e999"),
    *(str(2**64 - 1), str(2**64), str(2**64 + 1), str(-(2**63) - 1), str(-(2**63) - 2)),
    *(str(10**30 + 1), str(10**30), "1e30", str(-(10**30)), str(10**400), "9" * 400),
]


@pytest.mark.parametrize("name", ["code", "deep.code"])
async def test_a_property_equals_what_the_language_says(engine: Engine, name: str) -> None:
    events = [
        event_at(number, workspace=1, properties={name: value})
        for number, value in enumerate(VALUES, start=1)
    ]
    events += [
        event_at(number, workspace=1, properties={"deep": {"code": value}})
        for number, value in enumerate(VALUES, start=1 + len(VALUES))
    ]
    await store_events(engine, events)
    for asked in ASKED:
        tree = Equal(Field(name, is_property=True), asked)
        page = await search(engine, Selection(workspace=1, filter=tree))
        found = {event.id for event in page.events}
        assert found == {event.id for event in events if matches(tree, event)}, asked


async def test_a_rare_value_is_looked_for_in_few_rows(engine: Engine) -> None:
    await store_events(
        engine,
        [
            event_at(number, workspace=1, properties={"request": f"request-{number}"})
            for number in range(1, 40_001)
        ],
    )
    tree = Equal(Field("request", is_property=True), "request-777")
    statement = select_events(Selection(workspace=1, filter=tree), limit=10)
    answer = await engine.ask(statement.sql, statement.parameters)
    assert len(answer.rows) == 1
    assert answer.rows_read <= 8192 * 2


#: Objects as clients write them: with spaces, escapes, braces in texts, the name elsewhere.
OBJECTS = [
    '{"x":5}',
    '{"x": 5, "y": 1}',
    '{ "y" : 1 ,\n\t"x" : "5"\r\n}',
    '{"x":\t-2.50e1 }',
    '{"x": " 5 "}',
    '{"x":"a, b","y":"c"}',
    '{"y":"x","z":7}',
    '{"y":["x"],"z":7}',
    '{"y":"\\"x\\":1"}',
    '{"y\\"x":1}',
    '{"\\u0078":5}',
    '{"x":"\\u0035"}',
    '{"x":"C:\\\\temp"}',
    '{"y":{"x":1}}',
    '{"y":{"x":1},"x":2}',
    '{"y":"{","x":3}',
    '{"x":"}"}',
    '{"x":[1,2],"y":3}',
    '{"x":{"y":1}}',
    '{"x":true}',
    '{"x":null}',
    '{"xx":1}',
    '{"X":1}',
    '{"x":""}',
    '{"x":"🙂"}',
    '{"x":123456789012345678901234567890}',
    '{"x": -9223372036854775809, "y": {}}',
    "{}",
    "",
]


async def test_a_scan_for_a_property_finds_what_parsing_finds(engine: Engine) -> None:
    parameters = Parameters()
    field = Field("x", is_property=True)
    text, number = value_of_field(field, parameters), property_number(field, parameters)
    assert "simpleJSONExtractRaw" in text
    answer = await engine.ask(
        f"SELECT {text}, {number}"
        f" FROM (SELECT arrayJoin({parameters.bind(OBJECTS, 'Array(String)')}) AS properties)",
        parameters.values,
    )
    values = [msgspec.json.decode(stored or "{}").get("x") for stored in OBJECTS]
    told = [(text, number if number is None else float(number)) for text, number in answer.rows]
    assert [(text_of(value) or "", number_of(value)) for value in values] == told
