"""`logster spool`: what is accepted and not yet stored, on the server's own machine.

In: the spools under the data folder; the server may run meanwhile. Out: tables and JSON.
Promise: looking changes nothing; a set-aside block leaves the spool only on a person's word.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from logster.cli.settings import data_option
from logster.cli.table import show_table
from logster.cli.terminal import escape_json, note, render_json, show
from logster.config import load_config, variable_of
from logster.errors import ConfigError, NotFoundError
from logster.spool.quarantine import drop_aside, find_aside, list_aside, replay_aside
from logster.spool.state import look_into_spools

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.quarantine import AsideBlock

#: Beyond this a reason is the engine's stack trace; JSON has it whole.
MAX_REASON_CHARACTERS = 200

NOTHING_ASIDE = "Nothing is set aside."


@click.group("spool", invoke_without_command=True)
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@data_option
@click.pass_context
def command(context: click.Context, is_json: bool, data: str | None) -> None:
    """Show what waits for the store: events, bytes, age, and what was set aside or lost.

    A block of events that the store refuses for its content, or that the disk has changed, is
    set aside, so that the others are not held up: see `logster spool aside`. What damage has
    lost is a note there, until it is dropped.
    """
    context.obj = data
    if context.invoked_subcommand:
        return
    states = look_into_spools(_folder(data))
    if is_json:
        for state in states:
            show(render_json(state))
        return
    now = time.time()
    rows = [
        [
            state.name,
            f"{state.events:,}" if not state.fault else f"damaged: {state.fault}",
            f"{state.bytes:,}",
            f"{now - state.oldest_at:.1f} s" if state.oldest_at else "-",
            f"{state.aside_events:,}",
            f"{state.lost_events:,}",
        ]
        for state in states
    ]
    show_table(["spool", "events", "bytes", "oldest", "set aside", "lost"], rows)


@command.command("aside")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@data_option
@click.pass_obj
def aside(group_data: str | None, is_json: bool, data: str | None) -> None:
    """Show the blocks that were set aside, and why."""
    found = [
        (spool, block)
        for spool, blocks in list_aside(_folder(data or group_data)).items()
        for block in blocks
    ]
    if is_json:
        for spool, block in found:
            show(render_json(_shape_of(spool, block)))
        return
    if not found:
        note(NOTHING_ASIDE)
        return
    rows = [
        [
            f"{spool}/{block.number}",
            f"{block.events:,}",
            _instant(block.set_aside_at),
            " ".join(block.reason.split())[:MAX_REASON_CHARACTERS],
        ]
        for spool, block in found
    ]
    show_table(["block", "events", "set aside at", "reason"], rows)


@command.command("show")
@click.argument("block")
@data_option
@click.pass_obj
def show_block(group_data: str | None, block: str, data: str | None) -> None:
    """Print the events of a set-aside block, one JSON object a line."""
    # Half a second of imports that no other of these commands needs.
    from logster.spool.packing import unpack  # noqa: PLC0415
    from logster.web.shapes import render_spooled  # noqa: PLC0415

    spool, number = _parse_block(block)
    folder = _folder(data or group_data)
    try:
        found = find_aside(folder, spool, number)
    except sqlite3.Error as error:
        raise ConfigError(f"{folder / spool}.sqlite cannot be read: {error}.") from None
    if found is None:
        raise _unknown(spool, number)
    if not found.body:
        raise ConfigError(f"{block}: {found.reason}")
    try:
        events = unpack(found.body)
    except ValueError as error:
        raise ConfigError(f"{block}: {error}") from None
    for event in events:
        show(escape_json(render_spooled(event).decode()), nl=False)


@command.command("replay")
@click.argument("blocks", nargs=-1, metavar="[BLOCK…]")
@click.option("--all", "is_all", is_flag=True, help="Every block that was set aside.")
@data_option
@click.pass_obj
def replay(group_data: str | None, blocks: tuple[str, ...], is_all: bool, data: str | None) -> None:
    """Put set-aside blocks back in line, once the cause is gone."""
    folder = _folder(data or group_data)
    chosen = _chosen(folder, blocks, is_all=is_all)
    if not chosen:
        note(NOTHING_ASIDE)
    for spool, number in chosen:
        if not replay_aside(folder, spool, number):
            if find_aside(folder, spool, number) is None:
                raise _unknown(spool, number)
            note(f"{spool}/{number} is a note of lost events; there is nothing to try again.")
            continue
        note(f"{spool}/{number} is back in line.")


@command.command("drop")
@click.argument("blocks", nargs=-1, required=True, metavar="BLOCK…")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@data_option
@click.pass_obj
def drop(group_data: str | None, blocks: tuple[str, ...], is_sure: bool, data: str | None) -> None:
    """Remove set-aside blocks for good: their events are lost."""
    folder = _folder(data or group_data)
    chosen = _chosen(folder, blocks, is_all=False)
    if not is_sure:
        if not sys.stdin.isatty():
            raise click.UsageError("Dropping events needs --yes when nobody can be asked.")
        click.confirm(f"Remove {len(chosen)} blocks and their events for good?", abort=True)
    for spool, number in chosen:
        if not drop_aside(folder, spool, number):
            raise _unknown(spool, number)
        note(f"{spool}/{number} is gone.")


def _folder(data: str | None) -> Path:
    folder = load_config({"data": data}).spool_path
    if not folder.is_dir():
        raise ConfigError(
            f"There is no spool in {folder}. Name the server's data folder with --data or "
            f"{variable_of('data')}."
        )
    return folder


def _chosen(folder: Path, blocks: tuple[str, ...], *, is_all: bool) -> list[tuple[str, int]]:
    if is_all == bool(blocks):
        raise click.UsageError("Name blocks as `logster spool aside` does, or give --all.")
    if is_all:
        found = list_aside(folder).items()
        return [(spool, block.number) for spool, listed in found for block in listed]
    return [_parse_block(text) for text in blocks]


def _parse_block(text: str) -> tuple[str, int]:
    spool, _, number = text.rpartition("/")
    if not spool or "/" in spool or not (number.isascii() and number.isdigit()):
        raise click.UsageError(f"{text!r} is no block; one looks like spool-00/7.")
    return spool, int(number)


def _unknown(spool: str, number: int) -> NotFoundError:
    return NotFoundError(f"There is no set-aside block {spool}/{number}.")


def _shape_of(spool: str, block: AsideBlock) -> dict[str, object]:
    return {
        "block": f"{spool}/{block.number}",
        "events": block.events,
        "set_aside_at": _instant(block.set_aside_at),
        "reason": block.reason,
    }


def _instant(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
