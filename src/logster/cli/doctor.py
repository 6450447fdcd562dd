"""`logster doctor`: check every part, and send one message the whole way.

In: a server and a key; a data folder of this machine.
Out: a table with ✓, ✗ or · (not tried), how long each step took, and advice for each
failure; the same as JSON. Exit code 0: all is well; 1: something is not.
Promise: it changes nothing but the one message it sends; it shows no secret. What is told of
the server comes from the server; what was looked at on this machine is called `here`
(cli/machine).
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from logster import __version__
from logster.cli.client import (
    AnswerError,
    AwayError,
    Client,
    ClientError,
    Target,
    load_target,
    target_options,
)
from logster.cli.machine import (
    Machine,
    find_machine,
    list_settings,
    list_versions,
    shorten_size,
)
from logster.cli.settings import data_option
from logster.cli.table import show_table
from logster.cli.terminal import one_line, render_json, show
from logster.config import variable_of
from logster.errors import LogsterError
from logster.event import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_UNWELL = 1

#: A part that needs longer than this for a small question is not well.
STEP_TIMEOUT_S = 10.0
#: A message is stored within a second; this is for a server that catches up.
MAX_ARRIVAL_S = 15.0
FORBIDDEN = 403
POLL_S = 0.1


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part and how it is; `is_well` None means that it was not tried."""

    name: str
    where: str
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
    #: `server`: the server said it; `here`: this machine was looked at.
    where: str = "server"


class NotKnownError(ClientError):
    """What cannot be found out from here, and is no fault."""


@click.command("doctor")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@data_option
@target_options
def command(is_json: bool, data: str | None, url: str | None, key: str | None) -> None:
    """Check every part of a server, and send one message the whole way.

    The data folder of a server on this machine is looked at too, and any that --data names.
    """
    target = load_target(url, key)
    machine = find_machine(target.url, data)
    with Client(target, STEP_TIMEOUT_S) as client:
        way = Way(client)
        checks = list(make_checks([*way.steps(), *_steps_of(machine)]))
    is_well = all(check.is_well is not False for check in checks)
    server = {"url": target.url, "version": way.version}
    if is_json:
        show(
            render_json({"ok": is_well, "server": server, "checks": checks, "here": _here(machine)})
        )
    else:
        _show_report(target, checks, way, machine)
    raise SystemExit(0 if is_well else EXIT_UNWELL)


def _here(machine: Machine | None) -> dict[str, Any]:
    return {
        "versions": list_versions(),
        "data": str(machine.config.data_path) if machine else None,
        "runs": machine.runs if machine else None,
        "settings": list_settings(machine.config) if machine else None,
    }


def make_checks(steps: list[Step]) -> Iterator[Check]:
    """Make the checks in order; what needs a failed one is not tried."""
    well: set[str] = set()
    for step in steps:
        if step.needs and step.needs not in well:
            yield Check(
                name=step.name, where=step.where, is_well=None, detail=f"needs {step.needs}"
            )
            continue
        check = _make_check(step)
        if check.is_well:
            well.add(step.name)
        yield check


def _make_check(step: Step) -> Check:
    started = time.perf_counter()
    is_well: bool | None
    try:
        detail, is_well, advice = step.examine(), True, ""
    except NotKnownError as error:
        detail, is_well, advice = str(error), None, ""
    except (LogsterError, OSError, sqlite3.Error) as error:
        detail, is_well, advice = str(error), False, step.advice
    except (KeyError, TypeError, ValueError):  # JSON of something else
        detail, is_well, advice = "the answer is none of Logster's", False, step.advice
    ms = round((time.perf_counter() - started) * 1000, 1)
    return Check(
        name=step.name, where=step.where, is_well=is_well, ms=ms, detail=detail, advice=advice
    )


class Way:
    """The way of one message, from the outside: in by the native API, out by id and by search."""

    def __init__(self, client: Client) -> None:
        self._client = client
        #: Letters alone, so that it is one word to the search.
        self._word = "doctor" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(16))
        self._id = ""
        self._system: dict[str, Any] = {}
        #: The server's, as it says; "" when it did not.
        self.version = ""

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
            Step(
                name="disk",
                examine=self.check_disk,
                advice="Free space on the server's disk, keep events for fewer days "
                "(`logster retention set`), or move its data folder.",
                needs="key",
            ),
            Step(
                name="spool",
                examine=self.check_spool,
                advice="See *Set-up / System* in the portal, or `logster spool aside` on the "
                "server's machine.",
                needs="key",
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
        session = self._client.get_object("/api/v1/session")
        self.version = str(session.get("version", ""))
        mine = "" if self.version == __version__ else f" (this command is of {__version__})"
        return f"may read workspace {session.get('workspace')!r} of Logster {self.version}{mine}"

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

    def check_disk(self) -> str:
        """The server has more free space than it wants at least, by its own account."""
        machine = self._machine()
        disk, least = machine["disk"], machine["min_free_disk_bytes"]
        text = f"{shorten_size(disk['free_bytes'])} of {shorten_size(disk['total_bytes'])} free"
        if disk["free_bytes"] <= least:
            raise ClientError(
                f"{text}; below {shorten_size(least)} ({variable_of('min_free_disk_bytes')}) "
                "events are refused."
            )
        return text

    def check_spool(self) -> str:
        """The server's spools can be read, and nothing was set aside, by its own account."""
        spools = self._machine()["spools"]
        if spools is None:
            raise ClientError("A spool of the server cannot be read; its log names it.")
        return describe_spools(spools)

    def _machine(self) -> dict[str, Any]:
        """What the server tells of its machine, asked for once."""
        if not self._system:
            try:
                self._system = self._client.get_object("/api/v1/system")
            except AnswerError as error:
                if error.response.status_code != FORBIDDEN:
                    raise
                raise NotKnownError("the server tells it to a key with the right admin") from None
        machine: dict[str, Any] | None = self._system.get("machine")
        if not machine:
            raise NotKnownError("the server tells it to a key of the first workspace")
        return machine

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


def _steps_of(machine: Machine | None) -> list[Step]:
    """What can be seen on this machine alone."""
    if machine is None:
        return []
    return [
        Step(
            name="data",
            examine=machine.check_data,
            advice=f"Name a server's folder with --data or {variable_of('data')}, and run this as "
            "the server's user.",
            where="here",
        ),
        Step(
            name="room",
            examine=machine.check_disk,
            advice="Free space, or move the data folder.",
            needs="data",
            where="here",
        ),
        Step(
            name="spools",
            examine=lambda: describe_spools(machine.look_into_spools()),
            advice="See `logster spool aside`; put them back with `logster spool replay`.",
            needs="data",
            where="here",
        ),
    ]


def describe_spools(spools: list[dict[str, Any]]) -> str:
    """Say what waits; raises ClientError when something is damaged, lost or was set aside."""
    for spool in spools:
        if fault := spool.get("fault"):
            raise ClientError(
                f"{spool['name']} is damaged ({fault}); move its file elsewhere with its -wal and "
                "-shm, and read it by `sqlite3 FILE .recover`."
            )
    events, size, aside, lost = (
        sum(spool.get(name, 0) for spool in spools)
        for name in ("events", "bytes", "aside_events", "lost_events")
    )
    text = f"{events:,} events ({shorten_size(size)}) wait for the store"
    if lost:
        raise ClientError(f"{text}; {lost:,} acknowledged events are lost by damage.")
    if aside:
        raise ClientError(f"{text}; {aside:,} were refused by the store and set aside.")
    return text


_MARKS = {True: "✓", False: "✗", None: "·"}


def _show_report(target: Target, checks: list[Check], way: Way, machine: Machine | None) -> None:
    show(f"Server {one_line(target.url)} (Logster {one_line(way.version or 'unknown')})\n")
    _show_checks([check for check in checks if check.where == "server"])
    if machine:
        show(f"\nHere: {one_line(str(machine.config.data_path))}: {machine.describe_server()}\n")
        _show_checks([check for check in checks if check.where == "here"])
    _show_pairs("Versions of this command", list_versions())
    if machine:
        _show_pairs("Settings of this shell", list_settings(machine.config))


def _show_checks(checks: list[Check]) -> None:
    rows = [
        [
            _MARKS[check.is_well],
            check.name,
            "" if check.ms is None else f"{check.ms:.1f} ms",
            " ".join(check.detail.split()),
        ]
        for check in checks
    ]
    show_table(["", "part", "time", "what was seen"], rows)
    for check in checks:
        if check.advice:
            show(click.style(f"\n✗ {check.name}: {check.advice}", fg="red"))


def _show_pairs(title: str, pairs: dict[str, str]) -> None:
    show()
    show_table([title, ""], [[name, text] for name, text in pairs.items()])
