"""What could stand at the cursor of a search: fields, operators, values of recent events.

In: a search text and the place of the cursor in it; any text, also one that does not parse.
Out: `Completion`: what to replace, and by what.
Promise: fast enough to be asked at every key: it looks at a bounded number of the newest
events, and remembers for some seconds what it found.

It reads the word left of the cursor and no grammar, so it also helps in a text that is not
finished yet.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from logster.errors import QueryError
from logster.event import Severity
from logster.language import (
    MAX_TEXT_CHARACTERS,
    NAME_FIELDS,
    NUMBER_FIELDS,
    PROSE_FIELDS,
    Equal,
    Field,
    render_filter,
)
from logster.store.question import SEVERITY, Meter, Selection, field_of, text_of
from logster.store.select import Parameters
from logster.store.summary import FieldInfo, list_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.store.engine import Engine

MAX_ITEMS = 20
#: The newest events whose values are offered; properties are parsed, which costs more.
SAMPLE, PROPERTY_SAMPLE = 20_000, 5_000
#: Longer values are nothing to choose from a list.
MAX_VALUE_CHARACTERS = 200
FIELDS_FRESH_S, VALUES_FRESH_S = 30.0, 10.0
MAX_REMEMBERED = 500

_KEYWORDS = ("AND", "OR", "NOT", "has:")
_COMPARISONS = (":", "!=", ">=", ">", "<=", "<")
_EQUALITIES = (":", "!=")
_CONDITION = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*"|(?:[^\W\d]|[@$])[\w.@$/-]*)'
    r"(?P<operator>:?(?:!=|<=|>=|<|>)|:)(?P<value>.*)",
    re.DOTALL,
)
T = TypeVar("T")


class Place(msgspec.Struct, frozen=True):
    """What is being typed: from `start` on, of `field` a value, or (None) a name or word."""

    start: int
    typed: str
    field: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal: `kind` is field, operator, value or keyword; `detail` a type or a count."""

    text: str
    kind: str
    detail: str = ""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the text from `start` to `end` by one of the items."""

    start: int
    end: int
    items: list[Item]
    elapsed_ms: float
    rows_read: int


class Completer:
    """Completes for one worker."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._fields: _Memory[list[FieldInfo]] = _Memory(FIELDS_FRESH_S, clock)
        self._values: _Memory[list[tuple[str, int]]] = _Memory(VALUES_FRESH_S, clock)

    async def complete(self, selection: Selection, text: str, cursor: int) -> Completion:
        """What could stand at the cursor; raises `QueryError` for a cursor outside the text."""
        if not 0 <= cursor <= len(text) <= MAX_TEXT_CHARACTERS:
            raise QueryError(
                f"the cursor is {cursor}, it can be 0 to the length of the text, "
                f"at most {MAX_TEXT_CHARACTERS}"
            )
        meter, place = Meter(self._engine), read_place(text, cursor)
        if place.field is None:
            items = await self._names(meter, selection, place.typed)
        elif place.field.lower() == "has":
            items = await self._field_items(meter, selection, place.typed)
        else:
            items = await self._value_items(meter, selection, place)
        return Completion(
            start=place.start,
            end=cursor,
            items=items[:MAX_ITEMS],
            elapsed_ms=meter.elapsed_ms,
            rows_read=meter.rows_read,
        )

    async def _names(self, meter: Meter, selection: Selection, typed: str) -> list[Item]:
        if typed.startswith('"'):
            return []
        items = await self._field_items(meter, selection, typed)
        exact = next((item for item in items if item.text.lower() == typed.lower()), None)
        operators: list[Item] = []
        if exact is not None:
            signs = _COMPARISONS if exact.detail in ("number", "severity") else _EQUALITIES
            operators = [Item(text=exact.text + sign, kind="operator") for sign in signs]
        keywords = [
            Item(text=word, kind="keyword")
            for word in _KEYWORDS
            if typed and word.lower().startswith(typed.lower())
        ]
        return [*operators, *items, *keywords]

    async def _field_items(self, meter: Meter, selection: Selection, typed: str) -> list[Item]:
        infos = self._fields.get(selection)
        if infos is None:
            found = await list_fields(self._engine, selection)
            meter.elapsed_ms += found.elapsed_ms
            meter.rows_read += found.rows_read
            infos = self._fields.keep(selection, [*found.fields, *_absent(found.fields)])
        wanted = typed.lower()
        ranked = sorted(
            (info for info in infos if wanted in info.name.lower()),
            key=lambda info: not info.name.lower().startswith(wanted),
        )
        return [
            Item(text=info.name, kind="field", detail=next(iter(info.types), ""))
            for info in ranked[:MAX_ITEMS]
        ]

    async def _value_items(self, meter: Meter, selection: Selection, place: Place) -> list[Item]:
        field = field_of(place.field or "")
        wanted = place.typed.lower()
        if field == SEVERITY:
            names = [level.name.lower() for level in Severity]
            return [Item(text=name, kind="value") for name in names if name.startswith(wanted)]
        if not field.is_property and field.name in (*PROSE_FIELDS, *NUMBER_FIELDS):
            return []
        key = (selection, field, wanted)
        values = self._values.get(key)
        if values is None:
            values = self._values.keep(key, await _ask_values(meter, selection, field, wanted))
        return [
            Item(text=_quoted(value), kind="value", detail=f"{count:,}") for value, count in values
        ]


def read_place(text: str, cursor: int) -> Place:
    """The word left of the cursor; words end at blanks, commas, bars and parentheses."""
    start, is_quoted = 0, False
    #: For each open parenthesis the field of `field:(`, or None.
    groups: list[str | None] = []
    position = 0
    while position < cursor:
        character = text[position]
        if is_quoted and character == "\\":
            position += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif not is_quoted and (character.isspace() or character in "(),|"):
            if character == "(":
                found = _CONDITION.fullmatch(text[start:position])
                groups.append(found["name"] if found and not found["value"] else None)
            elif character == ")" and groups:
                groups.pop()
            start = position + 1
        position += 1
    start = min(start, cursor)
    if text[start:cursor].startswith("-"):
        start += 1
    typed = text[start:cursor]
    found = _CONDITION.fullmatch(typed)
    if found is not None:
        return Place(
            start + found.start("value"), _unquoted(found["value"]), _unquoted(found["name"])
        )
    group = groups[-1] if groups else None
    if group is not None:
        return Place(start, _unquoted(typed), _unquoted(group))
    return Place(start, typed)


async def _ask_values(
    meter: Meter, selection: Selection, field: Field, wanted: str
) -> list[tuple[str, int]]:
    """The most frequent values of the newest events that hold what was typed, starts first."""
    parameters = Parameters()
    text = text_of(field, parameters)
    typed = parameters.bind(wanted, "String")
    sample = PROPERTY_SAMPLE if field.is_property else SAMPLE
    rows = await meter.rows(
        f"SELECT value, count() AS number FROM (SELECT {text} AS value FROM events"
        f" WHERE {selection.where(parameters)} ORDER BY timestamp DESC, id DESC LIMIT {sample})"
        f" WHERE value != '' AND lengthUTF8(value) <= {MAX_VALUE_CHARACTERS}"
        f" AND position(lowerUTF8(value), {typed}) > 0 GROUP BY value"
        f" ORDER BY startsWith(lowerUTF8(value), {typed}) DESC, number DESC, value"
        f" LIMIT {MAX_ITEMS}",
        parameters,
    )
    return [(value, count) for value, count in rows]


class _Memory(Generic[T]):
    """What was found lately, for a while and up to a number."""

    def __init__(self, fresh_s: float, clock: Callable[[], float]) -> None:
        self._fresh_s = fresh_s
        self._clock = clock
        self._kept: OrderedDict[object, tuple[float, T]] = OrderedDict()

    def get(self, key: object) -> T | None:
        kept = self._kept.get(key)
        return kept[1] if kept and self._clock() - kept[0] < self._fresh_s else None

    def keep(self, key: object, value: T) -> T:
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_REMEMBERED:
            self._kept.popitem(last=False)
        return value


def _absent(infos: list[FieldInfo]) -> list[FieldInfo]:
    """The fields every event may have, although none of the newest does."""
    present = {info.name for info in infos}
    return [
        FieldInfo(name=name, is_property=False, types={_kind_of(name): 0}, count=0)
        for name in ("severity", *NAME_FIELDS, *PROSE_FIELDS, "id", "issue")
        if name not in present
    ]


def _kind_of(name: str) -> str:
    if name in NUMBER_FIELDS:
        return "severity" if name == "severity" else "number"
    return "text" if name in PROSE_FIELDS else "string"


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    inside = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return re.sub(r'\\(["\\])', r"\1", inside)


def _quoted(value: str) -> str:
    """A value as it is written in a search."""
    return render_filter(Equal(Field("application"), value)).removeprefix("application:")
