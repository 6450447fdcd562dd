"""Whether a running question is still wanted: its client is there, and its time is not over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from logster.store.embedded.codes import CANCELLED_CODE, TIMEOUT_CODE

if TYPE_CHECKING:
    from granian.rsgi import (  # type: ignore[attr-defined]  # named there, from its core
        HTTPProtocol,
    )

#: A question that is still there so long after its kill computes within one block, without an end.
KILL_S = 3.0

T = TypeVar("T")


class RefusedCallError(Exception):
    """A call that the server itself refuses; `code` is ClickHouse's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class QuestionWatch:
    """Tells when a question has lost its client or its time."""

    def __init__(self, proto: HTTPProtocol, timeout_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        self.proto = proto
        self._left = asyncio.ensure_future(proto.client_disconnect())
        self._until = None if timeout_s is None else loop.time() + timeout_s
        self._over_at = 0.0
        self._loop = loop

    async def over(self, running: asyncio.Future[T]) -> RefusedCallError | None:
        """Wait for `running`; the reason when it should not go on."""
        timeout = None if self._until is None else max(self._until - self._loop.time(), 0)
        both: set[asyncio.Future[Any]] = {running, self._left}
        await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return None
        self._over_at = self._loop.time()
        if self._left.done():
            return RefusedCallError("the client has left", CANCELLED_CODE)
        return RefusedCallError("Timeout exceeded", TIMEOUT_CODE)

    def is_stuck(self) -> bool:
        """Whether its time is over and it has not heeded its kill; a client may leave early."""
        if self._until is None:
            return False
        return self._loop.time() > max(self._until, self._over_at) + KILL_S

    def end(self) -> None:
        """Stop watching."""
        self._left.cancel()
