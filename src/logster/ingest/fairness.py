"""Fairness between keys: nobody holds everything, and large bodies are read in turn.

In: keys and the bytes that they bring. Out: whether they fit, and whose turn it is.
Promise: however much one key sends, room stays free for the others, and one that sends little
waits for at most one body of each other key.

The rule for room is that of shared packet buffers (Choudhury and Hahne, "Dynamic queue length
thresholds", 1998): a key may hold some factor times what is still free. It needs no list of who is
there, and a key that is alone gets nearly all. What no key has brought counts as everybody's own;
a key that holds little of what is left has room all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def fits(size: int, *, held: int, unowned: int, free: int, factor: int) -> bool:
    """Whether a key that holds `held` bytes may have `size` of those that are free.

    Its fair share is `factor` times what is free: `factor / (factor + 1)` of all when it is alone.
    """
    free, held = free - size, held + size
    is_little = held * (factor + 1) <= free
    return is_little or unowned + held <= factor * free


class FairShares:
    """What each key holds of something that has an end, in bytes."""

    def __init__(self, max_bytes: int, factor: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._factor = factor
        self._held: dict[int, int] = {}

    def has_room(self, key: int, size: int) -> bool:
        """Whether `size` more bytes of a key leave enough for the others."""
        free = self.max_bytes - self.held_bytes
        return fits(size, held=self.held_by(key), unowned=0, free=free, factor=self._factor)

    def held_by(self, key: int) -> int:
        """What a key holds now."""
        return self._held.get(key, 0)

    def take(self, key: int, size: int) -> None:
        """Note that a key holds `size` bytes more."""
        self.held_bytes += size
        self._held[key] = self._held.get(key, 0) + size

    def give_back(self, key: int, size: int) -> None:
        """Note that a key holds `size` bytes less, that it has taken."""
        self.held_bytes -= size
        left = self._held.pop(key, 0) - size  # nothing, of a body that was refused unread
        if left:
            self._held[key] = left


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
            requests = self._waiting.pop(key)
            place = requests.popleft()
            if requests:
                self._waiting[key] = requests  # behind all others
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
