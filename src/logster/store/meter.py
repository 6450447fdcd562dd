"""What a question with several parts cost.

In: the parts, one after the other. Out: their answers, and the sum of the time they took and
of the rows that the engine read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logster.store.answer import Answer
    from logster.store.engine import Engine


class Meter:
    """Asks the engine, and adds up what the answers cost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.elapsed_ms = 0.0
        self.rows_read = 0

    async def ask(self, sql: str, parameters: Mapping[str, Any]) -> Answer:
        """Ask one question."""
        answer = await self._engine.ask(sql, parameters)
        self.add(answer.elapsed_ms, answer.rows_read)
        return answer

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Ask one question; the rows alone."""
        return (await self.ask(sql, parameters)).rows

    def add(self, elapsed_ms: float, rows_read: int) -> None:
        """Count what another meter has."""
        self.elapsed_ms += elapsed_ms
        self.rows_read += rows_read
