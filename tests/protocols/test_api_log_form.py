"""Form messages, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from support.native import Answer, ask

REQUIRED = "The Message field is required."
RANGE = "The field Severity must be between 0 and 6."
FORM = "application/x-www-form-urlencoded"


def send(body: str | bytes) -> Answer:
    return ask(body, content_type=FORM)


def test_the_browser_samples_body_is_read() -> None:
    stored = send(
        "Message=app+loaded&Severity=2&Category=Widget+Designer&Application=a&User=u"
        "&Exception=e&StackTrace=s%0As"
    ).stored
    names = ("message", "severity", "category", "application", "user", "exception", "stack_trace")
    assert [stored[name] for name in names] == [
        "app loaded", 2, "Widget Designer", "a", "u", "e", "s\ns",
    ]  # fmt: skip


def test_the_extension_members_are_read_by_name() -> None:
    stored = send(
        "Message=m&timestamp=1970-01-01T00%3A00%3A01Z&Host=h&Environment=v&Release=r&TraceId=t"
        "&SpanId=p&Properties=%7B%22a%22%3A1%7D"
    ).stored
    names = ("timestamp", "host", "environment", "release", "trace_id", "span_id", "properties")
    assert [stored[name] for name in names] == [1_000_000_000, "h", "v", "r", "t", "p", b'{"a":1}']


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("message=m", "m"),
        ("MESSAGE=m", "m"),
        ("Message[]=m", "m"),
        ("Message=a&Message=b", "a"),
        ("message=a&Message[]=b", "a"),
        ("Message=%zz", "%zz"),
        ("Message=%C3%A9%", "é%"),
        ("Message=a;b=c", "a;b=c"),
        ("Message=a=b", "a=b"),
        ("Message=%00", "\x00"),
        ("Message= m ", " m "),
        ("&&Message=m&&", "m"),
    ],
)
def test_a_message_is_found_and_decoded(body: str | bytes, message: str) -> None:
    assert send(body).stored["message"] == message


@pytest.mark.parametrize(
    "body",
    [
        "",
        "m",
        "=m",
        "&&",
        "Message",
        "Message=",
        "Message=+",
        "Message=%09%C2%A0",
        "User=u",
        "message.Message=m",
        "Message[a]=b",
        "Message[0]=b",
        "Message=&Message=m",
    ],
)
def test_a_message_that_is_blank_or_elsewhere_is_missing(body: str) -> None:
    assert send(body).model_state == {"message.Message": [REQUIRED]}


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("0", 0),
        ("4", 4),
        ("+4", 4),
        ("%2B4", 4),
        (" 4 ", 4),
        ("%C2%A04", 4),
        ("004", 4),
        ("0x4", 4),
        ("0X4", 4),
        ("%234", 4),
        ("%26h4", 4),
        ("-0", 0),
    ],
)
def test_a_severity_is_a_number(value: str, severity: int) -> None:
    assert send(f"Message=m&Severity={value}").stored["severity"] == severity
    assert send(f"Message=m&severity[]={value}").stored["severity"] == severity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "A value is required."),
        ("+", "A value is required."),
        ("%C2%A0", "A value is required."),
        ("x", "The value 'x' is not valid for Severity."),
        ("4.0", "The value '4.0' is not valid for Severity."),
        ("true", "The value 'true' is not valid for Severity."),
        ("Error", "The value 'Error' is not valid for Severity."),
        ("<é&'", "The value '<é' is not valid for Severity."),
        ("+x+", "The value ' x ' is not valid for Severity."),
        ("99999999999", "The value '99999999999' is not valid for Severity."),
        ("0xg", "The value '0xg' is not valid for Severity."),
        ("7", RANGE),
        ("-1", RANGE),
        ("0xff", RANGE),
        ("0xffffffff", RANGE),
    ],
)
def test_a_severity_that_is_none_gets_the_binders_text(value: str, text: str) -> None:
    assert send(f"Message=m&Severity={value}").model_state == {"message.Severity": [text]}


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("Severity=9", ["message.Message", "message.Severity"]),
        ("Message=&Severity=9", ["message.Message", "message.Severity"]),
        ("Severity=x", ["message.Severity", "message.Message"]),
        ("Message=&Severity=x", ["message.Severity", "message.Message"]),
        ("Message=&Severity=", ["message.Message", "message.Severity"]),
        ("Severity=", ["message.Severity", "message.Message"]),
    ],
)
def test_faults_come_in_the_binders_order(body: str, keys: list[str]) -> None:
    assert list(send(body).model_state) == keys


@pytest.mark.parametrize("body", ["[", "Message[=m", "Message=m&a[b=1", "Message=m&x[][=1"])
def test_a_bracket_left_open_is_refused(body: str) -> None:
    assert list(send(body).model_state) == ["message"]


def test_blank_text_is_no_text() -> None:
    stored = send("Message=m&User=&Category=+%0A&Application=a").stored
    assert (stored["user"], stored["category"], stored["application"]) == (None, None, "a")


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        ("Message=m&a=1&b[c]=2&a=3", b'{"a":["1","3"],"b[c]":"2"}'),
        ("Message=m&flag", b'{"flag":""}'),
        ("Message=m&Message=n", b'{"Message":"n"}'),
        ("Message=m&Properties=text", b'{"Properties":"text"}'),
        ('Message=m&a=1&Properties={"a":2}', b'{"a":2}'),
        ("Message=m&Properties=", None),
        ("Message=m&&=", None),
    ],
)
def test_fields_that_are_no_members_are_kept_as_properties(body: str, properties: Any) -> None:
    assert send(body).stored["properties"] == properties
