"""Ends a question when nobody waits for its answer any more, and refuses half a body.

In: an ASGI application and a request. Out: the same answer.
Promise: when the client leaves, what works for it is cancelled; the connection to the engine
then closes, and the engine's server stops the question there. What changes something runs to
its end whatever its client does.
"""

import asyncio
from contextlib import suppress
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from logster.errors import BodyCutShortError

SAFE_METHODS = frozenset({"GET", "HEAD"})


async def answer_while_waited(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application until it has answered or the client has left."""
    # One message ahead of the application: a body is read as fast as it is taken.
    messages: asyncio.Queue[Any] = asyncio.Queue(1)

    async def wait_for_end() -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            await messages.put(message)

    leaving = asyncio.ensure_future(wait_for_end())
    answering = asyncio.ensure_future(app(scope, messages.get, send))
    try:
        await asyncio.wait({leaving, answering}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering
    finally:
        leaving.cancel()
        answering.cancel()
        # An exception of theirs knows this frame: what they held would wait for the collector.
        del leaving, answering


async def answer_whole(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application to its end; a body that is cut short is the client's fault."""
    is_whole = False

    async def receive_piece() -> Any:
        nonlocal is_whole
        message = await receive()
        if message["type"] == "http.disconnect" and not is_whole:
            raise BodyCutShortError("The body of the request did not arrive; send it again.")
        is_whole = is_whole or not message.get("more_body", False)
        return message

    await app(scope, receive_piece, send)
