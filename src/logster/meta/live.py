"""Values of the meta database that every worker follows: keys, retention, and what comes after.

In: the name of a part, and how it is loaded. Out: its value, without I/O.
Promise: it is loaded at the start, and a change anywhere holds in every worker within a second.
While the database is away the last known value stays, and `failure` says why.

Whoever changes a part counts up its revision in the same transaction (`record_change`). One small
question for all revisions then tells a worker whether anything is new.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import select, update

from logster.errors import MetaUnavailableError
from logster.meta import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from logster.meta.database import Database

log = logging.getLogger(__name__)

#: How often every worker asks whether anything has changed: twice per promised second.
REFRESH_INTERVAL_S = 0.5
#: Who cannot wait brings the next question forward, but no closer than this to the last one.
MIN_REFRESH_INTERVAL_S = 0.05
#: How long somebody waits for that answer.
MAX_WAIT_S = 1.0

Value = TypeVar("Value")


class LiveValue(Generic[Value]):
    """One part, as this worker knows it; `now` is replaced as a whole."""

    def __init__(self, part: str, load: Callable[[Connection], Value], first: Value) -> None:
        """`first` is its value until the start."""
        self.part = part
        self.load = load
        self.now = first
        self.revision = -1


class LiveValues:
    """Those of one worker, kept true by a thread of its own: a busy loop delays nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: list[LiveValue[Any]] = []
        #: Why the values may be old, "" while they are not.
        self.failure = ""
        #: Done after the next refresh.
        self._next_refresh: Future[None] = Future()
        self._refreshing = threading.Lock()
        self._wake = threading.Event()
        self._is_closed = False
        self._thread = threading.Thread(target=self._follow, name="live values", daemon=True)

    def add(self, part: str, load: Callable[[Connection], Value], first: Value) -> LiveValue[Value]:
        """Follow one more part; after the start it has its first value until the next refresh."""
        value = LiveValue(part, load, first)
        self._values.append(value)
        return value

    def start(self) -> None:
        """Load the values, and follow them from now on; raises MetaUnavailableError."""
        self._refresh()
        self._thread.start()

    def close(self) -> None:
        """Stop; the values stay as they are."""
        self._is_closed = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def upcoming(self) -> Future[None]:
        """Done when a refresh has ended that began after this."""
        return self._next_refresh

    async def wait_for(self, upcoming: Future[None]) -> None:
        """Wait for it, a moment at the most; everybody who waits shares one refresh."""
        await asyncio.wait([asyncio.wrap_future(upcoming)], timeout=MAX_WAIT_S)

    def hasten(self) -> None:
        """Bring the next refresh forward."""
        self._wake.set()

    async def catch_up(self) -> None:
        """Know what this worker itself has just changed; while that cannot be, soon after."""
        await asyncio.to_thread(self.refresh)

    def refresh(self) -> bool:
        """Load what has changed; False, and `failure`, while that cannot be."""
        before, failure = self.failure, ""
        try:
            self._refresh()
        except MetaUnavailableError as error:
            failure = str(error)
        except Exception as error:
            # A thread that dies would leave revoked keys alive, unseen.
            failure = repr(error)
            if failure != before:
                log.exception("The live values cannot be loaded.")
        self.failure = failure
        return not failure

    def _follow(self) -> None:
        while not self._is_closed:
            self._wake.wait(REFRESH_INTERVAL_S)
            self._wake.clear()
            self.refresh()
            if not self._is_closed:
                time.sleep(MIN_REFRESH_INTERVAL_S)

    def _refresh(self) -> None:
        # Who begins to wait from here on needs a refresh that begins from here on.
        with self._refreshing:
            done, self._next_refresh = self._next_refresh, Future()
            try:
                self._load()
            finally:
                done.set_result(None)

    def _load(self) -> None:
        """Load each part that has changed; one that cannot be loaded keeps no other from it."""
        failure: Exception | None = None
        with self._database.reading() as connection:
            revisions = _load_revisions(connection)
            for value in self._values:
                if value.revision == revisions[value.part]:
                    continue
                try:
                    with connection.begin_nested():
                        value.now = value.load(connection)
                except Exception as error:  # noqa: BLE001 - raised when all had their turn
                    failure = failure or error
                else:
                    value.revision = revisions[value.part]
        if failure:
            raise failure


def record_change(connection: Connection, part: str) -> None:
    """Tell every worker that a part has changed, when this transaction is committed."""
    revisions = tables.revisions.c
    counting = update(tables.revisions).where(revisions.part == part)
    connection.execute(counting.values(revision=revisions.revision + 1))


def _load_revisions(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(tables.revisions.c.part, tables.revisions.c.revision))
    return {part: revision for part, revision in rows}  # noqa: C416 - `dict` knows no rows
