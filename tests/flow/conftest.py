"""One engine process for this ring; every test finds its tables new and empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from logster.store.schema import migrate
from support.engine import EngineProcess, connected, engine_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from logster.store.engine import Engine


@pytest.fixture(scope="session")
def engine_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with engine_process(tmp_path_factory.mktemp("engine")) as process:
        yield process


@pytest.fixture
async def engine(engine_at: EngineProcess) -> AsyncIterator[Engine]:
    async with connected(engine_at) as engine:
        for table in ("events", "schema_steps"):
            await engine.command(f"DROP TABLE IF EXISTS {table} SYNC")
        await migrate(engine, retention_days=3650)
        yield engine
