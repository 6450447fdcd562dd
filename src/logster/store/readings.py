"""Other readings of a search that found nothing, and how many events they find.

In: a `Selection` that found nothing, and the names that recent events have.
Out: `Reading`s that find something, the nearest first.
Promise: at most `MAX_QUESTIONS` questions, none longer than `QUESTION_S`, all together no longer
than `BUDGET_S`; never an error, since the search itself was answered. One term is read in another
way at a time: as `meanings` says, or as the value of a name or a property that really has it.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from logster.errors import StoreError
from logster.event import read_properties
from logster.query.limits import MAX_PATH_DEPTH
from logster.query.tree import EVERYTHING, NAME_FIELDS, Equal, Field, Filter, Glob
from logster.query.value import text_of
from logster.store.columns import COLUMNS
from logster.store.meanings import can_be_asked, joined, other_terms, replaced, terms_in, value_in
from logster.store.parameters import Parameters
from logster.store.properties import has_property_value
from logster.store.topology import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from logster.store.meter import Meter
    from logster.store.selection import Selection

#: Readings that are shown; more are no help.
MAX_READINGS = 5
#: Terms of a search that are read otherwise; a longer search is a program's.
MAX_TERMS = 3
#: A question nobody asked may not keep the engine from those that were.
MAX_QUESTIONS = 24
QUESTION_S, BUDGET_S = 0.5, 1.5
#: Events that are looked at for the names of the properties that have a value.
MAX_HOMES = 20

#: Names whose values are compared with a word: all but the text of a template.
_HOMES = tuple(name for name in NAME_FIELDS if name not in ("template", "protocol"))


class Reading(msgspec.Struct, frozen=True):
    """Another search, and how many events it finds."""

    filter: Filter
    count: int


async def find_readings(
    meter: Meter, selection: Selection, known: Mapping[str, Field], first: Filter
) -> list[Reading]:
    """The readings that find something; `first` is one that the caller has."""
    asking = _Asking(meter, selection)
    found: dict[Filter, int] = {}
    tree = selection.filter
    terms = list(dict.fromkeys(terms_in(tree)))[:MAX_TERMS]
    others = [(term, other) for term in terms for other in other_terms(term, known)]
    quick = [replaced(tree, *pair) for pair in others if not isinstance(pair[1], Glob)]
    scans = [replaced(tree, *pair) for pair in others if isinstance(pair[1], Glob)]
    with suppress(TimeoutError):
        async with asyncio.timeout(BUDGET_S):
            # What an index answers comes before what reads every event.
            await asking.count_all([first, *joined(tree), *quick], found)
            for look in (asking.properties_by_index, asking.names):
                for term in terms:
                    homes = await look(term)
                    await asking.count_all([replaced(tree, term, home) for home in homes], found)
            await asking.count_all(scans, found)
            for term in terms if not found else ():
                homes = await asking.properties_by_text(term)
                await asking.count_all([replaced(tree, term, home) for home in homes], found)
    return [Reading(*pair) for pair in found.items()][:MAX_READINGS]


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
        if tree == self._selection.filter or not can_be_asked(tree):
            return 0
        parameters = Parameters()
        where = self._selection.with_filter(tree).where(parameters)
        rows = await self._ask(
            f"SELECT count() FROM {EVENTS.read} WHERE {where}", parameters.values
        )
        return int(rows[0][0]) if rows else 0

    async def names(self, term: Filter) -> list[Filter]:
        """Names that are the value of a term but for its case."""
        value = value_in(term)
        if value is None:
            return []
        parameters = Parameters()
        where = self._selection.with_filter(EVERYTHING).where(parameters)
        folded = parameters.bind(value.lower(), "String")
        pairs = ", ".join(f"('{name}', toString({COLUMNS[name]}))" for name in _HOMES)
        any_of = " OR ".join(f"lowerUTF8({COLUMNS[name]}) = {folded}" for name in _HOMES)
        rows = await self._ask(
            "SELECT pair.1 AS name, pair.2 AS value, count() AS number FROM"
            f" (SELECT arrayJoin([{pairs}]) AS pair FROM {EVENTS.read}"
            f" WHERE {where} AND ({any_of}))"
            f" WHERE lowerUTF8(value) = {folded} GROUP BY name, value"
            f" ORDER BY number DESC, name, value LIMIT {MAX_READINGS}",
            parameters.values,
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
        value = value_in(term)
        if value is None:
            return []
        parameters = Parameters()
        where = self._selection.with_filter(EVERYTHING).where(parameters)
        rows = await self._ask(
            f"SELECT properties FROM {EVENTS.read} WHERE {where} AND {test(value, parameters)}"
            f" LIMIT {MAX_HOMES}",
            parameters.values,
        )
        paths = (path for row in rows for path in _paths_to(value, read_properties(row[0])))
        fields = list(dict.fromkeys(paths))[:MAX_READINGS]
        return [Equal(Field(path, is_property=True), value) for path in fields]

    async def _ask(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if self._left <= 0:
            return []
        self._left -= 1
        budget = asyncio.timeout(QUESTION_S)
        try:
            async with budget:
                return await self._meter.rows(sql, values)
        except StoreError:
            return []
        except TimeoutError:
            if budget.expired():
                return []
            raise


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
