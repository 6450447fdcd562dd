"""The supervisor: starts the engine first and the workers last, stops them the other way round.

In: the settings. Out: an exit code.
Promise: each part restarts alone, however often it dies; nothing is left running when the
supervisor goes, however it goes (its children see the end of their stdin).

It imports none of the parts: it only starts them, so it stays small and has little to fail at.
"""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import msgspec

from logster.config import dump_config, variable_of
from logster.errors import ConfigError
from logster.folder.lock import lock_folder
from logster.folder.permissions import UMASK, close_folder
from logster.folder.place import check_folder, forget_folder, make_folder
from logster.serve.metrics_folder import METRICS_VARIABLE, forget_gauges, metrics_folder
from logster.serve.part import Part, say
from logster.serve.ports import check_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from logster.config import Config

#: How often the supervisor looks after its parts.
LOOK_S = 0.05

#: How often it asks whether it is ready yet.
READY_LOOK_S = 0.1

#: Time a worker has to finish its requests and empty its spool; then the engine, to close.
WORKER_GRACE_S = 25.0
ENGINE_GRACE_S = 20.0

#: A start that is not ready after this says so (and goes on trying).
SLOW_START_S = 30.0

LOOPBACK = "127.0.0.1"

#: Two arenas instead of eight for each core, and Arrow's buffers from the same allocator: a
#: worker under batches stays at 265 MB instead of 350, for no more CPU.
ALLOCATION = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


class Supervisor:
    """All parts of one server."""

    def __init__(
        self, config: Config, environment: dict[str, str], parts: Sequence[Part], greeting: str = ""
    ) -> None:
        """`parts` are in starting order; they stop in the opposite one.

        `greeting` is printed when the server answers: what it says to do works then.
        """
        self._config = config
        self._environment = environment
        self._parts = parts
        self._greeting = greeting
        #: A plain flag: a handler that takes a lock may interrupt the one who holds it.
        self._is_stopping = False

    def stop(self, *_signal: object) -> None:
        """Begin the end."""
        self._is_stopping = True

    def run(self) -> int:
        """Keep the parts running until a signal; the exit code is 0 when all ended in order."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGHUP, self.stop)
        telling = threading.Thread(target=self._tell_when_ready, daemon=True)
        telling.start()
        self._keep_running()
        telling.join()
        self._greet()  # it holds a key that nobody can be shown again
        return self._stop_parts()

    def _keep_running(self) -> None:
        """Start the parts, and again those that die, until it is time to stop."""
        while not self._is_stopping:
            time.sleep(LOOK_S)
            for part in self._parts:
                dead = part.look_after(self._environment)
                if dead is not None:
                    forget_gauges(self._environment[METRICS_VARIABLE], dead)

    def _stop_parts(self) -> int:
        say("Stopping: finishing requests and emptying the spool.")
        engines = [part for part in self._parts if part.name == "engine"]
        workers = [part for part in self._parts if part not in engines]
        in_order = True
        for group in (workers, engines):
            for part in group:
                part.ask_to_stop()
            in_order &= all(part.wait_until_stopped() for part in group)
        say("Stopped.")
        return 0 if in_order else 1

    def _tell_when_ready(self) -> None:
        address = self._config.local_url
        started = time.monotonic()
        is_late = False
        while not self._is_stopping:
            time.sleep(READY_LOOK_S)
            if _is_ready(address):
                self._greet()
                say(f"Logster is ready: {self._config.address}")
                return
            if not is_late and time.monotonic() - started > SLOW_START_S:
                is_late = True
                self._greet()
                say(f"Not ready after {SLOW_START_S:g} s; {address}/health/ready says why.")

    def _greet(self) -> None:
        greeting, self._greeting = self._greeting, ""
        with contextlib.suppress(OSError):
            print(greeting, end="", flush=True)  # noqa: T201 - what is shown this once


def serve(config: Config) -> int:
    """Run a server until SIGTERM or Ctrl-C; raises ConfigError when it cannot start."""
    if not config.port:
        config = msgspec.structs.replace(config, port=_free_port())
    os.umask(UMASK)  # of every part, too
    folder = config.data_path
    is_new = not os.path.isdir(folder)  # noqa: PTH112 - it never raises, whatever is in the way
    if is_new:
        check_ports(config)  # nothing is made for a server that cannot listen
        make_folder(folder)
    try:
        return _serve_from(folder, config)
    except ConfigError:
        if is_new:
            forget_folder(folder)
        raise


def _serve_from(folder: Path, config: Config) -> int:
    with lock_folder(folder, config.local_url):
        check_ports(config)
        check_folder(folder, ["spool", "run", *([] if config.store_url else ["engine"])])
        for note in close_folder(folder):
            say(note)
        allow_many_files()
        with metrics_folder(folder) as values:
            environment = {**ALLOCATION, **os.environ, **dump_config(config)}
            environment[METRICS_VARIABLE] = str(values)
            return _run_parts(config, environment)


def _run_parts(config: Config, environment: dict[str, str]) -> int:
    greeting = _set_up(environment)
    parts = []
    if not config.store_url:
        parts.append(_build_engine(config, environment))
    for name in ("bootstrap_api_key", "bootstrap_admin"):  # the parts have no need of them
        environment.pop(variable_of(name), None)
    parts += [
        Part(f"worker {number}", "logster.serve.worker", [], WORKER_GRACE_S)
        for number in range(1, config.workers + 1)
    ]
    return Supervisor(config, environment, parts, greeting).run()


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one, for all parts: it is made for `select`.

    Nothing here uses that, and each connection is a file.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # an unlimited one cannot be had everywhere
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _build_engine(config: Config, environment: dict[str, str]) -> Part:
    """Describe the engine process, and tell the workers how to reach it."""
    port = _free_port()
    secret, reader_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    environment["LOGSTER_ENGINE_SECRET"] = secret
    environment["LOGSTER_ENGINE_READER_SECRET"] = reader_secret
    environment[variable_of("store_url")] = (
        f"clickhouse://logster:{secret}@{LOOPBACK}:{port}/logster"
    )
    arguments = ["--data", str(config.data_path / "engine"), "--host", LOOPBACK]
    arguments += ["--port", str(port)]
    return Part("engine", "logster.store.embedded.process", arguments, ENGINE_GRACE_S)


def _set_up(environment: Mapping[str, str]) -> str:
    """Make or upgrade the meta database; gives the first key and password, to be shown once."""
    done = subprocess.run(
        [sys.executable, "-m", "logster.serve.first_start"],
        env=dict(environment),
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        reason = "The set-up of keys and accounts failed; the reason is above."
        raise ConfigError(done.stdout.strip() or reason)
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's word for yes
    except (urllib.error.URLError, OSError):
        return False
