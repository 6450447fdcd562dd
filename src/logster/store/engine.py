"""The way to the engine: one async client for the built-in engine, a server, a cluster.

In: the URL of a store (`address`), SQL and its values, blocks.
Out: answers as plain tuples; errors as Logster's own (`failures`).
Promise: values are bound by the server, never pasted into SQL; every wait ends; a question
that nobody waits for any more is cancelled, because its connection closes.
The only importer of clickhouse_connect.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import aiohttp
from clickhouse_connect.driver import create_async_client
from clickhouse_connect.driver.exceptions import ClickHouseError

from logster.errors import (
    QueryTooHeavyError,
    StoreError,
    StoreUnavailableError,
)
from logster.store.address import parse_address
from logster.store.answer import read_answer
from logster.store.embedded.scope import (
    ASKER_SETTING,
    SINCE_SETTING,
    UNTIL_SETTING,
    WORKSPACE_SETTING,
)
from logster.store.embedded.users import RAW_SQL, READER
from logster.store.failures import brief, damage_error, insert_error, question_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from logster.store.answer import Answer

MAX_CONNECTIONS = 16
CONNECT_TIMEOUT_S = 5.0
#: Longer than any question may run; a block of the largest size is inserted within it.
ANSWER_TIMEOUT_S = 120.0
PING_TIMEOUT_S = 3.0

#: UInt64 as the numbers they are.
_ANSWER_SETTINGS = {"output_format_json_quote_64bit_integers": 0}
#: What a question may set although its user is readonly; the client would hold it back.
_QUESTION_SETTINGS = frozenset(
    {
        *_ANSWER_SETTINGS,
        ASKER_SETTING,
        SINCE_SETTING,
        UNTIL_SETTING,
        WORKSPACE_SETTING,
        "max_execution_time",
        "max_memory_usage",
        "max_result_bytes",
        "max_result_rows",
        "max_threads",
        "output_format_json_quote_denormals",
    }
)


class Engine:
    """A store that answers questions and takes blocks; made by `open`, ended by `close`.

    The clients are made on first use: a store that is away must not stop a worker's start.
    """

    def __init__(self, url: str, reader_secret: str = "") -> None:
        self._address = parse_address(url)
        self._reader_secret = reader_secret
        #: Whether questions go through the built-in engine's guard (store/embedded/guard).
        self.is_guarded = bool(reader_secret)
        self._clients: dict[str, Any] = {}
        self._connecting = asyncio.Lock()
        #: Parts that questions could not read (store/damage).
        self.damaged_parts: set[str] = set()

    @classmethod
    async def open(cls, url: str, reader_secret: str = "") -> Engine:
        """Describe a store; raises ConfigError for a URL that cannot be one.

        With a `reader_secret` questions go as the user `reader` (the built-in engine has one);
        without, they carry readonly settings.
        """
        return cls(url, reader_secret)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def ping(self) -> bool:
        """Whether the store answers a question now."""
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                # By its owner, who has places of its own: slow questions make nothing unready.
                await self.inspect("SELECT 1")
        except (StoreError, TimeoutError):
            return False
        return True

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that gives no rows."""
        with _own_errors(_question_error):
            client = await self._client("writer")
            await client.command(sql, parameters=dict(parameters or {}))

    async def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        *,
        settings: Mapping[str, Any] | None = None,
        max_bytes: int | None = None,
        user: str = READER,
    ) -> Answer:
        """Ask a question with server-side parameters (`{name:Type}` in the text).

        An answer of more than `max_bytes` is refused: of a value that is the same in all rows
        the engine's own limit counts one.
        """
        started = time.perf_counter()
        with _own_errors(self._question_error):
            client = await self._client(user)
            body = await client.raw_query(
                sql,
                parameters=dict(parameters),
                settings={**_ANSWER_SETTINGS, **(settings or {})},
                fmt="JSONCompact",
            )
        if max_bytes is not None and len(body) > max_bytes:
            raise QueryTooHeavyError(f"The answer has {len(body):,} bytes, {max_bytes:,} may be.")
        return read_answer(body, (time.perf_counter() - started) * 1000)

    async def inspect(self, sql: str) -> Answer:
        """Ask about the store itself, by its owner: its catalogues are closed to readers.

        Only for texts that hold no word from outside.
        """
        started = time.perf_counter()
        with _own_errors(_question_error):
            client = await self._client("writer")
            body = await client.raw_query(sql, settings=_ANSWER_SETTINGS, fmt="JSONCompact")
        return read_answer(body, (time.perf_counter() - started) * 1000)

    async def fetch(self, sql: str, parameters: Mapping[str, Any], answer_format: str) -> bytes:
        """Ask a question; the answer as the engine writes it in a format of its own."""
        with _own_errors(self._question_error):
            client = await self._client(READER)
            body: bytes = await client.raw_query(
                sql, parameters=dict(parameters), settings=_ANSWER_SETTINGS, fmt=answer_format
            )
        return body

    async def insert_block(self, table: str, block: bytes, token: str) -> None:
        """Insert an Arrow IPC stream; a token the table has seen lately changes nothing."""
        with _own_errors(_insert_error):
            client = await self._client("writer")
            await client.raw_insert(
                table,
                insert_block=block,
                fmt="ArrowStream",
                settings={
                    "insert_deduplicate": 1,
                    "insert_deduplication_token": token,
                    # A batch with many days makes many parts; that is better than losing it.
                    "max_partitions_per_insert_block": 0,
                    # One insert is one block, so that its token means all of it.
                    "max_insert_block_size": 10_000_000,
                    "min_insert_block_size_rows": 10_000_000,
                    "min_insert_block_size_bytes": 0,
                },
            )

    def _question_error(self, error: ClickHouseError) -> StoreError:
        damage = damage_error(str(error), getattr(error, "code", None))
        if damage:
            self.damaged_parts.add(damage.part)
            return damage
        return _question_error(error)

    async def _client(self, user: str) -> Any:
        client = self._clients.get(user)
        if client is None:
            async with self._connecting:
                client = self._clients.get(user)
                if client is None:
                    client = self._clients[user] = await self._connect(user)
        return client

    async def _connect(self, user: str) -> Any:
        options = dict(self._address)
        settings: dict[str, Any] = {}
        if user in (READER, RAW_SQL):
            if self._reader_secret:
                options.update(username=READER, password=self._reader_secret)
            else:
                settings = {"readonly": 2, "cancel_http_readonly_queries_on_client_close": 1}
        client = await create_async_client(
            **options,
            settings=settings,
            compress=False,  # loopback, or a network faster than a compressor
            query_retries=0,  # the drain and the callers know when to try again
            query_limit=0,
            tz_mode="naive_utc",
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=ANSWER_TIMEOUT_S,
            connector_limit=MAX_CONNECTIONS,
            connector_limit_per_host=MAX_CONNECTIONS,
            autogenerate_session_id=False,
        )
        client.valid_transport_settings = client.valid_transport_settings | _QUESTION_SETTINGS
        return client


@contextlib.contextmanager
def _own_errors(translate: Any) -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        raise translate(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError, EOFError) as error:
        raise StoreUnavailableError(f"The store cannot be reached: {brief(error)}") from error


def _question_error(error: ClickHouseError) -> StoreError:
    return question_error(str(error), getattr(error, "code", None))


def _insert_error(error: ClickHouseError) -> StoreError:
    return insert_error(str(error), getattr(error, "code", None))
