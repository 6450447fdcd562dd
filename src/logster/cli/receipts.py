"""`logster receipts`: what became of events, and bodies that were refused, over the API.

In: a server and a key with the right `read`; `admin` for bodies and retries. Out: text or JSON.
"""

from __future__ import annotations

from typing import Any

import click

from logster.cli.client import Client, open_client
from logster.cli.table import show_table
from logster.cli.target import load_target, target_options
from logster.cli.terminal import note, one_line, render_json, show

PATH = "/api/v1/receipts"
OUTCOMES = ("stored", "repeated", "rejected", "filtered", "limited", "refused", "aside", "lost")
MAX_REASON_CHARACTERS = 100

json_option = click.option("--json", "is_json", is_flag=True, help="JSON.")


def choice_options(command: Any) -> Any:
    """What narrows a question."""
    for option in (
        click.option("--reason", help="Why: syntax, too_large, unauthorized."),
        click.option("--outcome", type=click.Choice(OUTCOMES), help="What became of them."),
        click.option("--dialect", "protocol", help="seq, otlp, sentry."),
        click.option("--key-id", type=int, help="The number of a key (`logster key list`)."),
        click.option("--until", help="Arrived before."),
        click.option("--since", help="Arrived since: 15m, 2h, 7d, a time. Default: 24 hours."),
    ):
        command = option(command)
    return command


def _params(told: dict[str, Any]) -> dict[str, Any]:
    return {("key" if name == "key_id" else name): value for name, value in told.items()}


@click.group("receipts", invoke_without_command=True)
@choice_options
@json_option
@target_options
@click.pass_context
def command(
    context: click.Context, /, is_json: bool, url: str | None, key: str | None, **told: Any
) -> None:
    """Count what became of events, by key, dialect, outcome and reason."""
    context.obj = (url, key)
    if context.invoked_subcommand:
        return
    with Client(load_target(url, key)) as client:
        answer = client.get_object(PATH, _params(told))
    if is_json:
        show(render_json(answer))
        return
    rows = [
        [
            _name(row),
            row["protocol"],
            row["outcome"],
            row["reason"] or "-",
            f"{row['events']:,}",
            f"{row['requests']:,}" if row["requests"] else "-",
        ]
        for row in answer["rows"]
    ]
    show_table(["key", "dialect", "outcome", "reason", "events", "requests"], rows)
    if not answer["has_stored"]:
        note("What is stored is not known: the store is away.")
    aside = answer["aside"]
    if aside and (aside["events"] or aside["lost_events"]):
        note(
            f"{aside['events']:,} events are set aside and {aside['lost_events']:,} are lost: "
            "see `logster spool aside`."
        )


@command.command("find")
@click.argument("event_id")
@json_option
@target_options
@click.pass_obj
def find(
    group: tuple[str | None, str | None],
    /,
    event_id: str,
    is_json: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Say where one event is, by its MessageId or the id that its client gave it.

    An `_id` of `_bulk` is found alone, or as INDEX/ID.
    """
    with open_client(group, url, key) as client:
        told = client.get_object(f"{PATH}/event", {"id": event_id})
    if is_json:
        show(render_json(told))
        return
    show(f"{told['outcome']}: {one_line(told['text'])}")
    if told["event"]:
        event = told["event"]
        show(f"{event['timestamp']}  {event['id']}  {one_line(event['message'])}")


@command.command("refused")
@choice_options
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
@target_options
@click.pass_obj
def refused(
    group: tuple[str | None, str | None],
    /,
    is_json: bool,
    url: str | None,
    key: str | None,
    **told: Any,
) -> None:
    """List the newest bodies of which something was refused."""
    with open_client(group, url, key) as client:
        answer = client.get_object(f"{PATH}/refused", _params(told))
    if is_json:
        for each in answer["refused"]:
            show(render_json(each))
        return
    rows = [
        [
            each["id"],
            each["at"],
            _name(each),
            each["protocol"],
            "all" if each["events"] is None else f"{each['events']:,}",
            f"{each['times']:,}",
            each["state"],
            one_line(each["faults"][0]["text"] if each["faults"] else each["reason"])[
                :MAX_REASON_CHARACTERS
            ],
        ]
        for each in answer["refused"]
    ]
    show_table(["number", "at", "key", "dialect", "events", "times", "state", "why"], rows)


@command.command("body")
@click.argument("number")
@json_option
@target_options
@click.pass_obj
def body(
    group: tuple[str | None, str | None],
    /,
    number: str,
    is_json: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Print a refused body, without its secrets."""
    with open_client(group, url, key) as client:
        told = client.get_object(f"{PATH}/refused/{_quoted(number)}")
    if is_json:
        show(render_json(told))
        return
    query = f"?{told['query']}" if told["query"] else ""
    show(one_line(f"{told['method']} {told['path']}{query}"))
    for name, text in told["headers"].items():
        show(one_line(f"{name}: {text}"))
    show("")
    for line in told["text"].splitlines():
        show(one_line(line))
    if told["is_cut"]:
        note("This is its beginning.")


@command.command("retry")
@click.argument("numbers", nargs=-1, metavar="[NUMBER…]")
@click.option("--all", "is_all", is_flag=True, help="All that the options below choose.")
@choice_options
@target_options
@click.pass_obj
def retry(
    group: tuple[str | None, str | None],
    /,
    numbers: tuple[str, ...],
    is_all: bool,
    url: str | None,
    key: str | None,
    **told: Any,
) -> None:
    """Try refused bodies again, once the cause is gone."""
    if is_all == bool(numbers):
        raise click.UsageError("Name bodies as `logster receipts refused` does, or give --all.")
    with open_client(group, url, key) as client:
        for number in numbers:
            _tell([client.post(f"{PATH}/refused/{_quoted(number)}/retry", b"").json()])
        if is_all:
            params = {name: value for name, value in _params(told).items() if value is not None}
            _retry_all(client, params)


def _retry_all(client: Client, params: dict[str, Any]) -> None:
    """Ask again until all are tried; each answer says how many are left."""
    answers: list[dict[str, Any]] = []
    while True:
        answer = client.post(f"{PATH}/refused/retry?{_query(params)}", b"").json()
        answers.append(answer)
        if not answer["next"]:
            break
        params = {**params, "after": answer["next"]}
        note(f"{sum(each['bodies'] for each in answers):,} tried, {answer['left']:,} to go")
    _tell(answers)
    if answer["left"]:
        raise click.ClickException(f"{answer['left']:,} were not tried: nothing is taken in now.")


def _tell(answers: list[dict[str, Any]]) -> None:
    tried, stored, refused = (
        sum(each[name] for each in answers)
        for name in ("bodies", "stored_events", "refused_bodies")
    )
    # The last reason for a refusal, if there was one: it says what is still to be mended.
    texts = [each["text"] for each in answers if each["refused_bodies"]]
    text = (texts or [answers[-1]["text"]])[-1]
    note(
        f"{tried:,} tried, {stored:,} events taken in, {refused:,} refused again. {one_line(text)}"
    )


def _name(row: dict[str, Any]) -> str:
    if not row["key"]:
        return "no valid key"
    return one_line(row["key_name"] or f"key {row['key']}")


def _quoted(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - the command line starts at once

    return quote(text, safe="")


def _query(params: dict[str, Any]) -> str:
    from urllib.parse import urlencode  # noqa: PLC0415 - as above

    return urlencode(params)
