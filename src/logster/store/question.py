"""What every question about events has in common: which events, which fields, what it cost.

In: a `Selection` (whose workspace the caller has checked), names of fields from strangers.
Out: SQL conditions and values for `store/summary`, `patterns`, `export`; a sum of the cost.
Promise: text from outside is bound as a parameter, and the workspace stands outside the
filter (`select.conditions`).
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from logster.errors import QueryError
from logster.query.grammar import unquote_name
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.tree import EVERYTHING, PROSE_FIELDS, TIME_FIELDS, Field, Filter, field_named
from logster.store.search import HOUR_NS, check_instants
from logster.store.select import COLUMNS, Parameters, conditions, text_of_field

if TYPE_CHECKING:
    from logster.store.engine import Answer, Engine

SEVERITY = Field("severity")
#: Longer names are no names; each is a parameter of the SQL, and a heading for people.
MAX_FIELD_CHARACTERS = 500
#: Values that begin with the same so many characters are one: `field:"beginning"*` finds them.
MAX_VALUE_CHARACTERS = 1_000


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a question is about: at or after `since_ns`, before `until_ns`."""

    workspace: int
    filter: Filter = EVERYTHING
    since_ns: int | None = None
    until_ns: int | None = None

    def __post_init__(self) -> None:
        check_instants(self.since_ns, self.until_ns)

    def where(self, parameters: Parameters) -> str:
        """The condition, workspace first."""
        parts = conditions(
            parameters,
            self.workspace,
            self.filter,
            since_ns=self.since_ns,
            until_ns=self.until_ns,
        )
        return " AND ".join(parts)

    def where_newest(self, parameters: Parameters, count: int) -> str:
        """The condition when the newest `count` events are wanted: what they all fulfil.

        Without a filter, and where the newest hour has so many, it is the newest hour: of a large
        table the engine then reads that instead of the newest blocks of every part. The same
        question counts the hour, so its answer stays exact.
        """
        where = self.where(parameters)
        now_ns = time.time_ns()
        hour_ns = (now_ns if self.until_ns is None else min(self.until_ns, now_ns)) - HOUR_NS
        if self.filter != EVERYTHING or hour_ns <= (self.since_ns or 0):
            return where
        hour = msgspec.structs.replace(self, since_ns=hour_ns).where(parameters)
        is_enough = f"count() >= {parameters.bind(count, 'UInt32')}"
        begins = f"if({is_enough}, {parameters.instant(hour_ns)}, {parameters.instant(0)})"
        return f"{where} AND timestamp >= (SELECT {begins} FROM events WHERE {hour})"


class Meter:
    """Asks the engine, and adds up what the answers cost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.elapsed_ms = 0.0
        self.rows_read = 0

    async def ask(self, sql: str, parameters: Parameters) -> Answer:
        """Ask one question."""
        answer = await self._engine.ask(sql, parameters.values)
        self.elapsed_ms += answer.elapsed_ms
        self.rows_read += answer.rows_read
        return answer

    def add(self, elapsed_ms: float, rows_read: int) -> None:
        """Count what another meter has."""
        self.elapsed_ms += elapsed_ms
        self.rows_read += rows_read

    async def rows(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        """Ask one question; the rows alone."""
        return (await self.ask(sql, parameters)).rows


def field_of(text: str) -> Field:
    """The field a name means, in quotes or without, as in a search; raises `QueryError`."""
    name = unquote_name(text.strip())
    if not name or len(name) > MAX_FIELD_CHARACTERS:
        raise QueryError(
            f"a field's name has 1 to {MAX_FIELD_CHARACTERS} characters, this one {len(name)}"
        )
    field = field_named(name)
    if field.is_property and field.name.count(".") >= MAX_PATH_DEPTH:
        raise QueryError(f"a property is at most {MAX_PATH_DEPTH} levels deep")
    return field


def countable_field_of(text: str) -> Field:
    """A field whose values can be counted: every one but prose and instants."""
    field = field_of(text)
    if field.is_property:
        return field
    if field.name in TIME_FIELDS:
        raise QueryError(
            f"{field.name} is an instant, nearly every event has its own; "
            "ask /api/v1/histogram for counts over time"
        )
    if field.name in PROSE_FIELDS:
        raise QueryError(
            f"{field.name} is prose, every event has its own; ask /api/v1/patterns for its shapes"
        )
    return field


def text_of(field: Field, parameters: Parameters) -> str:
    """A field's value as the text that `field:text` finds again; '' when there is none.

    Objects and arrays have none: nothing is equal to them.
    """
    if field.is_property:
        return text_of_field(field, parameters)
    column = COLUMNS[field.name]
    if field.name == "issue":
        return f"if({column} = 0, '', toString({column}))"
    return f"toString({column})"


def counted_text_of(field: Field, parameters: Parameters) -> str:
    """A value as the text that counts: its beginning, so that an answer stays small."""
    return f"leftUTF8({text_of(field, parameters)}, {MAX_VALUE_CHARACTERS})"


def check_range(name: str, value: int, highest: int) -> None:
    """Refuse what is not 1 to `highest`."""
    if not 1 <= value <= highest:
        raise QueryError(f"{name} is {value}, it can be 1 to {highest}")
