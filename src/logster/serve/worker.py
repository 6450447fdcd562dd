"""One web worker, as a process: listens and serves until it is told to stop.

In: the settings, from the environment. Out: an exit code.
Promise: what was accepted is on disk before this process ends; when it can, it also hands it
to the store first.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
import threading
from typing import TYPE_CHECKING

import uvloop

from logster.config import load_config
from logster.errors import LogsterError
from logster.serve.http1.listener import Listener
from logster.serve.loops import end_on_fault
from logster.serverlog import start_log
from logster.web.live import TailStreams

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from logster.config import Config
    from logster.serve.router import Router

    Assembled = Callable[[Config, TailStreams], AbstractAsyncContextManager[Router]]

log = logging.getLogger(__name__)

#: Requests under way may end by themselves for this long; live tails are ended at once.
LAST_REQUESTS_S = 5.0
#: A request makes some thirty containers and drops them without cycles; look less often.
GC_THRESHOLD = 20_000

#: Ingestion says itself, in the client's dialect, that a body took too long; the rest hears it
#: this much later.
BODY_GRACE_S = 5.0
#: Connections open at the same time; the next one waits until one of them ends.
MAX_CONNECTIONS = 1024


class Worker:
    """A listener in front of the assembled parts, until it is told to stop."""

    def __init__(self, config: Config, assembled: Assembled) -> None:
        self.config = config
        self._assembled = assembled
        self.is_stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until `is_stopping`."""
        streams = TailStreams()
        async with self._assembled(self.config, streams) as router:
            listener = Listener(
                router,
                self.config.host,
                self.config.port,
                most=count_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
                body_timeout_s=self.config.body_timeout_s + BODY_GRACE_S,
            )
            serving = asyncio.create_task(listener.serve(), name="listener")
            serving.add_done_callback(end_on_fault)
            await self.is_stopping.wait()
            streams.end_all()
            serving.cancel()
            await asyncio.wait([serving])
            await listener.finish(LAST_REQUESTS_S)


def count_connections(max_files: int) -> int:
    """How many connections there may be: half of the files are left for the spool and the rest."""
    if max_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max_files // 2)


class NoArrays:
    """Keeps numpy and pandas out of this process.

    pyarrow loads them when they are there, only to see whether a list is theirs: numpy as it is
    imported, a seventh of a worker's start and 11 MB; pandas at its first value, a second and
    60 MB. The engine's package installs them; nothing here uses them.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse to find it; every other module is found as ever."""
        if name in ("numpy", "pandas"):
            raise ModuleNotFoundError(f"{name} is not loaded here", name=name)


def _watch_parent(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    """Stop when the supervisor is gone: its end of our stdin closes."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(worker.is_stopping.set)

    threading.Thread(target=wait, daemon=True, name="parent").start()


async def _work() -> None:
    # Not above: it loads pyarrow, after `main` has hidden from it what is not to be loaded.
    from logster.serve.assembly import assembled  # noqa: PLC0415

    worker = Worker(load_config(), assembled)
    # What lives as long as the process is not looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.is_stopping.set)
    _watch_parent(loop, worker)
    await worker.run()


def main() -> None:
    """Run one worker; the settings come from the environment."""
    start_log(logging.WARNING)
    sys.meta_path.insert(0, NoArrays)
    try:
        uvloop.run(_work())
    except LogsterError as error:  # what keeps it from starting is a sentence already
        log.critical("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
