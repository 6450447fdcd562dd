import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import Event, render_instant
from logster.fields.instant import read_instant
from logster.web.pages import local_path
from logster.web.shapes import shape_event

NOW = 1_764_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("instant_ns", "expected"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (120_000_000, "1970-01-01T00:00:00.12Z"),
        (1_763_888_400_123_456_789, "2025-11-23T09:00:00.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-62_135_596_800 * SECOND, "0001-01-01T00:00:00Z"),
        (253_402_300_799 * SECOND, "9999-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_iso_8601_in_utc(instant_ns: int, expected: str) -> None:
    assert render_instant(instant_ns) == expected


@given(st.integers(-62_135_596_800 * SECOND, 253_402_300_799 * SECOND))
def test_what_is_written_is_read_back_exactly(instant_ns: int) -> None:
    assert read_instant(render_instant(instant_ns)) == instant_ns


def test_absent_text_is_null_and_large_numbers_are_text() -> None:
    event = Event(id=2**63, timestamp=0, received_at=0, severity=4, message="m", issue=2**64 - 1)
    shape = shape_event(event)
    assert (shape.id, shape.issue) == ("9223372036854775808", "18446744073709551615")
    assert shape.application is None


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        " /events",
        "",
        "events",
        "/login",
        "/logout?x",
        "/" + "x" * 3_000,
    ],
)
def test_a_redirect_stays_here(goal: str) -> None:
    assert local_path(goal) == "/"


@pytest.mark.parametrize("goal", ["/", "/events/5", "/?q=a%20b&live=1", "/?next=//evil.example"])
def test_a_path_of_ours_is_kept(goal: str) -> None:
    assert local_path(goal) == goal
