"""What the commands for the server's own machine share: its settings, and its meta database.

In: the environment and `--data`. Out: `Config`, an open database, the workspace.
Promise: a data folder that does not exist is never made by asking about it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from logster.config import Config, load_config, variable_of
from logster.errors import ConfigError, NotFoundError
from logster.meta import tables
from logster.meta.database import open_database
from logster.meta.sqlite import check_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from logster.meta.database import Database


def data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--data` to a command."""
    option = click.option(
        "--data",
        help=f"The server's data folder.  [{variable_of('data')}, default {Config().data}]",
    )
    return option(function)


def workspace_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--workspace` to a command."""
    option = click.option("--workspace", help="Name of the workspace.  [default: the first one]")
    return option(function)


@contextmanager
def opened(data: str | None) -> Iterator[Database]:
    """Open the meta database; the server may run meanwhile."""
    config = load_config({"data": data})
    if not config.meta_url:
        _check_there(config)
    database = open_database(config.meta_address)
    try:
        yield database
    finally:
        database.close()


def _check_there(config: Config) -> None:
    path = config.data_path / "meta.sqlite"
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"There is no meta database in {config.data_path}. Name the server's data folder with "
            f"--data or {variable_of('data')}; a new server makes it: `logster serve`."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be looked at: {error.strerror}. Run this as the user that the server "
            "runs as."
        ) from None
    check_kept(path)


def workspace_id(database: Database, name: str | None) -> int:
    """Find a workspace by its name; the first one when no name is given."""
    workspaces = tables.workspaces.c
    question = select(workspaces.id, workspaces.name).order_by(workspaces.id)
    with database.reading() as connection:
        found = connection.execute(question).all()
    for number, known in found:
        if name in (None, known):
            return int(number)
    known = ", ".join(repr(row.name) for row in found) or "none yet: start the server once"
    raise NotFoundError(f"There is no workspace {name or ''!r}. Workspaces: {known}.")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run one async call; what it refuses as a value is wrong usage."""
    try:
        return asyncio.run(work)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
