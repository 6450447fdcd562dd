"""`logster search`: find events.

In: a search text and a time. Out: events, newest first, for people or as NDJSON.
Promise: each event once, page after page, in bounded memory; a mistake in the search
text is shown where it is. Exit code 0: found; 1: none; 2: could not ask.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from logster.cli import FailedError
from logster.cli.client import AnswerError, Client, load_target, target_options
from logster.cli.display import show_events
from logster.cli.terminal import note, one_line
from logster.cli.times import Clock, read_instant

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_NONE = 1
#: A page is small enough to come at once, large enough that an export needs few.
PAGE_SIZE = 1000

_AGO = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def fix_instant(ctx: click.Context, parameter: click.Parameter, text: str | None) -> str | None:  # noqa: ARG001  click's signature
    """Fix a time once, so that every page of one search means the same."""
    if text is None:
        return None
    now = datetime.now(UTC)
    instant = parse_instant(text.strip(), now)
    if instant is None:
        raise click.BadParameter(
            f"{text!r} is no time. Use how long ago (15m, 2h, 7d), a day (2026-01-31) or "
            "a time (2026-01-31T08:15:00, local unless it says Z or +01:00)."
        )
    return instant


def parse_instant(text: str, now: datetime) -> str | None:
    """Read how long ago, a day or a time; ISO text in UTC, or None."""
    ago = _AGO.fullmatch(text)
    if ago:
        try:
            moment = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            return None
        return moment.isoformat().replace("+00:00", "Z")
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)
    return read_instant(f"{text}T00:00:00" if is_day else text, Clock(now))


def question_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add QUERY, `--since` and `--until` to a command, as every question has them."""
    query = click.argument("query", nargs=-1)
    since = click.option(
        "--since", callback=fix_instant, help="From then on: 15m, 2h, 7d ago, a day or a time."
    )
    until = click.option("--until", callback=fix_instant, help="Until then; the same forms.")
    return query(since(until(function)))


@click.command("search")
@question_options
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many."
)
@click.option("--all", "is_all", is_flag=True, help="All of them, however many.")
@click.option("--json", "is_json", is_flag=True, help="NDJSON, as the query API gives events.")
@click.option("--full", "is_full", is_flag=True, help="Every member and property of each event.")
@target_options
def command(  # noqa: PLR0917  click hands one argument per option
    query: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    is_all: bool,
    is_json: bool,
    is_full: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Find events, newest first.

    QUERY is words, "phrases", field:value, severity>=error, -not, OR and parentheses.
    Put -- before a QUERY that begins with a minus.
    """
    text = " ".join(query)
    params: dict[str, Any] = {"q": text, "since": since, "until": until}
    left = None if is_all else limit
    is_found, hint = False, None
    with Client(load_target(url, key)) as client:
        while left is None or left > 0:
            page = ask(client, text, {**params, "limit": min(left or PAGE_SIZE, PAGE_SIZE)})
            show_events(page["events"], is_json=is_json, is_full=is_full)
            is_found, hint = is_found or bool(page["events"]), page.get("hint")
            if not page.get("next") or not page["events"]:
                break
            params["before"] = page["next"]
            left = None if left is None else left - len(page["events"])
    if not is_found:
        if not is_json:
            note("Nothing found." + (f" {one_line(hint['text'])}" if hint else ""))
        raise SystemExit(EXIT_NONE)


def ask(
    client: Client, text: str, params: dict[str, Any], path: str = "/api/v1/events"
) -> dict[str, Any]:
    """Get one answer; a mistake in `text` is shown where it is."""
    try:
        return client.get_object(path, params)
    except AnswerError as error:
        raise FailedError(point_out(error, text)) from error


def point_out(error: AnswerError, text: str) -> str:
    """Underline the mistake, when the server says where it is."""
    detail = error.detail.get("error")
    if not isinstance(detail, dict) or not isinstance(detail.get("position"), int):
        return str(error)
    position = min(detail["position"], len(text))
    length = max(min(detail.get("length") or 1, len(text) - position), 1)
    shown = re.sub(r"\s", " ", text)
    before = one_line(shown[:position])
    marked = one_line(shown[position : position + length])
    return f"{error}\n\n  {one_line(shown)}\n  {' ' * len(before)}{'^' * max(len(marked), 1)}"
