"""Spools of words, and blocks in a spool's file as its owner would have put them there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from logster.spool.queue import Block, transaction
from logster.spool.schema import connect
from logster.spool.spool import Spool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def pack_words(words: list[str]) -> Block:
    """Words as one block, except for one of them."""
    if "unpackable" in words:
        raise ValueError("this word cannot be packed")
    body = " ".join(words).encode()
    return Block(len(words), body, len(body))


@contextlib.asynccontextmanager
async def open_spool(
    folder: Path, *, max_bytes: int = 1 << 20, pack: Callable[[list[str]], Block] = pack_words
) -> AsyncIterator[Any]:
    """The first spool of a folder, open; tests look into it."""
    spool = Spool(folder / "spool-00.sqlite", pack=pack, max_bytes=max_bytes)
    spool.start()
    try:
        yield spool
    finally:
        await spool.close()


async def take_all(spool: Spool[str]) -> Any:
    """All that waits, as one claim."""
    return await spool.take(1 << 30, 1 << 30)


def words_on_disk(path: Path) -> list[str]:
    """What waits, as another process sees it."""
    with contextlib.closing(connect(path, is_reader=True)) as database:
        rows = database.execute("SELECT body FROM block ORDER BY number").fetchall()
    return [word for (body,) in rows for word in body.decode().split()]


def put_aside(path: Path, block: Block, reason: str) -> int:
    """Set a block aside; gives its number."""
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(connect(path)) as database, transaction(database) as queue:
        return queue.set_aside(block, reason)
