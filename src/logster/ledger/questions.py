"""What the ledger knows, for the portal and the API: counts, and bodies that were refused.

In: the path of the file, a workspace that the caller has checked, and what may come from a
stranger. Out: rows; raises LedgerUnavailableError. Promise: every question begins with the
workspace; a ledger that is not there yet knows nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from logster import zstd
from logster.errors import LedgerUnavailableError
from logster.ledger.file import connect
from logster.ledger.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: SQLite numbers rows with 63 bits.
MAX_NUMBER = 2**63 - 1
_SHOWN = (
    "id, digest, times, at, last_at, workspace, key, protocol, outcome, reason, note, state,"
    " tried_at, tried"
)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which outcomes a question is about: of these workspaces; None is any.

    Workspace 0 has the requests of which the key was not known. Minutes count from 1970.
    """

    workspaces: Sequence[int]
    since_minute: int
    until_minute: int
    key: int | None = None
    protocol: str | None = None
    outcome: str | None = None
    reason: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The conditions that both tables know."""
        marks = ", ".join("?" * len(self.workspaces))
        parts, values = [f"workspace IN ({marks})"], list[Any](self.workspaces)
        for name in ("key", "protocol", "outcome", "reason"):
            if (value := getattr(self, name)) is not None:
                parts.append(f"{name} = ?")
                values.append(value)
        return " AND ".join(parts), values


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """Events and requests of one outcome, from a minute on."""

    minute: int
    workspace: int
    key: int
    protocol: str
    outcome: str
    reason: str
    events: int
    requests: int


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A body that was refused, as it is listed; `digest` tells it from others.

    `state` is kept (it can be tried again), whole (nobody can say which of its events are stored
    already), cut (only its beginning is there), or stored (by a retry).
    """

    id: int
    digest: bytes
    times: int
    at: float
    last_at: float
    workspace: int
    key: int
    protocol: str
    outcome: str
    reason: str
    note: Note
    state: str
    tried_at: float | None
    tried: str | None


def count_outcomes(path: Path, choice: Choice, step_minutes: int) -> list[Counted]:
    """What was not stored, by steps of so many minutes from the first one on."""
    where, values = choice.where()
    question = (
        "SELECT ? + (minute - ?) / ? * ? AS start, workspace, key, protocol, outcome, reason,"  # noqa: S608
        f" sum(events), sum(requests) FROM count WHERE {where} AND minute >= ? AND minute < ?"
        " GROUP BY start, workspace, key, protocol, outcome, reason"
    )
    since = choice.since_minute
    with _asked(path) as database:
        if database is None:
            return []
        rows = database.execute(
            question,
            [since, since, step_minutes, step_minutes, *values, since, choice.until_minute],
        )
        return [Counted(*row) for row in rows]


def list_refused(
    path: Path, choice: Choice, limit: int, *, before: int = MAX_NUMBER
) -> list[RefusedRow]:
    """The newest bodies that came in a time, at least once."""
    where, values = _within(choice)
    question = f"SELECT {_SHOWN} FROM refused WHERE {where} AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    with _asked(path) as database:
        if database is None:
            return []
        rows = database.execute(question, [*values, min(before, MAX_NUMBER), limit])
        return [_read(row) for row in rows]


def list_open(path: Path, choice: Choice, after: int, last: int) -> list[int]:
    """The numbers of the bodies that can be tried again, oldest first, within these."""
    where, values = _within(choice)
    question = (
        f"SELECT id FROM refused WHERE {where} AND id > ? AND id <= ? AND state = 'kept'"  # noqa: S608
        " ORDER BY id"
    )
    with _asked(path) as database:
        if database is None:
            return []
        rows = database.execute(question, [*values, after, min(last, MAX_NUMBER)])
        return [number for (number,) in rows]


def _within(choice: Choice) -> tuple[str, list[Any]]:
    where, values = choice.where()
    since, until = choice.since_minute * 60, choice.until_minute * 60
    return f"{where} AND last_at >= ? AND at < ?", [*values, since, until]


def find_refused(path: Path, workspace: int, number: int) -> tuple[RefusedRow, bytes] | None:
    """One body of a workspace, as it was sent."""
    if not 0 <= number <= MAX_NUMBER:
        return None
    question = f"SELECT {_SHOWN}, body FROM refused WHERE workspace = ? AND id = ?"  # noqa: S608
    with _asked(path) as database:
        if database is None:
            return None
        row = database.execute(question, (workspace, number)).fetchone()
        if row is None:
            return None
        return _read(row[:-1]), zstd.ZstdDecompressor().decompress(row[-1]) if row[-1] else b""


def record_retry(
    path: Path, workspace: int, number: int, told: str, *, stored: int, left: int
) -> None:
    """Write down what came of a retry.

    A body that is stored is not kept any longer; of one that is stored in part nobody can say any
    more what is missing.
    """
    change = ""
    if stored:
        change = "state = 'whole', " if left else "state = 'stored', body = x'', "
    with _asked(path) as database:
        if database is not None:
            database.execute(
                f"UPDATE refused SET {change}tried_at = ?, tried = ?"  # noqa: S608
                " WHERE workspace = ? AND id = ?",
                (time.time(), told, workspace, number),
            )


def drop_refused(path: Path, workspace: int, number: int) -> bool:
    """Remove a body for good; False when there is none."""
    if not 0 <= number <= MAX_NUMBER:
        return False
    with _asked(path) as database:
        if database is None:
            return False
        question = "DELETE FROM refused WHERE workspace = ? AND id = ?"
        return database.execute(question, (workspace, number)).rowcount == 1


@contextlib.contextmanager
def _asked(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection for one question; None when there is no file."""
    if not path.exists():
        yield None
        return
    try:
        with contextlib.closing(connect(path)) as database:
            yield database
    except (sqlite3.Error, OSError) as error:
        raise LedgerUnavailableError(
            f"What was not stored cannot be read just now ({error}); events are taken in all the "
            "same. Look at the disk of the data folder."
        ) from error


def _read(row: tuple[Any, ...]) -> RefusedRow:
    values = dict(zip(_SHOWN.split(", "), row, strict=True))
    return RefusedRow(**{**values, "note": msgspec.json.decode(values["note"], type=Note)})
