"""A real engine process on a temporary folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from clickhouse_connect.driver import asyncclient
from clickhouse_connect.driver._backend.orchestration import run_async

from logster.store.engine import Engine
from logster.store.schema import migrate
from support.served import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from logster.store.answer import Answer

SECRET, READER_SECRET = "secret-of-the-writer", "secret-of-the-reader"


class Overheard(Engine):
    """An engine that remembers what it is asked."""

    def __init__(self, engine: Engine) -> None:
        vars(self).update(vars(engine))
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def ask(self, sql: str, parameters: Mapping[str, Any], **how: Any) -> Answer:
        """As the engine does."""
        self.asked.append((sql, parameters))
        return await super().ask(sql, parameters, **how)


class EngineProcess:
    """The engine as the supervisor starts it."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self.data = data
        self._environment = environment
        self.port = free_port()
        self.url = f"clickhouse://logster:{SECRET}@127.0.0.1:{self.port}/logster"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it answers a little later."""
        environment = {
            **os.environ,
            **self._environment,
            "LOGSTER_ENGINE_SECRET": SECRET,
            "LOGSTER_ENGINE_READER_SECRET": READER_SECRET,
        }
        command = [sys.executable, "-m", "logster.store.embedded.process"]
        command += ["--data", str(self.data), "--port", str(self.port)]
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, "the engine does not start"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait_until_ended(self) -> int:
        """Wait until it has ended by itself; gives the exit code."""
        assert self._process is not None
        code = self._process.wait(30)
        assert self._process.stdin is not None
        self._process.stdin.close()
        return code

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait_until_ended()


@contextlib.contextmanager
def engine_process(
    data: Path, environment: Mapping[str, str] | None = None
) -> Iterator[EngineProcess]:
    """A started engine process, gone at the end."""
    process = EngineProcess(data, environment or {})
    process.start()
    try:
        yield process
    finally:
        if process._process and process._process.poll() is None:
            process.kill()


async def wait_for_engine(engine: Engine) -> None:
    """Wait until the engine answers."""
    async with asyncio.timeout(60):
        while not await engine.ping():
            await asyncio.sleep(0.1)


@contextlib.contextmanager
def introduced_once() -> Iterator[None]:
    """The client asks about 1,500 settings for each connection, 50 ms of CPU: once is enough."""
    known: dict[object, Any] = {}

    async def remember(sequence: Any, execute: Any) -> Any:
        client = execute.__self__
        place = (client.url, client.headers["Authorization"])
        if place in known:
            sequence.close()
        else:
            known[place] = await run_async(sequence, execute)
        return known[place]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncclient, "run_async", remember)
        yield


@contextlib.asynccontextmanager
async def connected(process: EngineProcess) -> AsyncIterator[Engine]:
    """A client of a process."""
    engine = await Engine.open(process.url, READER_SECRET)
    try:
        await wait_for_engine(engine)
        yield engine
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def running_engine(data: Path) -> AsyncIterator[Engine]:
    """A process of its own with the tables, and its client."""
    with engine_process(data) as process:
        async with connected(process) as engine:
            await migrate(engine, retention_days=3650)
            yield engine
