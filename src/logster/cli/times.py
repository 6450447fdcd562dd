"""Times and zones on the command line.

In: `--since`, `--until`, `--zone`, `--utc`, as people type them. Out: parameters of a question.
Promise: a time is fixed once, so that every page of one answer means the same; without a zone
it is one of this machine's, also inside the search text.
"""

from __future__ import annotations

import functools
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logster.errors import QueryError
from logster.event import render_instant
from logster.query.moment import Clock, parse_range, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

#: Where most systems say their zone: by a link into the database.
LOCAL_TIME = Path("/etc/localtime")
_NAMES_OF_UTC = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Zulu"})


def zone_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--zone` and `--utc`; the command takes `zone`, a name.

    It is None where this machine's has none: then times in the search text are UTC.
    """

    @functools.wraps(function)
    def command(*args: Any, zone: str | None, is_utc: bool, **more: Any) -> Any:
        name = "UTC" if is_utc else zone or local_zone()
        if name is not None:
            _zone_of(name)
        return function(*args, zone=name, **more)

    named = click.option(
        "--zone", help="Whose clocks times without a zone are of: Europe/Berlin.  [this machine's]"
    )
    utc = click.option("--utc", "is_utc", is_flag=True, help="The same as --zone UTC.")
    return named(utc(command))


def time_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--since`, `--until` and those of the zone; the command takes `times`, as parameters."""

    @functools.wraps(function)
    def command(
        *args: Any, since: str | None, until: str | None, zone: str | None, **more: Any
    ) -> Any:
        return function(*args, times=fix_times(since or "", until or "", zone), **more)

    first = click.option(
        "--since", help="From then on: 2h ago, 13:00, yesterday 18:00, monday, 2026-01-31 08:15."
    )
    last = click.option("--until", help="Until then; the same forms.")
    return first(last(zone_options(command)))


def fix_times(since: str, until: str, zone: str | None) -> dict[str, Any]:
    """Both sides as instants in UTC, and the name of the zone."""
    place = datetime.now(UTC).astimezone().tzinfo if zone is None else _zone_of(zone)
    try:
        sides = parse_range(since, until, Clock(time.time_ns(), place or UTC))
    except QueryError as error:
        raise click.BadParameter(f"{error}.") from error
    since_at, until_at = (None if side is None else render_instant(side) for side in sides)
    if sides[0] is not None and sides[1] is not None and sides[1] <= sides[0]:
        raise click.BadParameter(f"--until ({until_at}) must be later than --since ({since_at}).")
    return {"since": since_at, "until": until_at, "zone": zone_parameter(zone)}


def zone_parameter(zone: str | None) -> str | None:
    """The server's own default is not said."""
    return None if zone == "UTC" else zone


def _zone_of(name: str) -> tzinfo:
    try:
        return parse_zone(name)
    except QueryError as error:
        raise click.BadParameter(f"{error}.", param_hint="--zone") from error


def local_zone() -> str | None:
    """The name of this machine's zone; None where it has none, such as by rules in `TZ`."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        _, _, name = str(LOCAL_TIME.resolve()).partition("zoneinfo/")
    try:
        parse_zone(name)
    except QueryError:
        return None
    return "UTC" if name in _NAMES_OF_UTC else name
