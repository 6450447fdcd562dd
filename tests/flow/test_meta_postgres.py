"""What differs between the two databases, on a real PostgreSQL; skipped where there is none."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from logster.errors import ConflictError, MetaUnavailableError, UnauthorizedError
from logster.meta import tables
from logster.meta.accounts import Accounts, Role
from logster.meta.bootstrap import FirstStart, bootstrap
from logster.meta.dashboards import Board, Dashboards
from logster.meta.dashboards import Draft as DashboardDraft
from logster.meta.database import Database, open_database
from logster.meta.keys import ALL_RIGHTS, Keys, Right
from logster.meta.searches import Draft, Searches
from logster.meta.sharing import Person
from support.meta import FAST_HASHER
from support.postgres import find_programs, running_postgres

pytest.importorskip("psycopg", reason="the PostgreSQL driver (psycopg) is not installed")

KEY = "an-operators-own-key"
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server (initdb, pg_ctl) on this machine")
    with running_postgres(programs) as folder:
        yield folder


@pytest.fixture
def url(server: Path) -> str:
    name = f"meta{next(_NUMBERS)}"
    engine = sqlalchemy.create_engine(
        f"postgresql://postgres@/postgres?host={server}", isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"postgresql://postgres@/{name}?host={server}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


def test_an_upgraded_database_equals_the_tables_of_today(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.METADATA) == []


def test_many_starters_make_one_of_each(url: str) -> None:
    def start(_: int) -> FirstStart | None:
        database = open_database(url)
        try:
            return bootstrap(database, api_key=KEY, hasher=FAST_HASHER)
        finally:
            database.close()

    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(start, range(6)))
    assert len([first for first in results if first]) == 1


async def test_keys_and_accounts_work_as_on_sqlite(database: Database) -> None:
    first = bootstrap(database, hasher=FAST_HASHER)
    assert first is not None
    assert first.password
    keys = Keys(database).start()
    beside = Keys(database).start()
    new = await keys.create(1, "shop", [Right.INGEST])
    assert (await beside.admit(new.text, Right.INGEST)).key == new.info.id
    await keys.revoke(1, new.info.id)
    with pytest.raises(UnauthorizedError):
        keys.check(new.text, Right.INGEST)
    assert [info.rights for info in await keys.in_workspace(1)][1] == ALL_RIGHTS
    accounts = Accounts(database, session_days=1, hasher=FAST_HASHER)
    started = await accounts.log_in(first.email, first.password, "::1")
    assert started.session.role == Role.ADMIN
    await accounts.set_password(first.email, "another password")
    assert await accounts.session_of(started.token) is None
    with pytest.raises(ValueError, match="already"):
        await accounts.create_user(first.email, "another password", 1, Role.VIEWER)
    accounts.close()
    beside.close()
    keys.close()


def test_a_server_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(MetaUnavailableError):
        open_database(f"postgresql://postgres@/meta?host={tmp_path}")


async def test_searches_and_histories_work_as_on_sqlite(database: Database) -> None:
    first = bootstrap(database, admin="ada@example.com:correct horse", hasher=FAST_HASHER)
    assert first is not None
    with database.reading() as connection:
        user, workspace = connection.execute(
            sqlalchemy.select(tables.memberships.c.user, tables.memberships.c.workspace)
        ).one()
    searches, ada = Searches(database), Person(user=user, workspace=workspace)
    saved = await searches.create(ada, Draft(name="slow", query="ms>5", columns=["ms"]))
    assert await searches.visible_to(workspace, user) == [saved]
    assert await searches.visible_to(workspace, None) == []
    await searches.change(ada, saved.id, Draft(name="slow", query="ms>6", is_shared=True))
    assert [found.query for found in await searches.visible_to(workspace, None)] == ["ms>6"]
    for text in ("a", "b", "a", "x" * 8_000):
        await searches.record_query(ada, text)
    assert [text[:1] for text, _ in await searches.history(ada)] == ["x", "a", "b"]
    await searches.remove(ada, saved.id)
    await searches.clear_history(ada)
    assert await searches.history(ada) == []


async def test_dashboards_work_as_on_sqlite(database: Database) -> None:
    first = bootstrap(database, admin="ada@example.com:correct horse", hasher=FAST_HASHER)
    assert first is not None
    with database.reading() as connection:
        user, workspace = connection.execute(
            sqlalchemy.select(tables.memberships.c.user, tables.memberships.c.workspace)
        ).one()
    dashboards, ada = Dashboards(database), Person(user=user, workspace=workspace)
    draft = DashboardDraft(name="Shop", board=Board(since="7d"))
    kept = await dashboards.create(ada, draft)
    assert await dashboards.find(workspace, user, kept.id) == kept
    assert await dashboards.visible_to(workspace, None) == []
    assert (await dashboards.change(ada, kept.id, 1, draft)).version == 2
    with pytest.raises(ConflictError):
        await dashboards.change(ada, kept.id, 1, draft)
    assert (await dashboards.duplicate(ada, kept.id)).name == "Shop (copy)"
    await dashboards.remove(ada, kept.id)
