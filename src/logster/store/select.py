"""Filter tree -> SQL text and parameters: the only place that composes SQL.

In: a `Filter`, a workspace, instants, cursors; all of them may come from a stranger.
Out: a `Statement` whose text is made of this module's own constants, and whose values
are parameters that the server binds (`{p1:String}`).
Promise: the workspace is the first condition of every statement and stands outside
everything the filter adds; what the statement finds is what `query/match` says.

How the text index is used. A word is asked by its tokens (`hasAllTokens`), which the
engine answers from the index alone. A phrase, a pattern and an expression ask for the tokens
that stand whole in every match first and then for the rest in the few rows that are left.
Text inside a word is found among the words of the index (`LIKE`).
The index is over lower-cased text, `lowerUTF8(column)`, and only that very expression asks it.
"""

# ruff: noqa: S608  # composing SQL is the task here; every value is a bound parameter
from __future__ import annotations

import itertools
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from logster.event import TEXT_FIELDS
from logster.query.regex.parse import parse_regex
from logster.query.regex.render import render_re2
from logster.query.regex.tokens import tokens_in_regex
from logster.query.tokens import (
    SPACES,
    bounds_of,
    bounds_of_glob,
    pattern_of_text,
    runs_of,
    whole_tokens_in,
    whole_tokens_of,
)
from logster.query.tree import (
    EVERYTHING,
    FIELDS,
    PROSE_FIELDS,
    TIME_FIELDS,
    And,
    Equal,
    Field,
    Filter,
    Glob,
    Has,
    Not,
    Or,
    Order,
    Prefix,
    Regex,
    Words,
)
from logster.query.unicode import MAX_SPELLINGS, folded_spellings, spellings
from logster.store.property import (
    property_condition,
    property_number,
    property_text,
    text_in_member,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

#: Field -> column; a name that is not in here never reaches SQL text.
COLUMNS = {name: name for name in FIELDS}
COLUMNS["user"] = "`user`"


#: For a shorter part the engine does not look through the words of the index.
MIN_PART_CHARACTERS = 4
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
        """Keep a value; `kind` is its type in the engine, one of this module's constants.

        The same value has one place: an expression that is said twice is computed once.
        """
        place = self._places.get((kind, repr(value)))
        if place is None:
            name = f"p{len(self.values) + 1}"
            self.values[name] = value
            place = self._places[kind, repr(value)] = f"{{{name}:{kind}}}"
        return place

    def may_scan(self) -> bool:
        """Whether one more property may be found by a scan (`_scanned`)."""
        self._scans += 1
        return self._scans <= MAX_SCANS

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


def select_places(workspace: int, tree: Filter, *, above_ms: int, limit: int) -> Statement:
    """The newest rows stored after `above_ms`: their ids and `stored_at` (ms)."""
    parameters = Parameters()
    parts = _stored(parameters, workspace, tree, above_ms, ())
    return Statement(
        "SELECT id, toUnixTimestamp64Milli(stored_at) FROM events"
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


#: Of all workspaces: the engine answers it from the headers of its parts, without reading a row.
SELECT_OLDEST = Statement("SELECT toUnixTimestamp64Nano(min(timestamp)) FROM events", {})


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


def _condition(tree: Filter, parameters: Parameters) -> str:  # noqa: PLR0911  # one answer per kind
    match tree:
        case And(filters):
            return _all([_condition(part, parameters) for part in filters])
        case Or(filters):
            return _any([_condition(part, parameters) for part in filters])
        case Not(part):
            return f"NOT {_condition(part, parameters)}"
        case Words():
            return _words(tree, parameters)
        case Glob() | Regex():
            if tree.field is None or _is_prose(tree.field):
                return _prose_pattern(tree, parameters)
            return _text_condition(tree, tree.field, parameters)
        case Prefix(field):
            return _text_condition(tree, field, parameters)
        case Equal(field) | Order(field) | Has(field):
            return (property_condition if field.is_property else _column)(tree, parameters)
        case _:
            assert_never(tree)


def _all(parts: list[str]) -> str:
    return f"({' AND '.join(parts)})" if parts else "1"


def _any(parts: list[str]) -> str:
    return f"({' OR '.join(parts)})"


def _words(words: Words, parameters: Parameters) -> str:
    tokens = whole_tokens_of(words)
    bounds = bounds_of(words)
    part = None if tokens else _longest_part((words.text,))
    if not any(bounds) and (likes := _likes(words.text)):
        # A part that is the whole text says it all.
        part = None if part == words.text.lower() else part
        return _prose(words.field, tokens, part, (_FOLDED_LIKE, likes), parameters)
    is_one_token = tokens == [words.text.lower()]
    pattern = _bounded(pattern_of_text(words.text, _literal), *bounds)
    test = (_FOLDED_MATCH, [] if is_one_token else [pattern])
    return _prose(words.field, tokens, part, test, parameters)


def _is_prose(field: Field) -> bool:
    return field.name in PROSE_FIELDS and not field.is_property


def _prose_pattern(tree: Glob | Regex, parameters: Parameters) -> str:
    """A pattern is looked for in lower-cased text, an expression in the text as it is written."""
    if isinstance(tree, Regex):
        node = parse_regex(tree.text, is_any_case=tree.is_any_case)
        test = (_MATCH, [render_re2(node)])
        return _prose(tree.field, tokens_in_regex(node), None, test, parameters)
    tokens = whole_tokens_in(tree.texts)
    part = None if tokens else _longest_part(tree.texts)
    match tree.texts:
        case ("", text, "") if likes := _likes(text):
            test = (_FOLDED_LIKE, likes)
            part = None if part == text.lower() else part
        case texts:
            middle = f"[^{SPACES}]*".join(pattern_of_text(text, _literal) for text in texts)
            test = (_FOLDED_MATCH, [_bounded(middle, *bounds_of_glob(tree))])
    return _prose(tree.field, tokens, part, test, parameters)


def _likes(text: str) -> list[str]:
    """A text anywhere, by its spellings, which the index finds inside its words; else none."""
    runs = runs_of(text)
    if math.prod(map(len, runs)) > MAX_SPELLINGS:
        return []
    return [f"%{_like(''.join(spelling))}%" for spelling in itertools.product(*runs)]


def _longest_part(texts: Iterable[str]) -> str | None:
    """The longest run of one word's characters, which the index finds inside its words.

    Letters that are whole in the composed spelling are so in all others.
    """
    composed = (unicodedata.normalize("NFC", text.lower()) for text in texts)
    parts = [part for text in composed for part in _PART.findall(text)]
    longest = max(parts, key=len, default="")
    return longest if len(longest) >= MIN_PART_CHARACTERS else None


def _prose(
    field: Field | None,
    tokens: list[str],
    part: str | None,
    test_and_patterns: tuple[str, list[str]],
    parameters: Parameters,
) -> str:
    """Whole tokens or a part of one by the index, then any pattern; in any of the columns."""
    names = PROSE_FIELDS if field is None else (field.name,)
    test, patterns = test_and_patterns
    asked = _tokens(tokens, parameters)
    if part is not None:
        asked.append((_FOLDED_LIKE, [parameters.bind(f"%{part}%", "String")]))
    if patterns:
        asked.append((test, [parameters.bind(pattern, "String") for pattern in patterns]))
    alternatives = []
    for column in (COLUMNS[name] for name in names):
        parts = ([test.format(column, bound) for bound in places] for test, places in asked)
        alternatives.append(_all([_any(part) if part[1:] else part[0] for part in parts]))
    return _any(alternatives)


def _tokens(tokens: list[str], parameters: Parameters) -> list[tuple[str, list[str]]]:
    """Those with one spelling all together, each other one by any of its spellings."""
    spelled = [folded_spellings(token) for token in dict.fromkeys(tokens)]
    plain = " ".join(found[0] for found in spelled if len(found) == 1)
    asked = [(_ALL_WORDS, [parameters.bind(plain, "String")])] if plain else []
    several = (list(found) for found in spelled if len(found) > 1)
    return asked + [(_ANY_WORD, [parameters.bind(found, "Array(String)")]) for found in several]


#: A column and a pattern.
_FOLDED_MATCH = "match(lowerUTF8({}), {})"
_FOLDED_LIKE = "lowerUTF8({}) LIKE {}"
_MATCH = "match({}, {})"
_ALL_WORDS = "hasAllTokens(lowerUTF8({}), {})"
_ANY_WORD = "hasAnyTokens(lowerUTF8({}), {})"


def _like(text: str) -> str:
    return _LIKE_SPECIAL.sub(r"\\\g<0>", text)


def _bounded(middle: str, is_bounded_before: bool, is_bounded_behind: bool) -> str:
    """A pattern for RE2, which has no look-around: the neighbour is part of the match."""
    return (
        (f"(?:^|{_RE2_NEIGHBOUR})" if is_bounded_before else "")
        + middle
        + (f"(?:$|{_RE2_NEIGHBOUR})" if is_bounded_behind else "")
    )


def _literal(text: str) -> str:
    return _RE2_SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character.isprintable() else f"\\x{ord(character):02x}"


def _text_condition(tree: Prefix | Glob | Regex, field: Field, parameters: Parameters) -> str:
    """A condition on the text of a name or of a property; a property may have none."""
    if not field.is_property:
        return _text_test(tree, COLUMNS[field.name], parameters)
    has_text, text = text_in_member(field, parameters)
    return f"({has_text} AND {_text_test(tree, text, parameters)})"


def _text_test(tree: Prefix | Glob | Regex, text: str, parameters: Parameters) -> str:
    match tree:
        case Prefix(_, beginning):
            bound = [parameters.bind(each, "String") for each in spellings(beginning)]
            return _any([f"startsWith({text}, {each})" for each in bound])
        case Glob(texts):
            return _value_pattern(texts, text, parameters)
        case Regex(expression):
            node = parse_regex(expression, is_any_case=tree.is_any_case)
            return f"match({text}, {parameters.bind(render_re2(node), 'String')})"


def _value_pattern(texts: tuple[str, ...], text: str, parameters: Parameters) -> str:
    """A whole value of this form; text with accents has several spellings, which LIKE has not."""
    if all(map(str.isascii, texts)):
        pattern = "%".join(map(_like, texts))
        return f"{text} LIKE {parameters.bind(pattern, 'String')}"
    parts = ("|".join(map(_literal, spellings(part))) for part in texts)
    pattern = "^" + "(?s:.*)".join(f"(?:{part})" for part in parts) + "$"
    return f"match({text}, {parameters.bind(pattern, 'String')})"


def _column(tree: Equal | Order | Has, parameters: Parameters) -> str:
    """A condition on a column; numbers bind as the widest type they fit."""
    column = COLUMNS[tree.field.name]
    match tree:
        case Equal(_, value):
            if isinstance(value, int):
                return f"{column} = {_column_value(tree.field, value, parameters)}"
            bound = [parameters.bind(each, "String") for each in spellings(value)]
            return f"{column} IN ({', '.join(bound)})" if bound[1:] else f"{column} = {bound[0]}"
        case Order(_, comparison, value):
            return f"{column} {comparison} {_column_value(tree.field, value, parameters)}"
        case Has():
            return f"{column} != ''"


def _column_value(field: Field, value: float | Decimal, parameters: Parameters) -> str:
    if field.name in TIME_FIELDS:
        return parameters.instant(int(value))
    return parameters.bind(value, "UInt64")


def text_of_field(field: Field, parameters: Parameters) -> str:
    """The text of a name, of prose or of a property (`query/value`); '' when there is none."""
    return property_text(field, parameters) if field.is_property else COLUMNS[field.name]


def number_of_field(field: Field, parameters: Parameters) -> str:
    """The number a property is or is written as, or NULL."""
    return property_number(field, parameters)


#: Characters of one word (`query/tokens`), ASCII alone: others have cases of their own.
_PART = re.compile(r"[0-9a-z]+")
_LIKE_SPECIAL = re.compile(r"[%_\\]")
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
