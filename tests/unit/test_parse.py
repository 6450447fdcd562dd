"""Searches: text to tree, and where a mistake is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import QueryError
from logster.event import NS_PER_S
from logster.query.parse import parse_filter
from logster.query.question import equals_in
from logster.query.render import render_filter
from logster.query.tree import (
    EVERYTHING,
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

USER = Field("user")
HOST = Field("host")
SEVERITY = Field("severity")
TIME = Field("timestamp")
DAY_NS = 86_400 * NS_PER_S
DURATION = Field("DurationMs", is_property=True)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        ("  \t\n", EVERYTHING),
        ("disk", Words("disk")),
        ("dis*", Words("dis", is_prefix=True)),
        ('"timed out"', Words("timed out")),
        ('"timed o"*', Words("timed o", is_prefix=True)),
        ('"C:\\temp\\\\ \\"x\\""', Words('C:\\temp\\ "x"')),
        ("blk_-38865", Words("blk_-38865")),
        ("10.0.0.1:80", Words("10.0.0.1:80")),
        ("std::vector", Words("std::vector")),
        ("http://host/path", Words("http://host/path")),
        ("--verbose", Words("--verbose")),
        ("a->b", Words("a->b")),
        ("a -> b", And((Words("a"), Words("->"), Words("b")))),
        ("a - b", And((Words("a"), Words("-"), Words("b")))),
        ("not and or", And((Words("not"), Words("and"), Words("or")))),
        ("a AND b", And((Words("a"), Words("b")))),
        ("a b OR c", Or((And((Words("a"), Words("b"))), Words("c")))),
        ("a (b OR c)", And((Words("a"), Or((Words("b"), Words("c")))))),
        ("(a b) c", And((And((Words("a"), Words("b"))), Words("c")))),
        ("NOT a -b", And((Not(Words("a")), Not(Words("b"))))),
        ("-(a OR b)", Not(Or((Words("a"), Words("b"))))),
        ("((a))", Words("a")),
        ("user:bob", Equal(USER, "bob")),
        ('user:"bob b"', Equal(USER, "bob b")),
        ("user:AND", Equal(USER, "AND")),
        ("user!=bob", Not(Equal(USER, "bob"))),
        ("user:bo*", Prefix(USER, "bo")),
        ("user:*", Has(USER)),
        ('user:"*"', Equal(USER, "*")),
        ("a|b", Words("a|b")),
        ("user:a|b", Equal(USER, "a|b")),
        ("time*out", Glob(("time", "out"))),
        ("*out", Glob(("", "out"))),
        ("*out**of*", Glob(("", "out", "of", ""))),
        ('"a b"*"c d"*', Glob(("a b", "c d", ""))),
        ("host:*.internal", Glob(("", ".internal"), HOST)),
        ("message:*x", Glob(("", "x"), Field("message"))),
        ("/a b/", Regex("a b")),
        (r"/a\/(b|c)/i", Regex(r"a\/(b|c)", is_any_case=True)),
        ("user:/^a/", Regex("^a", USER)),
        ("DurationMs:/5/", Regex("5", DURATION)),
        ("/var/log/", Words("/var/log/")),
        ("file:/var/log", Equal(Field("file", is_property=True), "/var/log")),
        ("DurationMs:5..10", And((Order(DURATION, ">=", 5), Order(DURATION, "<=", 10)))),
        ("DurationMs:-1.5..", Order(DURATION, ">=", -1.5)),
        ("DurationMs:..10", Order(DURATION, "<=", 10)),
        ("severity:warn..fatal", And((Order(SEVERITY, ">=", 3), Order(SEVERITY, "<=", 5)))),
        ("release:1..2", Equal(Field("release"), "1..2")),
        ("file:../x", Equal(Field("file", is_property=True), "../x")),
        ("user:(a, b)", Or((Equal(USER, "a"), Equal(USER, "b")))),
        ('user:(a OR "b b" OR c*)', Or((Equal(USER, "a"), Equal(USER, "b b"), Prefix(USER, "c")))),
        ("user!=(a,b)", Not(Or((Equal(USER, "a"), Equal(USER, "b"))))),
        ("user:(a)", Equal(USER, "a")),
        ("has:(user, host)", Or((Has(USER), Has(HOST)))),
        ("timestamp:1970-01-02", And((Order(TIME, ">=", DAY_NS), Order(TIME, "<", 2 * DAY_NS)))),
        ("timestamp>1970-01-02", Order(TIME, ">=", 2 * DAY_NS)),
        ("timestamp<=1970-01-02", Order(TIME, "<", 2 * DAY_NS)),
        ("timestamp<1970-01-02T01:00+01:00", Order(TIME, "<", DAY_NS)),
        ("timestamp>1970-01-01T00:00:00.000000005", Order(TIME, ">", 5)),
        ("ReceivedAt:1970-01-01T00:00:00.000000005Z", Equal(Field("received_at"), 5)),
        (
            "timestamp:1970-01-01..1970-01-01T00:01",
            And((Order(TIME, ">=", 0), Order(TIME, "<", 120 * NS_PER_S))),
        ),
        ("has:user", Has(USER)),
        ("exception:*", Has(Field("exception"))),
        ("message!=*", Not(Has(Field("message")))),
        ("has:DurationMs", Has(DURATION)),
        ("has:issue", Order(Field("issue"), ">", 0)),
        ("StackTrace:main", Words("main", Field("stack_trace"))),
        ("message!=main", Not(Words("main", Field("message")))),
        ("exception:Val*", Words("Val", Field("exception"), is_prefix=True)),
        ("severity:error", Equal(SEVERITY, 4)),
        ("Severity>=Warning", Order(SEVERITY, ">=", 3)),
        ("severity<2", Order(SEVERITY, "<", 2)),
        ("DurationMs>500", Order(DURATION, ">", 500)),
        ("DurationMs >= -2.5e1", Order(DURATION, ">=", -25.0)),
        ("DurationMs:>5", Order(DURATION, ">", 5)),
        ('DurationMs<"5"', Order(DURATION, "<", 5)),
        ("http.status:500", Equal(Field("http.status", is_property=True), "500")),
        ("@t:5", Equal(Field("@t", is_property=True), "5")),
        ('"weird name":5', Equal(Field("weird name", is_property=True), "5")),
        ("properties.user:bob", Equal(Field("user", is_property=True), "bob")),
        ("id:18446744073709551615", Equal(Field("id"), 2**64 - 1)),
    ],
)
def test_a_search_text_is_understood(text: str, tree: Filter) -> None:
    assert tree == parse_filter(text)


@pytest.mark.parametrize(
    ("text", "position", "length", "expected"),
    [
        ("(disk", 5, 1, "closing )"),
        ("disk)", 4, 1, "no open ("),
        ("a ()", 3, 1, "a word"),
        ("a AND", 5, 1, "a word"),
        ("OR a", 0, 1, "a word"),
        ("a OR OR b", 5, 1, "a word"),
        ("user:", 4, 1, "a value"),
        ("ValueError: bad", 10, 1, "a value"),
        ("x>", 2, 1, "a value"),
        ('say "hi', 4, 3, 'closing "'),
        ("severity:loud", 9, 4, "trace, debug, info"),
        ("severity>7", 9, 1, "from 0 to 6"),
        ('severity:""', 9, 2, "a severity"),
        ("severity:1*", 9, 2, "a severity"),
        ("DurationMs>slow", 11, 4, "a number"),
        ("DurationMs>1e999", 11, 5, "a number"),
        ("application>a", 12, 1, "holds text"),
        ("message<5", 8, 1, "holds text"),
        ("id:-1", 3, 2, "whole number"),
        ("id:1.5", 3, 3, "whole number"),
        ("id:18446744073709551616", 3, 20, "whole number"),
        ("*", 0, 1, "a *"),
        ('""', 0, 2, "between the quotes"),
        ('message:""', 8, 2, "between the quotes"),
        ('user:""*', 5, 3, "a *"),
        ("severety>=error", 10, 5, "mean `severity`?"),
        ("severity:eror", 9, 4, "mean `error`?"),
        ("user:(a b)", 8, 1, "commas between"),
        ("user:(a, )", 9, 1, "commas between"),
        ("user:()", 6, 1, "commas between"),
        ('user:("a" "b")', 10, 1, "commas between"),
        ('user:(a"b")', 7, 1, "commas between"),
        ("user:(a", 7, 1, "commas between"),
        ("x>(1, 2)", 3, 1, "behind : and !="),
        ("DurationMs:5..fast", 14, 4, "a number"),
        ("severity:warn..loud", 15, 4, "a severity"),
        ("timestamp>yesterday", 10, 9, "a time such as"),
        ("timestamp:2026-02-30", 10, 10, "a time such as"),
        ("timestamp:1969-12-31", 10, 10, "1970 to 2262"),
        ("timestamp:/2026/", 10, 6, "a time such as"),
        ("has:timestamp", 4, 9, "every event has"),
        ("has:us*", 4, 3, "name of a field"),
        ("a /b(c/", 4, 1, "closing )"),
        ("a /(?=b)/", 3, 2, "groups"),
        ("user:/a**/", 8, 1, "nothing to repeat"),
        ("error | count by user", 6, 1, "asks for numbers"),
        ("error| count", 5, 1, "asks for numbers"),
        (".".join("abcdefghijk") + ":1", 0, 21, "at most 10 levels"),
        ("has:severity", 4, 8, "may be without"),
        ("half \ud800", 5, 1, "half a character"),
    ],
)
def test_a_mistake_is_shown_where_it_is(
    text: str, position: int, length: int, expected: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_filter(text)
    assert (position, length) == (caught.value.position, caught.value.length)
    assert expected in str(caught.value)


def _understand(text: str) -> Filter | QueryError:
    try:
        return parse_filter(text)
    except QueryError as error:
        return error


@given(st.text(max_size=60) | st.text(alphabet='ab:<>=!-*"\\()ANDORT. 5\ud800/|,[', max_size=60))
def test_any_text_is_a_search_or_a_query_error(text: str) -> None:
    outcome = _understand(text)
    if isinstance(outcome, QueryError):
        assert 0 <= outcome.position <= len(text)
        assert outcome.length >= 1
    else:
        assert outcome == parse_filter(render_filter(outcome))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("severity=error", "severity:error"),
        ("SEVERITY==Error", "severity:error"),
        ("status=500", "status:500"),
        ('Application = "orders-api"', "application:orders-api"),
        ("user == alice", "user:alice"),
        ("user= alice", "user:alice"),
        ("user =alice", "user:alice"),
        ("StackTrace= main", "stack_trace:main"),
        ("user=alice status=500 timeout", "user:alice status:500 timeout"),
        ("user=(alice, bob)", "user:(alice, bob)"),
        ("user = (alice OR bob)", "user:(alice, bob)"),
        ("status=5*", "status:5*"),
        ("status=500..599", "status:500..599"),
        ("ms=-5", 'ms:"-5"'),
        ("path=/a b/", "path:/a b/"),
        ("has=user", "has:user"),
        ("user=*", "user:*"),
        ('user=""', 'user:""'),
        ("-user=alice", "-user:alice"),
        ("NOT user=alice", "NOT user:alice"),
        ("(user=alice OR user=bob)", "(user:alice OR user:bob)"),
        ('"odd name"=5', '"odd name":5'),
        ('"odd name" = 5', '"odd name":5'),
        ("a=b=c", 'a:"b=c"'),
        ("a=b&c=d", 'a:"b&c=d"'),
        ("token=dGVzdA==", 'token:"dGVzdA=="'),
        ("url=http://h/x?a=b", 'url:"http://h/x?a=b"'),
        ("user:=alice", "user:alice"),
        ("user!==alice", "user!=alice"),
        ("timestamp=2026-11-24", "timestamp:2026-11-24"),
    ],
)
def test_an_equals_sign_behind_a_name_is_a_colon(text: str, same: str) -> None:
    assert parse_filter(text) == parse_filter(same)
    assert (equals_in(text) is None) == ("=" not in text.replace("!==", ""))


@pytest.mark.parametrize(
    "text",
    [
        "key=",
        "=value",
        "==",
        "====",
        "dGVzdA==",
        "dGVzdA=",
        "/path/x?a=b",
        "http://host/x?a=b&c=d",
        "host/x?a=b",
        "--opt=value",
        "5=5",
        "a===b",
        "a=>b",
        "a=<b",
        "a=|b",
        '"user=alice"',
        '"a == b"',
    ],
)
def test_any_other_equals_sign_is_part_of_a_word(text: str) -> None:
    assert parse_filter(text) == parse_filter(text if text[0] == '"' else f'"{text}"')
    assert equals_in(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key= x", '"key=" x'),
        ("key =x", 'key "=x"'),
        ("dGVzdA== x", '"dGVzdA==" x'),
        ("a => b", 'a "=>" b'),
        ("a = OR b", '(a "=") OR b'),
        ("(user=) x", '"user=" x'),
        ("x<=5 y>=5 z!=5", "x<=5 y>=5 NOT z:5"),
    ],
)
def test_other_signs_stay_what_they_are(text: str, words: str) -> None:
    assert render_filter(parse_filter(text)) == words


@pytest.mark.parametrize(
    "text",
    ['user=~"al.*"', "user!~bob", "HOME=~/x", "user =~ al.*", "user !~ bob", '"a b" =~ c', "a=~ b"],
)
def test_a_sign_of_other_languages_is_a_mistake_with_its_way_out(text: str) -> None:
    with pytest.raises(QueryError, match=r"user:/\^al\.\*/; quote") as caught:
        parse_filter(text)
    assert text[caught.value.position :][: caught.value.length] in ("=~", "!~")


@pytest.mark.parametrize("text", ["level>=error", "lvl>warn", "log.level>info"])
def test_a_level_that_cannot_be_compared_is_told_its_name_here(text: str) -> None:
    with pytest.raises(QueryError, match="Did you mean `severity`"):
        parse_filter(text)
