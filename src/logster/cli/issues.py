"""`logster issues`: errors as groups, and what is done with them, over the API.

In: a server and a key with the right `read`; `admin` to change something. Out: text or JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from logster.cli.client import Group, open_client
from logster.cli.search import ask
from logster.cli.table import show_table
from logster.cli.target import target_options
from logster.cli.terminal import note, one_line, render_json, show

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/api/v1/issues"
SORTS = ("seen", "newest", "frequent", "users", "regressed")
MAX_PAGE = 200
MAX_TITLE_CHARACTERS = 80

json_option = click.option("--json", "is_json", is_flag=True, help="JSON.")


@click.group("issues")
@target_options
@click.pass_context
def command(context: click.Context, /, url: str | None, key: str | None) -> None:
    """List issues, the groups of errors, and resolve, mute, assign, merge them."""
    context.obj = (url, key)


@command.command("list")
@click.argument("query", nargs=-1)
@click.option("--since", help="Errors since: 2h, 7d, a time. Default: 14 days.")
@click.option("--until", help="Errors before.")
@click.option("--sort", type=click.Choice(SORTS), default="seen", show_default=True)
@click.option("-n", "--limit", type=click.IntRange(1, MAX_PAGE), default=50, show_default=True)
@json_option
@target_options
@click.pass_obj
def list_(
    group: Group,
    /,
    query: tuple[str, ...],
    is_json: bool,
    url: str | None,
    key: str | None,
    **told: Any,
) -> None:
    """List issues that have errors; QUERY as for events, and is:open, assigned:ann@example.com."""
    text = " ".join(query)
    with open_client(group, url, key) as client:
        answer = ask(client, text, {"q": text, **told}, PATH)
    if is_json:
        for issue in answer["issues"]:
            show(render_json(issue))
        return
    rows = [
        [
            issue["id"],
            "regressed" if issue["is_regressed"] else issue["state"],
            f"{issue['count']:,}",
            f"{issue['users']:,}",
            issue["last_seen"][:19] + "Z",
            one_line(issue["application"] or "-"),
            one_line(issue["title"])[:MAX_TITLE_CHARACTERS],
        ]
        for issue in answer["issues"]
    ]
    show_table(["issue", "state", "errors", "users", "last", "application", "title"], rows)
    if answer["total"] > len(rows):
        note(f"{len(rows)} of {answer['total']:,} issues; --limit shows more.")


@command.command("show")
@click.argument("issue")
@json_option
@target_options
@click.pass_obj
def show_issue(
    group: Group, /, issue: str, is_json: bool, url: str | None, key: str | None
) -> None:
    """Show an issue, what it was grouped by, and what was done with it."""
    with open_client(group, url, key) as client:
        told = client.get_object(f"{PATH}/{quote(issue, safe='')}")
    if is_json:
        show(render_json(told))
        return
    show(one_line(told["title"]))
    if told["culprit"]:
        show(f"  in {one_line(told['culprit'])}")
    state = "regressed" if told["is_regressed"] else told["state"]
    owner = f", assigned to {one_line(told['assigned_to'])}" if told["assigned_to"] else ""
    show(f"  {state} since {told['state_since'][:19]}Z{owner}")
    show(
        f"  {told['count']:,} errors, {told['users']:,} users, "
        f"{told['first_seen'][:19]}Z to {told['last_seen'][:19]}Z"
    )
    if told["grouped_by"]:
        show(f"  grouped by: {one_line(told['grouped_by'][0])}")
    if len(told["keys"]) > 1:
        show(f"  keys: {', '.join(told['keys'])}")
    for entry in told["history"]:
        detail = ", ".join(f"{name} {value}" for name, value in entry["detail"].items())
        done = f"{entry['who'] or 'Logster'}: {entry['what']} {detail}"
        show(f"  {entry['at'][:19]}Z  {one_line(done).rstrip()}")


def changing(name: str, help_text: str) -> Callable[[Callable[..., dict[str, Any]]], click.Command]:
    """A command that changes issues: those named, or all that a search finds.

    The function gives the order for what its options say.
    """

    def decorate(order_of: Callable[..., dict[str, Any]]) -> click.Command:
        @click.argument("issues", nargs=-1, metavar="[ISSUE…]")
        @click.option("--where", help="All issues that this search finds, of any page.")
        @click.option("--comment", help="What the history says with it.")
        @target_options
        @click.pass_obj
        def run(
            group: Group,
            /,
            issues: tuple[str, ...],
            where: str | None,
            comment: str | None,
            url: str | None,
            key: str | None,
            **told: Any,
        ) -> None:
            if (where is None) == (not issues):
                raise click.UsageError("Name issues as `issues list` does, or give --where.")
            chosen: dict[str, Any] = (
                {"issues": list(issues)} if where is None else {"search": {"q": where}}
            )
            order = {**chosen, **order_of(**told)}
            if comment is not None:
                order["comment"] = comment
            with open_client(group, url, key) as client:
                answer = client.order(f"{PATH}/bulk", order)
            number = answer["changed"]
            note(f"{number:,} issue{'' if number == 1 else 's'}: {name}.")

        run.__doc__ = help_text
        run.__click_params__ = [*run.__click_params__, *getattr(order_of, "__click_params__", [])]  # type: ignore[attr-defined]
        return command.command(name)(run)

    return decorate


@changing("open", "Open issues again.")
def _open() -> dict[str, Any]:
    return {"state": "open"}


@changing("ignore", "Say no more of issues; their errors are kept.")
def _ignore() -> dict[str, Any]:
    return {"state": "ignored"}


@changing("discard", "Count the errors of issues from now on, and keep none of them.")
def _discard() -> dict[str, Any]:
    return {"state": "discarded"}


@changing("resolve", "Say that issues are mended; an error that comes later opens them again.")
@click.option("--in-release", help="Only errors of this release or a newer one do.")
@click.option("--in-next-release", is_flag=True, help="Only errors of releases to come do.")
def _resolve(*, in_release: str | None, in_next_release: bool) -> dict[str, Any]:
    release = "next" if in_next_release else in_release
    return {"state": "resolved"} | ({"in_release": release} if release else {})


@changing("mute", "Be quiet about issues for a while.")
@click.option("--until", help="A time, or how long: 2h, 7d.")
@click.option("--more", type=click.IntRange(1), help="Until so many more errors.")
@click.option("--per-hour", type=click.IntRange(1), help="Until so many within an hour.")
def _mute(**ends: Any) -> dict[str, Any]:
    return {"state": "muted", **{name: end for name, end in ends.items() if end is not None}}


@changing("assign", "Say whose issues are.")
@click.option("--to", required=True, help="The address of a member; nobody.")
def _assign(*, to: str) -> dict[str, Any]:
    return {"assigned_to": "" if to == "nobody" else to}


@command.command("merge")
@click.argument("into")
@click.argument("issues", nargs=-1, required=True)
@target_options
@click.pass_obj
def merge(
    group: Group, /, into: str, issues: tuple[str, ...], url: str | None, key: str | None
) -> None:
    """Make ISSUES part of the issue INTO."""
    with open_client(group, url, key) as client:
        client.order(f"{PATH}/merge", {"into": into, "issues": list(issues)})
    note(f"Merged into {one_line(into)}.")


@command.command("split")
@click.argument("issue")
@click.argument("keys", nargs=-1, required=True)
@target_options
@click.pass_obj
def split(
    group: Group, /, issue: str, keys: tuple[str, ...], url: str | None, key: str | None
) -> None:
    """Give KEYS of an issue, that were merged into it, their own issues back."""
    with open_client(group, url, key) as client:
        client.order(f"{PATH}/split", {"issue": issue, "keys": list(keys)})
    note(f"Split off {one_line(issue)}: {one_line(', '.join(keys))}.")
