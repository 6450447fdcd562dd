"""Blocks in a spool's file, as its owner would have put them there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from logster.spool.file import connect
from logster.spool.line import change

if TYPE_CHECKING:
    from pathlib import Path

    from logster.spool.line import Block


def put_aside(path: Path, block: Block, reason: str) -> int:
    """Set a block aside; gives its number."""
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(connect(path)) as database, change(database) as line:
        return line.set_aside(block, reason)
