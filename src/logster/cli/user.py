"""`logster user`: create, list and disable accounts and set passwords, on the server's own machine.

In: the meta database; passwords from a prompt or standard input, never from a flag, which
everyone on the machine could read. Out: tables and JSON.
Promise: a new password ends every session of its account.
"""

from __future__ import annotations

import sys

import click
from sqlalchemy import select

from logster.cli.settings import data_option, opened, run, workspace_id, workspace_option
from logster.cli.table import show_table
from logster.cli.terminal import note, one_line, render_json, show
from logster.config import load_config
from logster.meta import tables
from logster.meta.accounts import Accounts
from logster.meta.members import Members
from logster.meta.passwords import check_password
from logster.meta.sessions import Role


@click.group("user")
def command() -> None:
    """Create, list, disable and enable accounts, set a password.

    Works on the server's meta database, so it runs on the server's machine; the server
    may run meanwhile. A password is asked for, or read from standard input.
    """


@command.command("create")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.MEMBER.value,
    show_default=True,
)
@workspace_option
@data_option
def create(email: str, role: str, workspace: str | None, data: str | None) -> None:
    """Make an account in a workspace."""
    with opened(data) as database:
        number = workspace_id(database, workspace)
        accounts = Accounts(database, session_days=load_config().session_days)
        run(accounts.create_user(email, _ask_password(), number, Role(role)))
        accounts.close()
    note(f"{one_line(email)} may log in as {role}.")


@command.command("list")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@data_option
def list_users(is_json: bool, data: str | None) -> None:
    """Show every account with its workspaces and roles."""
    users, memberships, workspaces = tables.users, tables.memberships, tables.workspaces
    question = (
        select(
            users.c.email,
            workspaces.c.name.label("workspace"),
            memberships.c.role,
            users.c.disabled_at.isnot(None).label("is_disabled"),
        )
        .outerjoin_from(users, memberships, memberships.c.user == users.c.id)
        .outerjoin(workspaces, workspaces.c.id == memberships.c.workspace)
        .order_by(users.c.email, workspaces.c.id)
    )
    with opened(data) as database, database.reading() as connection:
        found = [row._asdict() for row in connection.execute(question)]
    if is_json:
        for row in found:
            show(render_json(row))
        return
    rows = [
        [
            *(row[name] or "-" for name in ("email", "workspace", "role")),
            "disabled" if row["is_disabled"] else "",
        ]
        for row in found
    ]
    show_table(["email", "workspace", "role", "state"], rows)


@command.command("password")
@click.argument("email")
@data_option
def password(email: str, data: str | None) -> None:
    """Set a new password and end the account's sessions."""
    with opened(data) as database:
        accounts = Accounts(database, session_days=load_config().session_days)
        run(accounts.set_password(email, _ask_password()))
        accounts.close()
    note(f"{one_line(email)} has a new password; all sessions ended.")


@command.command("disable")
@click.argument("email")
@data_option
def disable(email: str, data: str | None) -> None:
    """End the account's sessions and refuse its log-ins; all else stays."""
    with opened(data) as database:
        run(Members(database).disable_account(email))
    note(f"{one_line(email)} is disabled; all sessions ended.")


@command.command("enable")
@click.argument("email")
@data_option
def enable(email: str, data: str | None) -> None:
    """Let a disabled account log in again."""
    with opened(data) as database:
        run(Members(database).enable_account(email))
    note(f"{one_line(email)} may log in again.")


def _ask_password() -> str:
    """Ask twice at a terminal; read one line from a pipe."""
    if sys.stdin.isatty():
        text: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    try:
        check_password(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return text
