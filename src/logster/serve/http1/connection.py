"""One connection: reads requests, and has them answered one after the other.

In: what a peer sends. Out: its answers, in the order of its requests.
Promise: nobody keeps a connection by waiting: each head, rest and answer has its time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, cast

from logster import metrics
from logster.serve.http1.exchange import Exchange
from logster.serve.http1.head import NotHttpError
from logster.serve.http1.parser import RequestParser
from logster.serve.http1.response import render_refusal

if TYPE_CHECKING:
    from logster.serve.http1.listener import Listener

#: A sender has this long for the head of a request, from the moment it is connected.
HEAD_TIMEOUT_S = 15.0
#: A connection may rest this long between two requests; agents send once a minute, or more often.
IDLE_TIMEOUT_S = 75.0
#: Who takes nothing of an answer for this long is cut off. Longer than other servers wait: an
#: export may be read by a person, page by page.
SEND_TIMEOUT_S = 300.0
#: After an answer that came before the end of its request, or instead of one, what still arrives
#: is thrown away for so long: closed at once, the sender would see no answer but a reset.
LINGER_S = 2.0
#: Requests that were sent before the answers to those before them; each is a KB.
MAX_PIPELINED = 100
#: Closing is a reset: what was sent cannot be taken for all.
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """The protocol of one socket, and the sink of its parser."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.loop = asyncio.get_running_loop()
        #: Set while the peer takes what is written.
        self.can_write = asyncio.Event()
        self.can_write.set()
        self.is_ending = False
        self._has_left = False
        self._is_paused = False
        #: Whether what still arrives is thrown away.
        self._is_discarding = False
        self._transport: asyncio.Transport
        self._parser = RequestParser(self)
        #: Requests whose heads were read; the first one is being answered.
        self._exchanges: deque[Exchange] = deque()
        #: What is said instead of an answer, after the answers before it.
        self._refusal: NotHttpError | None = None
        #: The loop's time at which a head must be whole, or the next one begun, or the peer gone.
        self._until_s = inf
        #: Bytes of answers that the peer had not taken at the last look, and when it must have.
        self._unsent = 0
        self._taken_until_s = inf

    # -- the transport ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser.ends = {
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
        }
        self._until_s = self.loop.time() + HEAD_TIMEOUT_S
        self.listener.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """The peer has left, or we have ended."""
        if self._exchanges and (task := self._exchanges[0].task):
            self.listener.outlive(task)
        for exchange in self._exchanges:
            exchange.cut()
        self.can_write.set()
        self._parser.close()
        self.leave()

    def leave(self) -> None:
        """Make room for another connection, once."""
        if not self._has_left:
            self._has_left = True
            self.listener.forget(self)

    def pause_writing(self) -> None:
        """Answers wait until their reader has taken some."""
        self.can_write.clear()

    def resume_writing(self) -> None:
        """Answers go on."""
        self._unsent = 0
        self.can_write.set()

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        if self._is_discarding:
            return
        try:
            self._parser.feed(data)
        except NotHttpError as error:
            self._break_off(error)

    # -- requests -----------------------------------------------------------------------------

    def begin_head(self) -> None:
        """A head has its time, from its first byte on."""
        self._until_s = min(self._until_s, self.loop.time() + HEAD_TIMEOUT_S)

    def begin_request(
        self, scope: dict[str, Any], *, is_last: bool, expects_continue: bool
    ) -> Exchange:
        """Answer it, or let it wait for the answers before it."""
        if len(self._exchanges) > MAX_PIPELINED:
            text = f"More than {MAX_PIPELINED} requests were sent without waiting for answers."
            raise NotHttpError(text)
        self._until_s = inf
        exchange = Exchange(self, scope, is_last=is_last, expects_continue=expects_continue)
        self._exchanges.append(exchange)
        if len(self._exchanges) == 1:
            exchange.start()
        else:
            self.pause_reading()
        return exchange

    # -- answers ------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes; nothing, when the peer has left."""
        if not self.is_over:
            self._transport.write(data)

    @property
    def is_over(self) -> bool:
        """Whether the peer has left, or we have."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Let the sender wait."""
        if not (self._is_paused or self.is_over):
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading, unless requests wait for the answers before them."""
        is_needed = len(self._exchanges) < 2  # noqa: PLR2004 - the second one waits
        if self._is_paused and is_needed and not self.is_over:
            self._is_paused = False
            self._transport.resume_reading()

    def finish(self, exchange: Exchange) -> None:
        """An answer is over: the next one, or rest."""
        self._exchanges.popleft()
        if exchange.is_last or self.is_over:
            self._exchanges.clear()
            self._close(is_early=not exchange.is_whole)
        elif self._exchanges:
            self._exchanges[0].start()
            self.resume_reading()
        elif self._refusal:
            self._refuse(self._refusal)
        elif self.is_ending:
            self._close()
        else:
            self.resume_reading()
            timeout_s = HEAD_TIMEOUT_S if self._parser.is_in_head else IDLE_TIMEOUT_S
            self._until_s = self.loop.time() + timeout_s

    # -- ends ---------------------------------------------------------------------------------

    def check_time(self, now_s: float) -> None:
        """End what takes too long."""
        unsent = self._transport.get_write_buffer_size()
        if unsent < self._unsent or not self._unsent:
            self._taken_until_s = now_s + SEND_TIMEOUT_S
        self._unsent = unsent
        if unsent:
            if now_s >= self._taken_until_s:
                self.cut_off()
        elif self._exchanges:
            self._exchanges[0].check_time(now_s)
        elif now_s < self._until_s:
            return
        elif self._parser.is_in_head and not self._is_discarding:
            text = f"The head of the request did not arrive within {HEAD_TIMEOUT_S:g} seconds."
            self._refuse(NotHttpError(text, HTTPStatus.REQUEST_TIMEOUT))
        else:
            self._transport.close()

    def end(self) -> None:
        """Close it, after the answers to what was read."""
        self.is_ending = True
        if not self._exchanges:
            self._transport.close()

    def is_last_of_all(self) -> bool:
        """Whether no request will be answered after the one that is."""
        return self.is_ending and len(self._exchanges) == 1 and not self._refusal

    def abort(self) -> None:
        """Close it now, and give up what is under way."""
        for exchange in self._exchanges:
            exchange.cancel()
        self.cut_off()

    def cut_off(self) -> None:
        """Close it without what was not sent yet: half an answer must not look like a whole one."""
        connected = self._transport.get_extra_info("socket")
        if connected and connected.fileno() >= 0:  # else it has ended just now
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def _close(self, *, is_early: bool = False) -> None:
        """Close it when all is sent; `is_early` when its sender may not have sent all."""
        if not is_early or self.is_over:
            self._transport.close()
            return
        self._is_discarding = True
        self._until_s = self.loop.time() + LINGER_S
        self._transport.write_eof()
        self.resume_reading()

    def _break_off(self, refusal: NotHttpError) -> None:
        """What arrives makes no sense: the request that it cuts short is told, or the sender."""
        self._is_discarding = True
        if self._exchanges and not self._exchanges[-1].is_whole:
            self._exchanges[-1].cut()
        elif self._exchanges:
            self._refusal = refusal
        else:
            self._refuse(refusal)

    def _refuse(self, refusal: NotHttpError) -> None:
        """Answer what has no whole head, and close."""
        metrics.count(metrics.REQUESTS, "http", str(refusal.status.value))
        self.write(render_refusal(refusal.status, str(refusal), self.listener.common))
        self._close(is_early=True)


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if name else None
