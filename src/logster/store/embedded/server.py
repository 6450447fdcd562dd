"""The HTTP server of the engine process: ClickHouse's HTTP interface before one `Database`.

In: HTTP requests, by RSGI. Out: answers, whole or piece by piece.
Promise: nobody in without the user's secret; a bounded number of calls runs and waits, of SQL of
administrators so few that it never stops the others; a question whose client leaves, or that
outlives its time, is killed, and one that cannot be killed ends this process (docs/decisions/021);
an INSERT runs to its end whatever its client does, because the spool may count on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # named there, from its core

from logster.store.embedded.codes import (
    ACCESS_CODE,
    AUTH_CODE,
    BUSY_CODE,
    CLOSED_CODE,
    STUCK_CODE,
    code_of,
    status_of,
)
from logster.store.embedded.dialect import (
    Call,
    read_call,
    read_credentials,
    render_late_error,
    render_summary,
)
from logster.store.embedded.guard import NotAllowedError
from logster.store.embedded.inflation import MAX_BODY_BYTES, BadRequestError
from logster.store.embedded.scope import ASKER_SETTING, WORKSPACE_SETTING
from logster.store.embedded.users import MAX_WAITING, RAW_SQL, READER, SLOTS, WRITER
from logster.store.embedded.watch import KILL_S, QuestionWatch, RefusedCallError
from logster.store.embedded.writes import end_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from granian.rsgi import (  # type: ignore[attr-defined]  # named there, from its core
        HTTPProtocol,
        Scope,
    )

    from logster.store.embedded.database import Database
    from logster.store.embedded.lockout import Lockout

#: The engine looks at its time limit between blocks only; this much later it is killed.
GRACE_S = 5.0
#: A kill that comes before the engine knows the query finds nothing; hence it is repeated.
KILL_RETRY_S = 0.1
#: Time in which the last answer reaches its client.
LAST_WORDS_S = 0.5
#: Of a question that ended the engine, for the log.
MAX_TOLD_CHARACTERS = 500
#: Time the last calls have when the process stops.
STOP_S = 10.0


T = TypeVar("T")


class EngineServer:
    """An RSGI application."""

    def __init__(
        self, database: Database, secrets: dict[str, str], timeout_s: float, lockout: Lockout
    ) -> None:
        """`secrets` maps user to password; an empty password lets nobody in."""
        self._database = database
        self._secrets = secrets
        self._timeout_s = timeout_s
        self._lockout = lockout
        self._pool = ThreadPoolExecutor(sum(SLOTS.values()) + 2, thread_name_prefix="call")
        self._slots = {user: asyncio.Semaphore(count) for user, count in SLOTS.items()}
        self._waiting = dict.fromkeys(SLOTS, 0)
        #: mark -> all calls that run, and whose they are
        self._running: dict[str, tuple[Call, str]] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, proto)
        except ProtocolClosed:
            pass  # the client has left; its question is stopped
        except (RefusedCallError, BadRequestError) as error:
            _refuse(proto, str(error), error.code)
        except NotAllowedError as error:
            _refuse(proto, str(error), ACCESS_CODE)
        except RuntimeError as error:  # what chDB raises, whatever it is
            _refuse(proto, str(error), code_of(error))

    async def close(self) -> None:
        """Wait for the running calls; those that do not end in time are killed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_idle.wait(), STOP_S)
        await asyncio.gather(*(self._blocking(self._database.kill, mark) for mark in self._running))
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, scope: Scope, proto: HTTPProtocol) -> None:
        if scope.path == "/ping" or (scope.method != "POST" and not scope.query_string):
            proto.response_str(200, [("content-type", "text/plain")], "Ok.\n")
            return
        headers = {name.lower(): value for name, value in scope.headers.items()}
        user = self._check_user(*read_credentials(scope.query_string, headers))
        call = read_call(scope.query_string, headers, await _read_body(proto))
        if user == WRITER and call.killed_id is not None:
            await self._kill_id(call.killed_id)
            proto.response_bytes(200, _headers(call), b"")
            return
        if user == READER and WORKSPACE_SETTING in call.settings:
            user = RAW_SQL
            self._check_lockout(call)
        async with self._slot(user):
            await self._run(call, user, proto)

    def _check_lockout(self, call: Call) -> None:
        until = self._lockout.closed_until(call.settings.get(ASKER_SETTING, ""))
        if until is not None:
            raise RefusedCallError(f"closed until {until:.0f}", CLOSED_CODE)

    def _check_user(self, user: str, password: str) -> str:
        secret = self._secrets.get(user, "")
        is_right = hmac.compare_digest(secret.encode(), password.encode())
        if not (secret and is_right):
            raise RefusedCallError(f"{user}: Authentication failed", AUTH_CODE)
        return user

    @contextlib.asynccontextmanager
    async def _slot(self, user: str) -> AsyncIterator[None]:
        if self._waiting[user] >= MAX_WAITING[user]:
            raise RefusedCallError("Too many simultaneous queries", BUSY_CODE)
        self._waiting[user] += 1
        try:
            await self._slots[user].acquire()
        finally:
            self._waiting[user] -= 1
        try:
            yield
        finally:
            self._slots[user].release()

    async def _run(self, call: Call, user: str, proto: HTTPProtocol) -> None:
        mark = uuid.uuid4().hex
        # What else an administrator may have written is refused, and not read on the loop.
        is_question = user == RAW_SQL or self._database.is_question(call)
        timeout_s = None if user == WRITER else self._timeout_s + GRACE_S
        watch = QuestionWatch(proto, timeout_s) if is_question else None
        self._running[mark] = call, user
        self._is_idle.clear()
        try:
            if watch is not None and call.is_piecewise:
                await self._stream(call, user, mark, proto, watch)
            else:
                running = self._blocking(self._database.run, call, user, mark)
                result = await (self._watched(running, mark, watch) if watch else running)
                summary = ("x-clickhouse-summary", render_summary(result))
                proto.response_bytes(200, [*_headers(call), summary], result.body)
        finally:
            del self._running[mark]
            if not self._running:
                self._is_idle.set()
            if watch is not None:
                watch.end()

    async def _stream(
        self, call: Call, user: str, mark: str, proto: HTTPProtocol, watch: QuestionWatch
    ) -> None:
        stack = contextlib.ExitStack()
        try:
            stream = self._database.stream(call, user, mark)
            pieces = await self._watched(self._blocking(stack.enter_context, stream), mark, watch)
            # The first piece before the status: most errors come with it.
            piece = await self._watched(self._blocking(next, pieces, None), mark, watch)
            transport = proto.response_stream(200, [*_headers(call), (_TAG_HEADER, mark[:16])])
            try:
                while piece is not None:
                    await transport.send_bytes(piece)
                    piece = await self._watched(self._blocking(next, pieces, None), mark, watch)
            except (RuntimeError, RefusedCallError) as error:
                await transport.send_bytes(render_late_error(str(error), mark[:16]))
        finally:
            # granian ends the answer with its last reference, and a traceback keeps one
            transport = None  # type: ignore[assignment]
            await self._blocking(stack.close)

    async def _watched(self, running: asyncio.Future[T], mark: str, watch: QuestionWatch) -> T:
        """Wait for a step of a question; kill it when its client leaves or its time is over."""
        refusal = await watch.over(running)
        if refusal is None:
            return running.result()
        killing = asyncio.ensure_future(self._kill_until(mark, running))
        while not running.done():
            if watch.is_stuck():
                await self._end(mark, watch.proto)
            await asyncio.wait({running}, timeout=KILL_RETRY_S)
        await killing
        running.exception()  # it has been told; the refusal is what counts
        raise refusal

    async def _kill_until(self, mark: str, running: asyncio.Future[T]) -> None:
        while not running.done():
            with contextlib.suppress(RuntimeError):  # it may just have ended
                await self._blocking(self._database.kill, mark)
            await asyncio.wait({running}, timeout=KILL_RETRY_S)

    async def _end(self, mark: str, proto: HTTPProtocol) -> NoReturn:
        """End the process, since a question cannot be stopped; who asked is told, and noted."""
        call, user = self._running[mark]
        asker = call.settings.get(ASKER_SETTING, "")
        if asker:
            # Beside, and not for ever: the disk may stand still.
            noting = asyncio.ensure_future(asyncio.to_thread(self._lockout.record, asker))
            await asyncio.wait({noting}, timeout=KILL_S)
        with contextlib.suppress(Exception):  # it may have left
            _refuse(proto, "the question could not be stopped; the engine starts again", STUCK_CODE)
        await asyncio.sleep(LAST_WORDS_S)
        workspace = call.settings.get(WORKSPACE_SETTING, "")
        who = _told(f"{asker} in workspace {workspace}") if asker else "a search"
        end_process(
            f"a question of {who} is still computing {self._timeout_s + GRACE_S:g} s after its "
            "start and does not heed its kill. The engine ends and is started again; no event is "
            f"lost. User {user}, parameters {_told(repr(call.parameters))}: {_told(call.query)}"
        )

    async def _kill_id(self, query_id: str) -> None:
        marks = [
            mark
            for mark, (call, _) in self._running.items()
            if call.query_id == query_id and query_id
        ]
        for mark in marks:
            while mark in self._running:
                await self._blocking(self._database.kill, mark)
                await asyncio.sleep(KILL_RETRY_S)

    def _blocking(self, function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *arguments))


#: Tells a client how an error looks that comes after the answer has begun.
_TAG_HEADER = "x-clickhouse-exception-tag"


async def _read_body(proto: HTTPProtocol) -> bytes:
    body = bytearray()
    async for piece in proto:
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise BadRequestError(f"the body is over {MAX_BODY_BYTES} bytes", 307)
    return bytes(body)


def _headers(call: Call) -> list[tuple[str, str]]:
    return [
        ("content-type", "application/octet-stream"),
        ("x-clickhouse-timezone", "UTC"),
        ("x-clickhouse-format", call.format),
        ("x-clickhouse-query-id", call.query_id),
    ]


def _told(text: str) -> str:
    """On one line, without what could be taken for another one."""
    return text[:MAX_TOLD_CHARACTERS].encode("unicode_escape").decode()


def _refuse(proto: HTTPProtocol, message: str, code: int) -> None:
    text = message if message.startswith("Code: ") else f"Code: {code}. DB::Exception: {message}."
    headers = [
        ("content-type", "text/plain; charset=UTF-8"),
        ("x-clickhouse-exception-code", str(code)),
    ]
    if code == AUTH_CODE:
        headers.append(("www-authenticate", 'Basic realm="ClickHouse server HTTP API"'))
    proto.response_str(status_of(code), headers, text + "\n")
