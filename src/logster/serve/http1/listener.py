"""A listening socket and its connections.

In: host and port. Out: connections, each with the application. Promise: so many are open at the
same time, and the next ones wait; at the end, requests under way are finished first.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from typing import TYPE_CHECKING

from logster.serve.http1.connection import Connection
from logster.serve.http1.response import render_common

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Application = Callable[..., Awaitable[None]]

log = logging.getLogger(__name__)

#: Connections waiting to be accepted while this worker is busy.
BACKLOG = 1024
#: How often it is looked whose time is over.
LOOK_S = 1.0
#: When there is no file for another connection.
ACCEPT_AGAIN_S = 0.5
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """A listening socket and its connections."""

    def __init__(
        self, application: Application, host: str, port: int, *, most: int, body_timeout_s: float
    ) -> None:
        """Listens at once, beside other processes that do; `most` connections are open.

        A body that is not whole after its time is cut, for an application that waits longer.
        """
        self.application = application
        self.body_timeout_s = body_timeout_s
        self.connections: set[Connection] = set()
        #: Answers under way whose clients have left.
        self.outliving: set[asyncio.Task[None]] = set()
        #: The lines that every answer has.
        self.common = b""
        self._room = asyncio.Semaphore(most)
        self._is_empty = asyncio.Event()
        self._socket = _listen(host, port)

    async def serve(self) -> None:
        """Accept connections until cancelled; while too many are open the next ones wait."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._accept())
        finally:
            self._socket.close()

    async def finish(self, timeout_s: float) -> None:
        """End all connections, those with a request under way after its answer."""
        for connection in list(self.connections):
            connection.end()
        self._tell_if_empty()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_empty.wait(), timeout_s)
        for connection in list(self.connections):
            connection.abort()
        for task in self.outliving:
            task.cancel()

    def forget(self, connection: Connection) -> None:
        """A connection has ended: make room for another one."""
        self.connections.discard(connection)
        self._room.release()
        self._tell_if_empty()

    def outlive(self, task: asyncio.Task[None]) -> None:
        """An answer goes on though its connection has ended."""
        self.outliving.add(task)
        task.add_done_callback(self._end_outliving)

    def _end_outliving(self, task: asyncio.Task[None]) -> None:
        self.outliving.discard(task)
        self._tell_if_empty()

    def _tell_if_empty(self) -> None:
        if self.connections or self.outliving:
            self._is_empty.clear()
        else:
            self._is_empty.set()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            connection = Connection(self)
            is_made = False
            try:
                accepted, _ = await loop.sock_accept(self._socket)
                await loop.connect_accepted_socket(lambda made=connection: made, accepted)  # type: ignore[misc]  # of a lambda
                is_made = True
            except OSError as error:
                log.warning("a connection could not be accepted: %s", error.strerror)
                if error.errno in _NO_ROOM:
                    await asyncio.sleep(ACCEPT_AGAIN_S)
            finally:
                if not is_made:  # else it leaves by itself
                    connection.leave()

    async def _watch(self) -> None:
        """Keep the date true, and end the connections whose time is over."""
        loop = asyncio.get_running_loop()
        while True:
            self.common = render_common()
            now = loop.time()
            for connection in list(self.connections):
                connection.check_time(now)
            await asyncio.sleep(LOOK_S)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that shares its port with the other workers."""
    is_v6 = ":" in host
    listening = socket.create_server(
        (host, port),
        family=socket.AF_INET6 if is_v6 else socket.AF_INET,
        backlog=BACKLOG,
        reuse_port=True,
        dualstack_ipv6=is_v6 and host == "::",
    )
    listening.setblocking(False)
    return listening
