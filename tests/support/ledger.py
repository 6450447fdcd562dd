"""A ledger in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logster.outcome import Outcome, Refused


class MemoryLedger:
    """Remembers what it is told; tests look into it."""

    def __init__(self) -> None:
        self.events: Counter[tuple[int, int, str, str, str]] = Counter()
        self.requests: Counter[tuple[int, int, str, str, str]] = Counter()
        self.kept: list[Refused] = []

    def count(
        self, outcome: Outcome, *, reason: str = "", events: int = 0, requests: int = 0, **of: Any
    ) -> None:
        label = (of["workspace"], of["key"], of["protocol"], outcome.value, reason)
        self.events[label] += events
        self.requests[label] += requests

    def wants(self, _key: int) -> bool:
        return True

    def keep(self, refused: Refused) -> None:
        self.kept.append(refused)
