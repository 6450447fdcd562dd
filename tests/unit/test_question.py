"""Pipes: text to tree, tree to text, and where a mistake is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.query.question import equals_in, parse_question, render_question
from logster.query.stats import MAX_AGGREGATES, MAX_KEYS, MAX_ROWS, MAX_SERIES, Aggregate, Stats
from logster.query.tree import EVERYTHING, Field, Filter, Words
from support.filters import filters
from support.pipes import pipes

COUNT = Aggregate("count")
USER = Field("user")
DURATION = Field("DurationMs", is_property=True)


@pytest.mark.parametrize(
    ("text", "tree", "stats"),
    [
        ("disk", Words("disk"), None),
        ("", EVERYTHING, None),
        ("disk | count", Words("disk"), Stats((COUNT,))),
        ("disk|x | count", Words("disk|x"), Stats((COUNT,))),
        ("disk| COUNT()", Words("disk"), Stats((COUNT,))),
        ('"a | b" |count', Words("a | b"), Stats((COUNT,))),
        ("| count by User, severity", EVERYTHING, Stats((COUNT,), (USER, Field("severity")))),
        (
            "| p95(DurationMs) by category every 5m",
            EVERYTHING,
            Stats((Aggregate("p95", DURATION),), (Field("category"),), 300),
        ),
        (
            "| count, avg(DurationMs), P99.90(DurationMs)",
            EVERYTHING,
            Stats((COUNT, Aggregate("avg", DURATION), Aggregate("p99.9", DURATION))),
        ),
        (
            "| count distinct user by release",
            EVERYTHING,
            Stats((Aggregate("distinct", USER),), (Field("release"),)),
        ),
        (
            "| count distinct(user)",
            EVERYTHING,
            Stats((Aggregate("distinct", USER),)),
        ),
        ("| top 20 user", EVERYTHING, Stats((COUNT,), (USER,), limit=20)),
        ("| timeline every 1m", EVERYTHING, Stats((COUNT,), every_s=60)),
        ("| timeline by user every 1w", EVERYTHING, Stats((COUNT,), (USER,), 604_800)),
        ("| count limit 3 every 36h by user", EVERYTHING, Stats((COUNT,), (USER,), 129_600, 3)),
        ("| max(timestamp)", EVERYTHING, Stats((Aggregate("max", Field("timestamp")),))),
        (
            '| count by by, "a b", properties.user',
            EVERYTHING,
            Stats((COUNT,), tuple(Field(name, is_property=True) for name in ("by", "a b", "user"))),
        ),
    ],
)
def test_a_question_is_understood(text: str, tree: Filter, stats: Stats | None) -> None:
    assert (tree, stats) == parse_question(text)


@pytest.mark.parametrize(
    ("text", "position", "length", "expected"),
    [
        ("a |", 3, 1, "expected what to count"),
        ("| count distinct(user", 21, 1, "a closing )"),
        ("a | b", 4, 1, "expected count, count distinct"),
        ("| cuont", 2, 5, "mean `count`?"),
        ("| p0(x)", 2, 2, "a percentile"),
        ("| p100(x)", 2, 4, "a percentile"),
        ("| count bye user", 8, 3, "mean `by`?"),
        ("| count by", 10, 1, "name of a field"),
        ("| count by user,", 16, 1, "name of a field"),
        ("| count distinct", 16, 1, "name of a field"),
        ("| count(user)", 8, 4, "count distinct and a field"),
        ("| sum", 2, 3, "in parentheses"),
        ("| sum(DurationMs", 16, 1, "a closing )"),
        ("| sum(user)", 6, 4, "user holds text"),
        ("| max(id)", 6, 2, "name of something"),
        ("| avg(timestamp)", 6, 9, "min and max"),
        ("| count by timestamp", 11, 9, "every 5m"),
        ("| count by user, User", 17, 4, "twice"),
        ("| count, count", 9, 5, "asked for twice"),
        ("| count by user by host", 19, 4, "possible once"),
        ("| top 5 user by host", 16, 4, "possible once"),
        ("| top user", 6, 4, "expected a number"),
        ("| top 0 user", 6, 1, f"from 1 to {MAX_ROWS}"),
        ("| count every 5", 14, 1, "length of time"),
        ("| count every 0s", 14, 2, "from 1s to 366d"),
        ("| count every 400d", 14, 4, "from 1s to 366d"),
        ("| count every 5min", 14, 4, "such as 30s"),
        ("| timeline by user", 2, 8, "every 1m"),
        (f"| count limit {MAX_ROWS + 1}", 14, 5, f"from 1 to {MAX_ROWS}"),
        (f"| count every 1h limit {MAX_SERIES + 1}", 23, 3, f"from 1 to {MAX_SERIES}"),
        ("| count | count", 8, 1, "the end"),
        ("| count; DROP TABLE events", 7, 1, "the end"),
        ("(a | count", 3, 1, "closing )"),
        ("(a", 2, 1, "closing )"),
        ('"hello | count', 0, 14, 'closing "'),
        ("hello AND | count", 10, 1, "a word"),
        ('user:("a" "b") | count', 10, 1, "commas between"),
        ("a) | count", 1, 1, "no open ("),
        ("severity:loud | count", 9, 4, "trace, debug"),
    ],
)
def test_a_mistake_is_shown_where_it_is(
    text: str, position: int, length: int, expected: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_question(text)
    assert (position, length) == (caught.value.position, caught.value.length)
    assert expected in str(caught.value)


def test_a_question_beyond_a_limit_is_refused_by_naming_it() -> None:
    numbers = ", ".join(f"sum(x{number})" for number in range(MAX_AGGREGATES + 1))
    keys = ", ".join(f"x{number}" for number in range(MAX_KEYS + 1))
    for text, limit in ((f"| {numbers}", MAX_AGGREGATES), (f"| count by {keys}", MAX_KEYS)):
        with pytest.raises(QueryError, match=f"at most {limit}"):
            parse_question(text)


@given(filters, st.none() | pipes())
def test_a_rendered_question_parses_to_itself(tree: Filter, stats: Stats | None) -> None:
    assert (tree, stats) == parse_question(render_question(tree, stats))


PIECES = (
    *("| ", "count", "count distinct ", "sum(", "x", ")", ", ", " by ", " every ", "5m", " limit "),
    *(
        "top ",
        "3 ",
        "timeline",
        "user",
        '"a b"',
        "a ",
        "(",
        "severity",
        ">",
        ":",
        "/b/",
        "*",
        "p95(",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40))
def test_any_text_is_a_question_or_a_query_error(text: str) -> None:
    outcome = _understand(text)
    if isinstance(outcome, QueryError):
        assert 0 <= outcome.position <= len(text)
        assert outcome.length >= 1
    else:
        assert outcome == parse_question(render_question(*outcome))


def _understand(text: str) -> tuple[Filter, Stats | None] | QueryError:
    try:
        return parse_question(text)
    except QueryError as error:
        return error


def test_before_a_pipe_an_equals_sign_is_a_colon_too() -> None:
    tree, stats = parse_question("severity=error | count by user")
    assert render_question(tree, stats) == "severity:error | count by user"
    assert equals_in("| count by user") is None


def test_an_equals_sign_is_named_once_and_how_to_find_the_text() -> None:
    assert equals_in('a user = "al b" status=500') == (
        'Read `=` as `:`: `user = "al b"` asks for a field or property. '
        r'To find it as a text, put it in quotes: "user = \"al b\""'
    )
