"""`logster doctor`: check every part, and send one message the whole way.

In: a server and a key; on the server's own machine its settings and folders too.
Out: a table with ✓, ✗ or · (not tried), how long each step took, and advice for each
failure; the same as JSON. Exit code 0: all is well; 1: something is not.
Promise: it changes nothing but the one message it sends; it shows no secret.
"""

from __future__ import annotations

import importlib.metadata
import platform
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import msgspec

from logster import __version__
from logster.cli.client import (
    AwayError,
    Client,
    ClientError,
    Target,
    load_target,
    target_options,
)
from logster.cli.display import printable
from logster.cli.settings import data_option
from logster.cli.table import show_table
from logster.config import SECRET_SETTINGS, SETTINGS, Config, load_config, variable_of
from logster.errors import LogsterError
from logster.event import Severity
from logster.spool.outside import look_into_spools

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_UNWELL = 1

#: A part that needs longer than this for a small question is not well.
STEP_TIMEOUT_S = 10.0
#: A message is stored within a second; this is for a server that catches up.
MAX_ARRIVAL_S = 15.0
POLL_S = 0.1

#: The packages whose version matters in a report of a fault.
PACKAGES = (
    "chdb-core",
    "clickhouse-connect",
    "granian",
    "httptools",
    "litestar",
    "msgspec",
    "pyarrow",
)

LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part and how it is; `is_well` None means that it was not tried."""

    name: str
    is_well: bool | None
    ms: float | None = None
    detail: str = ""
    advice: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One check to make; `needs` names the one without which it makes no sense."""

    name: str
    examine: Callable[[], str]
    advice: str
    needs: str | None = None


@click.command("doctor")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@data_option
@target_options
def command(is_json: bool, data: str | None, url: str | None, key: str | None) -> None:
    """Check every part, and send one message the whole way.

    On the server's own machine (or with --data) it looks at disk, spool and settings too.
    """
    target = load_target(url, key)
    config = _config_here(target, data)
    with Client(target, STEP_TIMEOUT_S) as client:
        checks = list(make_checks([*Way(client).steps(), *_steps_of_machine(config)]))
    is_well = all(check.is_well for check in checks)
    if is_json:
        report = {
            "ok": is_well,
            "url": target.url,
            "checks": checks,
            "versions": list_versions(),
            "settings": list_settings(config) if config else None,
        }
        click.echo(msgspec.json.encode(report).decode())
    else:
        click.echo(f"Server {target.url}\n")
        _show_checks(checks)
        _show_pairs("Versions", list_versions())
        if config:
            _show_pairs("Settings", list_settings(config))
    raise SystemExit(0 if is_well else EXIT_UNWELL)


def _config_here(target: Target, data: str | None) -> Config | None:
    """The settings, when this seems to be the server's machine.

    A server on this host may still run elsewhere (in a container, from another folder),
    so a data folder that nobody named counts only when it is there.
    """
    config = load_config({"data": data})
    is_named = data is not None or config.data != Config().data
    is_here = urlsplit(target.url).hostname in LOCAL_HOSTS and config.data_path.is_dir()
    return config if is_named or is_here else None


def make_checks(steps: list[Step]) -> Iterator[Check]:
    """Make the checks in order; what needs a failed one is not tried."""
    well: set[str] = set()
    for step in steps:
        if step.needs and step.needs not in well:
            yield Check(name=step.name, is_well=None, detail=f"needs {step.needs}")
            continue
        check = _make_check(step)
        if check.is_well:
            well.add(step.name)
        yield check


def _make_check(step: Step) -> Check:
    started = time.perf_counter()
    try:
        detail, is_well, advice = step.examine(), True, ""
    except (LogsterError, OSError, sqlite3.Error) as error:
        detail, is_well, advice = str(error), False, step.advice
    ms = round((time.perf_counter() - started) * 1000, 1)
    return Check(name=step.name, is_well=is_well, ms=ms, detail=detail, advice=advice)


class Way:
    """The way of one message, from the outside: in by the native API, out by id and by search."""

    def __init__(self, client: Client) -> None:
        self._client = client
        #: Letters alone, so that it is one word to the search.
        self._word = "doctor" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(16))
        self._id = ""

    def steps(self) -> list[Step]:
        """The steps of the way, in order."""
        return [
            Step(
                name="live",
                examine=self.check_live,
                advice="Start the server with `logster serve`, or name it with --url.",
            ),
            Step(
                name="ready",
                examine=self.check_ready,
                advice="The server runs but does not accept or does not search: see its log.",
                needs="live",
            ),
            Step(
                name="key",
                examine=self.check_key,
                advice="A key for this needs the rights ingest and read: "
                "`logster key create doctor --right ingest --right read`.",
                needs="live",
            ),
            Step(
                name="send",
                examine=self.send,
                advice="The key needs the right ingest; a full disk or spool refuses too.",
                needs="live",
            ),
            Step(
                name="stored",
                examine=self.check_stored,
                advice="Accepted but not stored: see `logster spool`, and the engine's log.",
                needs="send",
            ),
            Step(
                name="found",
                examine=self.check_found,
                advice="Stored but not found: the key needs the right read; see the server's log.",
                needs="send",
            ),
        ]

    def check_live(self) -> str:
        """The process answers."""
        self._client.get("/health/live")
        return "the server answers"

    def check_ready(self) -> str:
        """Accepting and searching work, by the server's own account."""
        self._client.get("/health/ready")
        return "accepts and searches"

    def check_key(self) -> str:
        """The key is known and may read."""
        session = msgspec.json.decode(self._client.get("/api/v1/session").content)
        return f"may read workspace {session['workspace']!r} of Logster {session['version']}"

    def send(self) -> str:
        """Send the message."""
        message = {
            "Message": f"logster doctor sends a message the whole way: {self._word}",
            "Severity": Severity.INFO,
            "Application": "logster",
            "Category": "doctor",
        }
        headers = {"Content-Type": "application/json"}
        answer = self._client.post("/api/Log", msgspec.json.encode(message), headers)
        self._id = str(msgspec.json.decode(answer.content)["MessageId"])
        return f"accepted as {self._id}"

    def check_stored(self) -> str:
        """The message can be had by its id, as it was sent."""
        answer = _eventually(lambda: self._client.get(f"/api/Log/{self._id}").content)
        if self._word not in msgspec.json.decode(answer)["Message"]:
            raise ClientError(f"{self._id} is another message than the one that was sent.")
        return "found by its id"

    def check_found(self) -> str:
        """The message is found by its word."""
        _eventually(self._search)
        return f"found by the word {self._word}"

    def _search(self) -> bytes:
        params = {"q": self._word, "since": "1h", "limit": 10}
        answer = self._client.get("/api/v1/events", params).content
        events = msgspec.json.decode(answer)["events"]
        if not any(event["id"] == self._id for event in events):
            raise ClientError(f"A search for {self._word} does not find the message.")
        return answer


def _eventually(ask: Callable[[], bytes]) -> bytes:
    """Ask until it works; raises the last refusal when a message should long have arrived."""
    deadline = time.monotonic() + MAX_ARRIVAL_S
    while True:
        try:
            return ask()
        except AwayError:
            raise
        except ClientError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_S)


def _steps_of_machine(config: Config | None) -> list[Step]:
    """What can be seen on the server's own machine alone."""
    if config is None:
        return []
    return [
        Step(
            name="data",
            examine=lambda: check_data(config),
            advice=f"Name the server's folder with --data or {variable_of('data')}, and run "
            "this as the server's user.",
        ),
        Step(
            name="disk",
            examine=lambda: check_disk(config),
            advice="Free space, keep events for fewer days (`logster retention set`), or move the "
            "data folder.",
            needs="data",
        ),
        Step(
            name="spool",
            examine=lambda: check_spool(config),
            advice="See `logster spool aside`; put them back with `logster spool replay`.",
            needs="data",
        ),
    ]


def check_data(config: Config) -> str:
    """The data folder is there and can be written to."""
    folder = config.data_path
    if not folder.is_dir():
        raise ClientError(f"There is no folder {folder}.")
    probe = folder / f".doctor-{secrets.token_hex(4)}"
    probe.touch()
    probe.unlink()
    return str(folder)


def check_disk(config: Config) -> str:
    """There is more free space than the server wants at least."""
    usage = shutil.disk_usage(config.data_path)
    text = f"{_size(usage.free)} of {_size(usage.total)} free"
    if usage.free <= config.min_free_disk_bytes:
        least = _size(config.min_free_disk_bytes)
        raise ClientError(
            f"{text}; below {least} ({variable_of('min_free_disk_bytes')}) events are refused."
        )
    return text


def check_spool(config: Config) -> str:
    """Every spool can be read, and nothing was set aside."""
    states = look_into_spools(config.spool_path)
    for state in states:
        if state.fault:
            raise ClientError(
                f"{config.spool_path / state.name}.sqlite is damaged ({state.fault}); move it "
                "elsewhere with its -wal and -shm, and read it by `sqlite3 FILE .recover`."
            )
    events, size = sum(state.events for state in states), sum(state.bytes for state in states)
    aside = sum(state.aside_events for state in states)
    text = f"{events:,} events ({_size(size)}) wait for the store"
    if lost := sum(state.lost_events for state in states):
        raise ClientError(f"{text}; {lost:,} acknowledged events are lost by damage.")
    if aside:
        raise ClientError(f"{text}; {aside:,} were refused by the store and set aside.")
    return text


def list_versions() -> dict[str, str]:
    """Give the versions a report of a fault should name."""
    versions = {
        "logster": __version__,
        "python": f"{platform.python_version()} ({platform.platform()})",
        "sqlite": sqlite3.sqlite_version,
    }
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def list_settings(config: Config) -> dict[str, str]:
    """Give every setting as it holds here; secrets only as set or not."""
    return {variable_of(name): _shown(name, getattr(config, name)) for name in SETTINGS}


def _shown(name: str, value: Any) -> str:
    if name in SECRET_SETTINGS:
        return "(set, hidden)" if value else ""
    return str(value)


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004  the next unit begins there
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


_MARKS = {True: "✓", False: "✗", None: "·"}


def _show_checks(checks: list[Check]) -> None:
    rows = [
        [
            _MARKS[check.is_well],
            check.name,
            "" if check.ms is None else f"{check.ms:.1f} ms",
            printable(" ".join(check.detail.split())),
        ]
        for check in checks
    ]
    show_table(["", "part", "time", "what was seen"], rows)
    for check in checks:
        if check.advice:
            click.echo(click.style(f"\n✗ {check.name}: {check.advice}", fg="red"))


def _show_pairs(title: str, pairs: dict[str, str]) -> None:
    click.echo()
    show_table([title, ""], [[name, printable(text)] for name, text in pairs.items()])
