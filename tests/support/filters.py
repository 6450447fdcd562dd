"""Random events and random filters over one small vocabulary, so that they meet often."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import Event
from logster.query.regex.parse import parse_regex
from logster.query.tree import (
    NAME_FIELDS,
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

#: Pieces of prose: the traps of tokens, case, punctuation and engines' escapes.
PIECES = (
    "error",
    "Error",
    "errors",
    "timed out",
    "10.0.0.1",
    "10.0.0.12",
    "blk_-38865",
    "blk",
    "foo-bar",
    "Ärger",
    "ärgerlich",
    "İstanbul",
    "I\u0307stanbul",
    "istanbul",
    "caf\u00e9",
    "Cafe\u0301",
    "Vi\u1ec7t",
    "Vi\u00ea\u0323t",
    "\ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165",
    "a\u2260b",
    "a=\u0338b",
    "ΌΔΟΣ",
    "日本",
    "用户登录失败",
    "登录",
    "ไม่สำเร็จ",
    "it's",
    'say "hi"',
    "C:\\temp\\new",
    "100%",
    "a_b",
    "tab\there",
    "line\nbreak",
    "{p1:String}",
    "->",
    "🙂",
)
NAMES = (
    "shop",
    "Shop",
    "shop-eu",
    "0",
    "alice",
    "ä",
    "a\u0308",
    "x' OR 1=1 --",
    "a\\b",
    "a\tb",
    '"q"',
)
#: Expressions: what engines read differently, and what a text index can help with.
EXPRESSIONS = (
    "error",
    "^error",
    "out$",
    r"timed out",
    r"\d+\.\d",
    r"\berror\b",
    r"[^a-z ]+",
    r"(?:foo|bar)-bar",
    r"err.*r",
    r"blk_-?\d{3,5}",
    r"\s",
    r"^$",
    r"^.$",
    r"x' OR \d",
    r"[ä-ü]",
    r"\x{65e5}本",
    r"a|",
    r"(a|b)*?B",
    r"\\new",
    r"5\d\d",
    r"[\]\-^]",
    r"\Bo",
    "ss|Σ",
)
PATHS = ("n", "status", "http.status", "deep.er.path", "weird name", "host", "tags", "it's", "a\\b")
SCALARS = (
    0,
    1,
    5,
    500,
    -2,
    2.5,
    1e21,
    "500",
    "2.5",
    "",
    "x",
    "Ärger",
    "A\u0308rger",
    "true",
    "1e3",
    "-",
    True,
)
NUMBERS = (0, 1, 2.5, 5, 499, 500, -2, 1000.0, 1e21)

#: Few letters, so that short random texts meet; among them all that is special somewhere.
scraps = st.text(alphabet="aB1_äΣς .-\\'\"`\n\t\r\0{}()[]%*^$|?+/:é日", min_size=1, max_size=5)
prose = st.lists(st.sampled_from(PIECES) | scraps, min_size=1, max_size=4).map(" ".join)
optional_name = st.none() | st.sampled_from(NAMES) | scraps
scalar = st.none() | st.booleans() | st.sampled_from(SCALARS) | scraps
properties = st.dictionaries(
    st.sampled_from(PATHS),
    scalar | st.just({}) | st.lists(scalar, max_size=2) | st.fixed_dictionaries({"status": scalar}),
    max_size=4,
).flatmap(
    lambda flat: st.sampled_from(
        (flat, {**flat, "http": {"status": 500, "n": 1}, "deep": {"er": {"path": "x"}}})
    )
)


@st.composite
def events(draw: st.DrawFn, event_id: int = 1) -> Event:
    """An event whose fields often share values with the filters below."""
    names: dict[str, Any] = {
        name: draw(optional_name) for name in NAME_FIELDS if name != "protocol"
    }
    return Event(
        id=event_id,
        timestamp=FIRST_NS + event_id * 1_000_000,
        received_at=FIRST_NS + event_id * 1_000_000,
        severity=draw(st.integers(0, 6)),
        message=draw(prose),
        exception=draw(st.none() | st.just("") | prose),
        stack_trace=draw(st.none() | prose),
        properties=draw(properties),
        protocol=draw(st.sampled_from(("api_log", "clef"))),
        issue=draw(st.sampled_from((0, 7, 2**63 + 11))),
        **names,
    )


prose_fields = st.sampled_from(PROSE_FIELDS).map(Field)
name_fields = st.sampled_from(NAME_FIELDS).map(Field)
property_fields = st.sampled_from((*PATHS, "severity", "properties.x", "has", "")).map(
    lambda path: Field(path, is_property=True)
)


def _is_expression(text: str) -> bool:
    try:
        parse_regex(text)
    except QueryError:
        return False
    return "/" not in text.replace("\\/", "")


expressions = st.sampled_from(EXPRESSIONS) | st.text(
    alphabet="aBeo1_äΣ .-\\{2,3}()[]^$|?*+dwsDWSbBnt\n", min_size=1, max_size=8
).filter(_is_expression)
literals = st.sampled_from(PIECES) | st.sampled_from(NAMES) | prose | scraps

FIRST_NS = 1_790_000_000_000_000_000
instants = st.integers(-3, 250).map(lambda number: FIRST_NS + number * 1_000_000)
time_fields = st.sampled_from(TIME_FIELDS).map(Field)


@st.composite
def globs(draw: st.DrawFn, pieces: st.SearchStrategy[str], fields: Any) -> Filter:
    """Texts with stars between; a star at the end alone would be a prefix."""
    middle = draw(st.lists(pieces, max_size=1))
    first, last = draw(pieces | st.just("")), draw(pieces | st.just(""))
    if not last and not middle:
        last = draw(pieces)
    return Glob((first, *middle, last), draw(fields))


comparisons = st.sampled_from(("<", "<=", ">", ">="))

terms: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Words, literals, st.none() | prose_fields, st.booleans()),
    st.builds(Equal, name_fields, st.sampled_from((*NAMES, "", "clef")) | scraps),
    st.builds(Prefix, name_fields, st.sampled_from(("s", "shop", "x'", "ä", "a\\")) | scraps),
    st.builds(Has, name_fields | prose_fields),
    st.builds(Equal, st.just(Field("severity")), st.integers(0, 6)),
    st.builds(Order, st.just(Field("severity")), comparisons, st.integers(0, 6)),
    st.builds(Order, st.sampled_from((Field("id"), Field("issue"))), comparisons, st.just(7)),
    st.builds(Equal, st.just(Field("issue")), st.sampled_from((0, 7, 2**63 + 11))),
    st.builds(Equal, property_fields, st.sampled_from([str(value) for value in SCALARS]) | scraps),
    st.builds(Prefix, property_fields, st.sampled_from(("5", "Är", "1")) | scraps),
    st.builds(Order, property_fields, comparisons, st.sampled_from(NUMBERS)),
    st.builds(Has, property_fields),
    globs(literals, st.none() | prose_fields),
    globs(st.sampled_from(("s", "o", "x'", "ä", "%", "_", "\\", "0", ".")) | scraps, name_fields),
    globs(st.sampled_from(("5", "0", "r", "%", "\\")) | scraps, property_fields),
    st.builds(
        Regex, expressions, st.none() | prose_fields | name_fields | property_fields, st.booleans()
    ),
    st.builds(Equal, time_fields, instants),
    st.builds(Order, time_fields, comparisons, instants),
)


def _combined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))


filters: st.SearchStrategy[Filter] = st.recursive(terms, _combined, max_leaves=6)
