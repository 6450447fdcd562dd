"""What a filter means in memory."""

from __future__ import annotations

import pytest

from logster.event import Event
from logster.query.match import matches
from logster.query.parse import parse_filter

EVENT = Event(
    id=42,
    timestamp=1,
    received_at=1,
    severity=4,
    message="Connection from 10.0.0.1:80 timed out (blk_-38865)",
    application="shop",
    user="",
    exception="ValueError: ÄRGER",
    protocol="clef",
    properties={
        "DurationMs": 512.5,
        "Text": "20",
        "Ok": True,
        "Gone": None,
        "Empty": "",
        "List": [1],
        "Huge": 10**400,
        "Odd": 2**53 + 1,
        "http": {"status": 500, "deep": {}},
        "http.flat": "yes",
    },
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CONNECTION timed",
        '"timed out"',
        "10.0.0.1",
        "blk_-38865",
        "10.0.0.1:80",
        "conn*",
        '"timed o"*',
        "ärger",
        "valueerror ärger",
        "timed exception:Ärger",
        "(",
        "application:shop",
        "application:sh*",
        'user:""',
        'host:""',
        "-has:user",
        "has:application",
        "severity:error",
        "severity>warn",
        "severity!=fatal",
        "id:42",
        "id>41",
        "protocol:clef",
        "DurationMs>512",
        "DurationMs<=512.5",
        "DurationMs:512.50",
        "Text>19",
        "Text:20",
        "Ok:true",
        "Huge>5",
        "http.status:500",
        "http.status>=500",
        "http.flat:yes",
        "http.flat:y*",
        "has:http.deep",
        "has:List",
        "has:Ok",
        "missing!=1",
        "NOT missing>1",
        "conn*ion",
        "*nection",
        '"timed o"*" (blk"',
        "*-388*",
        "application:s*p",
        "application:*",
        "http.status:5*",
        "http.status:/^50+$/",
        "DurationMs:5*.5",
        "Ok:t*",
        r"/\d+\.0\.0/",
        "/CONNECTION/i",
        "/^Connection from/",
        "exception:/Ä/",
        "exception:/ä/i",
        "user:/^$/",
        "DurationMs:500..512.5",
        "severity:(fatal, error)",
        "timestamp:1970-01-01",
        "received_at<1970-01-02",
        "Odd:9007199254740993",  # the next number that a float can be is one less
        "Odd>9007199254740992",
        "Odd>=9007199254740993",
        "Odd<9007199254740993.5",
        "-bogus (shop OR connection)",
    ],
)
def test_an_event_matches(text: str) -> None:
    assert matches(parse_filter('"("' if text == "(" else text), EVENT)


@pytest.mark.parametrize(
    "text",
    [
        "conn",
        "onnection",
        "0.0.0.1",
        "imed*",
        '"timed ou"',
        "shop",
        "exception:connection",
        "application:Shop",
        "application:hop*",
        "has:user",
        "has:host",
        "severity>error",
        "DurationMs>512.5",
        'Text:"20.0"',
        "Ok:1",
        "Ok>0",
        "Gone:null",
        "has:Gone",
        "has:Empty",
        "missing:x",
        'missing:""',
        "missing<5",
        "List:1",
        "http:500",
        "http.status.more:500",
        "connection -timed",
        "conn*x",
        "*onnectio",
        "from*timed",
        "application:s*o",
        "/connection/",
        "/^from/",
        "/out$/",
        "missing:/^$/",
        "http:/./",
        "Text:21..",
        "Odd:9007199254740992",
        "Odd<9007199254740993",
        "Odd:9007199254740993.5",
        "severity:(fatal, warn)",
        "timestamp>1970-01-01",
    ],
)
def test_an_event_does_not_match(text: str) -> None:
    assert not matches(parse_filter(text), EVENT)


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
