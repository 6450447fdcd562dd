"""One page of an export: which rows it has, what a kind of file makes of it.

In: a `Selection` and the place of the last row. Out: the rows as SQL, for a `File` to write.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from logster.store.cursor import Key, beyond
from logster.store.selection import Selection
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from logster.store.parameters import Parameters


class Place(msgspec.Struct, frozen=True):
    """The rows of one page: the next `count` older than `before`."""

    selection: Selection
    before: Key | None
    count: int

    def source(self, parameters: Parameters, expressions: str) -> str:
        """The question for some expressions of these rows."""
        where = self.selection.where(parameters)
        if self.before is not None:
            where += f" AND {beyond(self.before, '<', parameters)}"
        return (
            f"SELECT {expressions} FROM {EVENTS.read} WHERE {where}"
            f" ORDER BY timestamp DESC, id DESC LIMIT {self.count}"
        )


class Page(msgspec.Struct, frozen=True):
    """What one question gave: rows, their bytes, the last one's place, and the file's part."""

    count: int
    size: int
    last: Key
    piece: bytes


class File(Protocol):
    """A kind of file: asks for pages and writes them."""

    page_bytes: int

    def sql(self, parameters: Parameters, place: Place) -> tuple[str, str]:
        """The question of a page, and the format of its answer."""
        ...

    async def write(self, answer: bytes) -> Page:
        """What the answer adds to the file."""
        ...

    def end(self) -> bytes:
        """What stands behind the last page."""
        ...
