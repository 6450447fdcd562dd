"""Facets: a field is counted as if none of its values had been chosen or excluded yet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from logster.errors import QueryError
from logster.event import Event, Severity
from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.store.columns import MAX_VALUE_CHARACTERS, SEVERITY
from logster.store.facets import Facet, facets
from logster.store.input import field_of
from logster.store.selection import Selection
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.store.engine import Engine

WORKSPACE = 7
#: As many characters as are counted of a value.
LONG = "l" * MAX_VALUE_CHARACTERS
#: A search, a field, and the same search without what chooses or excludes values of the field.
OWN = [
    ("tea application:shop", "application", "tea"),
    ("tea -application:shop", "application", "tea"),
    ("tea application!=shop", "application", "tea"),
    ("tea NOT application:shop", "application", "tea"),
    ("tea application:(shop, cart)", "application", "tea"),
    ("tea -application:(shop OR cart)", "application", "tea"),
    ("tea application:(sh*, cart)", "application", "tea"),
    ("Application:shop", "application", ""),
    ("application:shop OR application:cart", "application", ""),
    ("application:shop user:u1", "application", "user:u1"),
    ("application:shop user:u1", "user", "application:shop"),
    ("severity:error tea", "severity", "tea"),
    ("tea status:(500, 404)", "status", "tea"),
    # A range, a pattern and `has:` say among which values to choose.
    ("severity>=error -severity:fatal", "severity", "severity>=error"),
    ("application:sh*", "application", "application:sh*"),
    ("has:user user:u1", "user", "has:user"),
    # A long value is chosen by its beginning, as it is counted.
    (f'tea application:"{LONG}"*', "application", "tea"),
    (f'tea -application:"{LONG}"*', "application", "tea"),
    (f'application:"{LONG[1:]}"*', "application", f'application:"{LONG[1:]}"*'),
    ("(user:u1 OR user:u2) tea", "user", "tea"),
    ("user:(u1 OR -u2) tea", "user", "tea"),
    # Not what must hold by itself, nor what is no list.
    ("user:u1 OR -user:u2", "user", "user:u1 OR -user:u2"),
    ("application:shop OR tea", "application", "application:shop OR tea"),
    ("(application:shop OR user:u1) tea", "application", "(application:shop OR user:u1) tea"),
    ("(application:shop tea) user:u1", "application", "(application:shop tea) user:u1"),
]


@pytest.fixture
async def stored(engine: Engine) -> list[Event]:
    events = [
        event_at(
            number,
            1_790_000_000_000_000_000 + number,
            workspace=WORKSPACE,
            severity=(2, 2, 2, 4, 5)[number % 5],
            message=("tea is ready", "coffee is ready")[number % 2],
            application=("shop", "shop", "cart", "till", None)[number % 5],
            user=f"u{number % 15}",
            properties={"status": (200, 404, 500)[number % 3]},
        )
        for number in range(1, 181)
    ]
    await store_events(engine, events)
    return events


async def count(engine: Engine, text: str, name: str, **asked: object) -> Facet:
    selection = Selection(workspace=WORKSPACE, filter=parse_filter(text))
    found = await facets(engine, selection, [field_of(name)], **asked)  # type: ignore[arg-type]
    return found.facets[0]


def counts_of(stored: list[Event], text: str, name: str) -> Counter[str]:
    found = [event for event in stored if matches(parse_filter(text), event)]
    if name == "severity":
        return Counter(Severity(event.severity).name.lower() for event in found)
    if name == "status":
        return Counter(str(event.properties["status"]) for event in found)
    return Counter(getattr(event, name) or "" for event in found)


@pytest.mark.parametrize(("text", "name", "others"), OWN)
async def test_a_field_is_counted_without_its_own_conditions(
    engine: Engine, stored: list[Event], text: str, name: str, others: str
) -> None:
    expected = counts_of(stored, others, name)
    facet = await count(engine, text, name, limit=100)
    assert facet.missing == expected.pop("", 0)
    assert {value: number for value, number in facet.values if number} == expected
    assert not facet.has_more


async def test_every_field_leaves_out_its_own_and_the_total_is_that_of_the_whole_search(
    engine: Engine, stored: list[Event]
) -> None:
    text = "application:shop -user:(u1, u2) tea"
    names = ["user", "application", "severity"]
    selection = Selection(workspace=WORKSPACE, filter=parse_filter(text))
    found = await facets(engine, selection, [field_of(name) for name in names], limit=100)
    assert found.total == counts_of(stored, text, "severity").total()
    others = ["application:shop tea", "-user:(u1, u2) tea", text]
    for facet, name, other in zip(found.facets, names, others, strict=True):
        expected = counts_of(stored, other, name)
        expected.pop("", 0)
        assert {value: number for value, number in facet.values if number} == expected


async def test_named_values_are_there_however_rare_and_when_nobody_has_them(
    engine: Engine, stored: list[Event]
) -> None:
    facet = await count(engine, 'user:(u9, nobody) -user:"" severity:fatal', "user", limit=1)
    assert [value for value, _ in facet.values] == ["u14", "u9", "nobody"]
    counted = counts_of(stored, "severity:fatal", "user")
    assert dict(facet.values)["u9"] == counted["u9"]
    assert dict(facet.values)["nobody"] == 0
    assert facet.has_more
    severity = await count(engine, "severity:debug", "severity")
    assert dict(severity.values)["debug"] == 0


async def test_a_long_value_that_is_chosen_is_named_by_its_beginning(
    engine: Engine, stored: list[Event]
) -> None:
    for text in (f'user:"{LONG}"*', f'-user:"{LONG}"*', f'user:("{LONG}"*, u9)'):
        facet = await count(engine, text, "user", limit=1)
        assert dict(facet.values)[LONG] == 0
        assert facet.values[0][1] > 0


async def test_more_values_are_told_of_exactly(engine: Engine, stored: list[Event]) -> None:
    assert [(await count(engine, "", "user", limit=limit)).has_more for limit in (14, 15, 16)] == [
        True,
        False,
        False,
    ]
    with_missing = await count(engine, "", "application", limit=3)
    assert (len(with_missing.values), with_missing.has_more) == (3, False)


async def test_values_are_found_by_a_piece_of_them(engine: Engine, stored: list[Event]) -> None:
    facet = await count(engine, "user:u3", "user", holding="U1", limit=3)
    assert [value for value, _ in facet.values] == ["u1", "u10", "u11"]
    assert facet.has_more
    assert (await count(engine, "", "user", holding="%")).values == []
    severity = await count(engine, "", "severity", holding="ERR")
    assert [value for value, _ in severity.values] == ["error"]
    selection = Selection(workspace=WORKSPACE)
    for fields, holding in (([SEVERITY, field_of("user")], "a"), ([SEVERITY], "a" * 201)):
        with pytest.raises(QueryError):
            await facets(engine, selection, fields, holding=holding)
