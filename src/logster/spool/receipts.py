"""Receipts of idempotency keys: the answer to a request that was kept, for when it is sent again.

In: the digest of a key and its answer, within the commit of the events. Out: the answer, to
whichever worker is asked.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from logster.spool.schema import connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

#: Receipts of resent requests are kept this long (the native API promises 24 h).
RECEIPT_LIFE_S = 24 * 3600


def keep_receipts(
    database: sqlite3.Connection, receipts: Sequence[tuple[bytes, bytes]], now: float
) -> None:
    """Write pairs (digest, answer) within a transaction, and drop those that are too old."""
    rows = [(digest, now, answer) for digest, answer in receipts]
    database.executemany("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)", rows)
    database.execute("DELETE FROM receipt WHERE made_at < ?", (now - RECEIPT_LIFE_S,))


def find_receipt(path: Path, digest: bytes) -> bytes | None:
    """The answer a spool keeps for an idempotency key's digest, or None."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT answer FROM receipt WHERE digest = ? AND made_at >= ?",
            (digest, time.time() - RECEIPT_LIFE_S),
        ).fetchone()
    return None if row is None else bytes(row[0])
