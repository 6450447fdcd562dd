import fcntl
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from logster.errors import ConfigError, MetaUnavailableError
from logster.folder.permissions import close_file
from logster.meta import sqlite, tables
from logster.meta.database import Database, open_database
from logster.meta.sqlite import check_kept
from logster.meta.upgrade import MIGRATIONS, upgrade
from support.meta import add_workspace


def schema_of(path: Path) -> list[tuple[str, str, frozenset[str]]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT type, name, sql FROM sqlite_master "
            "WHERE name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%' ORDER BY type, name"
        ).fetchall()
    connection.close()
    return [(kind, name, frozenset(_lines(sql))) for kind, name, sql in rows]


def _lines(sql: str) -> list[str]:
    # The order of constraints inside CREATE TABLE says nothing, and neither does where the
    # brackets and commas are: a column that is added later stands behind the constraints. A table
    # that was copied for a step has its name in quotes.
    sql = re.sub('^CREATE TABLE "([a-z_]+)"', r"CREATE TABLE \1", sql)
    lines = [line.strip(" \t,()") for line in sql.replace(", ", "\n").splitlines()]
    return [line for line in lines if line]


def test_an_upgraded_file_equals_the_tables_of_today(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'upgraded.sqlite'}").close()
    fresh = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    tables.METADATA.create_all(fresh)
    fresh.dispose()
    assert schema_of(tmp_path / "fresh.sqlite") == schema_of(tmp_path / "upgraded.sqlite")


def test_an_upgraded_database_equals_the_tables_of_today(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.METADATA) == []


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0006"])
def test_an_old_database_becomes_todays_and_keeps_what_was_there(
    new_meta_url: str, revision: str
) -> None:
    with upgraded_to(new_meta_url, revision) as connection:
        connection.exec_driver_sql("INSERT INTO workspaces (name, created_at) VALUES ('kept', 1)")
        connection.exec_driver_sql("UPDATE revisions SET revision = 7 WHERE part = 'keys'")
        if revision == "0004":
            connection.exec_driver_sql("UPDATE retention SET days = 12, held_until = 5")
    database = open_database(new_meta_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.METADATA) == []
        names = connection.execute(sqlalchemy.select(tables.workspaces.c.name)).scalars().all()
        revisions = connection.execute(tables.revisions.select()).all()
        days = connection.execute(sqlalchemy.select(tables.retention.c.days)).scalars().all()
    database.close()
    assert names == ["kept"]
    assert {row.part: row.revision for row in revisions} == {"keys": 7, "retention": 0, "issues": 0}
    assert days == [12 if revision == "0004" else None]


def test_the_steps_that_are_tried_are_all_but_the_last() -> None:
    files = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert files == [f"{number:04}" for number in range(1, 8)], "name the last but one above, too"


@contextmanager
def upgraded_to(url: str, revision: str) -> Iterator[sqlalchemy.Connection]:
    """A database as an older Logster has left it."""
    if url.startswith("sqlite"):
        Path(str(sqlalchemy.make_url(url).database)).parent.mkdir()
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, revision)
        yield connection
    engine.dispose()


def test_opening_again_keeps_what_was_there(meta_url: str) -> None:
    first = open_database(meta_url)
    with first.writing() as connection:
        connection.execute(tables.workspaces.insert().values(name="kept", created_at=1))
    first.close()
    second = open_database(meta_url)
    with second.reading() as connection:
        names = connection.execute(sqlalchemy.select(tables.workspaces.c.name)).scalars().all()
    second.close()
    assert names == ["kept"]


def test_many_starters_upgrade_one_new_database_together(new_meta_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(open_database, [new_meta_url] * 8))
    with opened[0].reading() as connection:
        assert set(tables.METADATA.tables) <= set(sqlalchemy.inspect(connection).get_table_names())
    for database in opened:
        database.close()


def test_the_pragmas_are_set_on_every_connection(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}")
    with database.reading() as connection:

        def pragma(name: str) -> Any:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 10_000
    database.close()


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}").close()
    assert (tmp_path / "meta.sqlite").stat().st_mode & 0o077 == 0


def test_a_failed_write_leaves_nothing_behind(database: Database) -> None:
    def write_half() -> None:
        with database.writing() as connection:
            connection.execute(tables.workspaces.insert().values(name="ghost", created_at=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    with database.reading() as connection:
        rows = connection.execute(
            sqlalchemy.select(tables.workspaces).where(tables.workspaces.c.name == "ghost")
        ).all()
    assert rows == []


#: What makes a database one that only reads: PostgreSQL's, as a standby is.
ONLY_READS = {"postgresql": "SET TRANSACTION READ ONLY", "sqlite": "PRAGMA query_only = on"}


def test_a_server_that_only_reads_is_unavailable_for_writes(database: Database) -> None:
    def write_to_a_standby() -> None:
        with database.writing() as connection:
            connection.execute(sqlalchemy.text(ONLY_READS[connection.dialect.name]))
            connection.execute(tables.workspaces.insert().values(name="ghost", created_at=1))

    with pytest.raises(MetaUnavailableError, match="cannot be written to"):
        write_to_a_standby()


def test_a_workspace_id_is_not_used_twice(database: Database) -> None:
    first = add_workspace(database, "first")
    with database.writing() as connection:
        connection.execute(tables.workspaces.delete())
    assert add_workspace(database, "second") > first


def test_a_newer_schema_stops_the_start_with_advice(new_meta_url: str) -> None:
    database = open_database(new_meta_url)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ConfigError, match="newer Logster"):
        open_database(new_meta_url)


def test_a_server_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(MetaUnavailableError):
        open_database(f"postgresql://postgres@/meta?host={tmp_path}")


def test_a_database_that_goes_away_is_unavailable_and_serves_again_when_it_is_back(
    database: Database, outage: Callable[[], AbstractContextManager[None]]
) -> None:
    add_workspace(database, "kept")
    with outage(), pytest.raises(MetaUnavailableError), database.writing() as connection:
        connection.execute(sqlalchemy.select(tables.workspaces)).all()
    with database.reading() as connection:
        assert len(connection.execute(sqlalchemy.select(tables.workspaces)).all()) == 1


@pytest.mark.parametrize(
    "url", ["mysql://a:secret@b/c", "secret", "sqlite://", "sqlite:///:memory:"]
)
def test_an_unusable_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="LOGSTER_META_URL") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "meta.sqlite").mkdir()
    with pytest.raises(ConfigError, match="is no file"):
        open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}")


def test_a_damaged_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "meta.sqlite"
    open_database(f"sqlite:///{path}").close()
    whole = path.read_bytes()
    for damaged in (b"no database" * 1000, whole[:4096] + b"\xff" * (len(whole) - 4096)):
        path.write_bytes(damaged)
        with pytest.raises(ConfigError, match=r"is damaged .* back-up") as caught:
            open_database(f"sqlite:///{path}")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_damage_that_comes_while_the_database_is_open_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "meta.sqlite"
    database = open_database(f"sqlite:///{path}")
    database._engine.dispose()  # nothing of it stays in memory
    path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(MetaUnavailableError, match="damaged"), database.reading() as connection:
        connection.execute(sqlalchemy.select(tables.users)).all()
    database.close()


def test_an_empty_file_is_refused_where_there_were_keys(tmp_path: Path) -> None:
    check_kept(tmp_path / "meta.sqlite")
    (tmp_path / "meta.sqlite").touch()
    with pytest.raises(ConfigError, match="is empty"):
        check_kept(tmp_path / "meta.sqlite")
    open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}").close()
    check_kept(tmp_path / "meta.sqlite")


def test_a_file_that_another_program_keeps_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "meta.sqlite"
    open_database(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MetaUnavailableError, match="locked by another program"):
            open_database(f"sqlite:///{path}")


def test_an_upgrade_of_another_process_is_waited_for_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "UPGRADE_WAIT_S", 0.1)
    with (tmp_path / "meta.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(MetaUnavailableError, match="upgrading"):
            open_database(f"sqlite:///{tmp_path / 'meta.sqlite'}")


def test_closing_the_file_to_others_keeps_the_locks_of_sqlite(tmp_path: Path) -> None:
    """POSIX takes every lock of a process from a file as soon as it closes any handle of it."""
    path = tmp_path / "meta.sqlite"
    database = open_database(f"sqlite:///{path}")
    with database.writing() as connection:
        connection.execute(tables.workspaces.insert().values(name="mine", created_at=1))
        path.chmod(0o644)
        close_file(path)
        close_file(tmp_path / "meta.sqlite-shm")
        command = [sys.executable, "-c", BEGIN, str(path)]
        assert "locked" in subprocess.run(command, capture_output=True, text=True).stderr
    assert path.stat().st_mode & 0o077 == 0
    database.close()


BEGIN = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
"""
