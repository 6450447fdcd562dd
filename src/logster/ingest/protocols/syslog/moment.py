"""Times of RFC 3164, which say neither their year nor their zone: `Dec  1 12:00:00`.

In: such a text, when it arrived, and the zone that its senders have. Out: nanoseconds since 1970.
Promise: pure; the year is the last in which the time is not more than a day ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from logster.event import NS_PER_S
from logster.fields.dates import LEAP_YEARS_WITHIN, MONTHS

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_NS = 3600 * NS_PER_S
_LAST_SECOND = 59


def read_moment(text: str, received_at: int, zone: str) -> int | None:
    """The instant of a text as `Dec  1 12:00:00` or with a fraction; None when there is no such."""
    whole, _, fraction = text.partition(".")
    seconds = _seconds_of(whole, received_at // _HOUR_NS, zone)
    if seconds is None:
        return None
    return seconds * NS_PER_S + (int(fraction[:9].ljust(9, "0")) if fraction else 0)


@lru_cache(maxsize=1024)  # the messages of one second come together
def _seconds_of(text: str, hour: int, zone: str) -> int | None:
    """Seconds since 1970; `hour` counts as well, and tells when it arrived."""
    try:
        month, day = MONTHS.index(text[:3].lower()) + 1, int(text[4:6])
        clock = [int(part) for part in text[-8:].split(":")]
    except ValueError:
        return None
    rest = (month, day, clock[0], clock[1], min(clock[2], _LAST_SECOND))  # leap seconds have none
    latest = _EPOCH + timedelta(hours=hour) + _DAY
    for year in range(latest.year, latest.year - LEAP_YEARS_WITHIN, -1):
        try:
            # Without a zone it is that of this machine.
            moment = datetime(year, *rest, tzinfo=ZoneInfo(zone) if zone else None).astimezone(UTC)
        except (ValueError, OverflowError):  # the 29th of February
            continue
        if moment <= latest:
            return (moment - _EPOCH) // timedelta(seconds=1)
    return None
