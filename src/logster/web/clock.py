"""What the times in a question are read against: now, and the zone of whoever asks.

In: the parameter `zone`, an IANA name. Out: a `Clock` for `moment` and for the search language.
"""

import time
from typing import Annotated

from litestar.di import Provide
from litestar.params import QueryParameter

from logster.query.moment import Clock, parse_zone

Zone = Annotated[
    str,
    QueryParameter(
        description="Whose clocks times without a zone are of, where days and weeks begin: "
        "Europe/Berlin."
    ),
]


async def provide_clock(zone: Zone = "UTC") -> Clock:
    """Now, in the zone that is named; refuses a name that is none."""
    return Clock(time.time_ns(), parse_zone(zone or "UTC"))


CLOCK = Provide(provide_clock)
