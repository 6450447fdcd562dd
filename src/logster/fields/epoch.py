"""A number since 1970: its size says whether it counts seconds, or ms, µs or ns.

In: a number without its unit. Out: the nanoseconds of that unit.
Promise: seconds reach the year 5138 and milliseconds begin in 1973, so the units never meet in
practice. Numbers of 20 digits and more are no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.event import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from decimal import Decimal

#: Below each bound (absolute) a number counts in units of so many nanoseconds.
UNITS_NS = ((10**11, NS_PER_S), (10**14, NS_PER_MS), (10**17, 1_000), (10**20, 1))


def unit_ns_of(number: float | Decimal) -> int | None:
    """The nanoseconds of the unit in which a number counts."""
    for bound, unit_ns in UNITS_NS:
        if -bound < number < bound:
            return unit_ns
    return None
