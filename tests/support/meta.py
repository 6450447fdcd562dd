"""What a worker has of a meta database, with log-ins that do not take a second."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import argon2

from logster.meta import tables
from logster.meta.database import Database, open_database
from logster.meta.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Argon2 with the least work it can do; the real cost is the library's business.
FAST_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def running_meta(url: str, *, retention_days: int = 30) -> Iterator[Meta]:
    """What one worker has of a meta database; another one may have the same beside it."""
    with started_meta(open_database(url), retention_days=retention_days) as meta:
        yield meta


@contextmanager
def started_meta(database: Database, *, retention_days: int = 30) -> Iterator[Meta]:
    """The same of a database that is open."""
    hasher = FAST_HASHER
    meta = Meta(database, session_days=14, retention_days=retention_days, hasher=hasher)
    try:
        meta.live.start()
        yield meta
    finally:
        meta.close()


def upgraded_file(folder: Path) -> str:
    """The address of the upgraded database in `folder`, which is empty when there was none."""
    path = folder / "meta.sqlite"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_upgraded())
    return file_url(folder)


@cache
def _upgraded() -> bytes:
    """The file that every step has been through: opening it leaves nothing to be done."""
    with TemporaryDirectory() as folder:
        open_database(file_url(Path(folder))).close()
        return Path(folder, "meta.sqlite").read_bytes()


def file_url(folder: Path) -> str:
    """The address of a database that is a file in `folder`."""
    return f"sqlite:///{folder / 'meta.sqlite'}"


def add_workspace(database: Database, name: str) -> int:
    """Make a workspace and give its id."""
    with database.writing() as connection:
        adding = tables.workspaces.insert().values(name=name, created_at=1)
        workspace: int = connection.execute(adding.returning(tables.workspaces.c.id)).scalar_one()
        return workspace
