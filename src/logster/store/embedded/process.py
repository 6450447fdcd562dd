"""The engine process: chDB under one folder, opened once, served on loopback.

In: `python -m logster.store.embedded.process --data DIR --port P`, two secrets and the limits
in the environment. Out: a ClickHouse to `store/engine`, to ClickHouse's clients, to curl.
Promise: user `logster` may do everything; user `reader` may ask (`guard`), and what an
administrator wrote, of one workspace (`enclosure`), within limits that no query text can lift.
The process ends with its parent (end of stdin), and it opens again after any death, with every
block that it said it has (`recovery`).

chDB takes no notice of a write that fails (in `WriteBufferFromFileDescriptor::nextImpl`, where
ClickHouse throws): on a full or a faulty disk, inserts and merges end well with files that are
cut. It only counts them; once the count is not zero, the process ends instead of answering
(`writes`). At the next start chDB finds the parts that are cut by their sizes, sets them
aside, and goes on with those that they were merged from, which stay on the disk for
`old_parts_lifetime`: docs/decisions/018.

Every call runs on a handle of its own: opening one takes 0.3 ms, a handle serialises
its calls, and settings, readonly mode and temporary tables end with the handle.
granian runs the server (`server`) in this process: its RSGI tells at once when a
client leaves, streams both ways, and costs 15 MB; the engine works in threads without
the GIL.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import re
import shutil
import signal
import stat
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from chdb import _chdb
from granian.constants import Interfaces
from granian.server.embed import Server

from logster.config import load_config
from logster.serverlog import start_log
from logster.store.embedded import enclosure
from logster.store.embedded.dialect import (
    Call,
    Result,
    cut_format,
    escape_parameter,
    read_enclosed,
    render_settings,
)
from logster.store.embedded.guard import DATABASE, NotAllowedError, check_question
from logster.store.embedded.lockout import Lockout
from logster.store.embedded.recovery import has_lost_tokens, measure_logs, take_back_tokens
from logster.store.embedded.server import RAW_SQL, READER, SLOTS, WRITER, EngineServer
from logster.store.embedded.writes import WriteWatch, end_process, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from logster.config import Config

SECRET_VARIABLE = "LOGSTER_ENGINE_SECRET"  # noqa: S105 -- the variable's name, not its value
READER_SECRET_VARIABLE = "LOGSTER_ENGINE_READER_SECRET"  # noqa: S105 -- the same

#: Largest answer to a reader; answers that cannot be sent piecewise are built in memory.
MAX_RESULT_BYTES = 256 * 1024 * 1024

#: What a reader may set besides its limits (these only downwards): how times look, how many rows
#: it can take.
READER_SETTINGS = frozenset({"date_time_output_format", "max_result_rows"})
READER_SETTING_PREFIX = "output_format_"

#: Settings of every call, unless it says otherwise.
CALL_SETTINGS = {"implicit_select": "0", "allow_introspection_functions": "0"}

#: Settings of a reader's questions that no call can change. The engine would give a question one
#: thread for each free GiB of its memory: in an engine of 1 GiB all of them ran on one core.
#: Their memory is bounded by limits of their own.
QUESTION_SETTINGS = {"max_threads_min_free_memory_per_thread": "0"}

#: Of SQL of administrators: small blocks, since limits of time are looked at between them, and
#: arrays that are no bombs; a parser that does not try all ways to read a text that is none.
RAW_SQL_SETTINGS = {
    "max_block_size": "8192",
    "max_parser_backtracks": "20000",
    "function_range_max_elements_in_block": "10000000",
}

#: Texts of questions that are remembered; the longest search makes 100 KB of them.
MAX_KNOWN = 256

#: What the engine keeps in memory besides queries, for a small machine (bytes).
CACHES = {
    "mark_cache_size": 64 << 20,
    "primary_index_cache_size": 64 << 20,
    "index_mark_cache_size": 32 << 20,
    "text_index_tokens_cache_size": 16 << 20,
    "text_index_header_cache_size": 16 << 20,
    "text_index_postings_cache_size": 32 << 20,
    "query_condition_cache_size": 16 << 20,
    "compiled_expression_cache_size": 16 << 20,
    "parquet_metadata_cache_size": 1 << 20,
    "iceberg_metadata_files_cache_size": 1 << 20,
    "vector_similarity_index_cache_size": 1 << 20,
    "mmap_cache_size": 64,
}

#: What a change of a table needs, and a new store: of their descriptions there is no older version
#: to go back to when one is cut. Dropping a day writes only an empty part.
ROOM_TO_CHANGE_BYTES = 32 * 1024 * 1024
ROOM_TO_DROP_BYTES = 1024 * 1024
_CHANGE = re.compile(r"\s*ALTER\s+TABLE\s+\S+\s+(DROP\s+PARTITION\b)?", re.IGNORECASE)

_SELECT_FAILED_WRITES = (
    "SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed' "
    "SETTINGS system_events_show_zero_values = 1"
)

#: Threads of the engine's background work: merges need one core, queries the other.
POOLS = {
    "background_pool_size": 2,
    "background_merges_mutations_concurrency_ratio": 2,
    "background_schedule_pool_size": 2,
    "max_thread_pool_size": 200,
    "max_io_thread_pool_size": 16,
    "max_active_parts_loading_thread_pool_size": 4,
    "max_outdated_parts_loading_thread_pool_size": 2,
    "max_parts_cleaning_thread_pool_size": 2,
}


class Database:
    """chDB under one folder; each call on a handle of its own. Thread-safe."""

    def __init__(self, data: Path, config: Config) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(data)
        self._folder = data / "chdb"
        self._path = str(self._folder)
        self._limits = _reader_limits(config)
        if not self._folder.exists():
            _check_room(data, "a new store", ROOM_TO_CHANGE_BYTES)
        server_settings = data / "engine.xml"
        _keep_text(server_settings, _render_server_settings(config))
        # The engine closes with its last handle: this one stays open.
        self._anchor = _open(self._folder, f"{self._path}?config-file={server_settings}")
        # Its own, since a handle serialises its calls.
        self._counter = _connect(self._path)
        self._count_failed_writes()  # a count that this engine does not have is an error now
        self._writes = WriteWatch(self._count_failed_writes)
        self._writes.start()
        self._anchor.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}", "TSV", params={})
        names = _read_names(self._anchor, "SELECT name FROM system.table_functions")
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
        if change := _CHANGE.match(call.query):
            room = ROOM_TO_DROP_BYTES if change[1] else ROOM_TO_CHANGE_BYTES
            _check_room(self._folder, "a change of a table", room)
        try:
            with self._handle(call, user, mark) as (handle, query):
                if call.data is not None:
                    return self._insert(handle, call)
                return _result_of(handle.query(query, call.format, params=call.parameters))
        finally:
            if user != RAW_SQL and not self.is_question(call):
                self._writes.check()

    def _insert(self, handle: Any, call: Call) -> Result:
        assert call.data is not None
        before = measure_logs(self._folder)
        try:
            return _insert(handle, call.query, call.data_format, call.data)
        except RuntimeError:
            # The engine remembers the token, and would pass over the block that comes again.
            if has_lost_tokens(self._folder, before):
                end_process("an insert ended between its token and its part; the engine ends")
            raise

    def _count_failed_writes(self) -> int:
        return int(_bytes_of(self._counter.query(_SELECT_FAILED_WRITES, "TSV", params={})))

    @contextlib.contextmanager
    def stream(self, call: Call, user: str, mark: str) -> Iterator[Iterator[bytes]]:
        """Run a question piece by piece."""
        with self._handle(call, user, mark) as (handle, query):
            stream = handle.send_query(query, call.format, params=call.parameters)
            try:
                yield _pieces(handle, stream)
            finally:
                with contextlib.suppress(RuntimeError):  # it may have ended by itself
                    handle.streaming_cancel_query(stream)

    def kill(self, mark: str) -> None:
        """Stop the call with this mark, if it runs."""
        # The engine names its queries itself; the comment is a name we can give.
        statement = "KILL QUERY WHERE Settings['log_comment'] = {mark:String} ASYNC"
        with contextlib.closing(_connect(self._path)) as handle:
            handle.query(statement, "TSV", params={"mark": mark})

    @contextlib.contextmanager
    def _handle(self, call: Call, user: str, mark: str) -> Iterator[tuple[Any, str]]:
        """A handle with the user's settings, and what to ask on it."""
        with contextlib.closing(_connect(self._path)) as handle:
            if user == RAW_SQL:
                yield handle, self._enclose(handle, call, mark)
                return
            is_reader = user == READER
            settings = self._settings_of_reader(call.settings) if is_reader else call.settings
            # A reader stays in our database: in `default` a table's name may be a file's.
            database = DATABASE if is_reader or call.database is None else call.database
            _prepare(handle, database, settings, mark)
            if is_reader:
                handle.query("SET readonly = 1", "TSV", params={})
                self._check_question(handle, call)
            yield handle, call.query

    def _enclose(self, handle: Any, call: Call, mark: str) -> str:
        """Let the handle see one workspace, and give the question as the engine writes it."""
        self._make_enclosure(handle)
        enclosed, wanted = read_enclosed(call.settings)
        settings = self._settings_of_reader(wanted, share=SLOTS[RAW_SQL]) | RAW_SQL_SETTINGS
        _prepare(handle, enclosure.DATABASE, settings, mark)
        handle.query(enclosure.create_view(enclosed), "TSV", params={})
        handle.query("SET readonly = 1", "TSV", params={})
        asked, form = cut_format(call.query)
        enclosure.check_text(asked)
        text = {"text": escape_parameter(asked)}
        answer = handle.query("SELECT formatQuerySingleLine({text:String})", "TSVRaw", params=text)
        query = enclosure.name_view(_bytes_of(answer).decode().removesuffix("\n"))
        if not self._is_read_only(query):
            raise NotAllowedError(enclosure.ONE_SELECT)
        answer = handle.query("EXPLAIN AST " + query, "TSVRaw", params={})
        enclosure.check_enclosed(_bytes_of(answer).decode())
        return query + form

    def _make_enclosure(self, handle: Any) -> None:
        """Make the empty database, once: at the first question, for a full disk stops no start."""
        if self._has_enclosure:
            return
        if enclosure.DATABASE not in _read_names(handle, "SELECT name FROM system.databases"):
            _check_room(self._folder, "the first question in SQL", ROOM_TO_CHANGE_BYTES)
            create = f"CREATE DATABASE IF NOT EXISTS {enclosure.DATABASE} ENGINE = Memory"
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
            tree = _bytes_of(answer).decode(errors="replace")
        check_question(tree, is_read_only=is_read_only, table_functions=self._table_functions)
        # A parameter may stand for a name, and then another value is another question.
        if "identifier" not in call.query.lower():
            if len(self._passed) >= MAX_KNOWN:
                self._passed.clear()
            self._passed.add(call.query)

    def _settings_of_reader(self, asked: dict[str, str], share: int = 1) -> dict[str, str]:
        """Limits and what was asked; of the memory of one question only a share."""
        settings = QUESTION_SETTINGS | {name: str(limit) for name, limit in self._limits.items()}
        settings["max_memory_usage"] = str(self._limits["max_memory_usage"] // share)
        for name, value in asked.items():
            if name in self._limits:
                settings[name] = _lower(value, settings[name])
            elif name in READER_SETTINGS or name.startswith(READER_SETTING_PREFIX):
                settings[name] = value
            else:
                raise NotAllowedError(f"setting {name} is not allowed")
        return settings


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


def _open(folder: Path, address: str) -> Any:
    """Open the engine's folder, without tokens of blocks that are not in it."""
    while True:
        take_back_tokens(folder)
        anchor = _connect(address)
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


def _check_room(folder: Path, what: str, room_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < room_bytes:
        raise RuntimeError(  # as chDB does for other calls that need more than there is
            f"Code: 243. DB::Exception: {what} needs {room_bytes:,} free bytes on the disk "
            f"of {folder}, which has {free_bytes:,}; make room there, and try again."
        )


def _keep_text(file: Path, text: str) -> None:
    """Let a file have this text; one that has it needs no room on a full disk."""
    if not file.exists() or file.read_text("utf-8") != text:
        file.write_text(text, "utf-8")


def _prepare(handle: Any, database: str, settings: dict[str, str], mark: str) -> None:
    """Let a handle be in a database, with these settings, known to `kill` by a mark."""
    handle.query("USE {name:Identifier}", "TSV", params={"name": database})
    settings = CALL_SETTINGS | settings | {"log_comment": mark}
    handle.query(render_settings(settings), "TSV", params={})


def _connect(address: str) -> Any:
    return _chdb.connect(address)  # type: ignore[attr-defined]  # an extension module


def _insert(handle: Any, statement: str, data_format: str, data: bytes) -> Result:
    """Insert data as a file of this process's memory.

    The handle's own way for data (`send_insert`) reports success when the disk is full, and
    stores nothing.
    """
    file = os.memfd_create("insert")
    try:
        with open(file, "wb", closefd=False) as writer:
            writer.write(data)
        infile = f"{statement} FROM INFILE '/proc/self/fd/{file}' FORMAT {data_format}"
        return _result_of(handle.query(infile, "TSV", params={}))
    finally:
        os.close(file)


def _pieces(handle: Any, stream: Any) -> Iterator[bytes]:
    while True:
        answer = handle.streaming_fetch_result(stream)
        if answer is None or not answer.rows_read():
            return
        yield _bytes_of(answer)


def _result_of(answer: Any) -> Result:
    return Result(
        body=_bytes_of(answer),
        rows_read=answer.storage_rows_read(),
        bytes_read=answer.storage_bytes_read(),
        rows_written=answer.rows_written(),
        bytes_written=answer.bytes_written(),
        elapsed_ns=int(answer.elapsed() * 1e9),
    )


def _bytes_of(answer: Any) -> bytes:
    return bytes(answer.bytes() or b"")


def _read_names(handle: Any, question: str) -> frozenset[str]:
    return frozenset(_bytes_of(handle.query(question, "TSV", params={})).decode().split())


_SELECT_TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase()"


def _reader_limits(config: Config) -> dict[str, float]:
    return {
        "max_memory_usage": config.query_memory_bytes,
        "max_execution_time": config.query_timeout_s,
        "max_threads": config.question_threads,
        "max_result_bytes": MAX_RESULT_BYTES,
        "max_temporary_data_on_disk_size_for_query": config.query_memory_bytes * 4,
    }


def _lower(asked: str, limit: str) -> str:
    """The asked value when it is a real limit below ours, else ours; 0 means no limit."""
    try:
        value = float(asked)
    except ValueError:
        value = 0
    return asked if 0 < value < float(limit) else limit


def _render_server_settings(config: Config) -> str:
    settings = {"max_server_memory_usage": config.engine_memory_bytes, **CACHES, **POOLS}
    lines = "".join(f"  <{name}>{value}</{name}>\n" for name, value in settings.items())
    return f"<clickhouse>\n{lines}</clickhouse>\n"


if __name__ == "__main__":
    main()
