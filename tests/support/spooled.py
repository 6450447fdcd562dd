"""Blocks in a spool's file, as its owner would have put them there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from logster.spool.queue import transaction
from logster.spool.schema import connect

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.queue import Block


def put_aside(path: Path, block: Block, reason: str) -> int:
    """Set a block aside; gives its number."""
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(connect(path)) as database, transaction(database) as queue:
        return queue.set_aside(block, reason)
