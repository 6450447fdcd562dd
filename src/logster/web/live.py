"""Live tail: events as they are stored, to a browser or a program, over server-sent events.

In: the caller's filter and the cursor they have seen. Out: a stream that lasts until they leave.
Promise: so many streams per worker, workspace and key (`web/places`); a stream ends when its
client leaves or when its session or key does; a reconnecting browser goes on where it was.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from logster.errors import StoreError
from logster.query.moment import Clock
from logster.query.parse import parse_filter
from logster.query.question import equals_in
from logster.store.engine import Engine
from logster.store.tail import Step, follow, parse_cursor
from logster.track.aliases import NOTHING, Merged
from logster.web.access import Access, Principal
from logster.web.places import Places
from logster.web.selection import select
from logster.web.shapes import shape_event

log = logging.getLogger(__name__)

MAX_STREAMS, MAX_STREAMS_OF_ONE = 200, 30
#: Proxies cut a silent connection after 30 to 60 s; the contract says at least every 15 s.
HEARTBEAT_S = 10.0
#: What a browser waits before it connects again.
RECONNECT_MS = 2_000


class TailStreams(Places):
    """The streams that this worker serves."""

    def __init__(self, most: int = MAX_STREAMS, most_of_one: int = MAX_STREAMS_OF_ONE) -> None:
        super().__init__("live views", most=most, most_of_one=most_of_one)
        self.is_ending = False

    def end_all(self) -> None:
        """Let every stream end with its next step; browsers connect again by themselves."""
        self.is_ending = True


@get("/events/tail", summary="Live tail", media_type="text/event-stream")
async def tail_events(
    *,
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    streams: NamedDependency[TailStreams],
    access: NamedDependency[Access],
    engine: NamedDependency[Engine],
    clock: NamedDependency[Clock],
    merged: NamedDependency[Merged],
    q: Annotated[str, QueryParameter(description="A search text; empty follows all.")] = "",
    cursor: Annotated[
        str, QueryParameter(description="Go on behind this `id`; empty: from now.")
    ] = "",
) -> Stream:
    """Follow the events that match, as server-sent events.

    Each `events` message has an `id` (the cursor to go on from) and
    `{"events": […oldest first], "skipped": n}` as its data. A `notice` before the first one says
    how a sign was read that is none of ours.
    """
    streams.check_room(principal)
    # A browser that reconnects repeats its first address; what it saw last is in the header.
    seen = request.headers.get("last-event-id") or cursor or None
    if seen:
        parse_cursor(seen)  # refuses while a status can still be said
    tree = parse_filter(q, clock.zone)
    steps = follow(engine, select(principal, clock, tree, merged=merged), cursor=seen)
    notice = None if seen else equals_in(q)
    # An open stream misses nothing from then on; and a refusal can still be said.
    with streams.place(principal):
        first = await anext(steps)
    return Stream(
        _write(
            first,
            steps,
            streams,
            principal,
            access.watch(request, principal),
            notice=notice,
            merged=merged,
        ),
        media_type="text/event-stream",
        # nginx would collect the stream in a buffer otherwise.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _write(
    first: Step,
    steps: AsyncIterator[Step],
    streams: TailStreams,
    principal: Principal,
    is_still_admitted: Callable[[], Awaitable[bool]],
    *,
    notice: str | None = None,
    merged: Merged = NOTHING,
) -> AsyncGenerator[bytes, None]:
    """The stream's text: events when there are some, a sign of life when there are none."""
    with streams.place(principal):
        try:
            said = b"event: notice\ndata: %s\n\n" % msgspec.json.encode(notice) if notice else b""
            yield b"retry: %d\n%s%s" % (RECONNECT_MS, said, _render(first, merged))
            written_at = time.monotonic()
            async with aclosing(_beat(steps)) as beats:
                async for step in beats:
                    if streams.is_ending:
                        return
                    if not await is_still_admitted():
                        return
                    now = time.monotonic()
                    if _has_news(step) or now - written_at >= HEARTBEAT_S:
                        yield _render(step, merged)
                        written_at = now
        except StoreError:
            # The browser connects again by itself, and then gets the refusal with its reason.
            log.warning("A live tail ended: the store failed.", exc_info=True)


async def _beat(steps: AsyncIterator[Step]) -> AsyncGenerator[Step | None, None]:
    """The steps, and None whenever `HEARTBEAT_S` pass without one."""
    pending: asyncio.Task[Step] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(_next(steps))
            done, _ = await asyncio.wait([pending], timeout=HEARTBEAT_S)
            if not done:
                yield None
                continue
            try:
                step = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield step
    finally:
        if pending is not None:
            pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        if isinstance(steps, AsyncGenerator):
            await steps.aclose()


async def _next(steps: AsyncIterator[Step]) -> Step:
    return await anext(steps)


def _has_news(step: Step | None) -> bool:
    return step is not None and bool(step.events or step.skipped)


def _render(step: Step | None, merged: Merged) -> bytes:
    """A message; or a comment, whose `id` lets a quiet stream too go on from where it is."""
    place = b"id: %s\n" % step.cursor.encode() if step else b""
    if step is None or not _has_news(step):
        return b": still here\n%s\n" % place
    data = {
        "events": [shape_event(event, merged) for event in step.events],
        "skipped": step.skipped,
    }
    return b"%sevent: events\ndata: %s\n\n" % (place, msgspec.json.encode(data))
