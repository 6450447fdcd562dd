"""`logster stats`: numbers of events.

In: a search with a pipe, and a time. Out: a table for people, or NDJSON.
Promise: a mistake in the text is shown where it is. Exit code 0: some events; 1: none;
2: could not ask.
"""

from __future__ import annotations

from typing import Any

import click

from logster.cli.client import Client
from logster.cli.display import shorten_instant, show_notice, show_suggestion
from logster.cli.search import EXIT_NONE, ask
from logster.cli.table import show_table
from logster.cli.target import load_target, target_options
from logster.cli.terminal import note, render_json, show
from logster.cli.times import time_options


@click.command("stats")
@click.argument("query", nargs=-1, required=True)
@time_options
@click.option("--json", "is_json", is_flag=True, help="NDJSON, an object for each row.")
@target_options
def command(
    query: tuple[str, ...],
    times: dict[str, Any],
    is_json: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Count events, and take numbers from them.

    QUERY is a search with a pipe, in quotes because of the shell:
    'severity>=error | count by application'.
    """
    text = " ".join(query)
    with Client(load_target(url, key)) as client:
        table = ask(client, text, {"q": text, **times}, "/api/v1/stats")
    show_notice(table)
    if is_json:
        _show_json(table)
    else:
        _show(table)
        show_suggestion(table.get("hint"))
    if not _holds_something(table):
        raise SystemExit(EXIT_NONE)


def _show_json(table: dict[str, Any]) -> None:
    names = [column["name"] for column in table["columns"]]
    for row in table["rows"]:
        show(render_json(dict(zip(names, row, strict=True))))


def _show(table: dict[str, Any]) -> None:
    kinds = [column["kind"] for column in table["columns"]]
    rows = [
        [_render(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in table["rows"]
    ]
    show_table(
        [column["name"] for column in table["columns"]],
        rows,
        numbers=[kind == "number" for kind in kinds],
    )
    if table["has_more"]:
        note("There are more groups; ask for them with `limit`.")


def _render(value: Any, kind: str) -> str:
    if value is None:
        return "-"
    if kind == "time":
        return shorten_instant(value)
    if kind == "text":
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _holds_something(table: dict[str, Any]) -> bool:
    """Without groups there is always a row: of zeros and nothing when no event was found."""
    rows = table["rows"]
    is_grouped = any(column["role"] != "number" for column in table["columns"])
    return bool(rows) if is_grouped else any(map(any, rows))
