"""`logster gate`: whether a release may go on, for the end of a deployment.

In: a server, a key with the right `read`, two releases. Out: reasons as text, or all as JSON.
Exit code 0: passed; 1: not passed; 2: could not ask.
"""

from __future__ import annotations

from typing import Any

import click

from logster.cli.client import Client
from logster.cli.search import ask
from logster.cli.target import load_target, target_options
from logster.cli.terminal import one_line, render_json, show

EXIT_FAILED = 1


@click.command("gate")
@click.option("--release", required=True, help="The release to be judged.")
@click.option("--against", required=True, help="The one before it.")
@click.option("--since", default="30m", show_default=True, help="Since its deployment.")
@click.option("--where", "q", default="", help="Only events that this search finds.")
@click.option("--new-issues", type=click.IntRange(0), help="So many may be new. Default: 0.")
@click.option("--regressed-issues", type=click.IntRange(0), help="So many may return. Default: 0.")
@click.option(
    "--more-errors", type=click.FloatRange(0), help="So many per cent more errors. Default: 50."
)
@click.option("--json", "is_json", is_flag=True, help="JSON.")
@target_options
def command(*, is_json: bool, url: str | None, key: str | None, **told: Any) -> None:
    """Say whether a release may go on: new issues, issues that came back, more errors."""
    with Client(load_target(url, key)) as client:
        answer = ask(client, told["q"], told, "/api/v1/gate")
    if is_json:
        show(render_json(answer))
    else:
        _show(answer)
    if not answer["passed"]:
        raise SystemExit(EXIT_FAILED)


def _show(answer: dict[str, Any]) -> None:
    show("Passed." if answer["passed"] else "Not passed.")
    for reason in answer["reasons"]:
        show(f"  {one_line(reason)}")
    for name in ("release", "against"):
        rate = answer[name]
        show(
            f"  {one_line(rate['release'])}: {rate['events']:,} events, "
            f"{rate['errors']:,} errors ({rate['share']:.2%})"
        )
    for name, what in (("new_issues", "new"), ("regressed_issues", "back")):
        for issue in answer[name]:
            show(f"  {what}: {issue['id']}  {issue['count']:,}  {one_line(issue['title'])}")
