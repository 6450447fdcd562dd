"""`logster doctor`: check every part, and send one message the whole way.

    check     steps -> checks, one after the other
    server    what a server says, and what becomes of a message
    arrival   waiting for what was sent
    dialects  one event by each dialect that comes by HTTP
    ports     one event to each port of the others
    sample    an event that is sent to be found
    machine   what is seen of this machine: a data folder, versions, settings
    amounts   disks and spools in words
    report    checks -> a table

In: a server and a key; a data folder of this machine.
Out: a table with ✓, ✗ or · (not tried), how long each step took, and advice for each
failure; the same as JSON. Exit code 0: all is well; 1: something is not.
Promise: it changes nothing but the one message it sends (by each dialect, when told so); it shows
no secret. What is told of the server comes from the server; what was looked at on this machine
is called `here`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from logster.cli.client import Client
from logster.cli.doctor.check import make_checks
from logster.cli.doctor.dialects import steps_of
from logster.cli.doctor.machine import find_machine, list_settings, list_versions
from logster.cli.doctor.ports import steps_of_ports
from logster.cli.doctor.report import show_report
from logster.cli.doctor.server import STEP_TIMEOUT_S, Server
from logster.cli.settings import data_option
from logster.cli.target import load_target, target_options
from logster.cli.terminal import render_json, show

if TYPE_CHECKING:
    from logster.cli.doctor.machine import Machine

EXIT_UNWELL = 1


@click.command("doctor")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.option("--dialects", "has_dialects", is_flag=True, help="Send one event by each dialect.")
@data_option
@target_options
def command(
    is_json: bool, has_dialects: bool, data: str | None, url: str | None, key: str | None
) -> None:
    """Check every part of a server, and send one message the whole way.

    The data folder of a server on this machine is looked at too, and any that --data names.
    """
    target = load_target(url, key)
    machine = find_machine(target.url, data)
    with Client(target, STEP_TIMEOUT_S) as client:
        server = Server(client)
        here = machine.steps() if machine else []
        dialects = [*steps_of(client), *steps_of_ports(client)] if has_dialects else []
        checks = list(make_checks([*server.steps(), *dialects, *here]))
    is_well = all(check.is_well is not False for check in checks)
    if is_json:
        asked = {"url": target.url, "version": server.version}
        answer = {"ok": is_well, "server": asked, "checks": checks, "here": _here(machine)}
        show(render_json(answer))
    else:
        show_report(target.url, server.version, checks, machine)
    raise SystemExit(0 if is_well else EXIT_UNWELL)


def _here(machine: Machine | None) -> dict[str, Any]:
    return {
        "versions": list_versions(),
        "data": str(machine.config.data_path) if machine else None,
        "runs": machine.runs if machine else None,
        "settings": list_settings(machine.config) if machine else None,
    }
