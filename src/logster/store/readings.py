r"""What a search that found nothing may mean: other readings of it, and how many events they find.

In: a `Selection` that found nothing, and the names that recent events have.
Out: `Reading`s that find something, the nearest first.
Promise: nothing else is asked than what the search language can say; at most `MAX_QUESTIONS`
questions, none longer than `QUESTION_S`, all together no longer than `BUDGET_S`; never an error,
since the search itself was answered. One term is read in another way at a time.

A word may be the value of a property or of a name, the id of an event, or stand inside another
word. A condition may be on a name that others spell differently (`level`, `userId`), on a value
that stands elsewhere, or no condition at all but text (`C:\x`, `key=value`).
"""

# ruff: noqa: S608  composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from logster.errors import QueryError, StoreError
from logster.event import read_properties
from logster.fields.aliases import ALIASES, field_for, plain_name
from logster.query.grammar import quote
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.parse import parse_filter
from logster.query.render import render_field, render_filter
from logster.query.suggest import nearest
from logster.query.tree import (
    EVERYTHING,
    NAME_FIELDS,
    And,
    Equal,
    Field,
    Filter,
    Glob,
    Not,
    Or,
    Words,
)
from logster.query.value import text_of
from logster.store.property import has_property_value
from logster.store.select import COLUMNS, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from logster.store.question import Meter, Selection

#: Readings that are shown; more are no help.
MAX_READINGS = 5
#: Terms of a search that are read otherwise; a longer search is a program's.
MAX_TERMS = 3
#: A question nobody asked may not keep the engine from those that were.
MAX_QUESTIONS = 24
QUESTION_S, BUDGET_S = 0.5, 1.5
#: Longer texts are no values that somebody types.
MAX_CHARACTERS = 200
#: Events that are looked at for the names of the properties that have a value.
MAX_HOMES = 20
_MAX_ID = 2**64 - 1

#: Names whose values are compared with a word: all but the text of a template.
_HOMES = tuple(name for name in NAME_FIELDS if name not in ("template", "protocol"))


class Reading(msgspec.Struct, frozen=True):
    """Another search, and how many events it finds."""

    filter: Filter
    count: int


def other_fields(asked: Field, known: Mapping[str, Field]) -> list[Field]:
    """Fields and properties that may be meant by a name, the nearest first."""
    plain = plain_name(asked.name)
    last = plain_name(asked.name.rpartition(".")[2])
    group = field_for(asked.name)
    aliases = ALIASES[group] if group else frozenset()
    same, alike, ends = [], [], []
    for other in known.values():
        names = plain_name(other.name), plain_name(other.name.rpartition(".")[2])
        if names[0] == plain:
            same.append(other)
        elif not aliases.isdisjoint(names):
            alike.append(other)
        elif other.is_property and (names[1] == plain or names[0] == last):
            ends.append(other)
    fields = [*same, *([Field(group)] if group else ()), *alike, *ends]
    if asked.is_property and (name := nearest(asked.name, known)):
        fields.append(known[name])
    return [field for field in dict.fromkeys(fields) if field != asked]


async def find_readings(
    meter: Meter, selection: Selection, known: Mapping[str, Field], first: Filter
) -> list[Reading]:
    """The readings that find something; `first` is one that the caller has."""
    asking = _Asking(meter, selection)
    found: dict[Filter, int] = {}
    tree = selection.filter
    terms = list(dict.fromkeys(_terms_in(tree)))[:MAX_TERMS]
    others = [(term, other) for term in terms for other in _others(term, known)]
    quick = [_replaced(tree, *pair) for pair in others if not isinstance(pair[1], Glob)]
    scans = [_replaced(tree, *pair) for pair in others if isinstance(pair[1], Glob)]
    with suppress(TimeoutError):
        async with asyncio.timeout(BUDGET_S):
            # What an index answers comes before what reads every event.
            await asking.count_all([first, *_joined(tree), *quick], found)
            for look in (asking.properties_by_index, asking.names):
                for term in terms:
                    homes = await look(term)
                    await asking.count_all([_replaced(tree, term, home) for home in homes], found)
            await asking.count_all(scans, found)
            for term in terms if not found else ():
                homes = await asking.properties_by_text(term)
                await asking.count_all([_replaced(tree, term, home) for home in homes], found)
    return [Reading(*pair) for pair in found.items()][:MAX_READINGS]


def _terms_in(tree: Filter) -> Iterator[Filter]:
    """The terms that an event must or may meet; those it must not are no reason to find nothing."""
    match tree:
        case And(filters) | Or(filters):
            for part in filters:
                yield from _terms_in(part)
        case Not():
            return
        case _:
            yield tree


def _replaced(tree: Filter, old: Filter, new: Filter) -> Filter:
    match tree:
        case _ if tree == old:
            return new
        case And(filters):
            return And(tuple(_replaced(part, old, new) for part in filters))
        case Or(filters):
            return Or(tuple(_replaced(part, old, new) for part in filters))
        case _:
            return tree


def _others(term: Filter, known: Mapping[str, Field]) -> Iterator[Filter]:
    """Other readings of a term, as far as no event has to be looked at for them."""
    match term:
        case Words(text, field, False) if len(text) <= MAX_CHARACTERS:
            yield from _other_words(text, field)
        case Equal(field, str(value)) if 0 < len(value) <= MAX_CHARACTERS:
            for other in other_fields(field, known):
                yield from _parsed(f"{render_field(other)}:{quote(value)}")
            yield from (Words(f"{field.name}{sign}{value}") for sign in ":=")
            yield Glob(("", value, ""), field)


def _other_words(text: str, field: Field | None) -> Iterator[Filter]:
    plain = text.removeprefix("#")
    if field is None and plain.isascii() and plain.isdigit() and int(plain) <= _MAX_ID:
        yield Equal(Field("id"), int(plain))
    trace = text.replace("-", "").lower()
    if field is None and (place := _PLACES_OF_IDS.get(len(trace))) and _HEX.fullmatch(trace):
        yield Equal(Field(place), trace)
    if found := _TURNED.fullmatch(text):
        yield from _parsed(f"{found[1]}{found[2][::-1]}{found[3]}")
    if field is not None:
        yield Words(text)
    if len(text) > 1:
        yield Glob(("", text, ""), field)
    words = text.split()
    if len(words) > 1:
        yield And(tuple(Words(word, field) for word in words))


def _joined(tree: Filter) -> Iterator[Filter]:
    """`status= 500` and `status =500` are two words; a condition may be meant."""
    if not isinstance(tree, And):
        return
    for place, pair in enumerate(pairwise(tree.filters)):
        if not all(isinstance(part, Words) and part.field is None for part in pair):
            continue
        text = " ".join(part.text for part in pair if isinstance(part, Words))
        if found := _TORN.fullmatch(text):
            for meant in _parsed(f"{found[1]}:{quote(found[2])}"):
                parts = (*tree.filters[:place], meant, *tree.filters[place + 2 :])
                yield And(parts) if len(parts) > 1 else meant


def _parsed(text: str) -> Iterator[Filter]:
    """What a text means; nothing where a field cannot be asked that."""
    try:
        yield parse_filter(text)
    except QueryError:
        return


class _Asking:
    """Asks a few short questions; where one fails or takes too long, there is no answer."""

    def __init__(self, meter: Meter, selection: Selection) -> None:
        self._meter = meter
        self._selection = selection
        self._left = MAX_QUESTIONS

    async def count_all(self, trees: list[Filter], found: dict[Filter, int]) -> None:
        """Keep what finds something, until there is enough of it."""
        for tree in trees:
            is_wanted = len(found) < MAX_READINGS and tree not in found
            if is_wanted and (count := await self._count(tree)):
                found[tree] = count

    async def _count(self, tree: Filter) -> int:
        """How many events of the selection's time a filter finds."""
        if tree == self._selection.filter or not _can_be_asked(tree):
            return 0
        parameters = Parameters()
        where = msgspec.structs.replace(self._selection, filter=tree).where(parameters)
        rows = await self._ask(f"SELECT count() FROM events WHERE {where}", parameters)
        return int(rows[0][0]) if rows else 0

    async def names(self, term: Filter) -> list[Filter]:
        """Names that are the value of a term but for its case."""
        value = _value_of(term)
        if value is None:
            return []
        parameters = Parameters()
        where = msgspec.structs.replace(self._selection, filter=EVERYTHING).where(parameters)
        folded = parameters.bind(value.lower(), "String")
        pairs = ", ".join(f"('{name}', toString({COLUMNS[name]}))" for name in _HOMES)
        any_of = " OR ".join(f"lowerUTF8({COLUMNS[name]}) = {folded}" for name in _HOMES)
        rows = await self._ask(
            "SELECT pair.1 AS name, pair.2 AS value, count() AS number FROM"
            f" (SELECT arrayJoin([{pairs}]) AS pair FROM events WHERE {where} AND ({any_of}))"
            f" WHERE lowerUTF8(value) = {folded} GROUP BY name, value"
            f" ORDER BY number DESC, name, value LIMIT {MAX_READINGS}",
            parameters,
        )
        return [Equal(Field(name), found) for name, found, _ in rows]

    async def properties_by_index(self, term: Filter) -> list[Filter]:
        """Properties that have the value of a term; those deeper down are not in the index."""
        return await self._properties(term, has_property_value)

    async def properties_by_text(self, term: Filter) -> list[Filter]:
        """The same for all, where the text of the properties holds it."""
        return await self._properties(term, _has_text)

    async def _properties(
        self, term: Filter, test: Callable[[str, Parameters], str]
    ) -> list[Filter]:
        value = _value_of(term)
        if value is None:
            return []
        parameters = Parameters()
        where = msgspec.structs.replace(self._selection, filter=EVERYTHING).where(parameters)
        rows = await self._ask(
            f"SELECT properties FROM events WHERE {where} AND {test(value, parameters)}"
            f" LIMIT {MAX_HOMES}",
            parameters,
        )
        paths = (path for row in rows for path in _paths_to(value, read_properties(row[0])))
        fields = list(dict.fromkeys(paths))[:MAX_READINGS]
        return [Equal(Field(path, is_property=True), value) for path in fields]

    async def _ask(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        if self._left <= 0:
            return []
        self._left -= 1
        budget = asyncio.timeout(QUESTION_S)
        try:
            async with budget:
                return await self._meter.rows(sql, parameters)
        except StoreError:
            return []
        except TimeoutError:
            if budget.expired():
                return []
            raise


def _value_of(term: Filter) -> str | None:
    """What a term asks for, where that may be a value somewhere."""
    match term:
        case Words(text, None, False) if len(text) <= MAX_CHARACTERS:
            return text
        case Equal(_, str(value)) if 0 < len(value) <= MAX_CHARACTERS:
            return value
        case _:
            return None


def _has_text(value: str, parameters: Parameters) -> str:
    return f"position(properties, {parameters.bind(value, 'String')}) > 0"


def _paths_to(value: str, properties: dict[str, Any], path: str = "") -> Iterator[str]:
    """Where in the properties a value is, as it is typed in a search."""
    for name, member in properties.items():
        place = f"{path}.{name}" if path else name
        if isinstance(member, dict):
            if place.count(".") + 1 < MAX_PATH_DEPTH:
                yield from _paths_to(value, member, place)
        elif text_of(member) == value and place:
            yield place


def _can_be_asked(tree: Filter) -> bool:
    """Whether its text is a search that means the same."""
    try:
        return parse_filter(render_filter(tree)) == tree
    except QueryError:
        return False


_HEX = re.compile(r"[0-9a-f]+")
_PLACES_OF_IDS = {32: "trace_id", 16: "span_id"}
#: `a=>5` and `a=<5`, as others write `>=` and `<=`.
_TURNED = re.compile(r"([^\W\d][\w.]*)(=[<>])(-?[\w.]+)")
#: A name and a value with a blank on one side of the sign.
_TORN = re.compile(r"([^\W\d][\w.@$/-]*)(?:==? | ==?)(\S+)")
