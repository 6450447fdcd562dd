"""Times in a search, in the zone of whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from logster.event import NS_PER_S
from logster.query.parse import parse_filter
from logster.query.question import parse_question

BERLIN = ZoneInfo("Europe/Berlin")


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S


@pytest.mark.parametrize(
    ("text", "first", "behind"),
    [
        ("timestamp:2026-12-01T00:20", "2026-11-30T23:20Z", "2026-11-30T23:21Z"),
        ('timestamp:"2026-12-01 00:20"', "2026-11-30T23:20Z", "2026-11-30T23:21Z"),
        ("timestamp:2026-12-01T00:20Z", "2026-12-01T00:20Z", "2026-12-01T00:21Z"),
        ('timestamp:"2026-12-01 00:20 UTC"', "2026-12-01T00:20Z", "2026-12-01T00:21Z"),
        ("received_at:2026-12-01T00:20-05:00", "2026-12-01T05:20Z", "2026-12-01T05:21Z"),
        ("timestamp:2026-12-01", "2026-11-30T23:00Z", "2026-12-01T23:00Z"),
        ("timestamp:2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("timestamp:2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("timestamp:2026-03-29T02:30", "2026-03-29T01:30Z", "2026-03-29T01:31Z"),
        ("timestamp:2026-10-25T02:30", "2026-10-25T00:30Z", "2026-10-25T00:31Z"),
        ("timestamp:2026-07-01T12:00:30", "2026-07-01T10:00:30Z", "2026-07-01T10:00:31Z"),
        ("timestamp:2026-12-01..2026-12-02", "2026-11-30T23:00Z", "2026-12-02T23:00Z"),
    ],
)
def test_a_time_is_one_of_the_zone_of_whoever_asks(text: str, first: str, behind: str) -> None:
    name = text.split(":", 1)[0]
    utc = parse_filter(f"{name}>={first} {name}<{behind}")
    assert parse_filter(text, BERLIN) == utc
    assert parse_question(text, BERLIN) == (utc, None)
    assert parse_filter(text, UTC) == parse_filter(text)
