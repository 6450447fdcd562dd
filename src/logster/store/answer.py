"""The answer to a question, read from the engine's JSON.

In: a body of FORMAT JSONCompact. Out: an `Answer`; StoreUnavailableError for half a body.
"""

from __future__ import annotations

from typing import Any

import msgspec

from logster.errors import StoreUnavailableError


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a question, how long it took, and what the engine read for it.

    Values are as in JSON: numbers, text, lists, objects; a DateTime is text.
    """

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    elapsed_ms: float
    rows_read: int
    bytes_read: int


class _Column(msgspec.Struct):
    name: str


class _Statistics(msgspec.Struct):
    rows_read: int = 0
    bytes_read: int = 0


class _Body(msgspec.Struct):
    """FORMAT JSONCompact: decoded in one go, and names its columns even without rows."""

    meta: list[_Column]
    data: list[tuple[Any, ...]]
    statistics: _Statistics = msgspec.field(default_factory=_Statistics)


def read_answer(body: bytes, elapsed_ms: float) -> Answer:
    """The rows of an answer that came after `elapsed_ms`."""
    try:
        read = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError as error:
        raise StoreUnavailableError(f"The store's answer is cut short: {error}") from error
    return Answer(
        names=tuple(column.name for column in read.meta),
        rows=read.data,
        elapsed_ms=elapsed_ms,
        rows_read=read.statistics.rows_read,
        bytes_read=read.statistics.bytes_read,
    )
