"""`logster patterns`: messages by their shape.

In: a search text and a time. Out: the most frequent shapes, for people or as NDJSON.
Exit code 0: found; 1: none; 2: could not ask.
"""

from __future__ import annotations

from typing import Any

import click

from logster.cli.client import Client
from logster.cli.display import STYLES, show_notice, show_suggestion
from logster.cli.search import EXIT_NONE, ask, question_options
from logster.cli.target import load_target, target_options
from logster.cli.terminal import indented, note, render_json, show
from logster.event import Severity

#: Where a shape begins in its line; its further lines stand there, too.
_SHAPE_AT = 24


@click.command("patterns")
@question_options
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 500),
    default=20,
    show_default=True,
    help="At most so many.",
)
@click.option("--json", "is_json", is_flag=True, help="NDJSON, as the query API gives them.")
@target_options
def command(
    query: tuple[str, ...],
    times: dict[str, Any],
    limit: int,
    is_json: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Show the newest messages that match by their shape, the most frequent first.

    Numbers, ids, addresses and quoted texts are collapsed; QUERY as for `logster search`.
    """
    text = " ".join(query)
    params = {"q": text, **times, "limit": limit}
    with Client(load_target(url, key)) as client:
        told = ask(client, text, params, "/api/v1/patterns")
    show_notice(told)
    for pattern in told["patterns"]:
        show(render_json(pattern) if is_json else render_pattern(pattern))
    if not told["patterns"]:
        if not is_json:
            show_suggestion(told.get("hint"), "Nothing found.")
        raise SystemExit(EXIT_NONE)
    if not is_json:
        shown = min(len(told["patterns"]), told["distinct"])
        note(
            f"{shown:,} of {told['distinct']:,} shapes of the newest {told['looked_at']:,} events."
        )


def render_pattern(pattern: dict[str, Any]) -> str:
    """Write count, share, the worst severity and the shape; further lines stand in."""
    worst = max(Severity[name.upper()] for name in pattern["severities"])
    name = click.style(f"{worst.name.title():5}", **STYLES[worst])
    shape = indented(pattern["pattern"], _SHAPE_AT)
    return f"{pattern['count']:>9,} {pattern['share']:>6.1%} {name} {shape}"
