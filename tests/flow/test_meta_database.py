import fcntl
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from logster.errors import ConfigError, MetaUnavailableError
from logster.folder.permissions import close_file
from logster.meta import database as meta_database
from logster.meta import tables
from logster.meta.database import Database, check_kept, open_database
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
    # brackets and commas are: a column that is added later stands behind the constraints.
    lines = [line.strip(" \t,()") for line in sql.replace(", ", "\n").splitlines()]
    return [line for line in lines if line]


def test_an_upgraded_database_equals_the_tables_of_today(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'upgraded.sqlite'}").close()
    fresh = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    tables.METADATA.create_all(fresh)
    fresh.dispose()
    assert schema_of(tmp_path / "fresh.sqlite") == schema_of(tmp_path / "upgraded.sqlite")


def test_alembic_sees_no_difference_either(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.METADATA) == []


def test_opening_again_keeps_what_was_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'meta.sqlite'}"
    first = open_database(url)
    with first.writing() as connection:
        connection.execute(tables.workspaces.insert().values(name="kept", created_at=1))
    first.close()
    second = open_database(url)
    with second.reading() as connection:
        names = connection.execute(sqlalchemy.select(tables.workspaces.c.name)).scalars().all()
    second.close()
    assert names == ["kept"]


def test_many_starters_upgrade_one_new_database_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'meta.sqlite'}"
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(open_database, [url] * 8))
    for database in opened:
        database.close()
    assert len(schema_of(tmp_path / "deep" / "meta.sqlite")) > 6


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


def test_a_workspace_id_is_not_used_twice(database: Database) -> None:
    first = add_workspace(database, "first")
    with database.writing() as connection:
        connection.execute(tables.workspaces.delete())
    assert add_workspace(database, "second") > first


def test_a_newer_schema_stops_the_start_with_advice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'meta.sqlite'}"
    database = open_database(url)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ConfigError, match="newer Logster"):
        open_database(url)


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
    monkeypatch.setattr(meta_database, "BUSY_TIMEOUT_S", 0.1)
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
    monkeypatch.setattr(meta_database, "UPGRADE_WAIT_S", 0.1)
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
