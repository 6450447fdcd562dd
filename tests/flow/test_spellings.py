"""Composed and decomposed letters on the real engine: one finds the other, in every search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from logster.query.match import matches
from logster.query.parse import parse_filter
from logster.query.render import render_filter
from logster.query.tree import Equal, Field
from logster.store.facets import facets
from logster.store.search import search
from logster.store.selection import Selection
from logster.store.tail import follow
from support.engine import Overheard
from support.stored import event_at, store_events

if TYPE_CHECKING:
    from logster.event import Event
    from logster.store.engine import Engine

#: `café` and `München` composed and decomposed, and `Việt` as a keyboard of Windows writes it.
CAFE, CAFE_TWO = "caf\u00e9", "cafe\u0301"
FORMS = (CAFE, CAFE_TWO)
CITIES = ("M\u00fcnchen", "Mu\u0308nchen")
VIET = ("Vi\u1ec7t", "Vie\u0323\u0302t", "Vi\u00ea\u0323t")


def events() -> list[Event]:
    """Each pair of neighbours says the same."""
    several: list[dict[str, Any]] = [
        *({"message": f"the {word} opens"} for word in FORMS),
        *({"message": f"THE {word.upper()}-BAR OPENS"} for word in FORMS),
        *({"exception": f"Error: {word}teria"} for word in FORMS),
        *({"user": f"Andr\u00e9 {city}"} for city in CITIES),
        *(
            {"application": city, "properties": {"city": city, "in": {"city": city}}}
            for city in CITIES
        ),
        *({"message": f"{word} Nam"} for word in VIET),
        *({"message": text} for text in ("\u0130zmir calls", "I\u0307zmir calls", "izmir calls")),
        *(
            {"message": text}
            for text in ("\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165")
        ),
        {"message": "the cafe opens", "properties": {"city": "Munchen"}},
    ]
    return [event_at(number, workspace=1, **fields) for number, fields in enumerate(several, 1)]


async def ids_of(engine: Engine, text: str) -> list[int]:
    page = await search(engine, Selection(workspace=1, filter=parse_filter(text)))
    return sorted(event.id for event in page.events)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((word, [1, 2, 3, 4]) for word in (*FORMS, CAFE.upper(), CAFE_TWO.upper())),
        *((f'"the {word} opens"', [1, 2]) for word in FORMS),
        *((f"{word}-bar", [3, 4]) for word in FORMS),
        *((f"{word}*", [1, 2, 3, 4, 5, 6]) for word in FORMS),
        *((f"*{word[1:]}*", [1, 2, 3, 4, 5, 6]) for word in FORMS),
        *((f"*{word[2:]}teri*", [5, 6]) for word in FORMS),
        *((f"c*{word[3:]}-ba*r", [3, 4]) for word in FORMS),
        *((f"exception:{word}teria", [5, 6]) for word in FORMS),
        *((f"application:{city}", [9, 10]) for city in CITIES),
        *((f"application:{city[:3]}*", [9, 10]) for city in CITIES),
        *((f"application:*{city[1:]}", [9, 10]) for city in CITIES),
        *((f'user:"André {city}"', [7, 8]) for city in CITIES),
        *((f'user:(bob, "Andre\u0301 {city}")', [7, 8]) for city in CITIES),
        *((f"city:{city}", [9, 10]) for city in CITIES),
        *((f"in.city:{city}", [9, 10]) for city in CITIES),
        *((f"city:*{city[1:-1]}*n", [9, 10]) for city in CITIES),
        *((f"city:{city[:4]}*", [9, 10]) for city in CITIES),
        *((f"has:city city!={city}", [18 + 1]) for city in CITIES),
        *((word, [11, 12, 13]) for word in VIET),
        *((f'"{word} nam"', [11, 12, 13]) for word in VIET),
        *((word, [14, 15, 16]) for word in ("\u0130zmir", "I\u0307ZMIR", "i\u0307zmir")),
        *(
            (word, [17, 18])
            for word in ("\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165")
        ),
        ("cafe", [19]),
    ],
)
async def test_every_spelling_finds_every_other(
    engine: Engine, text: str, expected: list[int]
) -> None:
    stored = events()
    await store_events(engine, stored)
    tree = parse_filter(text)
    assert [event.id for event in stored if matches(tree, event)] == expected
    assert await ids_of(engine, text) == expected


async def test_what_was_sent_is_shown_as_it_was(engine: Engine) -> None:
    await store_events(engine, events())
    page = await search(engine, Selection(workspace=1, filter=parse_filter("application:München")))
    assert [event.application for event in page.events] == [CITIES[1], CITIES[0]]


@pytest.mark.parametrize("name", ["application", "city", "in.city", "user"])
async def test_a_facet_that_is_clicked_finds_its_rows(engine: Engine, name: str) -> None:
    await store_events(engine, events())
    field = Field(name, is_property=name not in ("application", "user"))
    (facet,) = (await facets(engine, Selection(workspace=1), [field])).facets
    assert facet.values
    for value, count in facet.values:
        assert len(await ids_of(engine, render_filter(Equal(field, value)))) >= count


async def test_a_tail_shows_every_spelling(engine: Engine) -> None:
    tail = follow(
        engine, Selection(workspace=1, filter=parse_filter(CAFE)), cursor=None, interval_s=0.01
    )
    await anext(tail)
    await store_events(engine, events())
    found: list[int] = []
    while len(found) < 4:
        found += [event.id for event in (await anext(tail)).events]
    assert sorted(found) == [1, 2, 3, 4]


@pytest.mark.parametrize("text", [CAFE, CAFE_TWO, VIET[2], "city:München", "application:München"])
async def test_it_costs_no_reading_of_the_haystack(engine: Engine, text: str) -> None:
    plain = [
        event_at(number, workspace=1, application="shop", message="all is well")
        for number in range(100, 5 * 4096)
    ]
    await store_events(engine, plain)
    await store_events(engine, events())
    overheard = Overheard(engine)
    page = await search(overheard, Selection(workspace=1, filter=parse_filter(text)))
    assert page.events
    assert page.rows_read < 4096
