"""A number since 1970 has the unit that its size says."""

from __future__ import annotations

import pytest

from logster.event import NS_PER_MS, NS_PER_S
from logster.fields.epoch import unit_ns_of


@pytest.mark.parametrize(
    ("number", "unit_ns"),
    [
        (0, NS_PER_S),
        (1_709_288_430, NS_PER_S),
        (-1_709_288_430.5, NS_PER_S),
        (1_709_288_430_250, NS_PER_MS),
        (1_709_288_430_250_001, 1_000),
        (1_709_288_430_250_000_001, 1),
        (10**20, None),
        (float("inf"), None),
    ],
)
def test_the_size_of_a_number_says_its_unit(number: float, unit_ns: int | None) -> None:
    assert unit_ns_of(number) == unit_ns
