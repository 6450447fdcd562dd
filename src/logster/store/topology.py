"""Where the events are: the tables of the store, by the names that every SQL text says.

On one server one table is read, written and changed. A cluster has others: a table that reads
from all machines and writes to one of them, and on each machine the one that has the rows, of
another engine. That makes another value of `EVENTS` and another `sql/`, and nothing else.
"""

from __future__ import annotations

import msgspec

#: The database of the built-in engine; of a server it is in LOGSTER_STORE_URL.
DATABASE = "logster"


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one kind of rows: for questions, for blocks, and for changes.

    `altered` is the one with the rows, made by `engine`: its days, its parts, its bytes on disk.
    """

    read: str
    written: str
    altered: str
    engine: str

    @property
    def in_books(self) -> str:
        """The condition by which the engine's books (system.parts, …) speak of the rows."""
        return f"database = currentDatabase() AND table = '{self.altered}'"


EVENTS = Tables(read="events", written="events", altered="events", engine="MergeTree")
#: Which steps of `sql/` were applied.
STEPS = Tables(
    read="schema_steps",
    written="schema_steps",
    altered="schema_steps",
    engine="ReplacingMergeTree(applied_at)",
)
