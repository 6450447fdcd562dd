"""One engine process for this ring, whose tables every test finds empty; new meta databases."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from logster.meta.database import open_database
from logster.store.schema import migrate
from support.engine import EngineProcess, connected, engine_process, introduced_once
from support.meta import file_url, running_meta, started_meta, upgraded_file
from support.postgres import Postgres, running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from logster.meta.database import Database
    from logster.meta.meta import Meta
    from logster.store.engine import Engine

RETENTION_DAYS = 3650
#: What there is: every table as it would be made now, and how much is in it.
TABLES = """
SELECT name, create_table_query, total_rows FROM system.tables
WHERE database = currentDatabase() ORDER BY name
"""


@pytest.fixture(scope="session")
def engine_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with engine_process(tmp_path_factory.mktemp("engine")) as process, introduced_once():
        yield process


@pytest.fixture(scope="session")
def new_tables() -> list[Any]:
    """What `TABLES` finds of new tables in this ring's engine; nothing before the first of them."""
    return []


@pytest.fixture
async def engine(engine_at: EngineProcess, new_tables: list[Any]) -> AsyncIterator[Engine]:
    async with connected(engine_at) as engine:
        # Emptying takes half the time of making anew, and one look a third of that.
        found = (await engine.ask(TABLES, {})).rows
        if not new_tables or found != new_tables:
            await empty_tables(engine, {name for name, _, _ in found})
            new_tables[:] = (await engine.ask(TABLES, {})).rows
        yield engine


async def empty_tables(engine: Engine, names: set[str]) -> None:
    if "events" in names:
        await engine.command("TRUNCATE TABLE events SYNC")
    else:
        await engine.command("DROP TABLE IF EXISTS schema_steps SYNC")
    await migrate(engine, retention_days=RETENTION_DAYS)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def meta_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a meta database of each kind, without any row."""
    if request.param == "sqlite":
        return upgraded_file(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_meta_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a meta database of each kind that nobody has opened yet."""
    if request.param == "sqlite":
        return file_url(tmp_path / "deep")
    server: Postgres = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture
def database(meta_url: str) -> Iterator[Database]:
    opened = open_database(meta_url)
    yield opened
    opened.close()


@pytest.fixture
def meta(database: Database) -> Iterator[Meta]:
    """What a worker has of that database."""
    with started_meta(database) as started:
        yield started


@pytest.fixture
def beside(meta: Meta, meta_url: str) -> Iterator[Meta]:
    """What another worker has of it: another process would open it once more, too."""
    with running_meta(meta_url) as opened:
        yield opened


@pytest.fixture
def outage(
    request: pytest.FixtureRequest, database: Database, meta_url: str, tmp_path: Path
) -> Callable[[], AbstractContextManager[None]]:
    """For as long as it is entered, nobody reaches the meta database."""

    @contextmanager
    def out_of_reach() -> Iterator[None]:
        if meta_url.startswith("postgresql"):
            server: Postgres = request.getfixturevalue("postgres")
            with server.closed(meta_url):
                yield
            return
        database._engine.dispose()  # an open file would go on to serve
        file, elsewhere = tmp_path / "meta.sqlite", tmp_path / "elsewhere"
        file.rename(elsewhere)
        file.mkdir()
        try:
            yield
        finally:
            file.rmdir()
            elsewhere.rename(file)

    return out_of_reach
