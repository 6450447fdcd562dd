"""`logster key`: make, set, list and revoke API keys, on the server's own machine.

In: the meta database. Out: a new key's text, once; tables; JSON.
Promise: a running server knows a new key at once and refuses a revoked one within a
second; a key's text is never shown again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from logster.cli.key_settings import list_settings, read_changes, settings_options
from logster.cli.settings import data_option, opened, run, workspace_id, workspace_option
from logster.cli.table import show_table
from logster.cli.terminal import note, render_json, show
from logster.config import load_config
from logster.event import NS_PER_S
from logster.meta.grants import Right
from logster.meta.key_text import dsn_of
from logster.meta.keys import KeyInfo, Keys
from logster.meta.quota import find_used_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group("key")
def command() -> None:
    """Create, set, list and revoke API keys.

    Works on the server's meta database, so it runs on the server's machine; the server
    may run meanwhile.
    """


@command.command("create")
@click.argument("name")
@click.option(
    "--right",
    "rights",
    multiple=True,
    type=click.Choice([right.value for right in Right]),
    default=[Right.INGEST.value],
    show_default=True,
    help="What the key may do; may be given several times.",
)
@settings_options
@workspace_option
@data_option
def create(
    name: str, rights: tuple[str, ...], workspace: str | None, data: str | None, **settings: Any
) -> None:
    """Make a key and print it: the only time it is shown."""
    with opened(data) as database:
        number = workspace_id(database, workspace)
        changes = read_changes(settings)
        new = run(Keys(database).create(number, name, [Right(right) for right in rights], changes))
    show(new.text)
    note(f"Key {new.info.id} may {', '.join(sorted(rights))}. It is not shown again.")
    if Right.INGEST in rights:
        address = load_config({"data": data}).address
        note(
            f"As a DSN for Sentry's SDKs, when they reach the server at {address} (else set "
            f"LOGSTER_PUBLIC_URL): {dsn_of(new.text, new.info.id, address)}"
        )


@command.command("set")
@click.argument("key_id", type=int)
@settings_options
@workspace_option
@data_option
def set_settings(key_id: int, workspace: str | None, data: str | None, **settings: Any) -> None:
    """Set what a key's events get, which are kept, and how many there may be.

    What is not named stays as it is; an empty text takes a setting away: --filter "".
    """
    changes = read_changes(settings)
    if not changes:
        raise click.UsageError("Say what to set, for instance --minimum-severity warn.")
    with opened(data) as database:
        number = workspace_id(database, workspace)
        key = run(Keys(database).change(number, key_id, settings=changes))
    note(f"Key {key.id} {key.name!r} is set. A running server goes by it within two seconds.")


@command.command("show")
@click.argument("key_id", type=int)
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@workspace_option
@data_option
def show_key(key_id: int, is_json: bool, workspace: str | None, data: str | None) -> None:
    """Show a key with its settings, and what it has sent today."""
    with opened(data) as database:
        key = run(Keys(database).find(workspace_id(database, workspace), key_id))
    folder = load_config({"data": data}).data_path
    used = None
    if key.settings.daily_bytes is not None:
        used = find_used_bytes(folder, [key.id])[key.id]
    if is_json:
        show(render_json(_shape_of(key) | {"used_today_bytes": used}))
        return
    show_table(["id", "name", "key", "rights", "created", "last used", "state"], _rows_of([key]))
    show_table(["setting", "value"], list_settings(key.settings, used))


@command.command("list")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@workspace_option
@data_option
def list_keys(is_json: bool, workspace: str | None, data: str | None) -> None:
    """Show every key, newest first; revoked ones too."""
    with opened(data) as database:
        keys = run(Keys(database).in_workspace(workspace_id(database, workspace)))
    if is_json:
        for key in keys:
            show(render_json(_shape_of(key)))
        return
    show_table(["id", "name", "key", "rights", "created", "last used", "state"], _rows_of(keys))


@command.command("revoke")
@click.argument("key_id", type=int)
@workspace_option
@data_option
def revoke(key_id: int, workspace: str | None, data: str | None) -> None:
    """End a key for good; its id is in `logster key list`."""
    with opened(data) as database:
        run(Keys(database).revoke(workspace_id(database, workspace), key_id))
    note(f"Key {key_id} is revoked.")


def _shape_of(key: KeyInfo) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "rights": sorted(key.rights),
        "created_at": _instant(key.created_at),
        "last_used_at": _instant(key.last_used_at),
        "revoked_at": _instant(key.revoked_at),
        "settings": msgspec.to_builtins(key.settings),
    }


def _rows_of(keys: Sequence[KeyInfo]) -> list[list[str]]:
    return [
        [
            str(key.id),
            key.name,
            key.hint,
            ", ".join(sorted(key.rights)),
            _instant(key.created_at) or "",
            _instant(key.last_used_at) or "never",
            f"revoked {_instant(key.revoked_at)}" if key.revoked_at else "live",
        ]
        for key in keys
    ]


def _instant(instant_ns: int | None) -> str | None:
    if instant_ns is None:
        return None
    return f"{datetime.fromtimestamp(instant_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"
