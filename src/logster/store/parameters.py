"""The values of a question, and the places in its text that stand for them.

In: a value of a stranger, and its type in the engine. Out: a place such as `{p1:String}`.
Promise: a value never becomes text of SQL; the server binds it.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: Properties that are found by a scan; the engine plans longer for each, and 20 take half a second.
MAX_SCANS = 4


class Statement(msgspec.Struct, frozen=True):
    """SQL text and the values the server binds to it."""

    sql: str
    parameters: dict[str, Any]


class Parameters:
    """Collects values and gives their place in the text."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._places: dict[tuple[str, str], str] = {}
        self._scans = 0

    def bind(self, value: Any, kind: str) -> str:
        """Keep a value; `kind` is its type in the engine, written out in our own code.

        The same value has one place: an expression that is said twice is computed once.
        """
        place = self._places.get((kind, repr(value)))
        if place is None:
            name = f"p{len(self.values) + 1}"
            self.values[name] = value
            place = self._places[kind, repr(value)] = f"{{{name}:{kind}}}"
        return place

    def instant(self, ns: int) -> str:
        """Keep an instant given in nanoseconds since 1970."""
        return f"fromUnixTimestamp64Nano({self.bind(ns, 'Int64')})"

    def may_scan(self) -> bool:
        """Whether one more property may be found by a scan (`store/properties`)."""
        self._scans += 1
        return self._scans <= MAX_SCANS
