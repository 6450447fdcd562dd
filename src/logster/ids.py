"""The ids of events: they sort by time, and never repeat.

41 bits are milliseconds, 10 the node that makes them, 12 count within the millisecond.
"""

from __future__ import annotations

import hashlib
import threading
import time

from logster.event import NS_PER_MS

#: 41 bits of milliseconds since this instant last until 2093; 2024-01-01T00:00:00Z.
ID_EPOCH_MS = 1_704_067_200_000
ID_NODE_BITS = 10
ID_SEQUENCE_BITS = 12
MAX_NODE = (1 << ID_NODE_BITS) - 1


class IdMaker:
    """Makes event ids, ascending.

    Thread-safe. When the clock steps back, or more than 4,096 ids are needed in
    one millisecond, ids run ahead of the clock instead of repeating.
    """

    def __init__(self, node: int, last_ms: int = 0) -> None:
        """`node` is unique among live writers; `last_ms` is the highest millisecond used before."""
        if not 0 <= node <= MAX_NODE:
            raise ValueError(f"node {node} is not between 0 and {MAX_NODE}")
        self._node = node << ID_SEQUENCE_BITS
        self._ms = last_ms
        self._sequence = 1 << ID_SEQUENCE_BITS
        self._lock = threading.Lock()

    @property
    def last_ms(self) -> int:
        """The highest millisecond (since 1970) given out so far."""
        return self._ms

    def take(self, count: int) -> list[int]:
        """Give `count` new ids, ascending."""
        size = 1 << ID_SEQUENCE_BITS
        ids: list[int] = []
        with self._lock:
            now_ms = time.time_ns() // NS_PER_MS
            if now_ms > self._ms:
                self._ms, self._sequence = now_ms, 0
            while count:
                if self._sequence >= size:
                    self._ms, self._sequence = self._ms + 1, 0
                taken = min(count, size - self._sequence)
                first = id_at(self._ms) | self._node | self._sequence
                ids.extend(range(first, first + taken))
                self._sequence += taken
                count -= taken
        return ids


def id_at(ms: int) -> int:
    """The smallest id of the millisecond `ms` (since 1970)."""
    return max(ms - ID_EPOCH_MS, 0) << (ID_NODE_BITS + ID_SEQUENCE_BITS)


def ms_of_id(event_id: int) -> int:
    """The millisecond (since 1970) in which an id was made."""
    return (event_id >> (ID_NODE_BITS + ID_SEQUENCE_BITS)) + ID_EPOCH_MS


#: A digest is that of the name, then of its scope, then the key's number (32 bits in the store).
#: Two of a billion events that a key sends in a day have the same one once in 10^11 days.
_NAME_BYTES, _SCOPE_BYTES, _KEY_BYTES = 12, 4, 4
_NO_SCOPE = bytes(_SCOPE_BYTES)


def digest_of_identity(workspace: int, protocol: str, identity: str, key: int) -> bytes:
    """What is kept of a client's own id of an event, within a dialect and the key it came by.

    An id may begin with what it is one of, as `index/_id`. Whoever knows another key of the
    workspace cannot make the same digest; those of a name begin alike (`find_digest_ranges`).
    """
    scope, is_scoped, name = identity.partition("/")
    if not is_scoped:
        scope, name = "", identity
    digest = _digest_of(f"{workspace}\n{protocol}\n{name}", _NAME_BYTES)
    return digest + _digest_of_scope(scope) + key.to_bytes(_KEY_BYTES)


def find_digest_ranges(workspace: int, protocol: str, text: str) -> list[tuple[bytes, bytes]]:
    """The first and the last digest that an id can have, by any key of the workspace.

    The id may be told with its scope or without.
    """
    starts = [_digest_of(f"{workspace}\n{protocol}\n{text}", _NAME_BYTES)]
    scope, is_scoped, name = text.partition("/")
    if is_scoped:
        digest = _digest_of(f"{workspace}\n{protocol}\n{name}", _NAME_BYTES)
        starts.append(digest + _digest_of_scope(scope))
    size = _NAME_BYTES + _SCOPE_BYTES + _KEY_BYTES
    return [(start.ljust(size, b"\0"), start.ljust(size, b"\xff")) for start in starts]


def _digest_of_scope(scope: str) -> bytes:
    return _digest_of(scope, _SCOPE_BYTES) if scope else _NO_SCOPE


def _digest_of(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
