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
So are the spellings of one text, as `é` in one character or in two (`spelling`); an expression
alone looks at the characters as they are.
A word or phrase is found where its literal text stands with no further token
character glued to an end: `10.0.0.1` is in `from 10.0.0.1:80`, not in `10.0.0.12`;
a prefix (`time*`) may go on at its end. Elsewhere in prose a `*` is any run of
characters without a space; in a name or property it is any text, and the pattern is the whole.

What a regular expression is: see `regex`. It is searched in the text as it is written,
anywhere in it, and both cases differ unless it ends in `/i`.

What a property is. Any name that is no field is a path into the properties:
the member of exactly that name, else the member reached by splitting at dots.
A number equals and compares as a number by its exact value (`number`), also against text
that is written like one when ordered; other values are equal when their text is, and so are
integers beyond 64 bits.
Prefixes, patterns and expressions look at the text of a value (`text_of`).
Objects, arrays and nulls are equal to nothing and have no text.

What a time is. `2026-01-31`, `2026-01-31T08:15` mean the whole of the last unit written, in the
zone of whoever asks; the tree holds nanoseconds since 1970, so a condition on a time may become
two.

What `=` is. Behind a name, `=` and `==` are read as `:`, since everybody writes them so
(`docs/decisions/028`); where no value follows, or an arrow does, they are part of a word.

What a script without spaces is. Chinese, Japanese, Thai and others make one token of a whole
sentence, so a word that begins or ends in one of their letters may go on there:
`登录` is in `用户登录失败`.
"""

# ruff: noqa: D102  the methods of `Builder` are named and described by the grammar
from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, assert_never

import msgspec
from lark import Lark, Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError
from lark.visitors import Transformer_NonRecursive

from logster.errors import QueryError
from logster.event import NS_PER_S, SEVERITY_NAMES, Severity, render_instant
from logster.fields.aliases import field_for
from logster.query.moment import MAX_INSTANT_NS, instant_in
from logster.query.number import (
    exact,
    exact_of,
    is_beside,
    number_in,
    number_of,  # noqa: F401  the number of what `value_of` gives
    read_number,
    render_number,
    text_of_number,
)
from logster.query.regex import compile_python, parse_regex
from logster.query.spelling import folded_spellings, spellings
from logster.query.weight import MAX_WEIGHT, STAR_WEIGHT, weigh_expression, weigh_stars, weigh_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from logster.event import Event
    from logster.query.number import Asked

#: Longer than any search a person writes; keeps the SQL far below the engine's limits.
MAX_TEXT_CHARACTERS = 8_000
#: Deeper trees are made by machines; recursion over a tree stays safe below it.
MAX_DEPTH = 50
#: Each term is a few conditions in SQL; a longer list belongs into saved searches.
MAX_TERMS = 200
#: A property's path is asked level by level.
MAX_PATH_DEPTH = 10
#: What a `*` in prose does not cross, as members of a set of characters; RE2's and ASCII's.
SPACES = r"\t\n\f\r "

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
#: Fields that hold an instant.
TIME_FIELDS = ("timestamp", "received_at")
#: All of them; every other name is a property's.
FIELDS = (*NAME_FIELDS, *PROSE_FIELDS, *NUMBER_FIELDS, *TIME_FIELDS)

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


class Glob(msgspec.Struct, frozen=True, tag=True):
    """These texts, with a `*` between each two of them, in any prose field (None) or one field.

    At least two; only the first and the last can be empty. A star at the end alone is a
    `Prefix`, or `Words` with `is_prefix`.
    """

    texts: tuple[str, ...]
    field: Field | None = None


class Regex(msgspec.Struct, frozen=True, tag=True):
    """An expression that `regex.parse_regex` takes, as typed, in any prose field or one field."""

    text: str
    field: Field | None = None
    is_any_case: bool = False


class Order(msgspec.Struct, frozen=True, tag=True):
    """The field is a number, or an instant in nanoseconds, on this side of the value."""

    field: Field
    comparison: Comparison
    value: int | float | Decimal


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


Filter: TypeAlias = Words | Equal | Prefix | Glob | Regex | Order | Has | And | Or | Not

#: The filter of an empty search.
EVERYTHING = And(())

_MAX_ID = 2**64 - 1

#: An `=` that is an operator, behind any name: with a blank on both sides or on none.
EQUALS = r"==?(?=[^\s=~<>)|])|\s+==?\s+(?=[^\s=~<>)|])(?!(?:AND|OR|NOT)\s)"
#: The names of fields, in lower case, with their underscores or without.
OWN_NAMES = "|".join(name.replace("_", "_?") for name in FIELDS)

#: The grammar of a filter, beginning with `start`; `pipes` adds its rules.
GRAMMAR = r"""
    start: any
         |                       -> everything
    any: all (_OR all)*
    all: one (_AND? one)*
    ?one: words
        | condition
        | (_NOT | _MINUS) one    -> negation
        | "(" any ")"
    words: WORD | QUOTED | QUOTED_GLOB | REGEX
    condition: (FIELD | QUOTED_FIELD) OPERATOR (value | set)
    ?value: VALUE | QUOTED | QUOTED_GLOB | REGEX
    set: "(" item ((_OR | _COMMA) item)* ")"
    ?item: ITEM | QUOTED | QUOTED_GLOB | REGEX

    // Keywords are upper case and stand alone: "not found" is three words less one.
    _AND.5: /AND(?=[\s()"|]|$)/
    _OR.5: /OR(?=[\s()"|]|$)/
    _NOT.5: /NOT(?=[\s()"|]|$)/
    // Only before something to negate: a lone dash, an arrow or --option is a word.
    _MINUS.5: /-(?=[\w@$"(*\/])/
    // A name with an operator behind it; `std::vector`, `http://…` and `10:30` are words.
    // An = stands between two blanks or none: `key=`, `=value`, `dGVzdA==` are words, as is `a=>b`;
    // the fields of every event are known to be meant.
    FIELD.4: /(?:[^\W\d]|[@$])(?:[\w.@$\/-]*\w)?(?=:(?!:|\/\/)|\s*(?:!=|[<>]|[=!]~\s*\S)|EQUALS)/
           | /(?i:OWN_NAMES)(?=\s*==?\s*[^\s=~<>)|])/
    QUOTED_FIELD.4: /"(?:\\.|[^"\\])*"(?=:(?!:|\/\/)|!=|[<>]|\s*[=!]~\s*\S|EQUALS)/s
    // A colon wants its value at once: in `ValueError: bad` it is no operator.
    OPERATOR: /:?(?:!==?(?!~)|<=|>=|<|>|==?(?=\s*[^\s=~<>)|]))|:(?=\S)/
    // Between slashes, none of them inside: `/var/log/` is a word.
    REGEX.4: /\/(?:\\.|[^\/\\])+\/i?(?=[\s),|]|$)/s
    QUOTED_GLOB.3: /\*"(?:\\.|[^"\\])*"(?:\*"(?:\\.|[^"\\])*")*\*?/s
                 | /"(?:\\.|[^"\\])*"(?:\*"(?:\\.|[^"\\])*")+\*?/s
                 | /"(?:\\.|[^"\\])*"\*(?!")/s
    QUOTED.2: /"(?:\\.|[^"\\])*"/s
    // A | with a space on a side is a pipe, inside a word it is text.
    VALUE: /(?:[^\s()"|]|\|(?=[^\s()"|]))+/
    ITEM: /(?:[^\s()"|,]|\|(?=[^\s()"|,]))+/
    WORD: /(?!(?:AND|OR|NOT)(?:[\s()"|]|$))[^\s()"|](?:[^\s()"|]|\|(?=[^\s()"|]))*/
    _COMMA: ","

    %ignore /\s+/
""".replace("EQUALS", EQUALS).replace("OWN_NAMES", OWN_NAMES)


def parse_filter(text: str, zone: tzinfo = UTC) -> Filter:
    """Understand a search; raises `QueryError` with the place of the mistake.

    A time in it that names no zone is one of `zone`.
    """
    check_text(text)
    try:
        tree: Filter = Builder(zone).build(_parser(), text)
    except UnexpectedInput as error:
        raise explain_mistake(error, text) from None
    check_size(tree, text)
    return tree


def check_text(text: str) -> None:
    """Refuse what is too long, or no text: half a character cannot be written as UTF-8."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise QueryError(
            f"the search has {len(text)} characters, at most {MAX_TEXT_CHARACTERS} are possible",
            MAX_TEXT_CHARACTERS,
            len(text) - MAX_TEXT_CHARACTERS,
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            f"the character {text[error.start]!a} is half a character and cannot be searched",
            error.start,
        ) from None


def render_filter(tree: Filter) -> str:  # noqa: C901, PLR0911  # one answer per kind of node
    """Write the tree as text that parses to the same tree."""
    match tree:
        case And(filters):
            return " ".join(_render_inside(part) for part in filters)
        case Or(filters):
            return " OR ".join(_render_inside(part) for part in filters)
        case Not(part):
            return "NOT " + _render_inside(part)
        case Words(text, field, is_prefix):
            return _render_place(field) + _render_text(text) + "*" * is_prefix
        case Equal(field, value):
            return f"{render_field(field)}:{_render_value(field, value)}"
        case Prefix(field, text):
            return f"{render_field(field)}:{_render_text(text)}*"
        case Glob(texts, field):
            return _render_place(field) + _render_glob(texts)
        case Regex(text, field, is_any_case):
            return f"{_render_place(field)}/{text}/{'i' * is_any_case}"
        case Order(field, comparison, value):
            return f"{render_field(field)}{comparison}{_render_value(field, value)}"
        case Has(field):
            return "has:" + render_field(field)
        case _:
            assert_never(tree)


def render_field(field: Field) -> str:
    """Write a field's name as it is typed; properties that look like fields say so."""
    name = field.name
    if field.is_property and (field_named(name) != field or name.lower() == "has"):
        name = _PROPERTY_MARK + name
    return name if _NAME.fullmatch(name) else quote(name)


def field_named(name: str) -> Field:
    """The field of this name (any case, with `_` or without), else the property."""
    field_name = _FIELD_NAMES.get(name.lower().replace("_", ""))
    if field_name is not None:
        return Field(field_name)
    if name.lower().startswith(_PROPERTY_MARK):
        name = name[len(_PROPERTY_MARK) :]
    return Field(name, is_property=True)


def matches(tree: Filter, event: Event) -> bool:  # noqa: C901, PLR0911  # one answer per kind of node
    """Whether the event is one of those the filter means; the reference for the engine."""
    match tree:
        case And(filters):
            return all(matches(part, event) for part in filters)
        case Or(filters):
            return any(matches(part, event) for part in filters)
        case Not(part):
            return not matches(part, event)
        case Words(_, field):
            pattern = _pattern_of_words(tree)
            return any(pattern.search(text.lower()) for text in _texts_of(field, event))
        case Glob(texts, field):
            if _is_prose(field):
                pattern = _pattern_of_glob(tree)
                return any(pattern.search(text.lower()) for text in _texts_of(field, event))
            whole = _pattern_of_value(texts)
            return any(whole.fullmatch(text) for text in _texts_of(field, event))
        case Regex(text, field, is_any_case):
            pattern = compile_python(parse_regex(text, is_any_case=is_any_case))
            return any(pattern.search(found) for found in _texts_of(field, event))
        case Equal(field, value):
            return _equals(value_of(field, event), value)
        case Prefix(field, text):
            beginnings = spellings(text)
            return any(found.startswith(beginnings) for found in _texts_of(field, event))
        case Order(field):
            return _is_beside(value_of(field, event), tree)
        case Has(field):
            return value_of(field, event) not in (None, "")
        case _:
            assert_never(tree)


def fields_in(tree: Filter) -> list[Field | None]:
    """What a filter looks at, each once, in their order; None for words anywhere."""
    match tree:
        case And(filters) | Or(filters):
            found = [field for part in filters for field in fields_in(part)]
        case Not(part):
            found = fields_in(part)
        case _:
            found = [tree.field]
    return list(dict.fromkeys(found))


def replace_fields(tree: Filter, others: Mapping[Field, Field]) -> Filter:
    """The filter about other fields; only its text may be one that `parse_filter` takes."""
    match tree:
        case And(filters):
            return And(tuple(replace_fields(part, others) for part in filters))
        case Or(filters):
            return Or(tuple(replace_fields(part, others) for part in filters))
        case Not(part):
            return Not(replace_fields(part, others))
        case _ if tree.field is not None and tree.field in others:
            return msgspec.structs.replace(tree, field=others[tree.field])
        case _:
            return tree


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, lower case, as the engine's text index cuts them."""
    return _WORD.findall(text.lower())


def whole_tokens_of(words: Words) -> list[str]:
    """The tokens that stand whole in a match: at an open end one may go on."""
    tokens = tokens_of(words.text)
    is_bounded_before, is_bounded_behind = bounds_of(words)
    if tokens and not is_bounded_before and _begins_in_token(words.text):
        tokens = tokens[1:]
    if tokens and not is_bounded_behind and _ends_in_token(words.text):
        tokens = tokens[:-1]
    return tokens


def whole_tokens_in(pieces: tuple[str, ...]) -> list[str]:
    """The tokens that stand whole in a match of pieces with a `*` between them."""
    tokens = []
    for number, piece in enumerate(pieces):
        text = piece.lower()
        for token in _WORD.finditer(text):
            is_glued_before = token.start() == 0 and (number > 0 or not _is_bounded(text[:1]))
            is_glued_behind = token.end() == len(text) and (
                number + 1 < len(pieces) or not _is_bounded(text[-1:])
            )
            if not (is_glued_before or is_glued_behind):
                tokens.append(token[0])
    return tokens


def pattern_of_text(text: str, escape: Callable[[str], str]) -> str:
    """An expression that finds a text in lower-cased text, each word by all its spellings."""
    return "".join(
        escape(found[0]) if len(found) == 1 else f"(?:{'|'.join(map(escape, found))})"
        for found in runs_of(text)
    )


def runs_of(text: str) -> list[tuple[str, ...]]:
    """The words of a text in lower case and what is between them, each with its spellings."""
    return [folded_spellings(run) for run in _RUN.findall(text.lower())]


def bounds_of(words: Words) -> tuple[bool, bool]:
    """Whether a token character must not stand directly before, and behind, the literal text."""
    return _is_bounded(words.text[:1]), _is_bounded(words.text[-1:]) and not words.is_prefix


def bounds_of_glob(glob: Glob) -> tuple[bool, bool]:
    """The same for a pattern in prose; a star at an end lets anything stand there."""
    return _is_bounded(glob.texts[0][:1]), _is_bounded(glob.texts[-1][-1:])


def nearest(name: str, names: Iterable[str]) -> str:
    """A question for whoever mistyped a name: ` Did you mean …?`, or nothing."""
    found = near(name, names)
    return f" Did you mean `{found}`?" if found else ""


def near(name: str, names: Iterable[str]) -> str | None:
    """The name that a mistyped one is most like, in whatever case, or None."""
    by_folded = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


_WORD_CHARACTERS = r"0-9A-Za-z\x80-\U0010ffff"
_WORD = re.compile(f"[{_WORD_CHARACTERS}]+")
#: A word, or what stands between two.
_RUN = re.compile(f"[{_WORD_CHARACTERS}]+|[^{_WORD_CHARACTERS}]+")
#: Letters of scripts that put no space between words: Thai, Lao, Tibetan, Burmese, Khmer, Tai,
#: Balinese, Javanese, Chinese, Japanese, Yi; with the marks of East Asia, which end their words.
_SPACELESS = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"
    "\u2e80-\u312f\u3190-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua980-\ua9ff\uaa60-\uaadf"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_NAME = re.compile(r"(?:[^\W\d]|[@$])(?:[\w.@$/-]*\w)?")
#: Text that needs no quotes, as a word or as a value.
_BARE = re.compile(r"(?!(?:AND|OR|NOT)$)(?!.*\.\.)\w[\w./@+-]*")
_PROPERTY_MARK = "properties."
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    # With a blank, in quotes, as times are shown.
    r"(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?( ?Z|[+-]\d\d:\d\d| UTC| [+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_FIELD_NAMES = {name.replace("_", ""): name for name in FIELDS}
_SEVERITIES = {**SEVERITY_NAMES, **{str(int(level)): int(level) for level in Severity}}
_COMPARISONS = ("<", "<=", ">", ">=")


def _begins_in_token(text: str) -> bool:
    return _WORD.match(text) is not None


def _ends_in_token(text: str) -> bool:
    return _WORD.match(text[-1:]) is not None


def _is_bounded(character: str) -> bool:
    """Whether a word that ends in this character ends there: not where scripts have no spaces."""
    return _WORD.match(character) is not None and _SPACELESS.match(character) is None


@lru_cache(maxsize=256)
def _pattern_of_words(words: Words) -> re.Pattern[str]:
    """What finds a word or phrase in lower-cased text."""
    return _pattern(pattern_of_text(words.text, re.escape), *bounds_of(words))


@lru_cache(maxsize=256)
def _pattern_of_glob(glob: Glob) -> re.Pattern[str]:
    """What finds texts with something between them in lower-cased text."""
    middle = f"[^{SPACES}]*".join(pattern_of_text(text, re.escape) for text in glob.texts)
    return _pattern(middle, *bounds_of_glob(glob))


@lru_cache(maxsize=256)
def _pattern_of_value(texts: tuple[str, ...]) -> re.Pattern[str]:
    """What fits a whole name or property of this form."""
    parts = ("|".join(map(re.escape, spellings(text))) for text in texts)
    return re.compile(".*".join(f"(?:{part})" for part in parts), re.DOTALL)


def _pattern(middle: str, is_bounded_before: bool, is_bounded_behind: bool) -> re.Pattern[str]:
    return re.compile(
        (f"(?<![{_WORD_CHARACTERS}])" if is_bounded_before else "")
        + middle
        + (f"(?![{_WORD_CHARACTERS}])" if is_bounded_behind else "")
    )


class Builder(Transformer_NonRecursive[Token, Any]):
    """Makes the tree of one text; the method names are the grammar's rules."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        super().__init__(visit_tokens=False)
        self._zone = zone
        #: From where to where `=` or `==` was read as `:`.
        self.equals: list[tuple[int, int]] = []

    def build(self, parser: Lark, text: str) -> Any:
        """Parse a text, and make of it what the methods say."""
        try:
            return self.transform(parser.parse(text))
        except VisitError as error:
            raise error.orig_exc from None

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
        return _text(parts[0], None)

    def set(self, parts: list[Token]) -> list[Token]:
        return parts

    def condition(self, parts: list[Any]) -> Filter:
        name, sign, given = parts
        values = given if isinstance(given, list) else [given]
        comparison = sign.removeprefix(":")
        if comparison in _COMPARISONS:
            if given is values:
                raise refusal_at(values[0], "a set is possible behind : and != only")
            return _order(field_of(name), comparison, given, self._zone)
        if comparison in ("=", "=="):
            self.equals.append((name.start_pos, values[-1].end_pos + (given is values)))
        if name.type == "FIELD" and name.lower() == "has":
            trees = [_has(value) for value in values]
        else:
            field = field_of(name)
            trees = [_equal(field, value, self._zone) for value in values]
        tree = Or(tuple(trees)) if len(trees) > 1 else trees[0]
        return Not(tree) if comparison in ("!=", "!==") else tree


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", regex=False)


def field_of(token: Token) -> Field:
    """The field or property of this name, which may stand in quotes."""
    field = field_named(unquote_name(token))
    if field.is_property and field.name.count(".") >= MAX_PATH_DEPTH:
        raise refusal_at(token, f"a property is at most {MAX_PATH_DEPTH} levels deep")
    return field


def _equal(field: Field, token: Token, zone: tzinfo) -> Filter:
    is_plain = token.type in ("VALUE", "ITEM")
    if is_plain and set(token) == {"*"}:
        return _has_field(token, field)
    if _is_prose(field):
        return _text(token, field)
    if is_plain and ".." in token and (tree := _range(field, token, zone)):
        return tree
    if field.is_property or field.name in NAME_FIELDS:
        return _text(token, field)
    if field.name in TIME_FIELDS:
        return _at_time(field, token, zone)
    return Equal(field, _whole_number(field, token))


def _text(token: Token, field: Field | None) -> Filter:
    """What is written as text: a word, a value, a pattern, an expression."""
    if token.type == "REGEX":
        end = token.rindex("/")
        text, is_any_case = token[1:end], token.endswith("i")
        parse_regex(text, (token.start_pos or 0) + 1, is_any_case=is_any_case)
        return Regex(text, field, is_any_case)
    texts = _read_glob(token)
    if len(texts) > 1:
        if not any(texts):
            raise refusal_at(token, "a * needs text beside it; else quote it")
        if len(texts) > 2 or not texts[0]:  # noqa: PLR2004  text, star, nothing: a prefix
            return Glob(texts, field)
        if texts[1]:
            return Glob(texts, field)
    is_prefix = len(texts) > 1
    if _is_prose(field):
        if not texts[0]:
            raise refusal_at(
                token, "expected text between the quotes; `has:` finds what is not empty"
            )
        return Words(texts[0], field, is_prefix)
    if field is None:  # never: that is prose
        raise TypeError(token)
    return Prefix(field, texts[0]) if is_prefix else Equal(field, texts[0])


def _is_prose(field: Field | None) -> bool:
    return field is None or (field.name in PROSE_FIELDS and not field.is_property)


def _range(field: Field, token: Token, zone: tzinfo) -> Filter | None:
    """`a..b`, both inside, either may be missing; None where it is plain text."""
    first, last = token.split("..", 1)
    is_text = field.name in NAME_FIELDS and not field.is_property
    if is_text or not (first or last):
        return None
    if field.is_property and not any(number_in(text) is not None for text in (first, last)):
        return None
    start = token.start_pos or 0
    ends = ((">=", first, start), ("<=", last, start + len(token) - len(last)))
    parts = tuple(
        _order(field, comparison, Token("VALUE", text, start_pos=place), zone)
        for comparison, text, place in ends
        if text
    )
    return And(parts) if len(parts) > 1 else parts[0]


def _order(field: Field, comparison: Any, token: Token, zone: tzinfo) -> Filter:
    if field.is_property:
        return Order(field, comparison, _number(token, field))
    if field.name in NUMBER_FIELDS:
        return Order(field, comparison, _whole_number(field, token))
    if field.name in TIME_FIELDS:
        start, end = _time(token, zone)
        is_exact = end - start == 1
        if is_exact or comparison in ("<", ">="):
            return Order(field, comparison, start)
        return Order(field, "<" if comparison == "<=" else ">=", end)
    raise refusal_at(token, f"{field.name} holds text, which can be compared by : and != only")


def _at_time(field: Field, token: Token, zone: tzinfo) -> Filter:
    start, end = _time(token, zone)
    if end - start == 1:
        return Equal(field, start)
    return And((Order(field, ">=", start), Order(field, "<", end)))


def _time(token: Token, zone: tzinfo) -> tuple[int, int]:
    """The nanoseconds (first, behind the last) that a time means; of `zone` where it says none."""
    text = _unquote(token) if token.type == "QUOTED" else str(token)
    found = _TIME.fullmatch(text)
    day, minute, second, fraction, offset = found.groups() if found else ("", "", "", "", "")
    try:
        if offset:
            offset = offset.strip().replace("UTC", "Z")
            zone = datetime.fromisoformat(f"{day}T00:00{offset}").tzinfo or UTC
        local = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}")
        start = instant_in(local, zone)
        # A day is as long as the calendar of the zone says.
        end = start + 60 * NS_PER_S if minute else instant_in(local + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise refusal_at(
            token, "expected a time such as 2026-01-31, 2026-01-31T08:15 or 2026-01-31T08:15:30.5Z"
        ) from None
    start += int((fraction or "").ljust(9, "0"))
    if second:
        end = start + (10 ** (9 - len(fraction)) if fraction else NS_PER_S)
    if not 0 <= start <= MAX_INSTANT_NS:
        raise refusal_at(token, "expected a time from 1970 to 2262")
    return start, min(end, MAX_INSTANT_NS)


def _has(token: Token) -> Filter:
    if token.type not in ("VALUE", "ITEM", "QUOTED") or "*" in token.split('"')[0]:
        raise refusal_at(token, "expected the name of a field that an event may be without")
    return _has_field(token, field_of(token))


def _has_field(token: Token, field: Field) -> Filter:
    if not field.is_property and field.name in ("severity", "id", *TIME_FIELDS):
        raise refusal_at(
            token, f"every event has {field.name}; expected a field that one may be without"
        )
    return Order(field, ">", 0) if field == Field("issue") else Has(field)


def _whole_number(field: Field, token: Token) -> int:
    text = _unquote(token) if token.type == "QUOTED" else str(token)
    if field.name == "severity":
        severity = _SEVERITIES.get(text.lower())
        if severity is None:
            names = ", ".join(level.name.lower() for level in Severity)
            raise refusal_at(
                token,
                f"expected a severity: {names}, or a number from 0 to 6."
                + nearest(text, SEVERITY_NAMES),
            )
        return severity
    number = int(text) if re.fullmatch("[0-9]{1,20}", text) else -1
    if 0 <= number <= _MAX_ID:
        return number
    raise refusal_at(token, f"expected a whole number from 0 to {_MAX_ID} for {field.name}")


def _number(token: Token, field: Field) -> Asked:
    text = _unquote(token) if token.type == "QUOTED" else str(token)
    number = read_number(text)
    if number is None:
        raise refusal_at(
            token,
            "expected a number; put text that only looks like a comparison in quotes."
            + nearest(field_for(field.name) or field.name, _FIELD_NAMES.values()),
        )
    return number


def _read_glob(token: Token) -> tuple[str, ...]:
    """The texts of a word or value between its stars, at the ends also empty ones."""
    if token.type == "QUOTED":
        return (_unquote(token),)
    if token.type == "QUOTED_GLOB":
        quoted = [_unquote(text) for text in _QUOTED.findall(token)]
        texts = [""] * token.startswith("*") + quoted + [""] * token.endswith("*")
    else:
        texts = re.split(r"\*+", token)
    if len(texts) == 1:
        return (texts[0],)
    return (texts[0], *filter(None, texts[1:-1]), texts[-1])


def unquote_name(text: str) -> str:
    """A name that may stand in quotes, as `render_field` writes it."""
    return _unquote(text) if _QUOTED.fullmatch(text) else str(text)


def _unquote(text: str) -> str:
    r"""Only `\"` and `\\` are escapes, so that a pasted path stays what it is."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def quote(text: str) -> str:
    r"""Write any text between quotes, where only `\"` and `\\` mean something."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _render_inside(tree: Filter) -> str:
    text = render_filter(tree)
    return f"({text})" if isinstance(tree, And | Or) else text


def _render_place(field: Field | None) -> str:
    return "" if field is None else render_field(field) + ":"


def _render_glob(texts: tuple[str, ...]) -> str:
    is_bare = all(_BARE.fullmatch(text) for text in texts if text)
    return "*".join(text if is_bare or not text else quote(text) for text in texts)


def _render_text(text: str) -> str:
    return text if _BARE.fullmatch(text) else quote(text)


def _render_value(field: Field, value: str | float | Decimal) -> str:
    if isinstance(value, str):
        return _render_text(value)
    if field == Field("severity"):
        return Severity(int(value)).name.lower()
    if field.name in TIME_FIELDS and not field.is_property:
        second, _, fraction = render_instant(int(value)).removesuffix("Z").partition(".")
        return f"{second}.{fraction:0<9}Z"
    return render_number(value)


def value_of(field: Field, event: Event) -> Any:
    """What the event has there; None for a property it has not."""
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


def _texts_of(field: Field | None, event: Event) -> list[str]:
    """The texts in which a pattern is looked for."""
    if field is None or not field.is_property:
        names = PROSE_FIELDS if field is None else (field.name,)
        return [getattr(event, name) or "" for name in names]
    text = text_of(value_of(field, event))
    return [] if text is None else [text]


def text_of(value: Any) -> str | None:
    """A property's value as text; None for what has none: null, objects, lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of_number(value) if isinstance(value, int | float) else None


def _equals(found: Any, value: str | int) -> bool:
    if isinstance(value, int):
        return bool(found == value)
    if isinstance(found, bool):
        return value == text_of(found)
    if isinstance(found, int) and not -(2**63) <= found < 2**64:
        return text_of(found) == value
    if isinstance(found, int | float):
        asked = read_number(value)
        return asked is not None and is_beside(found, "=", asked)
    return isinstance(found, str) and found in spellings(value)


def _is_beside(found: Any, order: Order) -> bool:
    """A property may be written like a number; ids and instants are whole numbers."""
    number = exact_of(found)
    return number is not None and is_beside(number, order.comparison, exact(order.value))


def check_size(tree: Filter, text: str) -> None:
    """Walk the tree level by level, so that no depth can exhaust the stack."""
    depth = terms = weight = 0
    level: list[Filter] = [tree]
    while level:
        depth += 1
        children = [child for node in level for child in _children(node)]
        terms += sum(1 for node in level if not _children(node))
        weight += sum(map(_weigh, level))
        level = children
    if depth > MAX_DEPTH:
        raise QueryError(
            f"the search is nested {depth} deep, at most {MAX_DEPTH} is possible", 0, len(text)
        )
    if terms > MAX_TERMS:
        raise QueryError(
            f"the search has {terms} terms, at most {MAX_TERMS} are possible", 0, len(text)
        )
    if weight > MAX_WEIGHT:
        raise QueryError(
            f"the patterns of the search weigh {weight:,}, at most {MAX_WEIGHT} is possible: a * "
            f"between two texts weighs {STAR_WEIGHT}, each character of an expression 1 as often "
            "as it is repeated (x* instead of x{0,900} weighs 1)",
            0,
            len(text),
        )


def _weigh(tree: Filter) -> int:
    """What finding it can cost in one text (`weight`); a prefix is looked for at one place."""
    match tree:
        case Words(text):
            folded = text.lower()
            return 0 if _WORD.fullmatch(folded) else weigh_text(folded)
        case Glob(texts):
            return weigh_stars(part.lower() for part in texts)
        case Regex(text):
            return weigh_expression(text)
        case _:
            return 0


def _children(tree: Filter) -> tuple[Filter, ...]:
    match tree:
        case And(filters) | Or(filters):
            return filters
        case Not(part):
            return (part,)
        case _:
            return ()


def refusal_at(token: Token, message: str) -> QueryError:
    """A mistake that fills a token."""
    return QueryError(message, token.start_pos or 0, len(token))


def explain_mistake(error: UnexpectedInput, text: str) -> QueryError:  # noqa: PLR0911  # one sentence each
    """Say a parser's surprise in the words of the language."""
    position, expected = surprise_of(error, text)
    rest = text[position:]
    if rest.startswith('"') and not _QUOTED.match(rest):
        return QueryError('the closing " is missing', position, len(rest))
    if rest.startswith(")") and "$END" in expected:
        return QueryError("there is no open ( for this", position)
    if rest.startswith("|"):
        return QueryError(
            "a pipe such as | count by application asks for numbers, not for events; "
            'quote a text that holds a sign of its own: "|"',
            position,
        )
    if expected & {"ITEM", "_COMMA"}:
        return QueryError(
            "expected values with commas between them and a closing ): user:(alice, bob)", position
        )
    if not rest and expected & {"RPAR", "_CLOSE"}:
        return QueryError("expected a closing )", position)
    if rest.startswith(("=~", "!~")):
        return QueryError(
            f"{rest[:2]} is not known here; an expression stands between slashes: user:/^al.*/; "
            "quote a text that holds it",
            position,
            2,
        )
    if expected & {"VALUE", "OPERATOR"}:
        return QueryError(
            "expected a value right behind the operator; quote a text that only looks like one",
            position,
        )
    return QueryError(
        "expected a word, a quoted phrase or a condition such as severity>=error", position
    )


def surprise_of(error: UnexpectedInput, text: str) -> tuple[int, set[str]]:
    """Where the parser stopped, and the terminals it would have gone on with."""
    if isinstance(error, UnexpectedCharacters):
        return error.pos_in_stream or 0, set(error.allowed)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0, set(error.expected)
    return len(text), set(getattr(error, "expected", ()))
