"""A fresh meta database per test, and log-ins that do not take a second."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import argon2

from logster.meta import tables
from logster.meta.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Argon2 with the least work it can do; the real cost is the library's business.
FAST_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def meta_database(folder: Path) -> Iterator[Database]:
    """An upgraded, empty database in `folder`."""
    database = open_database(f"sqlite:///{folder / 'meta.sqlite'}")
    try:
        yield database
    finally:
        database.close()


def add_workspace(database: Database, name: str) -> int:
    """Make a workspace and give its id."""
    with database.writing() as connection:
        adding = tables.workspaces.insert().values(name=name, created_at=1)
        workspace: int = connection.execute(adding.returning(tables.workspaces.c.id)).scalar_one()
        return workspace
