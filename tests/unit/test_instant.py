"""Instants in every usual spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.fields.instant import read_instant, read_instants
from support.examples import examples

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00", 0),
        ("1970-01-01t00:00z", 0),
        ("1970-01-01 00:00:01 UTC", 1_000_000_000),
        ("1970-01-01 00:00:01 +00:00", 1_000_000_000),
        (" 1970-01-01T00:00:01 ", 1_000_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00,123456789Z", 123_456_789),
        ("1970-01-01T00:00:00.1234567899", 123_456_789),
        ("1970-01-01T02:00:00+02", 0),
        ("1970-01-01T02:30:00+0230", 0),
        ("1969-12-31T22:00:00-02:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1969-12-31T23:59:60Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999_999),
        ("1769847330", 1_769_847_330_000_000_000),
        ("1769847330.25", 1_769_847_330_250_000_000),
        ("-1769847330", -1_769_847_330_000_000_000),
    ],
)
def test_text_is_read_exactly(text: str, instant: int) -> None:
    assert read_instant(text) == instant
    assert read_instants([text, None, text]) == [instant, None, instant]


@pytest.mark.parametrize(
    ("number", "instant"),
    [
        (0, 0),
        (1_769_847_330, 1_769_847_330_000_000_000),
        (1_769_847_330_123, 1_769_847_330_123_000_000),
        (1_769_847_330_123_456, 1_769_847_330_123_456_000),
        (1_769_847_330_123_456_789, 1_769_847_330_123_456_789),
        (1_769_847_330.1, 1_769_847_330_100_000_000),
        (1_769_847_330_123.5, 1_769_847_330_123_500_000),
        (1.5e9, 1_500_000_000_000_000_000),
        (-1, -1_000_000_000),
    ],
)
def test_a_number_counts_in_the_unit_of_its_size(number: float, instant: int) -> None:
    assert read_instant(number) == instant
    assert read_instants([number, None]) == [instant, None]


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "now",
        "2026",
        "1.5e9",
        "2026-1-1",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "10000-01-01",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01X",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+2",
        "2026-01-01T00:00:00.Z",
        "1e400",
        "٢٠٢٦-01-01",
        "9" * 21,
        10**20,
        -(10**20),
        float("inf"),
        float("nan"),
        1e300,
    ],
)
def test_anything_else_is_refused(value: str | float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_instant(value)
    with pytest.raises(ValueError, match=r".+"):
        read_instants(["2026-01-01T00:00:00Z", value])


OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))


@given(
    st.datetimes(timezones=OFFSETS, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))  # noqa: DTZ001
)
def test_what_python_writes_is_read_back(moment: datetime) -> None:
    expected = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    assert read_instant(moment.isoformat()) == expected
    assert read_instant(str(moment)) == expected


# Spellings near the ones that are read, so that both readers meet what the other knows.
PIECES = st.tuples(
    st.sampled_from(["2026-01-31", "1677-09-21", "2262-04-11", "0001-01-01", "2026-02-29", "99"]),
    st.sampled_from(["T", " ", "t", "", "  "]),
    st.sampled_from(["08:15:30", "23:47:16", "00:12:43", "08:15", "08", "23:59:60", "24:00"]),
    st.sampled_from(["", ".1", ".123456789", ",5", ".1234567890", "."]),
    st.sampled_from(["Z", "z", "", "+02:00", "-0230", "+02", "+24:00", "-23:59", " UTC"]),
).map("".join)


def _one_by_one(values: list[str | None]) -> list[int | None] | None:
    try:
        return [None if value is None else read_instant(value) for value in values]
    except ValueError:
        return None


@examples(5)
@given(st.lists(PIECES | st.none(), max_size=4))
def test_a_column_is_read_as_its_values_are(values: list[str | None]) -> None:
    try:
        column = read_instants(values)
    except ValueError:
        column = None
    assert _one_by_one(values) == column


@given(st.text(max_size=30) | st.integers() | st.floats())
def test_any_value_is_an_instant_or_refused(value: str | float) -> None:
    try:
        instant = read_instant(value)
    except ValueError:
        return
    assert isinstance(instant, int)
