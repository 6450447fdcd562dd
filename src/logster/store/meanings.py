r"""What the terms of a search may mean besides what they say; nothing is asked of the store here.

In: a `Filter`, and the names that recent events have. Out: other filters, the nearest first.
Promise: nothing else than what a search can say.

A word may be the id of an event, or stand inside another word. A condition may be on a name that
others spell differently (`level`, `userId`); or it is none at all but text (`C:\x`, `key=value`).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from logster.errors import QueryError
from logster.fields.aliases import ALIASES, field_for, plain_name
from logster.query.grammar import quote
from logster.query.parse import parse_filter
from logster.query.render import render_field, render_filter
from logster.query.suggest import nearest
from logster.query.tree import And, Equal, Field, Filter, Glob, Not, Or, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Longer texts are no values that somebody types.
MAX_CHARACTERS = 200
_MAX_ID = 2**64 - 1

_HEX = re.compile(r"[0-9a-f]+")
_PLACES_OF_IDS = {32: "trace_id", 16: "span_id"}
#: `a=>5` and `a=<5`, as others write `>=` and `<=`.
_TURNED = re.compile(r"([^\W\d][\w.]*)(=[<>])(-?[\w.]+)")
#: A name and a value with a blank on one side of the sign.
_TORN = re.compile(r"([^\W\d][\w.@$/-]*)(?:==? | ==?)(\S+)")


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


def terms_in(tree: Filter) -> Iterator[Filter]:
    """The terms that an event must or may meet; those it must not are no reason to find nothing."""
    match tree:
        case And(filters) | Or(filters):
            for part in filters:
                yield from terms_in(part)
        case Not():
            return
        case _:
            yield tree


def replaced(tree: Filter, old: Filter, new: Filter) -> Filter:
    """A search with another term in place of one."""
    match tree:
        case _ if tree == old:
            return new
        case And(filters):
            return And(tuple(replaced(part, old, new) for part in filters))
        case Or(filters):
            return Or(tuple(replaced(part, old, new) for part in filters))
        case _:
            return tree


def other_terms(term: Filter, known: Mapping[str, Field]) -> Iterator[Filter]:
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


def joined(tree: Filter) -> Iterator[Filter]:
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


def value_in(term: Filter) -> str | None:
    """What a term asks for, where that may be a value somewhere."""
    match term:
        case Words(text, None, False) if len(text) <= MAX_CHARACTERS:
            return text
        case Equal(_, str(value)) if 0 < len(value) <= MAX_CHARACTERS:
            return value
        case _:
            return None


def can_be_asked(tree: Filter) -> bool:
    """Whether its text is a search that means the same."""
    try:
        return parse_filter(render_filter(tree)) == tree
    except QueryError:
        return False
