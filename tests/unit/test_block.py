"""Blocks: what goes in comes out, alone, joined or halved."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.block import (
    build_block,
    count_events,
    join_blocks,
    pack_block,
    read_block,
    read_notice,
    split_block,
)
from logster.event import TEXT_FIELDS, Columns, Event
from logster.notice import MAX_NAMES, Notice, Stored

#: A block never looks into a text: how many bytes it has, and whether it is there, is what differs.
TEXTS = st.sampled_from([None, "", "a", "\0", "é\n", "\U0001f388", "twelve words"]) | st.text(
    max_size=3
)
NAMES = [name for name in TEXT_FIELDS if name != "message"]


@st.composite
def columns(draw: st.DrawFn) -> Columns:
    """Normalized columns: every event has its time; other columns may be missing."""
    count = draw(st.integers(1, 6))

    def listed(values: st.SearchStrategy[Any]) -> Any:
        return draw(st.lists(values, min_size=count, max_size=count))

    objects = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3)
    texts = st.none() | objects.map(msgspec.json.encode)
    return Columns(
        message=listed(st.text(max_size=20)),
        severity=listed(st.integers(0, 6)),
        timestamp=listed(st.integers(0, 2**62)),
        properties=draw(st.none() | st.just(listed(texts))),
        details=draw(st.none() | st.just(listed(texts))),
        issue=draw(st.none() | st.just(listed(st.integers(0, 3)))),
        **{name: draw(st.none() | st.just(listed(TEXTS))) for name in NAMES},
    )


def pack(events: Columns, first_id: int = 1) -> bytes:
    ids = list(range(first_id, first_id + len(events)))
    batch = build_block(events, ids=ids, received_at_ns=5, workspace=7, key=9, protocol="clef")
    return pack_block([batch])


def expected(events: Columns, first_id: int = 1) -> list[Event]:
    """The same events, row by row."""

    def at(name: str, index: int) -> Any:
        values = getattr(events, name)
        return values and values[index]

    return [
        Event(
            id=first_id + index,
            received_at=5,
            severity=events.severity[index],
            timestamp=at("timestamp", index),
            properties=msgspec.json.decode(at("properties", index) or b"{}"),
            details=msgspec.json.decode(at("details", index) or b"{}"),
            issue=at("issue", index) or 0,
            workspace=7,
            key=9,
            protocol="clef",
            **{name: at(name, index) for name in TEXT_FIELDS},
        )
        for index in range(len(events))
    ]


@given(columns())
def test_a_block_gives_back_its_events(events: Columns) -> None:
    body = pack(events)
    assert read_block(body) == expected(events)
    assert count_events(body) == len(events)


@given(st.lists(columns(), min_size=1, max_size=4))
def test_joined_blocks_are_their_events_in_order(several: list[Columns]) -> None:
    body = join_blocks([pack(events) for events in several])
    assert read_block(body) == [event for events in several for event in expected(events)]


@given(columns().filter(lambda events: len(events) > 1))
def test_the_halves_of_a_block_are_all_of_it(events: Columns) -> None:
    first, second = split_block(pack(events))
    assert read_block(first) + read_block(second) == expected(events)
    assert abs(count_events(first) - count_events(second)) <= 1


@given(st.lists(columns(), min_size=1, max_size=3))
def test_a_notice_tells_what_the_block_holds(several: list[Columns]) -> None:
    events = [event for each in several for event in expected(each)]
    times = [event.timestamp for event in events]
    names = frozenset(event.application for event in events if event.application)
    keys = frozenset(event.issue for event in events if event.issue)

    assert read_notice(join_blocks([pack(each) for each in several]), "token") == Notice(
        "token", {7: Stored(len(events), min(times), max(times), names, keys)}
    )


@pytest.mark.parametrize("count", [MAX_NAMES, MAX_NAMES + 1])
def test_a_notice_keeps_workspaces_apart_and_names_so_many_applications(count: int) -> None:
    names: list[str | None] = [f"app-{number}" for number in range(count)]
    batch = build_block(
        Columns(
            message=["a"] * (count + 1),
            severity=[0] * (count + 1),
            timestamp=[*range(1, count + 1), 1_000_000],
            application=[*names, "other"],
        ),
        ids=list(range(count + 1)),
        received_at_ns=5,
        workspace=[7] * count + [8],
        key=9,
        protocol="clef",
    )

    named = frozenset(name for name in names if name) if count <= MAX_NAMES else None
    assert read_notice(pack_block([batch]), "token").workspaces == {
        7: Stored(count, 1, count, named),
        8: Stored(1, 1_000_000, 1_000_000, frozenset({"other"})),
    }


def test_values_may_differ_by_event() -> None:
    batch = build_block(
        Columns(message=["a", "b"], severity=[0, 6], timestamp=[1, 2]),
        ids=[1, 2**64 - 1],
        received_at_ns=[3, 4],
        workspace=[5, 6],
        key=[7, 8],
        protocol=["clef", "gelf"],
    )
    found = read_block(pack_block([batch]))
    assert [(event.received_at, event.workspace, event.key) for event in found] == [
        (3, 5, 7),
        (4, 6, 8),
    ]
    assert [event.protocol for event in found] == ["clef", "gelf"]
    assert found[1].id == 2**64 - 1


@pytest.mark.parametrize("ids", [[-1], [2**64], ["x"]])
def test_what_no_column_holds_is_told_at_once(ids: list[Any]) -> None:
    with pytest.raises((ValueError, OverflowError, TypeError)):
        build_block(
            Columns(message=["a"], severity=[0], timestamp=[1]),
            ids=ids,
            received_at_ns=0,
            workspace=0,
            key=0,
            protocol="",
        )
