"""HTTP: route, admit, open, read, append, reply; the only handler all protocols share.

In: ASGI requests. Out: answers in each client's own dialect.
Promise: an event has exactly one outcome; accepted means synced to disk; memory stays bounded.
See design.md section 3, steps 1 to 8.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import typing
from collections import Counter
from typing import TYPE_CHECKING, Any

from logster import metrics
from logster.errors import (
    BodyCutShortError,
    BodyTimeoutError,
    LogsterError,
    QuotaError,
    RetryLaterError,
    ServerFaultError,
)
from logster.event import Rejection
from logster.ingest.body import open_body, too_large
from logster.ingest.fairness import Shares, Turns
from logster.ingest.idempotency import digest_of, fingerprint, read_kept, render_kept
from logster.ingest.protocol import Limits, Receipt, Request, oversize_text
from logster.root import root_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from logster.config import Config
    from logster.event import Batch, Columns
    from logster.ingest.idempotency import Receipts
    from logster.ingest.protocol import Protocol, Reading, Reply, Route
    from logster.meta.keys import Grant

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)

#: Bodies above this are opened and read in a thread, so that small requests do not wait for them.
LARGE_BODY_BYTES = 128 * 1024
#: So are bodies of more lines or items than this, however few their bytes, and so large an answer
#: is written: a bad line costs 10 µs.
MAX_QUICK_PARTS = 4_000
#: Large bodies read at the same time: each needs several times its size in memory.
MAX_LARGE_READS = 2
#: What a sender is told to wait when this worker holds as many bodies as it may.
BUSY_RETRY_AFTER_S = 1
#: The bodies of one key may take three quarters of the memory for bodies, when it is alone.
MEMORY_GREED = 3
#: Many senders listen only when their whole body is sent: closed before that, they see a broken
#: connection instead of the refusal. So this much of a refused body is read, for so long: what
#: agents send at once is below it, and it takes a network of 100 Mbit/s less than these seconds.
MAX_THROWN_BYTES = 16 * 1024 * 1024
THROW_AWAY_S = 2.0


class Sink(typing.Protocol):
    """Where events go from here; `pipeline.Pipeline` says what each of these does."""

    def check_room(self, size: int, key: int) -> None:
        """Refuse a body that the spool has no room for."""

    async def pace(self) -> None:
        """Hold a large body back a little while the store is behind."""

    def stamp(self, columns: Columns, *, workspace: int, key: int, protocol: str) -> Batch:
        """Make events ready for the spool."""
        ...

    async def accept(
        self, events: Batch, size: int, receipt: tuple[bytes, bytes] | None = None
    ) -> None:
        """Return when they are synced to disk, and with them the receipt for a resend."""


class Receiver:
    """The ingestion of one worker."""

    def __init__(
        self,
        protocols: Sequence[Protocol],
        *,
        admit: Callable[[str | None], Awaitable[Grant]],
        pipeline: Sink,
        receipts: Receipts,
        config: Config,
    ) -> None:
        """`admit` checks a key for ingestion; no I/O for a known one; raises RefusedError."""
        self._admit = admit
        self._pipeline = pipeline
        self._receipts = receipts
        self._config = config
        self._limits = Limits(
            max_events=config.max_batch_events, max_message_bytes=config.max_message_bytes
        )
        self._routes = {
            (route.path, route.method): (protocol, route)
            for protocol in protocols
            for route in protocol.routes
        }
        self._pending = Shares(config.max_pending_bytes, MEMORY_GREED)
        self._large_reads = Turns(MAX_LARGE_READS)

    @property
    def pending_bytes(self) -> int:
        """Bytes of bodies held in memory now."""
        return self._pending.held_bytes

    def find_route(self, path: str, method: str) -> tuple[Protocol, Route] | None:
        """The protocol that answers a path (lower case, no trailing slash) and a method."""
        return self._routes.get((path, method))

    async def receive(
        self, protocol: Protocol, route: Route, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request."""
        request = read_head(scope, route)
        until_s = asyncio.get_running_loop().time() + self._config.body_timeout_s
        body = _Body(*self._limit(route), until_s)
        try:
            reply = await self._take(protocol, route, request, body, receive)
        except LogsterError as error:
            metrics.count(metrics.EVENTS, protocol.name, "refused", error.reason)
            reply = protocol.refuse(error, request)
            await _throw_away(body, request, receive)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            metrics.count(metrics.EVENTS, protocol.name, "refused", ServerFaultError.reason)
            reply = protocol.refuse(ServerFaultError("An error has occurred."), request)
        metrics.count(metrics.REQUESTS, protocol.name, str(reply.status))
        await send_reply(send, reply)

    async def _take(
        self, protocol: Protocol, route: Route, request: Request, body: _Body, receive: Receive
    ) -> Reply:
        grant = await self._admit(protocol.credentials(request))
        protocol.check(request)
        try:
            await self._fill(body, request, receive, grant.key)
            metrics.count(metrics.BODY_BYTES, protocol.name, by=body.size)
            receipt = await self._keep(protocol, route, request, body, grant)
        finally:
            self._pending.give_back(grant.key, body.size)
        if len(receipt.ids) + len(receipt.rejections) <= MAX_QUICK_PARTS:
            return protocol.reply(receipt, request)
        return await asyncio.to_thread(protocol.reply, receipt, request)

    def _limit(self, route: Route) -> tuple[int, str]:
        """The size cap of a route, and the setting that raises it."""
        if route.is_batch:
            return self._config.max_batch_bytes, "LOGSTER_MAX_BATCH_BYTES"
        return self._config.max_message_bytes, "LOGSTER_MAX_MESSAGE_BYTES"

    # -- open -----------------------------------------------------------------------------

    async def _fill(self, body: _Body, request: Request, receive: Receive, key: int) -> None:
        """Read a body, no longer and no larger than it may be."""
        expected = _declared_size(request)
        body.check_size(expected)
        self._pipeline.check_room(expected, key)
        while not body.is_over:
            self._add_piece(body, await self._next_piece(body, receive), key)

    async def _next_piece(self, body: _Body, receive: Receive) -> dict[str, Any]:
        """Wait for a piece, until the body's time is over.

        Not `asyncio.timeout`: at 8 µs it was a tenth of the time of a single message.
        """
        task = asyncio.current_task()
        assert task is not None
        late = asyncio.get_running_loop().call_at(body.until_s, _expire, body, task)
        try:
            return await receive()
        except asyncio.CancelledError:
            if not body.is_late or task.uncancel():
                raise
            body.is_over = True
            raise BodyTimeoutError(
                f"The body did not arrive within {self._config.body_timeout_s:g} seconds; "
                "send it faster or in smaller parts "
                "(an operator may raise LOGSTER_BODY_TIMEOUT_S)."
            ) from None
        finally:
            late.cancel()

    def _add_piece(self, body: _Body, message: dict[str, Any], key: int) -> None:
        """Add a piece to its body."""
        body.is_over = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise BodyCutShortError(
                "The body ended in the middle: its sender left, or its chunks are not what "
                "Transfer-Encoding says."
            )
        chunk = message.get("body", b"")
        size = len(chunk)
        has_room = self._pending.has_room(key, size)
        body.add(chunk)
        self._pending.take(key, size)
        if not has_room:
            raise self._busy(key)

    def _busy(self, key: int) -> RetryLaterError:
        """What to say when the memory for bodies is full, or this key's share of it."""
        advice = (
            "send less at the same time "
            "(an operator may raise LOGSTER_MAX_PENDING_BYTES or LOGSTER_WORKERS)."
        )
        held, limit = self._pending.held_by(key), self._config.max_pending_bytes
        if self._pending.held_bytes > limit:
            return RetryLaterError(
                f"This worker already holds {limit} bytes of bodies; {advice}", BUSY_RETRY_AFTER_S
            )
        return QuotaError(
            f"The bodies of this key already take {held} of {limit} bytes for bodies; {advice}",
            BUSY_RETRY_AFTER_S,
        )

    # -- read, normalize, append ----------------------------------------------------------

    async def _keep(
        self, protocol: Protocol, route: Route, request: Request, body: _Body, grant: Grant
    ) -> Receipt:
        """Make a body's events durable; a resend gets the receipt of its first time."""
        key = request.headers.get("idempotency-key")
        if not key:  # an empty one is a variable that was never set, and would be everybody's
            return await self._append(protocol, request, body, grant, None)
        digest = digest_of(grant.workspace, route.path, key)
        async with self._receipts.hold(digest) as answer:
            if answer is None:
                return await self._append(protocol, request, body, grant, digest)
            kept = read_kept(answer)
            kept.check_body(await self._print(request, body, grant.key))
            metrics.count(metrics.REPLAYED)
            return kept.receipt

    async def _print(self, request: Request, body: _Body, key: int) -> bytes:
        """The fingerprint of a body that was sent again, perhaps packed in another way."""
        if body.size <= LARGE_BODY_BYTES and "content-encoding" not in request.headers:
            return fingerprint(body.plain)
        async with self._large_reads.turn(key):
            return await asyncio.to_thread(lambda: fingerprint(_open(request, body)))

    async def _append(
        self,
        protocol: Protocol,
        request: Request,
        body: _Body,
        grant: Grant,
        digest: bytes | None,
    ) -> Receipt:
        reading, size, printed = await self._read(protocol, request, body, grant.key)
        if reading.rejections:  # counting none costs 2 µs of a message's 100
            for reason, times in Counter(bad.reason for bad in reading.rejections).items():
                metrics.count(metrics.EVENTS, protocol.name, "rejected", reason, by=times)
        count = len(reading.columns)
        if not count:
            return Receipt(ids=[], rejections=reading.rejections, lines=reading.lines)
        events = self._pipeline.stamp(
            reading.columns, workspace=grant.workspace, key=grant.key, protocol=protocol.name
        )
        receipt = Receipt(ids=events.ids, rejections=reading.rejections, lines=reading.lines)
        await self._pipeline.accept(
            events, size, (digest, render_kept(receipt, printed)) if digest else None
        )
        metrics.count(metrics.EVENTS, protocol.name, "accepted", "", by=count)
        return receipt

    async def _read(
        self, protocol: Protocol, request: Request, body: _Body, key: int
    ) -> tuple[Reading, int, bytes]:
        """The events of a body, its size when open (bytes), and its fingerprint if it needs one."""
        if body.size <= LARGE_BODY_BYTES and "content-encoding" not in request.headers:
            plain = body.plain
            # Each part is a byte at least: most single messages need no counting.
            is_quick = body.size <= MAX_QUICK_PARTS
            if is_quick or protocol.count_parts(plain, request) <= MAX_QUICK_PARTS:
                printed = _print_if_asked(plain, request)
                return protocol.read(plain, request, self._limits), body.size, printed
        async with self._large_reads.turn(key):
            await self._pipeline.pace()
            return await asyncio.to_thread(self._open_and_read, protocol, request, body)

    def _open_and_read(
        self, protocol: Protocol, request: Request, body: _Body
    ) -> tuple[Reading, int, bytes]:
        plain = _open(request, body)
        reading = protocol.read(plain, request, self._limits)
        if len(plain) > self._limits.max_message_bytes:
            _reject_oversize(reading, self._limits.max_message_bytes)
        return reading, len(plain), _print_if_asked(plain, request)


class _Body:
    """What has arrived of a body, and how much may."""

    __slots__ = ("_chunks", "is_late", "is_over", "max_bytes", "setting", "size", "until_s")

    def __init__(self, max_bytes: int, setting: str, until_s: float) -> None:
        """`until_s` is the loop's time at which it must be whole."""
        self.max_bytes = max_bytes
        self.setting = setting
        self.until_s = until_s
        self.is_late = False
        #: Whether nothing more will arrive, or is waited for.
        self.is_over = False
        self.size = 0
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Append a piece; raises BodyTooLargeError over the cap."""
        self.check_size(self.size + len(chunk))
        self.size += len(chunk)
        self._chunks.append(chunk)

    def let_go(self) -> None:
        """Forget the pieces: they are not counted any more."""
        self._chunks.clear()

    def check_size(self, size: int) -> None:
        """Refuse a body over the cap, arrived or announced."""
        if size > self.max_bytes:
            raise too_large(self.max_bytes, self.setting)

    @property
    def plain(self) -> bytes:
        """All of it."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)


def _open(request: Request, body: _Body) -> bytes:
    encoding = request.headers.get("content-encoding", "")
    return open_body(body.plain, encoding, body.max_bytes, body.setting)


def _print_if_asked(plain: bytes, request: Request) -> bytes:
    return fingerprint(plain) if request.headers.get("idempotency-key") else b""


def _declared_size(request: Request) -> int:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else 0


async def _throw_away(body: _Body, request: Request, receive: Receive) -> None:
    """Read the rest of a refused body, so that its sender comes to listen to the refusal."""
    body.let_go()
    left = MAX_THROWN_BYTES
    # Who expects 100-continue sends nothing before it: not reading spares it the sending.
    if "expect" in request.headers or _declared_size(request) - body.size > left:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(THROW_AWAY_S):
            while left > 0 and not body.is_over:
                message = await receive()
                body.is_over = not message.get("more_body", False)
                left -= len(message.get("body", b""))


def _expire(body: _Body, task: asyncio.Task[Any]) -> None:
    body.is_late = True
    task.cancel()


def _reject_oversize(reading: Reading, max_bytes: int) -> None:
    """Take single messages over the cap out of a large batch."""
    columns = reading.columns
    if columns.size_bound() <= max_bytes:  # nearly always, and quickly known
        return
    lines = reading.lines or list(range(1, len(columns) + 1))
    large = [index for index, size in enumerate(columns.sizes()) if size > max_bytes]
    if not large:
        return
    faults = {"message": [oversize_text(max_bytes)]}
    reading.rejections = sorted(
        reading.rejections
        + [Rejection(line=lines[index], reason="too_large", faults=faults) for index in large],
        key=lambda rejection: rejection.line,
    )
    columns.remove(large)
    gone = set(large)
    reading.lines = [line for index, line in enumerate(lines) if index not in gone]


def read_head(scope: Scope, route: Route | None = None) -> Request:
    """What a reader may know of an ASGI request."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    asked = root_of(scope) + (f"{raw_path}?{query}" if query else raw_path)
    return Request(
        method=scope["method"],
        path=scope["path"].lower().rstrip("/"),
        query=query,
        uri=f"{scope['scheme']}://{headers.get('host', '')}{asked}",
        headers=headers,
        route=route,
    )


async def send_reply(send: Send, reply: Reply) -> None:
    """Write an answer."""
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
