"""Fairness between keys: nobody holds everything, and large bodies are read in turn.

In: keys and the bytes that they bring. Out: whether they fit, and whose turn it is.
Promise: however much one key sends, room stays free for the others, and one that sends little
waits for at most one body of each other key.

The rule for room is that of shared packet buffers (Choudhury and Hahne, "Dynamic queue length
thresholds", 1998): a key may hold so many times what is still free. It needs no list of who is
there, and a key that is alone gets nearly all.

What was there before (after a restart) is nobody's: it counts as everybody's own, since whoever
asks first is likely the one who filled it. A key that holds little of what is left has room all
the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Shares:
    """What each key holds of something that has an end, in bytes."""

    def __init__(self, max_bytes: int, greed: int) -> None:
        """A key may hold `greed` times what is free; so `greed / (greed + 1)` when it is alone."""
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._greed = greed
        self._held: dict[int, int] = {}
        self._nobodys = 0

    def has_room(self, key: int, size: int) -> bool:
        """Whether `size` more bytes of a key leave enough for the others."""
        free = self.max_bytes - self.held_bytes - size
        held = self._held.get(key, 0) + size
        is_little = held * (self._greed + 1) <= free
        return is_little or self._nobodys + held <= self._greed * free

    def held_by(self, key: int) -> int:
        """What a key holds now."""
        return self._held.get(key, 0)

    def take(self, key: int, size: int) -> None:
        """Note that a key holds `size` bytes more."""
        self.held_bytes += size
        self._held[key] = self._held.get(key, 0) + size

    def give_back(self, key: int, size: int) -> None:
        """Note that a key holds `size` bytes less; no more than it still has, see `settle`."""
        held = self._held.pop(key, 0)
        self.held_bytes -= min(size, held)
        if size < held:
            self._held[key] = held - size

    def settle(self, held_bytes: int) -> None:
        """Note that all together hold this now.

        What came without a key is nobody's. What has gone was nobody's first, being the oldest,
        then the keys' in proportion.
        """
        known = self.held_bytes - self._nobodys
        self._nobodys = max(self._nobodys + held_bytes - self.held_bytes, 0)
        self.held_bytes = held_bytes
        if held_bytes - self._nobodys < known:
            share = (held_bytes - self._nobodys) / known
            left = {key: int(size * share) for key, size in self._held.items()}
            self._held = {key: size for key, size in left.items() if size}


class Turns:
    """A few places for much work; who waits gets one in turn, one key after the other."""

    def __init__(self, places: int) -> None:
        self._free = places
        #: key -> its waiting requests; the first key is the next one
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, key: int) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, key: int) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given in this very moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            key = next(iter(self._waiting))
            line = self._waiting.pop(key)
            place = line.popleft()
            if line:
                self._waiting[key] = line  # behind all others
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
