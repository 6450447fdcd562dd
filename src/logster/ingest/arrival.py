"""A body on its way: no longer, no larger and no more at once than it may be.

In: the events of an ASGI request. Out: a whole `Body`, or whole parts of it; or the refusal of one
that is too large, too slow, cut short, or too much for the memory.
Promise: a sender that is refused is read a little further, so that it comes to hear why.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from logster.errors import BodyCutShortError, BodyTimeoutError
from logster.ingest.body import open_start
from logster.ingest.parts import fills_part

if TYPE_CHECKING:
    from logster.ingest.body import Body
    from logster.ingest.intake import Intake
    from logster.ingest.protocol import Request

Receive = Callable[[], Awaitable[dict[str, Any]]]

#: Many senders listen only when their whole body is sent: closed before that, they see a broken
#: connection instead of the refusal. So this much of a refused body is read, for so long: what
#: agents send at once is below it, and it takes a network of 100 Mbit/s less than these seconds.
MAX_DISCARDED_BYTES = 16 * 1024 * 1024
DISCARD_S = 2.0
#: Where a key must begin and end that stands in a body.
START_BYTES = 4_096


class Arrival:
    """The body of one request, until it is whole or refused."""

    __slots__ = ("_is_late", "_is_over", "_receive", "_renew", "_timeout_s", "_until_s", "body")

    def __init__(
        self,
        receive: Receive,
        body: Body,
        timeout_s: float,
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        """The time begins now; `renew` begins that of the connection anew."""
        self._renew = renew
        self.body = body
        self._receive = receive
        self._timeout_s = timeout_s
        self._until_s = asyncio.get_running_loop().time() + timeout_s
        self._is_late = False
        #: Whether nothing more will arrive, or is waited for.
        self._is_over = False

    async def read_start(self, request: Request) -> bytes:
        """The first bytes, without their encoding, of a body that has its key in it.

        It is no more than a connection holds in any case, and counts when the body is read whole.
        """
        self.body.check_size(_declared_size(request))
        while not self._is_over and self.body.size < START_BYTES:
            self.body.add(self._open_piece(await self._next_piece()))
        encoding = request.headers.get("content-encoding", "")
        return open_start(self.body.packed, encoding, START_BYTES)

    async def read(self, request: Request, intake: Intake, key: int) -> None:
        """Read it whole; what came of it is held by `intake`, also of one that is refused."""
        self.body.is_whole = False
        intake.hold(self.body.size, key)
        expected = _declared_size(request)
        self.body.check_size(expected)
        intake.check_room(expected, key)
        while not self._is_over:
            chunk = self._open_piece(await self._next_piece())
            self.body.add(chunk)
            intake.hold(len(chunk), key)
        self.body.is_whole = True

    async def read_parts(
        self, request: Request, intake: Intake, key: int, cut: Callable[[bytes], int]
    ) -> AsyncIterator[Body]:
        """Read it, and give what is whole of it as soon as that is a part.

        When the next part is asked for, this one is kept: its memory is free again, and its sender
        has all the time anew. Held by `intake` is what `body` has, as with `read`.
        """
        self.body.is_whole = False
        intake.hold(self.body.size, key)
        self.body.check_size(_declared_size(request))  # who says a size is held to it
        intake.check_room(0, key)
        looked = 0
        while not self._is_over:
            chunk = self._open_piece(await self._next_piece())
            self.body.add(chunk)
            intake.hold(len(chunk), key)
            if not fills_part(self.body.size - looked) or self._is_over:
                continue
            arrived = self.body.packed
            end = await asyncio.to_thread(cut, arrived)
            looked = 0 if end else self.body.size
            if not end:
                continue
            yield self.body.of(arrived[:end])
            self.body = self.body.of(arrived[end:])
            self.body.is_whole = False
            intake.release(end, key)
            self._until_s = asyncio.get_running_loop().time() + self._timeout_s
            self._renew()
        self.body.is_whole = True
        yield self.body

    async def _next_piece(self) -> dict[str, Any]:
        """Wait for a piece, until the body's time is over.

        Not `asyncio.timeout`: at 8 µs it was a tenth of the time of a single message.
        """
        task = asyncio.current_task()
        assert task is not None
        late = asyncio.get_running_loop().call_at(self._until_s, self._expire, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not self._is_late or task.uncancel():
                raise
            self._is_over = True
            raise BodyTimeoutError(
                f"The body did not arrive within {self._timeout_s:g} seconds; "
                "send it faster or in smaller parts "
                "(an operator may raise LOGSTER_BODY_TIMEOUT_S)."
            ) from None
        finally:
            late.cancel()

    def _expire(self, task: asyncio.Task[Any]) -> None:
        self._is_late = True
        task.cancel()

    def _open_piece(self, message: dict[str, Any]) -> bytes:
        self._is_over = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise BodyCutShortError(
                "The body ended in the middle: its sender left, or its chunks are not what "
                "Transfer-Encoding says."
            )
        chunk: bytes = message.get("body", b"")
        return chunk

    async def discard(self, request: Request) -> None:
        """Read the rest of a refused body, so that its sender comes to listen to the refusal."""
        self.body.forget()
        left = MAX_DISCARDED_BYTES
        # Who expects 100-continue sends nothing before it: not reading spares it the sending.
        if "expect" in request.headers or _declared_size(request) - self.body.size > left:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_S):
                while left > 0 and not self._is_over:
                    message = await self._receive()
                    self._is_over = not message.get("more_body", False)
                    left -= len(message.get("body", b""))


def _declared_size(request: Request) -> int:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else 0
