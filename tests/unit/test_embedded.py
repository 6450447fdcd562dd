"""A text that a protocol carries may be JSON or logfmt; then it says more than its words."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import Severity
from logster.fields.line.embedded import MAX_BRACKETS, read_embedded
from logster.ingest.columns import Rows
from logster.ingest.protocol import Limits


def read(text: str, *known: str) -> dict[str, Any] | None:
    """The fields of a text, the properties as JSON would write them."""
    fields = read_embedded(text, known)
    if fields is not None:
        fields["properties"] = msgspec.json.encode(fields["properties"]).decode()
    return fields


def test_members_of_json_become_fields_and_properties() -> None:
    text = '{"level":"warn","msg":"slow","user":"ann","took_ms":1.50,"id":9007199254740993}'
    assert read(text) == {
        "severity": Severity.WARN,
        "user": "ann",
        "properties": '{"msg":"slow","took_ms":1.50,"id":9007199254740993}',
    }


def test_pairs_of_logfmt_become_fields_and_properties() -> None:
    text = 'level=error ts=2026-11-23T12:00:00Z caller=main.go:7 msg="no \\"route\\"" tries=3'
    assert read(text) == {
        "severity": Severity.ERROR,
        "timestamp": 1_795_435_200_000_000_000,
        "properties": '{"caller":"main.go:7","msg":"no \\"route\\"","tries":"3"}',
    }


def test_logfmt_needs_neither_a_message_nor_a_level() -> None:
    text = "method=GET path=/a/b status=200"
    assert read(text) == {"properties": '{"method":"GET","path":"/a/b","status":"200"}'}


def test_what_the_protocol_has_said_stays_a_property() -> None:
    text = '{"time":"2026-11-23T12:00:00Z","level":30,"host":"web-1"}'
    assert read(text, "timestamp", "severity") == {
        "host": "web-1",
        "properties": '{"time":"2026-11-23T12:00:00Z","level":30}',
    }


def test_a_value_that_its_field_cannot_hold_stays_a_property() -> None:
    text = '{"level":"loud","time":"yesterday","user":{"id":7},"host":" ","trace_id":1e999}'
    assert read(text) == {"properties": text}


@pytest.mark.parametrize("mark", ["@cee:", "@cee: ", " "])
def test_the_mark_of_rsyslog_stands_before_an_object(mark: str) -> None:
    assert read(mark + '{"a":1}') == {"properties": '{"a":1}'}


@pytest.mark.parametrize("text", ["\x1b[36mlevel\x1b[0m=info a=1", "level=\x1b[36minfo\x1b[0m a=1"])
def test_colours_are_no_part_of_what_a_text_says(text: str) -> None:
    assert read(text) == {"severity": Severity.INFO, "properties": '{"a":"1"}'}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "count=5",
        "a=1 and then some words",
        "a=1 b=2 words",
        "https://example.com/?a=1&b=2",
        "[1,2]",
        '"text"',
        "{not json}",
        '{"a":1} {"b":2}',
        '{"a":1',
        "{" * 5_000,
        '{"a":' + "[" * MAX_BRACKETS + "]" * MAX_BRACKETS + "}",
        "= =",
    ],
)
def test_other_texts_are_neither(text: str) -> None:
    assert read(text) is None


def test_a_long_text_of_pairs_is_read_in_linear_time() -> None:
    began = time.process_time()
    read("a=b " * 250_000 + '"')
    read('a="' + "\\" * 1_000_000)
    read('{"' + 'a":{"' * 100_000)
    assert time.process_time() - began < 2


@given(
    st.one_of(st.text(), st.text(alphabet='{}[]":,=@ \\ab1\x1b\n'), st.from_regex(r"(\w+=\S* ?)+"))
)
def test_whatever_comes_of_a_text_can_be_kept(text: str) -> None:
    fields = read_embedded(text)
    if fields is not None:
        rows = Rows(Limits(max_events=1, max_message_bytes=1_000))
        rows.add(1, message=text, **fields)
        assert not rows.reading().rejections


def test_an_exception_that_is_an_object_has_its_trace_in_the_field():
    text = r'{"err":{"type":"TypeError","code":7,"stack":"TypeError: x\n    at f (a.js:1:2)"}}'
    fields = read_embedded(text)
    assert fields is not None
    assert fields["exception"] == "TypeError: x"
    assert fields["stack_trace"] == "TypeError: x\n    at f (a.js:1:2)"
    assert fields["properties"] == {"err": {"type": "TypeError", "code": 7}}


def test_a_trace_that_stands_alone_says_the_exception():
    fields = read_embedded(r'{"stack":"Error: y\n    at f (a.js:1:2)"}')
    assert fields is not None
    assert fields["exception"] == "Error: y"


def test_an_error_without_a_trace_is_a_property():
    for error in ('{"message":"x"}', '"x"', '{"stack":1}', '{"stack":" "}', "1e999", "[]"):
        fields = read_embedded(f'{{"err":{error}}}')
        assert fields is not None
        assert "stack_trace" not in fields
