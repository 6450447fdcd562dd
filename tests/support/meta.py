"""A fresh meta database per test, and log-ins that do not take a second."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import argon2

from logster.meta import tables
from logster.meta.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Argon2 with the least work it can do; the real cost is the library's business.
FAST_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def meta_database(folder: Path) -> Iterator[Database]:
    """The upgraded database in `folder`, empty when there is none yet."""
    path = folder / "meta.sqlite"
    if not path.exists():
        path.write_bytes(_upgraded())
    database = open_database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        database.close()


@cache
def _upgraded() -> bytes:
    """The file that every step has been through: opening it leaves nothing to be done."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "meta.sqlite")
        open_database(f"sqlite:///{path}").close()
        return path.read_bytes()


def add_workspace(database: Database, name: str) -> int:
    """Make a workspace and give its id."""
    with database.writing() as connection:
        adding = tables.workspaces.insert().values(name=name, created_at=1)
        workspace: int = connection.execute(adding.returning(tables.workspaces.c.id)).scalar_one()
        return workspace
