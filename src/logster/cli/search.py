"""`logster search`: find events.

In: a search text and a time. Out: events, newest first, for people or as NDJSON.
Promise: each event once, page after page, in bounded memory; a mistake in the search
text is shown where it is. Exit code 0: found; 1: none; 2: could not ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from logster.cli import FailedError
from logster.cli.answer import AnswerError
from logster.cli.client import Client
from logster.cli.display import show_events, show_notice, show_suggestion
from logster.cli.target import load_target, target_options
from logster.cli.terminal import one_line
from logster.cli.times import time_options

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_NONE = 1
#: A page is small enough to come at once, large enough that an export needs few.
PAGE_SIZE = 1000


def question_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add QUERY and its times to a command, as every question has them."""
    return click.argument("query", nargs=-1)(time_options(function))


@click.command("search")
@question_options
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many."
)
@click.option("--all", "is_all", is_flag=True, help="All of them, however many.")
@click.option("--json", "is_json", is_flag=True, help="NDJSON, as the query API gives events.")
@click.option("--full", "is_full", is_flag=True, help="Every member and property of each event.")
@target_options
def command(
    query: tuple[str, ...],
    times: dict[str, Any],
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
    params: dict[str, Any] = {"q": text, **times}
    left = None if is_all else limit
    is_found, suggestion = False, None
    with Client(load_target(url, key)) as client:
        while left is None or left > 0:
            page = ask(client, text, {**params, "limit": min(left or PAGE_SIZE, PAGE_SIZE)})
            show_notice(page)
            show_events(page["events"], is_json=is_json, is_full=is_full)
            is_found = is_found or bool(page["events"])
            suggestion = page.get("hint")
            if not page.get("next") or not page["events"]:
                break
            params["before"] = page["next"]
            left = None if left is None else left - len(page["events"])
    if not is_found:
        if not is_json:
            show_suggestion(suggestion, "Nothing found.")
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
