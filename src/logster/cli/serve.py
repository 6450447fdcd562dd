"""`logster serve`: run the server.

In: one flag per setting, each with its environment variable. Out: the exit code of
the supervisor. The settings are declared once, in `config`; the flags follow from it.
"""

from __future__ import annotations

from typing import Any

import click

from logster.config import SECRET_SETTINGS, SETTINGS, Config, load_config, variable_of


def setting_options() -> list[click.Parameter]:
    """One option per setting; `load_config` reads the variables, so click must not."""
    defaults = Config()
    return [
        click.Option(
            [f"--{name.replace('_', '-')}", name],
            metavar=_metavar_of(getattr(defaults, name)),
            help=_help_of(name, getattr(defaults, name)),
        )
        for name in SETTINGS
    ]


def _metavar_of(default: Any) -> str:
    kinds = {int: "NUMBER", float: "SECONDS"}
    return kinds.get(type(default), "TEXT")


def _help_of(name: str, default: Any) -> str:
    shown = f", default {default}" if default != "" else ""
    where = f"{variable_of(name)}{shown}"
    if name in SECRET_SETTINGS:
        # The arguments of a process can be read by everyone on the machine.
        where += "; better as the variable than as the flag"
    return f"{SETTINGS[name]}  [{where}]"


def _serve(**flags: str | None) -> None:
    """Run the server until SIGTERM or Ctrl-C.

    Every flag has an environment variable, named in brackets; the flag wins.
    """
    config = load_config(flags)
    from logster.serve.supervisor import serve  # noqa: PLC0415  the whole server is loaded only to be run

    raise SystemExit(serve(config))


command = click.Command("serve", params=setting_options(), callback=_serve, help=_serve.__doc__)
