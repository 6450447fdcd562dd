"""Filter tree -> SQL text and parameters: the only place that composes SQL.

In: a `Filter`, a workspace, instants, cursors; all of them may come from a stranger.
Out: a `Statement` whose text is made of this module's own constants, and whose values
are parameters that the server binds (`{p1:String}`).
Promise: the workspace is the first condition of every statement and stands outside
everything the filter adds; what the statement finds is what `language.matches` says.

How the text index is used. A word is asked by its tokens (`hasAllTokens`), which the
engine answers from the index alone. A phrase asks for its tokens first and then
for its literal text in the few rows that are left. The index holds lower-cased text.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from logster.event import TEXT_FIELDS
from logster.language import (
    EVERYTHING,
    NAME_FIELDS,
    NUMBER_FIELDS,
    PROSE_FIELDS,
    And,
    Equal,
    Field,
    Filter,
    Has,
    Not,
    Or,
    Order,
    Prefix,
    Words,
    bounds_of,
    number_in,
    whole_tokens_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Field -> column; a name that is not in here never reaches SQL text.
COLUMNS = {name: name for name in (*PROSE_FIELDS, *NAME_FIELDS, *NUMBER_FIELDS)}
COLUMNS["user"] = "`user`"


class Statement(msgspec.Struct, frozen=True):
    """SQL text and the values the server binds to it."""

    sql: str
    parameters: dict[str, Any]


class Parameters:
    """Collects values and gives their place in the text."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any, kind: str) -> str:
        """Keep a value; `kind` is its type in the engine, one of this module's constants."""
        name = f"p{len(self.values) + 1}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"

    def instant(self, ns: int) -> str:
        """Keep an instant given in nanoseconds since 1970."""
        return f"fromUnixTimestamp64Nano({self.bind(ns, 'Int64')})"


class Key(msgspec.Struct, frozen=True):
    """The place of an event in the order of a search: newest first, ids break ties."""

    timestamp_ns: int
    id: int


def select_events(
    workspace: int,
    tree: Filter,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    before: Key | None = None,
    after: Key | None = None,
    limit: int,
) -> Statement:
    """Events newest first; with `after`, those next to the key, oldest first.

    `since_ns` is inside, `until_ns`, `before` and `after` are outside.
    """
    parameters = Parameters()
    parts = conditions(parameters, workspace, tree, since_ns=since_ns, until_ns=until_ns)
    if before is not None:
        parts.append(_beyond(parameters, "<", before))
    if after is not None:
        parts.append(_beyond(parameters, ">", after))
    order = "DESC" if after is None else "ASC"
    return Statement(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE {_all(parts)}"
        f" ORDER BY timestamp {order}, id {order} LIMIT {parameters.bind(limit, 'UInt32')}",
        parameters.values,
    )


def select_event(workspace: int, event_id: int) -> Statement:
    """One event by its id."""
    parameters = Parameters()
    parts = conditions(parameters, workspace, Equal(Field("id"), event_id))
    return Statement(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE {_all(parts)} LIMIT 1", parameters.values
    )


def select_stored(
    workspace: int, tree: Filter, *, above_ms: int, shown: Iterable[int], limit: int
) -> Statement:
    """The newest rows stored after `above_ms` that were not shown; `stored_at` (ms) is last."""
    parameters = Parameters()
    parts = _stored(parameters, workspace, tree, above_ms, shown)
    return Statement(
        f"SELECT {EVENT_COLUMNS}, toUnixTimestamp64Milli(stored_at) FROM events"
        f" WHERE {_all(parts)} ORDER BY stored_at DESC, id DESC"
        f" LIMIT {parameters.bind(limit, 'UInt32')}",
        parameters.values,
    )


def count_stored(
    workspace: int, tree: Filter, *, above_ms: int, until_ms: int, shown: Iterable[int]
) -> Statement:
    """How many rows `select_stored` would give without its limit, up to and with `until_ms`."""
    parameters = Parameters()
    parts = _stored(parameters, workspace, tree, above_ms, shown)
    until = f"fromUnixTimestamp64Milli({parameters.bind(until_ms, 'Int64')})"
    return Statement(
        f"SELECT count() FROM events WHERE {_all([*parts, f'stored_at <= {until}'])}",
        parameters.values,
    )


def _stored(
    parameters: Parameters, workspace: int, tree: Filter, above_ms: int, shown: Iterable[int]
) -> list[str]:
    parts = conditions(parameters, workspace, tree)
    above = f"fromUnixTimestamp64Milli({parameters.bind(above_ms, 'Int64')})"
    parts.insert(1, f"stored_at > {above}")
    if ids := list(shown):
        parts.append(f"id NOT IN {parameters.bind(ids, 'Array(UInt64)')}")
    return parts


#: The engine's clock, which is the one that sets `stored_at`.
SELECT_NOW = Statement("SELECT toUnixTimestamp64Milli(now64(3))", {})


def conditions(
    parameters: Parameters,
    workspace: int,
    tree: Filter,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> list[str]:
    """What every question about events has in common, to be joined by AND; workspace first."""
    parts = [f"workspace = {parameters.bind(workspace, 'UInt32')}"]
    if since_ns is not None:
        parts.append(f"timestamp >= {parameters.instant(since_ns)}")
    if until_ns is not None:
        parts.append(f"timestamp < {parameters.instant(until_ns)}")
    if tree != EVERYTHING:
        parts.append(_condition(tree, parameters))
    return parts


def _beyond(parameters: Parameters, side: str, key: Key) -> str:
    """Written as two conditions so that the first one can use the sorting key."""
    instant, event_id = parameters.instant(key.timestamp_ns), parameters.bind(key.id, "UInt64")
    return f"(timestamp {side}= {instant} AND (timestamp {side} {instant} OR id {side} {event_id}))"


def _condition(tree: Filter, parameters: Parameters) -> str:
    match tree:
        case And(filters):
            return _all([_condition(part, parameters) for part in filters])
        case Or(filters):
            return _any([_condition(part, parameters) for part in filters])
        case Not(part):
            return f"NOT {_condition(part, parameters)}"
        case Words():
            return _words(tree, parameters)
        case Equal(field) | Prefix(field) | Order(field) | Has(field) if field.is_property:
            return _property(tree, parameters)
        case Equal() | Prefix() | Order() | Has():
            return _column(tree, parameters)
        case _:
            assert_never(tree)


def _all(parts: list[str]) -> str:
    return f"({' AND '.join(parts)})" if parts else "1"


def _any(parts: list[str]) -> str:
    return f"({' OR '.join(parts)})"


def _words(words: Words, parameters: Parameters) -> str:
    names = PROSE_FIELDS if words.field is None else (words.field.name,)
    tokens = whole_tokens_of(words)
    is_one_token = tokens == [words.text.lower()]
    needle = parameters.bind(" ".join(tokens), "String") if tokens else None
    pattern = None if is_one_token else parameters.bind(_pattern(words), "String")
    alternatives = []
    for column in (COLUMNS[name] for name in names):
        parts = [] if needle is None else [f"hasAllTokens({column}, {needle})"]
        if pattern is not None:
            parts.append(f"match(lowerUTF8({column}), {pattern})")
        alternatives.append(_all(parts))
    return _any(alternatives)


def _pattern(words: Words) -> str:
    """The literal text, for RE2, which has no look-around: the neighbour is part of the match."""
    is_bounded_before, is_bounded_behind = bounds_of(words)
    return (
        (f"(?:^|{_RE2_NEIGHBOUR})" if is_bounded_before else "")
        + _RE2_SPECIAL.sub(_escape, words.text.lower())
        + (f"(?:$|{_RE2_NEIGHBOUR})" if is_bounded_behind else "")
    )


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character.isprintable() else f"\\x{ord(character):02x}"


def _column(tree: Equal | Prefix | Order | Has, parameters: Parameters) -> str:
    """A condition on a column; numbers bind as the widest type they fit."""
    column = COLUMNS[tree.field.name]
    match tree:
        case Equal(_, value):
            kind = "String" if isinstance(value, str) else "UInt64"
            return f"{column} = {parameters.bind(value, kind)}"
        case Prefix(_, text):
            return f"startsWith({column}, {parameters.bind(text, 'String')})"
        case Order(_, comparison, value):
            return f"{column} {comparison} {parameters.bind(value, 'UInt64')}"
        case Has():
            return f"{column} != ''"


def _property(tree: Equal | Prefix | Order | Has, parameters: Parameters) -> str:
    """A condition on a property; never NULL, so that NOT means the rest."""
    member, name = member_of(tree.field, parameters)
    match tree:
        case Equal():
            return _property_equal(tree, member, name, parameters)
        case Prefix(_, text):
            beginning = parameters.bind(text, "String")
            return (
                f"(JSONType({member}) = 'String'"
                f" AND startsWith(JSONExtractString({name}), {beginning}))"
            )
        case Order(_, comparison, value):
            bound = parameters.bind(float(value), "Float64")
            return _property_order(member, name, f"{comparison} {bound}")
        case Has():
            return f"""{member} NOT IN ('', 'null', '""')"""


def _property_equal(tree: Equal, member: str, name: str, parameters: Parameters) -> str:
    value = str(tree.value)
    texts = [parameters.bind(value, "String")]
    parts = [f"JSONType({member}) IN ('String', 'Bool') AND JSONExtractString({name}) = {texts[0]}"]
    number = number_in(value)
    if number is not None and math.isfinite(number):
        bound = parameters.bind(number, "Float64")
        parts.append(f"JSONType({name}) IN {_NUMBERS} AND JSONExtractFloat({name}) = {bound}")
        texts += [f"toString({bound})"] if number else ["'0'", "'-0'"]
    # The index knows the top level only, and integers that are no float differ from its text.
    if "." in tree.field.name or abs(number or 0) >= _FIRST_INEXACT:
        return _any(parts)
    return _all([f"hasAny({_PROPERTY_VALUES}, [{', '.join(texts)}])", _any(parts)])


def _property_order(member: str, name: str, is_beyond: str) -> str:
    """A number, or a text written like one, on this side of the bound."""
    text = f"JSONExtractString({name})"
    is_written_number = f"JSONType({name}) = 'String' AND match({text}, {_NUMBER_PATTERN})"
    return _any(
        [
            f"JSONType({member}) IN {_NUMBERS} AND JSONExtractFloat({name}) {is_beyond}",
            f"{is_written_number} AND ifNull(toFloat64OrNull({text}) {is_beyond}, 0)",
        ]
    )


def member_of(field: Field, parameters: Parameters) -> tuple[str, str]:
    """A property as JSON text, '' when it is missing, and the name by which to say it again.

    It is the member of exactly that name, else the one at the path split at dots.
    The properties are parsed for it once; its type and value are asked of the short text.
    """
    whole = parameters.bind(field.name, "String")
    raw = f"JSONExtractRaw(properties, {whole})"
    path = field.name.split(".")
    if len(path) > 1:
        names = ", ".join(parameters.bind(name, "String") for name in path)
        raw = f"if(JSONHas(properties, {whole}), {raw}, JSONExtractRaw(properties, {names}))"
    name = f"member_{whole.strip('{').split(':')[0]}"
    return f"({raw} AS {name})", name


#: The index `property_values` is over this very text: it tells which rows are worth parsing.
_PROPERTY_VALUES = "JSONExtractKeysAndValues(properties, 'String').2"
#: Integers below this are floats too, and are written alike.
_FIRST_INEXACT = 2**53
_NUMBERS = "('Int64', 'UInt64', 'Double')"
#: The same form of a number as in `language`.
_NUMBER_PATTERN = r"'^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$'"
#: RE2 takes a backslash before ASCII punctuation; control characters go by number.
_RE2_SPECIAL = re.compile(r"[^0-9A-Za-z_\x80-\U0010ffff]")
_RE2_NEIGHBOUR = r"[^0-9A-Za-z\x{80}-\x{10ffff}]"
#: The columns of an event in the order `search.read_event` takes them.
EVENT_COLUMNS = ", ".join(
    (
        "id",
        "toUnixTimestamp64Nano(timestamp)",
        "toUnixTimestamp64Nano(received_at)",
        "severity",
        *(COLUMNS[name] for name in TEXT_FIELDS),
        "blank",
        "properties",
        "workspace",
        "key",
        "protocol",
        "issue",
    )
)
