"""A real PostgreSQL on a temporary folder, and empty databases in it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy

from logster.meta import tables
from logster.meta.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER = "postgres"
PATIENCE_S = 30
#: Nothing here outlives a test: no write waits for the disk, and nobody tidies up.
OPTIONS = [
    "listen_addresses=",
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off"),
    *("shared_buffers=16MB", "wal_level=minimal", "max_wal_senders=0"),
    *("autovacuum=off", "jit=off"),
]
SHARED = "shared"
_NUMBERS = itertools.count()


class Postgres:
    """A running server; it listens on a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._first_rows: dict[sqlalchemy.Table, list[dict[str, Any]]] = {}

    def url_of(self, name: str) -> str:
        """The address of a database, as LOGSTER_META_URL has it."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def run(self, *statements: str) -> None:
        """Run statements beside the databases."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self) -> str:
        """A new database without tables; gives its address."""
        name = f"meta{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url_of(name)

    def empty(self) -> str:
        """The database that most tests share, with what an upgrade writes; gives its address.

        One for each test would be 7 MB to write, and to remove, a few hundred times.
        """
        url = self.url_of(SHARED)
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            for table in reversed(tables.METADATA.sorted_tables):
                connection.execute(table.delete())
            for table, rows in self._first_rows.items():
                connection.execute(table.insert(), rows)
        return url

    def make_shared(self) -> None:
        """Make that database, and remember what an upgrade writes."""
        self.run(f"CREATE DATABASE {SHARED}")
        database = open_database(self.url_of(SHARED))
        with database.reading() as connection:
            for table in tables.METADATA.sorted_tables:
                if rows := connection.execute(table.select()).all():
                    self._first_rows[table] = [row._asdict() for row in rows]
        database.close()

    @contextmanager
    def closed(self, url: str) -> Iterator[None]:
        """Nobody connects to a database, and who is connected is cut off."""
        name = url.partition("?")[0].rpartition("/")[2]
        self.run(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        try:
            yield
        finally:
            self.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of its own; skips the test where PostgreSQL is not installed."""
    programs = _find_programs()
    folder = Path(tempfile.mkdtemp(prefix="logster-postgres-"))
    data = folder / "data"
    make: list[str | Path] = [
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale",
        "C",
        "--no-sync",
    ]
    start: list[str | Path] = ["-D", data, "-k", folder]
    start += [word for option in OPTIONS for word in ("-c", option)]
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER)
        with (folder / "log").open("w") as log:
            making = _confine([programs / "initdb", *make])
            subprocess.run(making, cwd=folder, stdout=log, stderr=log, check=True)
            process = subprocess.Popen(
                _confine([programs / "postgres", *start]), cwd=folder, stdout=log, stderr=log
            )
        try:
            server = Postgres(folder)
            _wait_for(server, process)
            server.make_shared()
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # it ends its connections, and itself
            process.wait(PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _confine(command: Sequence[str | Path]) -> list[str | Path]:
    """PostgreSQL refuses to run as root; and it ends when we do, even if we are killed."""
    if not shutil.which("setpriv"):
        pytest.skip("PostgreSQL is started by setpriv (util-linux)")
    prefix = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        prefix += ["--reuid", USER, "--regid", USER, "--init-groups"]
    return [*prefix, *command]


def _wait_for(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return server.run("SELECT 1")
        except psycopg.OperationalError:
            assert process.poll() is None, (server.folder / "log").read_text()
            assert time.monotonic() < deadline, (server.folder / "log").read_text()
        time.sleep(0.02)


def _find_programs() -> Path:
    """The folder of initdb and postgres, of the newest version there is."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not versions:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    return versions[-1].parent
