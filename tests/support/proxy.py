"""A small real reverse proxy: one host, and servers below paths of it.

It goes between byte by byte, so streams flow; the path is kept or taken off, as proxies are set.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = b"the other site"


@dataclass
class Way:
    """What is below a path of the host: a port of this machine."""

    root: str
    port: int
    #: Whether the path is kept on the way to it.
    is_kept: bool


class Proxy:
    """One host; whatever is below no way is the other site's."""

    def __init__(self) -> None:
        self.ways: list[Way] = []
        #: The targets that were asked for and are below no way.
        self.strayed: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """The host."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bring one request of a connection to where it belongs."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("latin-1")
            way = self._way_of(target)
            if way:
                await _bring(head, way, reader, writer)
            else:
                self.strayed.append(target)
                size = b"%d" % len(ELSEWHERE)
                writer.write(
                    b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: "
                    + size
                    + b"\r\n\r\n"
                    + ELSEWHERE
                )
                await writer.drain()
        writer.close()

    def _way_of(self, target: str) -> Way | None:
        path = target.partition("?")[0]
        return next(
            (way for way in self.ways if path == way.root or path.startswith(f"{way.root}/")), None
        )


async def _bring(
    head: bytes, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    method, target, rest = head.split(b" ", 2)
    if not way.is_kept:
        target = target[len(way.root) :]
        target = target if target.startswith(b"/") else b"/" + target
    lines = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    lines[1:1] = [b"Connection: close"]
    inner, outer = await asyncio.open_connection("127.0.0.1", way.port)
    outer.write(b" ".join([method, target, b"\r\n".join(lines)]))
    there = asyncio.create_task(_pass_on(reader, outer))
    try:
        await _pass_on(inner, writer)
    finally:
        there.cancel()
        outer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()


@contextlib.contextmanager
def proxying() -> Iterator[Proxy]:
    """A proxy in a thread of its own; its ways are put in later."""
    proxy, loop = Proxy(), asyncio.new_event_loop()
    listening = asyncio.start_server(proxy.answer, "127.0.0.1", 0)
    server = loop.run_until_complete(listening)
    proxy.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end_all(loop))
        loop.close()


async def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
