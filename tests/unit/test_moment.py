"""Times as people type them, by the table that the portal's own test reads too."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.fields.instant import read_instant
from logster.query.moment import MAX_INSTANT_NS, Clock, parse_moment, parse_range, parse_zone

TABLE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "tables" / "moments.json").read_text(encoding="utf-8")
)
NOON = Clock(1_795_521_600 * NS_PER_S)  # 2026-11-24T12:00:00Z


def clock_of(case: dict[str, Any]) -> Clock:
    return Clock(read_instant(case["now"]), parse_zone(case["zone"]))


@pytest.mark.parametrize(
    ("clock", "text", "expected"),
    [
        pytest.param(clock_of(case), text, expected, id=f"{case['zone']} {text}")
        for case in TABLE
        for text, expected in case.get("moments", ())
    ],
)
def test_a_time_is_what_the_table_says(clock: Clock, text: str, expected: str | None) -> None:
    try:
        found = parse_moment(text, clock)
    except QueryError:
        assert expected is None
    else:
        assert expected is not None
        assert found == read_instant(expected)


@pytest.mark.parametrize(
    ("clock", "sides", "expected"),
    [
        pytest.param(clock_of(case), sides, expected, id=" to ".join(sides))
        for case in TABLE
        for *sides, first, last in case.get("ranges", ())
        for expected in [(first, last)]
    ],
)
def test_two_sides_are_what_the_table_says(
    clock: Clock, sides: list[str], expected: tuple[str | None, str | None]
) -> None:
    wanted = tuple(side and read_instant(side) for side in expected)
    since, until = sides
    assert parse_range(since, until, clock) == wanted


def test_a_refusal_names_the_text_and_what_would_do() -> None:
    with pytest.raises(QueryError, match=r"'soon' is not a time; 13:00, yesterday 18:00, .* ago"):
        parse_moment(" soon ", NOON)


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "europe berlin",
        "../../etc/passwd",
        "/etc/localtime",
        "a\0b",
        "Europe",
        "x" * 200,
        "+01:00",
        "Europe/",
    ],
)
def test_an_unknown_zone_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(QueryError, match="is no time zone") as caught:
        parse_zone(name)
    assert repr(name[:50]) in str(caught.value)


def test_the_zones_of_the_database_are_known() -> None:
    assert parse_zone("UTC") is UTC
    assert [str(parse_zone(name)) for name in ("Europe/Berlin", "Etc/GMT+5", "EST")] == [
        "Europe/Berlin",
        "Etc/GMT+5",
        "EST",
    ]


@given(
    st.text(max_size=40)
    | st.from_regex(re.compile(r"(now|last )?[+-]?\d{1,6} ?[smhdw]( ago)?"), fullmatch=True)
    | st.from_regex(
        re.compile(r"\d{1,4}[-./ ]\d{1,2}[-./ ]\d{0,4}[ t]\d{1,2}:\d\d"), fullmatch=True
    )
)
def test_any_text_is_a_time_or_a_query_error(text: str) -> None:
    for zone in ("UTC", "America/Sao_Paulo"):
        try:
            found = parse_moment(text, Clock(NOON.now_ns, parse_zone(zone)))
        except QueryError:
            continue
        else:
            assert 0 <= found <= MAX_INSTANT_NS


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 3 * 10**9))
def test_a_clock_alone_is_never_in_the_future(hour: int, minute: int, now_s: int) -> None:
    for zone in ("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"):
        clock = Clock((now_s + 10**9) * NS_PER_S, parse_zone(zone))
        found = parse_moment(f"{hour:02}:{minute:02}", clock)
        assert 0 <= clock.now_ns - found <= 26 * 3600 * NS_PER_S
