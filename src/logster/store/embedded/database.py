"""The engine itself: chDB under one folder, opened once, for all the threads of this process.

In: a `Call`, and whose it is. Out: its answer, whole or piece by piece; chDB's RuntimeError.
Promise: a reader only asks (`guard`), within limits that no query text can lift (`settings`); what
an administrator wrote sees one workspace (`enclosure`); the folder opens again after any death,
with every block that this process said it has (`recovery`).

chDB takes no notice of a write that fails (in `WriteBufferFromFileDescriptor::nextImpl`, where
ClickHouse throws): on a full or a faulty disk, inserts and merges end well with files that are
cut. It only counts them; once the count is not zero, the process ends instead of answering
(`writes`). At the next start chDB finds the parts that are cut by their sizes, sets them
aside, and goes on with those that they were merged from, which stay on the disk for
`old_parts_lifetime`: docs/decisions/018.
"""

from __future__ import annotations

import contextlib
import fcntl
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

from logster.store.embedded import enclosure
from logster.store.embedded.dialect import escape_parameter
from logster.store.embedded.guard import NotAllowedError, check_question
from logster.store.embedded.handle import (
    bytes_of,
    connect,
    insert,
    pieces,
    prepare,
    read_names,
    result_of,
)
from logster.store.embedded.recovery import has_lost_tokens, measure_logs, take_back_tokens
from logster.store.embedded.room import check_change, check_room
from logster.store.embedded.scope import read_scope
from logster.store.embedded.settings import ReaderSettings, keep_server_settings
from logster.store.embedded.users import RAW_SQL, READER
from logster.store.embedded.writes import WriteWatch, end_process, say
from logster.store.topology import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from logster.config import Config
    from logster.store.embedded.dialect import Call, Result

#: Texts of questions that are remembered; the longest search makes 100 KB of them.
MAX_KNOWN = 256

_SELECT_FAILED_WRITES = (
    "SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed' "
    "SETTINGS system_events_show_zero_values = 1"
)


class Database:
    """chDB under one folder; each call on a handle of its own. Thread-safe."""

    def __init__(self, data: Path, config: Config) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(data)
        self._folder = data / "chdb"
        self._path = str(self._folder)
        self._settings = ReaderSettings(config)
        if not self._folder.exists():
            check_room(data, "a new store")
        server_settings = data / "engine.xml"
        keep_server_settings(server_settings, config)
        # The engine closes with its last handle: this one stays open.
        self._anchor = _open(self._folder, f"{self._path}?config-file={server_settings}")
        # Its own, since a handle serialises its calls.
        self._counter = connect(self._path)
        self._count_failed_writes()  # a count that this engine does not have is an error now
        self._writes = WriteWatch(self._count_failed_writes)
        self._writes.start()
        self._anchor.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}", "TSV", params={})
        names = read_names(self._anchor, "SELECT name FROM system.table_functions")
        self._table_functions = frozenset(name.lower() for name in names)
        self._is_read_only = lru_cache(MAX_KNOWN)(self._classify)
        #: Texts that the guard let pass: Logster asks the same few with other values.
        self._passed: set[str] = set()
        self._has_enclosure = False

    def close(self) -> None:
        """Finish background work and release the folder."""
        self._writes.close()
        self._counter.close()
        self._anchor.close()
        self._lock.close()

    def is_question(self, call: Call) -> bool:
        """Does the call only read, in one statement? Then it may be killed at any time."""
        if call.data is not None:
            return False
        return self._is_read_only(call.query)

    def _classify(self, query: str) -> bool:
        found = self._anchor.classify_query(query)
        return bool(found["statement_count"] == 1 and found["query_class"].name == "READ_ONLY")

    def run(self, call: Call, user: str, mark: str) -> Result:
        """Run a call to its end; `mark` is the name `kill` knows it by."""
        check_change(self._folder, call.query)
        try:
            with self._handle(call, user, mark) as (handle, query):
                if call.data is not None:
                    return self._insert(handle, call)
                return result_of(handle.query(query, call.format, params=call.parameters))
        finally:
            if user != RAW_SQL and not self.is_question(call):
                self._writes.check()

    def _insert(self, handle: Any, call: Call) -> Result:
        assert call.data is not None
        before = measure_logs(self._folder)
        try:
            return insert(handle, call.query, call.data_format, call.data)
        except RuntimeError:
            # The engine remembers the token, and would pass over the block that comes again.
            if has_lost_tokens(self._folder, before):
                end_process("an insert ended between its token and its part; the engine ends")
            raise

    def _count_failed_writes(self) -> int:
        return int(bytes_of(self._counter.query(_SELECT_FAILED_WRITES, "TSV", params={})))

    @contextlib.contextmanager
    def stream(self, call: Call, user: str, mark: str) -> Iterator[Iterator[bytes]]:
        """Run a question piece by piece."""
        with self._handle(call, user, mark) as (handle, query):
            stream = handle.send_query(query, call.format, params=call.parameters)
            try:
                yield pieces(handle, stream)
            finally:
                with contextlib.suppress(RuntimeError):  # it may have ended by itself
                    handle.streaming_cancel_query(stream)

    def kill(self, mark: str) -> None:
        """Stop the call with this mark, if it runs."""
        # The engine names its queries itself; the comment is a name we can give.
        statement = "KILL QUERY WHERE Settings['log_comment'] = {mark:String} ASYNC"
        with contextlib.closing(connect(self._path)) as handle:
            handle.query(statement, "TSV", params={"mark": mark})

    @contextlib.contextmanager
    def _handle(self, call: Call, user: str, mark: str) -> Iterator[tuple[Any, str]]:
        """A handle with the user's settings, and what to ask on it."""
        with contextlib.closing(connect(self._path)) as handle:
            if user == RAW_SQL:
                yield handle, self._enclose(handle, call, mark)
                return
            is_reader = user == READER
            settings = self._settings.of_question(call.settings) if is_reader else call.settings
            # A reader stays in our database: in `default` a table's name may be a file's.
            database = DATABASE if is_reader or call.database is None else call.database
            prepare(handle, database, settings, mark)
            if is_reader:
                handle.query("SET readonly = 1", "TSV", params={})
                self._check_question(handle, call)
            yield handle, call.query

    def _enclose(self, handle: Any, call: Call, mark: str) -> str:
        """Let the handle see one workspace, and give the question as the engine writes it."""
        self._make_enclosure(handle)
        scope, wanted = read_scope(call.settings)
        prepare(handle, enclosure.EMPTY_DATABASE, self._settings.of_raw_sql(wanted), mark)
        handle.query(enclosure.create_view(scope), "TSV", params={})
        handle.query("SET readonly = 1", "TSV", params={})
        asked, form = enclosure.cut_format(call.query)
        enclosure.check_text(asked)
        text = {"text": escape_parameter(asked)}
        answer = handle.query("SELECT formatQuerySingleLine({text:String})", "TSVRaw", params=text)
        query = enclosure.name_view(bytes_of(answer).decode().removesuffix("\n"))
        if not self._is_read_only(query):
            raise NotAllowedError(enclosure.ONE_SELECT)
        answer = handle.query("EXPLAIN AST " + query, "TSVRaw", params={})
        enclosure.check_enclosed(bytes_of(answer).decode())
        return query + form

    def _make_enclosure(self, handle: Any) -> None:
        """Make the empty database, once: at the first question, for a full disk stops no start."""
        if self._has_enclosure:
            return
        if enclosure.EMPTY_DATABASE not in read_names(handle, "SELECT name FROM system.databases"):
            check_room(self._folder, "the first question in SQL")
            create = f"CREATE DATABASE IF NOT EXISTS {enclosure.EMPTY_DATABASE} ENGINE = Memory"
            handle.query(create, "TSV", params={})
            self._writes.check()
        self._has_enclosure = True

    def _check_question(self, handle: Any, call: Call) -> None:
        if call.query in self._passed:
            return
        is_read_only, tree = self.is_question(call), ""
        if not is_read_only:
            # Parses the text and no more: a mistake in it is told with its place.
            text = {"text": escape_parameter(call.query)}
            handle.query("SELECT formatQuery({text:String})", "TSV", params=text)
        else:
            answer = handle.query("EXPLAIN AST " + call.query, "TSVRaw", params=call.parameters)
            tree = bytes_of(answer).decode(errors="replace")
        check_question(tree, is_read_only=is_read_only, table_functions=self._table_functions)
        # A parameter may stand for a name, and then another value is another question.
        if "identifier" not in call.query.lower():
            if len(self._passed) >= MAX_KNOWN:
                self._passed.clear()
            self._passed.add(call.query)


def _open(folder: Path, address: str) -> Any:
    """Open the engine's folder, without tokens of blocks that are not in it."""
    while True:
        take_back_tokens(folder)
        anchor = connect(address)
        # Waits until the tables are loaded, and parts that are cut are set aside.
        anchor.query("SELECT count() FROM system.parts", "TSV", params={})
        if not take_back_tokens(folder):
            return anchor
        anchor.close()


def _lock(data: Path) -> IO[str]:
    """Have the folder alone: an engine whose supervisor was killed may still be ending."""
    file = (data / "engine.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"waiting for another engine that has {data} open")
        fcntl.flock(file, fcntl.LOCK_EX)
    return file
