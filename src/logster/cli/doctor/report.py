"""What the checks saw, for people; `--json` gives the same as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from logster.cli.doctor.machine import list_settings, list_versions
from logster.cli.table import show_table
from logster.cli.terminal import one_line, show

if TYPE_CHECKING:
    from logster.cli.doctor.check import Check
    from logster.cli.doctor.machine import Machine

_MARKS = {True: "✓", False: "✗", None: "·"}


def show_report(url: str, version: str, checks: list[Check], machine: Machine | None) -> None:
    """Print a table for the server, one for this machine, and what a report of a fault needs."""
    show(f"Server {one_line(url)} (Logster {one_line(version or 'unknown')})\n")
    _show_checks([check for check in checks if check.where == "server"])
    if machine:
        show(f"\nHere: {one_line(str(machine.config.data_path))}: {machine.describe_server()}\n")
        _show_checks([check for check in checks if check.where == "here"])
    _show_pairs("Versions of this command", list_versions())
    if machine:
        _show_pairs("Settings of this shell", list_settings(machine.config))


def _show_checks(checks: list[Check]) -> None:
    rows = [
        [
            _MARKS[check.is_well],
            check.name,
            "" if check.ms is None else f"{check.ms:.1f} ms",
            " ".join(check.detail.split()),
        ]
        for check in checks
    ]
    show_table(["", "part", "time", "what was seen"], rows)
    for check in checks:
        if check.advice:
            show(click.style(f"\n✗ {check.name}: {check.advice}", fg="red"))


def _show_pairs(title: str, pairs: dict[str, str]) -> None:
    show()
    show_table([title, ""], [[name, text] for name, text in pairs.items()])
