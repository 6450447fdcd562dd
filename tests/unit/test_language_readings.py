"""What people write for a condition: `=` for `:`, times in their own zone, words without spaces."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from logster.errors import QueryError
from logster.event import NS_PER_S, Event
from logster.query.language import Filter, matches, parse_filter, render_filter
from logster.query.pipes import equals_in, parse_question, render_question
from logster.query.variables import bind

BERLIN = ZoneInfo("Europe/Berlin")


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


def test_before_a_pipe_it_is_the_same() -> None:
    tree, stats = parse_question("severity=error | count by user")
    assert render_question(tree, stats) == "severity:error | count by user"
    assert equals_in("| count by user") is None


def test_it_is_said_once_and_how_to_find_the_text() -> None:
    assert equals_in('a user = "al b" status=500') == (
        'Read `=` as `:`: `user = "al b"` asks for a field or property. '
        r'To find it as a text, put it in quotes: "user = \"al b\""'
    )


@pytest.mark.parametrize(
    ("question", "bound"),
    [
        ("application=$app", 'application="shop"'),
        ("application = $app", 'application = "shop"'),
        ("application= $app", 'application= "shop"'),
        ("application==($app, x)", 'application==("shop", x)'),
        ('"odd name"=$app', '"odd name"="shop"'),
        ("x?a=$app", "x?a=$app"),
    ],
)
def test_a_variable_behind_it_is_a_value(question: str, bound: str) -> None:
    assert bind(question, {"app": ["shop"]}) == bound
    assert bind("application=$app a", {"app": []}) == "a"


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S


@pytest.mark.parametrize(
    ("text", "first", "behind"),
    [
        ("timestamp:2026-12-01T00:20", "2026-11-30T23:20Z", "2026-11-30T23:21Z"),
        ('timestamp:"2026-12-01 00:20"', "2026-11-30T23:20Z", "2026-11-30T23:21Z"),
        ("timestamp:2026-12-01T00:20Z", "2026-12-01T00:20Z", "2026-12-01T00:21Z"),
        ('timestamp:"2026-12-01 00:20 UTC"', "2026-12-01T00:20Z", "2026-12-01T00:21Z"),
        ("received_at:2026-12-01T00:20-05:00", "2026-12-01T05:20Z", "2026-12-01T05:21Z"),
        ("timestamp:2026-12-01", "2026-11-30T23:00Z", "2026-12-01T23:00Z"),
        ("timestamp:2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("timestamp:2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("timestamp:2026-03-29T02:30", "2026-03-29T01:30Z", "2026-03-29T01:31Z"),
        ("timestamp:2026-10-25T02:30", "2026-10-25T00:30Z", "2026-10-25T00:31Z"),
        ("timestamp:2026-07-01T12:00:30", "2026-07-01T10:00:30Z", "2026-07-01T10:00:31Z"),
        ("timestamp:2026-12-01..2026-12-02", "2026-11-30T23:00Z", "2026-12-02T23:00Z"),
    ],
)
def test_a_time_is_one_of_the_zone_of_whoever_asks(text: str, first: str, behind: str) -> None:
    name = text.split(":", 1)[0]
    utc = parse_filter(f"{name}>={first} {name}<{behind}")
    assert parse_filter(text, BERLIN) == utc
    assert parse_question(text, BERLIN) == (utc, None)
    assert parse_filter(text, UTC) == parse_filter(text)


def event_of(message: str) -> Event:
    return Event(id=1, timestamp=1, received_at=1, severity=2, message=message, protocol="x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("登录", "用户登录失败"),
        ("登录", "登录"),
        ("message:失败", "用户登录失败,请重试"),
        ("请重试", "用户登录失败,请重试。"),
        ("API登录", "调用API登录接口 API登录接口"),
        ("ログイン", "ユーザーログイン失敗"),
        ("検索*失敗", "全文検索が失敗した"),
        ("ไม่สำเร็จ", "เข้าสู่ระบบไม่สำเร็จ"),
        ("-成功", "用户登录失败"),
    ],
)
def test_a_word_of_a_script_without_spaces_is_found_inside(text: str, message: str) -> None:
    assert matches(parse_filter(text), event_of(message))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("登录", "用户登陆"),
        ("API登录", "MyAPI登录"),
        ("登录API", "登录APIs"),
        ("error", "errors"),
        ("ärger", "ärgerlich"),
        ("логин", "логины"),
    ],
)
def test_a_word_of_a_script_with_spaces_ends_where_it_ends(text: str, message: str) -> None:
    assert not matches(parse_filter(text), event_of(message))


def test_what_is_written_without_a_zone_is_rendered_with_one() -> None:
    tree: Filter = parse_filter("timestamp>=2026-12-01T00:20", BERLIN)
    assert parse_filter(render_filter(tree)) == tree
