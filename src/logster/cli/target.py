"""Which server and which key: flags, else variables, else the profile file.

In: `--url`, `--key` and `--profile`, `LOGSTER_URL` and `LOGSTER_API_KEY`, the profile file.
Out: a `Target`, or a `ClientError` that names what cannot be used.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from click.core import ParameterSource

from logster.cli.answer import ClientError
from logster.cli.terminal import note

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "LOGSTER_URL"
KEY_VARIABLE = "LOGSTER_API_KEY"
PROFILE_VARIABLE = "LOGSTER_PROFILE"

#: What others may do with a file.
_OTHERS_MODE = 0o077


class Target(msgspec.Struct, frozen=True):
    """Where to, and with which key."""

    url: str
    key: str = ""


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--url`, `--key` and `--profile` to a command."""
    url = click.option(
        "--url",
        envvar=URL_VARIABLE,
        help=f"The server.  [{URL_VARIABLE}, or url in the profile file, or {DEFAULT_URL}]",
    )
    key = click.option(
        "--key",
        envvar=KEY_VARIABLE,
        help=f"The API key.  [{KEY_VARIABLE}, or key in the profile file]",
    )
    profile = click.option(
        "--profile",
        metavar="NAME",
        callback=_remember_profile,
        expose_value=False,
        help="A section of the profile file: another server and key.",
    )
    return url(key(profile(function)))


def _remember_profile(ctx: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    ctx.meta[PROFILE_VARIABLE] = name


def load_target(url: str | None, key: str | None) -> Target:
    """Fill what flags and variables leave open from the profile file.

    A profile that is named stands above the variables: it was typed, they were lying about.
    """
    ctx = click.get_current_context(silent=True)
    name = ctx.meta.get(PROFILE_VARIABLE) if ctx else None
    profile = load_profile(name)
    if ctx and name:
        url = None if _is_from_variable(ctx, "url") else url
        key = None if _is_from_variable(ctx, "key") else key
    chosen = url or profile.get("url", DEFAULT_URL)
    if not chosen.startswith(("http://", "https://")):
        raise ClientError(
            f"The URL {chosen!r} does not begin with http:// or https://. Example: {DEFAULT_URL}"
        )
    return Target(chosen.rstrip("/"), key or profile.get("key", ""))


def _is_from_variable(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT


def profile_path() -> Path:
    """The profile file, whether it exists or not."""
    if path := os.environ.get(PROFILE_VARIABLE):
        return Path(path).expanduser()
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "logster" / "profile.toml"


def load_profile(name: str | None = None) -> dict[str, str]:
    """Read `url` and `key`, of the section `name` when one is given.

    A missing file is an empty one, but not when a section of it was asked for.
    """
    path = profile_path()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (OSError, ValueError) as error:
        raise ClientError(f"The profile file {path} cannot be read: {error}") from None
    if name is not None:
        sections = [key for key, value in values.items() if isinstance(value, dict)]
        if name not in sections:
            known = ", ".join(sections) or "none"
            raise ClientError(f"The profile file {path} has no section [{name}]; it has: {known}.")
        values = values[name]
    known_values = {key: value for key, value in values.items() if key in ("url", "key")}
    if not all(isinstance(value, str) for value in known_values.values()):
        raise ClientError(f'In the profile file {path}, url and key must be text: key = "lgs_…".')
    if "key" in known_values and path.stat().st_mode & _OTHERS_MODE:
        note(f"Others can read the key in {path}; chmod 600 it.")
    return known_values
