"""The times that a search may hold: each means the whole of the last unit that is written.

In: `2026-01-31`, `2026-01-31T08:15`, and the zone of whoever asks. Out: the nanoseconds since 1970
where it begins and where it ends. Times that people type beside a search are read by `moment`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logster.event import NS_PER_S
from logster.query.moment import MAX_INSTANT_NS, instant_in

_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    # With a blank, in quotes, as times are shown.
    r"(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?( ?Z|[+-]\d\d:\d\d| UTC| [+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def interval_of(text: str, zone: tzinfo) -> tuple[int, int]:
    """The first nanosecond of a time and the one behind its last; of `zone` where it names none.

    Raises ValueError or OverflowError for other text. It may begin before 1970 or behind 2262.
    """
    found = _WRITTEN.fullmatch(text)
    day, minute, second, fraction, offset = found.groups() if found else ("", "", "", "", "")
    if offset:
        offset = offset.strip().replace("UTC", "Z")
        zone = datetime.fromisoformat(f"{day}T00:00{offset}").tzinfo or UTC
    local = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}")
    start = instant_in(local, zone)
    # A day is as long as the calendar of the zone says.
    end = start + 60 * NS_PER_S if minute else instant_in(local + timedelta(days=1), zone)
    start += int((fraction or "").ljust(9, "0"))
    if second:
        end = start + (10 ** (9 - len(fraction)) if fraction else NS_PER_S)
    return start, min(end, MAX_INSTANT_NS)
