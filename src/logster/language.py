r"""The search language: text -> Filter tree -> text, and the meaning of a Filter in memory.

In: what a person types (`severity>=error -user:bot "timed out" DurationMs>500`).
Out: a frozen `Filter`, its canonical text, and whether an `Event` matches it.
Promise: `parse_filter(render_filter(tree)) == tree`; any text at all gives a tree
or a `QueryError` that says where and what was expected. Knows no SQL:
`store/select` says the same in the engine's words, and a test holds the two together.

What a word is. Text is cut into *tokens*: the longest runs of ASCII letters, ASCII
digits and any character beyond ASCII; everything else separates (the engine's
`splitByNonAlpha`). Upper and lower case are the same for every script: both sides
fold with Unicode's full lower-casing (`str.lower`, the engine's `lowerUTF8`).
A word or phrase is found where its literal text stands with no further token
character glued to an end: `10.0.0.1` is in `from 10.0.0.1:80`, not in `10.0.0.12`;
a prefix (`time*`) may go on at its end.

What a property is. Any name that is no field is a path into the properties:
the member of exactly that name, else the member reached by splitting at dots.
A number equals and compares as a number (64-bit float), also against text that is
written like one when ordered; other values are equal when their text is.
Objects, arrays and nulls are equal to nothing.
"""

from __future__ import annotations

import math
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, assert_never

import msgspec
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from logster.errors import QueryError
from logster.event import SEVERITY_NAMES, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from logster.event import Event

#: Longer than any search a person writes; keeps the SQL far below the engine's limits.
MAX_TEXT_CHARACTERS = 8_000
#: Deeper trees are made by machines; recursion over a tree stays safe below it.
MAX_DEPTH = 50
#: Each term is a few conditions in SQL; a longer list belongs into saved searches.
MAX_TERMS = 200
#: A property's path is asked level by level.
MAX_PATH_DEPTH = 10

#: Fields of prose: searched by word; a plain word searches them all.
PROSE_FIELDS = ("message", "exception", "stack_trace")
#: Fields that hold a name: compared whole, upper and lower case are different.
NAME_FIELDS = (
    "template",
    "application",
    "category",
    "user",
    "host",
    "environment",
    "release",
    "trace_id",
    "span_id",
    "protocol",
)
#: Fields that hold a whole number.
NUMBER_FIELDS = ("severity", "id", "issue")

Comparison: TypeAlias = Literal["<", "<=", ">", ">="]


class Field(msgspec.Struct, frozen=True):
    """Where to look: one of the fields above, or a path into the properties."""

    name: str
    is_property: bool = False


class Words(msgspec.Struct, frozen=True, tag=True):
    """A word or phrase, in one prose field or (None) in any of them."""

    text: str
    field: Field | None = None
    is_prefix: bool = False


class Equal(msgspec.Struct, frozen=True, tag=True):
    """The field has exactly this value."""

    field: Field
    value: str | int


class Prefix(msgspec.Struct, frozen=True, tag=True):
    """The field's text begins with this; upper and lower case are different."""

    field: Field
    text: str


class Order(msgspec.Struct, frozen=True, tag=True):
    """The field is a number on this side of the value."""

    field: Field
    comparison: Comparison
    value: int | float


class Has(msgspec.Struct, frozen=True, tag=True):
    """The field is there, not null and not empty text."""

    field: Field


class And(msgspec.Struct, frozen=True, tag=True):
    """All of them; with none inside, every event."""

    filters: tuple[Filter, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """Any of them."""

    filters: tuple[Filter, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """Not this one; an event without the field matches."""

    filter: Filter


Filter: TypeAlias = Words | Equal | Prefix | Order | Has | And | Or | Not

#: The filter of an empty search.
EVERYTHING = And(())

_MAX_ID = 2**64 - 1

_GRAMMAR = r"""
    start: any
         |                       -> everything
    any: all (_OR all)*
    all: one (_AND? one)*
    ?one: words
        | condition
        | (_NOT | _MINUS) one    -> negation
        | "(" any ")"
    words: WORD | QUOTED | QUOTED_PREFIX
    condition: (FIELD | QUOTED_FIELD) OPERATOR (VALUE | QUOTED | QUOTED_PREFIX)

    // Keywords are upper case and stand alone: "not found" is three words less one.
    _AND.5: /AND(?=[\s()"]|$)/
    _OR.5: /OR(?=[\s()"]|$)/
    _NOT.5: /NOT(?=[\s()"]|$)/
    // Only before something to negate: a lone dash, an arrow or --option is a word.
    _MINUS.5: /-(?=[\w@$"(])/
    // A name with an operator behind it; `std::vector`, `http://…` and `10:30` are words.
    FIELD.4: /(?:[^\W\d]|[@$])(?:[\w.@$\/-]*\w)?(?=:(?!:|\/\/)|\s*(?:!=|[<>]))/
    QUOTED_FIELD.4: /"(?:\\.|[^"\\])*"(?=:(?!:|\/\/)|!=|[<>])/s
    // A colon wants its value at once: in `ValueError: bad` it is no operator.
    OPERATOR: /:?(?:!=|<=|>=|<|>)|:(?=\S)/
    QUOTED_PREFIX.3: /"(?:\\.|[^"\\])*"\*/s
    QUOTED.2: /"(?:\\.|[^"\\])*"/s
    VALUE: /[^\s()"]+/
    WORD: /(?!(?:AND|OR|NOT)(?:[\s()"]|$))[^\s()"]+/

    %ignore /\s+/
"""


def parse_filter(text: str) -> Filter:
    """Understand a search; raises `QueryError` with the place of the mistake."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise QueryError(
            f"the search has {len(text)} characters, at most {MAX_TEXT_CHARACTERS} are possible",
            MAX_TEXT_CHARACTERS,
            len(text) - MAX_TEXT_CHARACTERS,
        )
    _check_characters(text)
    try:
        tree: Filter = _parser().parse(text)  # type: ignore[assignment]  # the transformer's result
    except UnexpectedInput as error:
        raise _mistake(error, text) from None
    _check_size(tree, text)
    return tree


def render_filter(tree: Filter) -> str:  # noqa: PLR0911  # one answer per kind of node
    """Write the tree as text that parses to the same tree."""
    match tree:
        case And(filters):
            return " ".join(_render_inside(part) for part in filters)
        case Or(filters):
            return " OR ".join(_render_inside(part) for part in filters)
        case Not(part):
            return "NOT " + _render_inside(part)
        case Words(text, field, is_prefix):
            name = "" if field is None else render_field(field) + ":"
            return name + _render_text(text) + "*" * is_prefix
        case Equal(field, value):
            return f"{render_field(field)}:{_render_value(field, value)}"
        case Prefix(field, text):
            return f"{render_field(field)}:{_render_text(text)}*"
        case Order(field, comparison, value):
            return f"{render_field(field)}{comparison}{_render_value(field, value)}"
        case Has(field):
            return "has:" + render_field(field)
        case _:
            assert_never(tree)


def render_field(field: Field) -> str:
    """Write a field's name as it is typed; properties that look like fields say so."""
    name = field.name
    if field.is_property and (_field_named(name) != field or name.lower() == "has"):
        name = _PROPERTY_MARK + name
    return name if _NAME.fullmatch(name) else _quote(name)


def matches(tree: Filter, event: Event) -> bool:  # noqa: PLR0911  # one answer per kind of node
    """Whether the event is one of those the filter means; the reference for the engine."""
    match tree:
        case And(filters):
            return all(matches(part, event) for part in filters)
        case Or(filters):
            return any(matches(part, event) for part in filters)
        case Not(part):
            return not matches(part, event)
        case Words(_, field):
            names = PROSE_FIELDS if field is None else (field.name,)
            pattern = _pattern(tree)
            return any(pattern.search((getattr(event, name) or "").lower()) for name in names)
        case Equal(field, value):
            return _equals(_value_of(field, event), value)
        case Prefix(field, text):
            found = _value_of(field, event)
            return isinstance(found, str) and found.startswith(text)
        case Order(field, comparison, value):
            number = _number_of(_value_of(field, event))
            return number is not None and _COMPARE[comparison](number, value)
        case Has(field):
            return _value_of(field, event) not in (None, "")
        case _:
            assert_never(tree)


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, lower case, as the engine's text index cuts them."""
    return _WORD.findall(text.lower())


def whole_tokens_of(words: Words) -> list[str]:
    """The tokens that stand whole in a match: a prefix may go on in its last one."""
    tokens = tokens_of(words.text)
    return tokens[:-1] if words.is_prefix and _ends_in_token(words.text) else tokens


def bounds_of(words: Words) -> tuple[bool, bool]:
    """Whether a token character must not stand directly before, and behind, the literal text."""
    return (
        _WORD.match(words.text) is not None,
        _ends_in_token(words.text) and not words.is_prefix,
    )


def number_in(text: str) -> float | None:
    """The number a text is written as, or None; infinite when it is too large."""
    return float(text) if _NUMBER.fullmatch(text) else None


_WORD_CHARACTERS = r"0-9A-Za-z\x80-\U0010ffff"
_WORD = re.compile(f"[{_WORD_CHARACTERS}]+")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"(?:[^\W\d]|[@$])(?:[\w.@$/-]*\w)?")
#: Text that needs no quotes, as a word or as a value.
_BARE = re.compile(r"(?!(?:AND|OR|NOT)$)\w[\w./@+-]*")
_PROPERTY_MARK = "properties."
_FIELD_NAMES = {
    name.replace("_", ""): name for name in (*PROSE_FIELDS, *NAME_FIELDS, *NUMBER_FIELDS)
}
_SEVERITIES = {**SEVERITY_NAMES, **{str(int(level)): int(level) for level in Severity}}
_COMPARE: dict[Comparison, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _ends_in_token(text: str) -> bool:
    return _WORD.match(text[-1:]) is not None


@lru_cache(maxsize=256)
def _pattern(words: Words) -> re.Pattern[str]:
    """What finds a word or phrase in lower-cased text."""
    is_bounded_before, is_bounded_behind = bounds_of(words)
    return re.compile(
        (f"(?<![{_WORD_CHARACTERS}])" if is_bounded_before else "")
        + re.escape(words.text.lower())
        + (f"(?![{_WORD_CHARACTERS}])" if is_bounded_behind else "")
    )


class _Builder(Transformer[Token, Filter]):
    """Makes the tree while the parser reduces; the method names are the grammar's rules."""

    def start(self, parts: list[Filter]) -> Filter:
        return parts[0]

    def everything(self, _: list[Filter]) -> Filter:
        return EVERYTHING

    def any(self, parts: list[Filter]) -> Filter:
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def all(self, parts: list[Filter]) -> Filter:
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def negation(self, parts: list[Filter]) -> Filter:
        return Not(parts[0])

    def words(self, parts: list[Token]) -> Filter:
        text, is_prefix = _read_text(parts[0])
        return _words(parts[0], text, None, is_prefix=is_prefix)

    def condition(self, parts: list[Token]) -> Filter:
        name, sign, value = parts
        name_text = _unquote(name) if name.type == "QUOTED_FIELD" else str(name)
        comparison = sign.removeprefix(":")
        if comparison in _COMPARE:
            return _order(_field_of(name, name_text), comparison, value)
        if name.type == "FIELD" and name_text.lower() == "has":
            tree = _has(value)
        else:
            tree = _equal(_field_of(name, name_text), value)
        return Not(tree) if comparison == "!=" else tree


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), regex=False)


def _field_of(token: Token, name: str) -> Field:
    field = _field_named(name)
    if field.is_property and field.name.count(".") >= MAX_PATH_DEPTH:
        raise _refusal(token, f"a property is at most {MAX_PATH_DEPTH} levels deep")
    return field


def _field_named(name: str) -> Field:
    field_name = _FIELD_NAMES.get(name.lower().replace("_", ""))
    if field_name is not None:
        return Field(field_name)
    if name.lower().startswith(_PROPERTY_MARK):
        name = name[len(_PROPERTY_MARK) :]
    return Field(name, is_property=True)


def _words(token: Token, text: str, field: Field | None, *, is_prefix: bool) -> Filter:
    if not text:
        raise _refusal(token, "expected text between the quotes; `has:` finds what is not empty")
    return Words(text, field, is_prefix)


def _equal(field: Field, token: Token) -> Filter:
    if field.name in NUMBER_FIELDS and not field.is_property:
        return Equal(field, _whole_number(field, token))
    if token.type == "VALUE" and str(token) == "*":
        return Has(field)
    text, is_prefix = _read_text(token)
    if field.name in PROSE_FIELDS and not field.is_property:
        return _words(token, text, field, is_prefix=is_prefix)
    return Prefix(field, text) if is_prefix else Equal(field, text)


def _order(field: Field, comparison: Comparison, token: Token) -> Filter:
    if field.is_property:
        return Order(field, comparison, _number(token))
    if field.name in NUMBER_FIELDS:
        return Order(field, comparison, _whole_number(field, token))
    raise _refusal(token, f"{field.name} holds text, which can be compared by : and != only")


def _has(token: Token) -> Filter:
    name, is_prefix = _read_text(token)
    field = _field_of(token, name)
    if is_prefix or field in (Field("severity"), Field("id")):
        raise _refusal(token, "expected the name of a field that an event may be without")
    return Order(field, ">", 0) if field == Field("issue") else Has(field)


def _whole_number(field: Field, token: Token) -> int:
    text = _unquote(token) if token.type == "QUOTED" else str(token)
    if field.name == "severity":
        severity = _SEVERITIES.get(text.lower())
        if severity is None:
            names = ", ".join(level.name.lower() for level in Severity)
            raise _refusal(token, f"expected a severity: {names}, or a number from 0 to 6")
        return severity
    number = _number(token)
    if isinstance(number, int) and 0 <= number <= _MAX_ID:
        return number
    raise _refusal(token, f"expected a whole number from 0 to {_MAX_ID} for {field.name}")


def _number(token: Token) -> int | float:
    text = _unquote(token) if token.type == "QUOTED" else str(token)
    number = number_in(text)
    if number is None or not math.isfinite(number):
        raise _refusal(
            token, "expected a number; put text that only looks like a comparison in quotes"
        )
    return number if re.search("[.eE]", text) else int(text)


def _read_text(token: Token) -> tuple[str, bool]:
    """The text of a word or value, and whether a star behind it asks for a prefix."""
    is_prefix = token.endswith("*")
    text = token[:-1] if is_prefix else str(token)
    if token.type in ("QUOTED", "QUOTED_PREFIX"):
        text = _unquote(text)
        if is_prefix and not text:
            raise _refusal(token, "expected the beginning of a text before the *")
    elif "*" in text or not text:
        raise _refusal(token, "a * is possible behind the beginning of a text only; else quote it")
    return text, is_prefix


def _unquote(text: str) -> str:
    r"""Only `\"` and `\\` are escapes, so that a pasted path stays what it is."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def _quote(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _render_inside(tree: Filter) -> str:
    text = render_filter(tree)
    return f"({text})" if isinstance(tree, And | Or) else text


def _render_text(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quote(text)


def _render_value(field: Field, value: str | float) -> str:
    if isinstance(value, str):
        return _render_text(value)
    if field == Field("severity"):
        return Severity(int(value)).name.lower()
    return repr(value)


def _value_of(field: Field, event: Event) -> Any:
    value: Any
    if not field.is_property:
        value = getattr(event, field.name)
        return "" if value is None else value
    if field.name in event.properties:
        return event.properties[field.name]
    value = event.properties
    for name in field.name.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _equals(found: Any, value: str | int) -> bool:
    if isinstance(value, int):
        return bool(found == value)
    if isinstance(found, bool):
        return value == ("true" if found else "false")
    if isinstance(found, int | float):
        number = number_in(value)
        return number is not None and _number_of(found) == number
    return bool(found == value)


def _number_of(value: Any) -> float | None:
    """The value as a 64-bit float, or None when it is no number and not written like one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return number_in(value)
    if isinstance(value, int | float):
        return number_in(repr(value))
    return None


def _check_characters(text: str) -> None:
    """A lone surrogate is no text: it cannot be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            f"the character {text[error.start]!a} is half a character and cannot be searched",
            error.start,
        ) from None


def _check_size(tree: Filter, text: str) -> None:
    """Walk the tree level by level, so that no depth can exhaust the stack."""
    depth = terms = 0
    level: list[Filter] = [tree]
    while level:
        depth += 1
        children = [child for node in level for child in _children(node)]
        terms += sum(1 for node in level if not _children(node))
        level = children
    if depth > MAX_DEPTH:
        raise QueryError(
            f"the search is nested {depth} deep, at most {MAX_DEPTH} is possible", 0, len(text)
        )
    if terms > MAX_TERMS:
        raise QueryError(
            f"the search has {terms} terms, at most {MAX_TERMS} are possible", 0, len(text)
        )


def _children(tree: Filter) -> tuple[Filter, ...]:
    match tree:
        case And(filters) | Or(filters):
            return filters
        case Not(part):
            return (part,)
        case _:
            return ()


def _refusal(token: Token, message: str) -> QueryError:
    return QueryError(message, token.start_pos or 0, len(token))


def _mistake(error: UnexpectedInput, text: str) -> QueryError:
    """Say a parser's surprise in the words of the language."""
    position, expected = _surprise(error, text)
    rest = text[position:]
    if rest.startswith('"'):
        return QueryError('the closing " is missing', position, len(rest))
    if rest.startswith(")") and "$END" in expected:
        return QueryError("there is no open ( for this )", position)
    if not rest and "RPAR" in expected:
        return QueryError("expected a closing )", position)
    if expected & {"VALUE", "OPERATOR"}:
        return QueryError(
            "expected a value right behind the operator; quote a text that only looks like one",
            position,
        )
    return QueryError(
        "expected a word, a quoted phrase or a condition such as severity>=error", position
    )


def _surprise(error: UnexpectedInput, text: str) -> tuple[int, set[str]]:
    """Where the parser stopped, and the terminals it would have gone on with."""
    if isinstance(error, UnexpectedCharacters):
        return error.pos_in_stream or 0, set(error.allowed)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0, set(error.expected)
    return len(text), set(getattr(error, "expected", ()))
