"""Receipts of idempotency keys: the answer to a request that was kept, for when it is sent again.

In: the digest of a key and its answer, within the commit of the events. Out: the answer, to
whichever worker is asked.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from logster.answer import ANSWER_LIFE_S
from logster.spool.schema import connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from logster.answer import Answer


def keep_receipts(database: sqlite3.Connection, receipts: Sequence[Answer], now: float) -> None:
    """Write answers within a transaction, and drop those that are too old.

    One that lives longer than the others is written as of a later time.
    """
    rows = [(each.digest, now + each.life_s - ANSWER_LIFE_S, each.text) for each in receipts]
    database.executemany("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)", rows)
    database.execute("DELETE FROM receipt WHERE made_at < ?", (now - ANSWER_LIFE_S,))


def find_receipt(path: Path, digest: bytes) -> bytes | None:
    """The answer a spool keeps for an idempotency key's digest, or None."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        row = database.execute(
            "SELECT answer FROM receipt WHERE digest = ? AND made_at >= ?",
            (digest, time.time() - ANSWER_LIFE_S),
        ).fetchone()
    return None if row is None else bytes(row[0])
