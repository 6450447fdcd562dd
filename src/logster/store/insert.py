"""A packed block into the store, exactly once.

In: an Arrow IPC stream and a token. Out: nothing; when it returns, the rows are synced.
Promise: the same token stores nothing twice, as long as the store remembers it
(`non_replicated_deduplication_window` inserts, see sql/001_events.sql).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.engine import Engine


async def insert(engine: Engine, block: bytes, token: str) -> None:
    """Store a block; raises StoreRefusedError for its content, StoreUnavailableError else."""
    await engine.insert_block(EVENTS.written, block, token)
