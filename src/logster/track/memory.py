"""Keys of texts that came before: a trace that comes again is not read again.

In: the texts of an event, exactly as they came. Out: the key that they have.
Promise: what it holds is bounded by number and by bytes; the oldest go first. It belongs to one
process, and is asked from several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

#: One process remembers so many, and so much text.
MAX_ENTRIES = 20_000
MAX_CHARS = 16_000_000
#: What an entry takes beside its texts; a text larger than this share is not remembered.
ENTRY_CHARS = 300
MAX_SHARE = 0.02

Said = tuple[Hashable, ...]


class Memory:
    """Texts -> their key."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_chars: int = MAX_CHARS) -> None:
        self._max_entries = max_entries
        self._max_chars = max_chars
        self._keys: dict[Said, int] = {}
        self._chars = 0
        self._lock = threading.Lock()

    def find(self, said: Said) -> int | None:
        """The key of these texts, when they came before."""
        return self._keys.get(said)

    def keep(self, said: Said, key: int) -> None:
        """Remember a key."""
        size = _size_of(said)
        if size > self._max_chars * MAX_SHARE:
            return
        with self._lock:
            if said in self._keys:
                return
            self._keys[said] = key
            self._chars += size
            while self._chars > self._max_chars or len(self._keys) > self._max_entries:
                oldest = next(iter(self._keys))
                del self._keys[oldest]
                self._chars -= _size_of(oldest)

    def __len__(self) -> int:
        return len(self._keys)


def _size_of(said: Said) -> int:
    return ENTRY_CHARS + sum(map(_chars_of, said))


def _chars_of(said: Hashable) -> int:
    if isinstance(said, str | bytes):
        return len(said)
    return sum(map(_chars_of, said)) if isinstance(said, tuple) else 0
