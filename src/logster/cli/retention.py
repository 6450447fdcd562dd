"""`logster retention`: how long events are kept, over the API.

In: a server and a key with the right `admin`, of the first workspace. Out: text or JSON.
Promise: before a shorter time deletes anything, what it deletes is said and asked about.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from logster.cli.answer import ClientError
from logster.cli.client import Client, open_client
from logster.cli.target import load_target, target_options
from logster.cli.terminal import note, one_line, render_json, show
from logster.config import MAX_RETENTION_DAYS

PATH = "/api/v1/retention"


@click.group("retention", invoke_without_command=True)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@target_options
@click.pass_context
def command(context: click.Context, is_json: bool, url: str | None, key: str | None) -> None:
    """Show and change how long events are kept.

    The key needs the right admin, in the first workspace: one table holds the events of all.
    """
    if context.invoked_subcommand:
        context.obj = (url, key)
        return
    with Client(load_target(url, key)) as client:
        told = client.get_object(PATH)
    if is_json:
        show(render_json(told))
    else:
        _show(told)


@command.command("set")
@click.argument("days", type=click.IntRange(1, MAX_RETENTION_DAYS))
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@target_options
@click.pass_obj
def set_days(
    group: tuple[str | None, str | None],
    days: int,
    is_sure: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Keep events for DAYS days; a shorter time deletes older ones for good."""
    with open_client(group, url, key) as client:
        _change(client, days, days, is_sure=is_sure)


@command.command("reset")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@target_options
@click.pass_obj
def reset(
    group: tuple[str | None, str | None], is_sure: bool, url: str | None, key: str | None
) -> None:
    """Keep events for as long as the server's own setting says."""
    with open_client(group, url, key) as client:
        _change(client, None, client.get_object(PATH)["default_days"], is_sure=is_sure)


def _change(client: Client, choice: int | None, days: int, *, is_sure: bool) -> None:
    loss = client.get_object(f"{PATH}/loss", {"days": days})
    if loss["events"]:
        _confirm(loss, days, is_sure=is_sure)
    told = client.put(PATH, {"days": choice}).json()
    note(f"Events are kept for {_count(told['days'], 'day')}.")


def _confirm(loss: dict[str, Any], days: int, *, is_sure: bool) -> None:
    told = (
        f"Keeping {_count(days, 'day')} deletes {_count(loss['days'], 'day')} with "
        f"{_count(loss['events'], 'event')}, {_count(loss['bytes'], 'byte')} "
        f"({one_line(loss['first'])} to {one_line(loss['last'])})."
    )
    if is_sure:
        note(told)
        return
    if not sys.stdin.isatty():
        raise ClientError(f"{told} That needs --yes when nobody can be asked.")
    click.confirm(f"{told} Go on?", abort=True, err=True)


def _show(told: dict[str, Any]) -> None:
    source = "as LOGSTER_RETENTION_DAYS says"
    if told["chosen_days"] is not None:
        source = f"chosen by {one_line(told['changed_by'])} at {told['changed_at'][:19]}Z"
    show(f"Events are kept for {_count(told['days'], 'day')}, {source}.")
    if told["kept_days"] not in (None, told["days"]):
        show(f"The table keeps {_count(told['kept_days'], 'day')} still; that changes in a moment.")
    held = told["held"]
    if held is None:
        show("What is kept is not known: the store is away.")
    elif held:
        events, size = (sum(day[name] for day in held) for name in ("rows", "bytes"))
        show(
            f"Kept now: {_count(events, 'event')}, {_count(size, 'byte')} on disk, "
            f"{held[0]['day']} to {held[-1]['day']} (UTC)."
        )
    else:
        show("Nothing is kept yet.")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
