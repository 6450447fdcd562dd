"""The engine process: a `Database`, served on loopback.

In: `python -m logster.store.embedded.process --data DIR --port P`, two secrets and the limits
in the environment. Out: a ClickHouse to `store/engine`, to ClickHouse's clients, to curl.
Promise: the process ends with its parent (end of stdin), and it opens again after any death.

granian runs the server (`server`) in this process: its RSGI tells at once when a
client leaves, streams both ways, and costs 15 MB; the engine works in threads without
the GIL.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server.embed import Server

from logster.config import load_config
from logster.serverlog import start_log
from logster.store.embedded.database import Database
from logster.store.embedded.lockout import Lockout
from logster.store.embedded.server import EngineServer
from logster.store.embedded.users import READER, WRITER
from logster.store.embedded.writes import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.config import Config

SECRET_VARIABLE = "LOGSTER_ENGINE_SECRET"  # noqa: S105 -- the variable's name, not its value
READER_SECRET_VARIABLE = "LOGSTER_ENGINE_READER_SECRET"  # noqa: S105 -- the same


def serve(data: Path, host: str, port: int, config: Config, secrets: dict[str, str]) -> None:
    """Open the engine and answer until SIGTERM, SIGINT or the end of stdin."""
    database = Database(data, config)
    try:
        lockout = Lockout(data / "strikes.json")
        asyncio.run(_serve(database, lockout, host, port, config, secrets))
    finally:
        database.close()
    say("closed")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the engine process."""
    start_log(logging.WARNING)
    parser = argparse.ArgumentParser(prog="logster.store.embedded.process", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the engine")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args(arguments)
    secrets = {
        WRITER: os.environ.pop(SECRET_VARIABLE, ""),
        READER: os.environ.pop(READER_SECRET_VARIABLE, ""),
    }
    try:
        serve(chosen.data.absolute(), chosen.host, chosen.port, load_config(), secrets)
    except (OSError, RuntimeError) as error:  # the disk's and chDB's
        say(str(error))
        sys.exit(os.EX_IOERR)


async def _serve(
    database: Database,
    lockout: Lockout,
    host: str,
    port: int,
    config: Config,
    secrets: dict[str, str],
) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _watch_parent(loop, stopping)
    calls = EngineServer(database, secrets, config.query_timeout_s, lockout)
    server = Server(
        calls,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(stopping.wait())
    say(f"serving on {host}:{port}")
    await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
    await calls.close()
    server.stop()  # type: ignore[no-untyped-call]  # granian's
    ending.cancel()
    await serving


def _watch_parent(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """Stop at the end of stdin, when stdin is a pipe: its other end is our parent."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop may have ended first
            loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
