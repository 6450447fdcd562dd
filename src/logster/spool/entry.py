"""What waits for a commit of the spool: an item, and what its sender is to be told.

In: items of many senders. Out: portions that make one blob each, and what each owner has of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from logster.answer import Answer
    from logster.spool.queue import Block
    from logster.spool.repeats import Once

#: Small items share a blob up to this size, so that a claim can be cut to measure. An item is
#: never split: one that is larger makes a blob of its own, as large as it is.
MAX_BLOCK_BYTES = 4 * 1024 * 1024

Item = TypeVar("Item")


class Entry(Generic[Item]):
    """An item that waits, whose it is, and the promise that its sender waits for."""

    __slots__ = (
        "done",
        "is_told",
        "item",
        "once",
        "owner",
        "receipt",
        "repeated",
        "size",
        "wait_until",
    )

    def __init__(
        self,
        item: Item,
        size: int,
        owner: int,
        done: asyncio.Future[dict[int, int]],
        receipt: Answer | None,
        once: Once[Item] | None,
    ) -> None:
        #: What is to be written; None when all of it came before.
        self.item: Item | None = item
        self.size = size
        self.owner = owner
        self.done = done
        self.receipt = receipt
        self.once = once
        self.repeated: dict[int, int] = {}
        #: Whether its sender is answered, and until when it may wait for another worker; 0: it has
        #: not had to yet.
        self.is_told = False
        self.wait_until = 0.0

    def settle(self, known: dict[bytes, int], fresh: dict[bytes, int]) -> None:
        """Take out what is `known`; the rest is `fresh`, and known to all that come after it."""
        if self.once is None:
            return
        for index, digest in enumerate(self.once.digests):
            if digest is None:
                continue
            if digest in known:
                self.repeated[index] = known[digest]
            else:
                known[digest] = fresh[digest] = self.once.ids[index]
        if self.repeated:
            self.item, self.receipt = self.once.without(self.repeated)

    @property
    def digests(self) -> list[bytes]:
        """Those of the events that are to be stored once."""
        return [digest for digest in self.once.digests if digest] if self.once else []


def portions(group: list[Entry[Item]]) -> Iterator[list[Entry[Item]]]:
    """Cut a group so that each part makes a blob of about MAX_BLOCK_BYTES at most."""
    portion: list[Entry[Item]] = []
    size = 0
    for entry in group:
        if portion and size + entry.size > MAX_BLOCK_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(entry)
        size += entry.size
    if portion:
        yield portion


def share_out(block: Block, entries: list[Entry[Item]]) -> dict[int, int]:
    """What each owner has of a block's bytes, as the sizes of its entries were guessed."""
    if len(entries) == 1:
        return {entries[0].owner: block.size}
    guessed: Counter[int] = Counter()
    for entry in entries:
        guessed[entry.owner] += entry.size
    total = max(guessed.total(), 1)
    shares = {owner: block.size * size // total for owner, size in guessed.items()}
    shares[entries[0].owner] += block.size - sum(shares.values())
    return shares
