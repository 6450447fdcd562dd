"""Which events of a batch a filter means: `query/match`, for many events, before they are stored.

In: a `Filter` and a stamped batch. Out: the indexes of the events that it means.
Promise: the same events as a search with it finds, and a test holds the two together. Each event
is looked at as it is; nothing is made of it but what the filter asks for. Patterns go by RE2, a
column at a time: no text, whatever it holds, takes longer than it is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from logster.event import read_properties
from logster.query.match import matches, texts_of
from logster.query.re2 import re2_of
from logster.query.tree import And, Glob, Not, Or, Regex, is_prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logster.event import Batch, Event
    from logster.query.tree import Filter


def find_matches(tree: Filter, batch: Batch) -> set[int]:
    """The indexes of the events that the filter means."""
    rows = [_Row(batch, index) for index in range(len(batch.ids))]
    return _select(tree, rows, set(range(len(rows))))


class _Row:
    """One event of a batch, as `match` looks at an `Event`."""

    __slots__ = ("_batch", "_index", "_properties")

    #: Found out later; a key's filter may not ask.
    issue = 0

    def __init__(self, batch: Batch, index: int) -> None:
        self._batch = batch
        self._index = index
        self._properties: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        """A field of its own; those that all events of the batch share come second."""
        try:
            values = getattr(self._batch.columns, name)
        except AttributeError:
            return getattr(self._batch, name)
        return None if values is None else values[self._index]

    @property
    def id(self) -> int:
        return self._batch.ids[self._index]

    @property
    def properties(self) -> dict[str, Any]:
        if self._properties is None:
            texts = self._batch.columns.properties
            text = texts[self._index] if texts else None
            self._properties = read_properties(text) if text else {}
        return self._properties


def _select(tree: Filter, rows: Sequence[_Row], among: set[int]) -> set[int]:
    """Those among some events that the filter means; what is decided is not looked at again."""
    match tree:
        case And(filters):
            for part in filters:
                among = _select(part, rows, among)
            return among
        case Or(filters):
            found: set[int] = set()
            for part in filters:
                found |= _select(part, rows, among - found)
            return found
        case Not(part):
            return among - _select(part, rows, among)
        case Glob() | Regex():
            return _select_by_pattern(tree, rows, among)
        case _:
            return {index for index in among if matches(tree, _as_event(rows[index]))}


def _select_by_pattern(tree: Glob | Regex, rows: Sequence[_Row], among: set[int]) -> set[int]:
    texts: list[str] = []
    owners: list[int] = []
    for index in among:
        of_event = texts_of(tree.field, _as_event(rows[index]))
        texts += of_event
        owners += [index] * len(of_event)
    if isinstance(tree, Glob) and is_prose(tree.field):
        texts = [text.lower() for text in texts]
    found = pc.match_substring_regex(_array_of(texts), re2_of(tree)).to_pylist()
    return {owner for owner, is_match in zip(owners, found, strict=True) if is_match}


def _array_of(texts: list[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # half a character, which a property may have, fits no pattern
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        return pa.array(whole, pa.large_string())


def _as_event(row: _Row) -> Event:
    """What `match` looks at are attributes, and these are there."""
    return cast("Event", row)
