"""JSON messages, rule by rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.native import ask

REQUIRED = "The Message field is required."
RANGE = "The field Severity must be between 0 and 6."


def member(name: str, raw: str) -> str:
    """A good message with one more member, given as raw JSON text."""
    return f'{{"Message":"m","{name}":{raw}}}'


def test_a_message_is_answered_with_its_id() -> None:
    answer = ask('{"Message":"m"}')
    assert answer.status == 200
    assert answer.body == b'{"MessageId":"101"}'


def test_every_member_is_stored_under_its_field() -> None:
    answer = ask(
        json.dumps(
            {
                "Message": "m",
                "Severity": 5,
                "Application": "a",
                "Category": "c",
                "User": "u",
                "Exception": "e",
                "StackTrace": "s",
                "Timestamp": "1970-01-01T00:00:01Z",
                "Host": "h",
                "Environment": "v",
                "Release": "r",
                "TraceId": "t",
                "SpanId": "p",
                "Template": "t{x}",
                "Fingerprint": ["f", "{{ default }}"],
                "Properties": {"x": 1},
            }
        )
    )
    assert answer.stored == {
        "message": "m",
        "severity": 5,
        "timestamp": 1_000_000_000,
        "template": "t{x}",
        "details": b'{"fingerprint":["f","{{ default }}"]}',
        "issue": None,
        "application": "a",
        "category": "c",
        "user": "u",
        "exception": "e",
        "stack_trace": "s",
        "host": "h",
        "environment": "v",
        "release": "r",
        "trace_id": "t",
        "span_id": "p",
        "properties": b'{"x": 1}',
    }


@pytest.mark.parametrize(
    "body", ["", " ", "\n", "null", " null ", "{}", "\ufeff", '{"Message":null}', '{"Message":""}']
)
def test_no_message_at_all_is_a_missing_message(body: str) -> None:
    answer = ask(body)
    assert answer.status == 400
    assert answer.model_state == {"message.Message": [REQUIRED]}


@pytest.mark.parametrize(
    "code",
    [*range(9, 14), 32, 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288],
)
def test_net_blanks_alone_are_no_message(code: int) -> None:
    assert ask(json.dumps({"Message": chr(code) * 2})).model_state == {
        "message.Message": [REQUIRED]
    }


@pytest.mark.parametrize(
    "code", [0x200B, 0xFEFF, 0x2060, 0, 0x1C, 0x1D, 0x1E, 0x1F, 0x180E], ids=hex
)
def test_what_net_does_not_trim_is_a_message(code: int) -> None:
    assert ask(json.dumps({"Message": chr(code)})).stored["message"] == chr(code)


def test_a_message_keeps_its_blanks() -> None:
    assert ask('{"Message":"  m\\n"}').stored["message"] == "  m\n"


@pytest.mark.parametrize(
    ("raw", "severity"),
    [(str(value), value) for value in range(7)]
    + [('"4"', 4), ('" 4 "', 4), ('"+4"', 4), ('"-0"', 0), ("-0", 0), ('"004"', 4)]
    + [('"\\t4\\r\\n"', 4), ('"4\\u0000\\u0000"', 4)]
    + [('"Trace"', 0), ('"debug"', 1), ('"INFO"', 2), ('"Information"', 2), ('"Warn"', 3)]
    + [('"warning"', 3), ('"Error"', 4), ('" fatal "', 5), ('"Critical"', 5), ('"Off"', 6)]
    + [('"none"', 6)],
)
def test_a_severity_is_a_number_or_a_name(raw: str, severity: int) -> None:
    assert ask(member("Severity", raw)).stored["severity"] == severity


@pytest.mark.parametrize(
    "raw", ["7", "-1", '"7"', '"010"', '"-1"', "2147483648", "99999999999", "9" * 10_000]
)
def test_a_severity_out_of_range_is_refused_in_the_originals_words(raw: str) -> None:
    assert ask(member("Severity", raw)).model_state == {"message.Severity": [RANGE]}


@pytest.mark.parametrize(
    "raw",
    [
        '"4.0"',
        '"0x4"',
        '"1,000"',
        '"2016-01-01T00:00:00Z"',
        '"err"',
        '""',
        '"  "',
        "null",
        "4.0",
        "4.5",
        "1e0",
        "true",
        "false",
        "[4]",
        "[]",
        '{"a":1}',
        "{}",
        '"\uff14"',
        '"(4)"',
        '"4-"',
        '"\\u00004"',
        '"4\\u0000 "',
        '"+ 4"',
        '"\\u20284"',
        '"Error, Debug"',
    ],
)
def test_a_severity_that_is_none_is_refused_with_advice(raw: str) -> None:
    (advice,) = ask(member("severity", raw)).model_state["message.severity"]
    assert "from 0 to 6" in advice
    assert "line 1, column 27" in advice


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("5", "5"),
        ("5.0", "5"),
        ("5.10", "5.1"),
        ("1e3", "1000"),
        ("1.0E+20", "1E+20"),
        ("1e-7", "1E-07"),
        ("123456789.123456789", "123456789.123457"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.0001", "0.0001"),
        ("0.00001", "1E-05"),
        ("123456789012345.0", "123456789012345"),
        ("1e15", "1E+15"),
        ("1.5e-300", "1.5E-300"),
        ("-2.50", "-2.5"),
        ("1e-400", "0"),
        ("7" * 5000, "7" * 5000),
        ("true", "true"),
        ("false", "false"),
        ("null", None),
        ('""', ""),
        ('"2016-01-21T03:49:47.1234567+02:00"', "2016-01-21T03:49:47.1234567+02:00"),
    ],
)
def test_numbers_and_booleans_become_text_as_in_net(raw: str, text: str) -> None:
    assert ask(member("User", raw)).stored["user"] == text


@pytest.mark.parametrize("raw", ["{}", '{"a":1}', "[]", '["a"]', "1e400", "-1e400"])
def test_what_cannot_become_text_is_refused_at_its_member(raw: str) -> None:
    answer = ask(member("uSeR", raw))
    assert answer.status == 400
    assert list(answer.model_state) == ["message.uSeR"]


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "undefined", "new Date(1)"])
def test_javascript_values_are_not_json(raw: str) -> None:
    assert list(ask(member("User", raw)).model_state) == ["message.User"]


def test_names_are_known_without_case_and_the_last_of_equals_counts() -> None:
    assert ask('{"MESSAGE":"a","message":"b"}').stored["message"] == "b"
    assert ask('{"message":"a","Message":null}').model_state == {"message.Message": [REQUIRED]}


def test_names_are_not_trimmed() -> None:
    answer = ask('{"Message":"m","User ":"u"}')
    assert answer.stored["user"] is None
    assert answer.stored["properties"] == b'{"User ":"u"}'


def test_an_error_in_an_earlier_duplicate_stays() -> None:
    assert list(ask('{"Message":"m","Severity":"x","severity":2}').model_state) == [
        "message.Severity"
    ]
    assert ask('{"Message":"m","Severity":9,"severity":2}').stored["severity"] == 2


def test_advice_on_one_message_has_an_end() -> None:
    answer = ask("{" + '"Severity":"x",' * 50 + '"Message":"m"}')
    assert len(answer.model_state["message.Severity"]) == 20


def test_reader_errors_come_before_rules_in_the_clients_spelling() -> None:
    answer = ask('{"message":"","severity":"x"}')
    assert list(answer.model_state) == ["message.severity", "message.Message"]


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        ('{"Message":"m","Foo":1,"bar":[1, 2]}', b'{"Foo":1,"bar":[1, 2]}'),
        ('{"$type":"T","$id":"1","$ref":"2","Message":"m"}', b'{"$type":"T","$id":"1","$ref":"2"}'),
        ('{"Message":"m","a":1,"a":2}', b'{"a":2}'),
        ('{"Message":"m","a":1,"A":2}', b'{"a":1,"A":2}'),
        ('{"Message":"m","a":1,"b":2,"Properties":{"b": 3}}', b'{"a":1,"b":3}'),
        ('{"Message":"m","Properties":{"a": 1e400}}', b'{"a": 1e400}'),
        ('{"Message":"m","properties":"text"}', b'{"Properties":"text"}'),
        ('{"Message":"m","Properties":[1]}', b'{"Properties":[1]}'),
        ('{"Message":"m","Properties":{"a":1},"Properties":{"b":2}}', b'{"b":2}'),
        ('{"Message":"m","Properties":{"a":1},"properties":null}', None),
        ('{"Message":"m","Properties":null}', None),
        ('{"Message":"m","Properties":{}}', None),
        ('{"Message":"m","\\u00e9\\"":"\\u00e9"}', '{"é\\"":"\\u00e9"}'.encode()),
    ],
)
def test_nothing_a_client_sends_is_lost(body: str, properties: Any) -> None:
    assert ask(body).stored["properties"] == properties


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("{", "message"),
        ('{"Message"', "message"),
        ('{"Message" "m"}', "message"),
        ("}", "message"),
        ("hello", "message"),
        ("nul", "message"),
        ("Message=m", "message"),
        ("<x/>", "message"),
        ("[]", "message"),
        ('[{"Message":"m"}]', "message"),
        ('"str"', "message"),
        ("5", "message"),
        ("true", "message"),
        ('{"Message":', "message.Message"),
        ('{"Message":}', "message.Message"),
        ('{"Message":"m"', "message.Message"),
        ('{"Message":"m",', "message.Message"),
        ('{"Message":"m","Severity":2', "message.Severity"),
        ('{"Message":"m","User":"u', "message.User"),
        ('{"Message":"m" "User":"u"}', "message.Message"),
        ('{"Message":"m",,"User":"u"}', "message.Message"),
        ('{"Message":"m";"User":"u"}', "message.Message"),
        ('{"Message":"m\\q"}', "message.Message"),
        ('{"Message":"m\\u12"}', "message.Message"),
        ('{"Message":"a\nb"}', "message.Message"),
        ('{"Message":"a\x00b"}', "message.Message"),
        ('{"Message":"m","x":[[1,}]}', "message.x[0][0]"),
        ('{"Message":"m","a b":[[1,}]}', "message['a b'][0][0]"),
        ('{"Message":"m","x":{"y":[0,{"z":tru}]}}', "message.x.y[1].z"),
        ('{"Message":"m","x":[}', "message.x"),
        ('{"Message":"m","x":"[{\\"","y":?}', "message.y"),
        ('{"Message":"m","x":"{ \\q', "message.x"),
        # Stricter than the original, which stopped reading behind the root.
        ('{"Message":"m",}', "message.Message"),
        ('{"Message":"m"} x', "message"),
        ('{"Message":"m"}{"Message":"n"}', "message"),
        ("{'Message':'m'}", "message"),
        ('{Message:"m"}', "message"),
        ('{"Message":"m"/* c */}', "message.Message"),
        ('// c\n{"Message":"m"}', "message"),
        ('\xa0{"Message":"m"}', "message"),
        ('{"Message":"m","Severity":04}', "message.Severity"),
        ('{"Message":"m","Severity":0x4}', "message.Severity"),
        ('{"Message":"m","Severity":+4}', "message.Severity"),
        ('{"Message":"m","x":1.}', "message.x"),
    ],
)
def test_a_syntax_error_is_told_at_the_place_the_original_named(body: str, key: str) -> None:
    answer = ask(body)
    assert answer.status == 400
    assert list(answer.model_state) == [key]
    assert "line" in answer.model_state[key][0]


def test_a_syntax_error_names_line_and_column() -> None:
    (advice,) = ask('{\n  "Message": "m",\n  "User": x\n}').model_state["message.User"]
    assert advice == (
        "The body is not valid JSON: expected a value, found 'x' at line 3, column 11."
    )


@pytest.mark.parametrize(("levels", "status"), [(255, 200), (256, 400), (300, 400)])
def test_nesting_may_reach_256_levels_with_the_root(levels: int, status: int) -> None:
    unknown = member("x", "[" * levels + "]" * levels)
    explicit = member("Properties", '{"a":' * levels + "1" + "}" * levels)
    assert ask(unknown).status == status
    assert ask(explicit).status == status


def test_brackets_in_strings_are_no_nesting() -> None:
    text = "[{" * 500 + '\\"'
    assert ask(member("Properties", f'{{"a":"{text}"}}')).status == 200
    assert ask(member("x", f'"{text}"')).status == 200


def test_many_shallow_brackets_are_fine() -> None:
    assert ask(member("Properties", '{"a":[' + ",".join(["[]"] * 1000) + "]}")).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        '"\\ud800"',
        '"\\udc00"',
        '"\\ud800\\u0041"',
        '"\\uDBFF\\uDBFF"',
        '{"\\ud800":1}',
        '["\\ud83d"]',
    ],
)
@pytest.mark.parametrize("name", ["User", "Properties", "x", "Message"])
def test_half_a_character_is_refused(name: str, raw: str) -> None:
    answer = ask(member(name, raw))
    assert answer.status == 400
    assert "half of a character" in answer.body.decode()


def test_an_escaped_backslash_before_u_is_no_half_character() -> None:
    assert ask('{"message":"\\\\ud800"}').stored["message"] == "\\ud800"
    assert ask('{"message":"\\ud83d\\ude00"}').stored["message"] == "😀"


@pytest.mark.parametrize(
    "body",
    [
        b'{"Message":"\xff"}',
        b'{"Message":"m","Properties":{"a":"\xff"}}',
        b'{"Message":"m","Properties":{"\xed\xa0\x80":1}}',
        b'{"Message":"m","x":"\xc0\x80"}',
        b"\xff",
    ],
)
def test_bytes_that_are_no_utf8_are_refused(body: bytes) -> None:
    (advice,) = ask(body).model_state["message"]
    assert advice.startswith("The body is not valid UTF-8: ")


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/json;charset=utf-16"])
def test_a_byte_order_mark_wins_over_the_header(
    bom: bytes, encoding: str, content_type: str | None
) -> None:
    body = bom + '{"Message":"é"}'.encode(encoding)
    assert ask(body, content_type=content_type).stored["message"] == "é"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-16", "utf-16-le"),
        ("UTF-16", "utf-16-le"),
        ("utf-8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ('"utf-16"', "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("bogus", "utf-8"),
        ("utf-16BE", "utf-8"),
    ],
)
def test_only_a_plain_utf16_charset_changes_the_reading(charset: str, encoding: str) -> None:
    body = '{"Message":"é"}'.encode(encoding)
    assert ask(body, content_type=f"application/json; charset={charset}").stored["message"] == "é"


def test_a_utf16_body_cut_short_is_refused() -> None:
    body = '{"Message":"é"}'.encode("utf-16-le")[:-1]
    assert ask(body, content_type="application/json; charset=utf-16").status == 400


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ('"2026-01-31T08:15:30Z"', 1769847330_000000000),
        ('"2026-01-31 08:15:30,123456789+02:00"', 1769840130_123456789),
        ("1769847330", 1769847330_000000000),
        ("1769847330123", 1769847330_123000000),
        ("1769847330.5", 1769847330_500000000),
        ('"1769847330"', 1769847330_000000000),
        ('"0001-01-01T00:00:00Z"', -62135596800_000000000),
        ('"9999-12-31T23:59:59.999999999Z"', 253402300799_999999999),
        ("null", None),
    ],
)
def test_a_timestamp_is_read_to_the_nanosecond(raw: str, instant: Any) -> None:
    assert ask(member("Timestamp", raw)).stored["timestamp"] == instant
    assert ask(member("timestamp", raw)).stored["timestamp"] == instant


def test_the_query_never_fills_the_message() -> None:
    assert ask('{"Message":"m"}', path="/api/Log?Severity=5&User=u").stored["severity"] == 0


@pytest.mark.parametrize("name", ["Messsage", "Mesage", "messages", "MESSAGE_", "Massage"])
def test_a_mistyped_message_is_told_the_right_name(name: str) -> None:
    state = ask(f'{{"User":"u","{name}":"m"}}').model_state
    assert state == {
        "message.Message": ["The Message field is required."],
        f"message.{name}": [f"There is no member '{name}'; did you mean Message?"],
    }
    assert ask(f"{name}=m", content_type="application/x-www-form-urlencoded").model_state == state
    xml = f"<LogMessage><{name}>m</{name}></LogMessage>"
    assert ask(xml, content_type="text/xml", accept="text/json").model_state == state


@pytest.mark.parametrize(
    "name", ["Message ", " Message", "msg", "x", "Message.Message", "Me\u017f\u017fage"]
)
def test_no_other_name_changes_the_words_of_the_original(name: str) -> None:
    body = json.dumps({name: "m", "Properties": {}})
    assert ask(body).model_state == {"message.Message": ["The Message field is required."]}


def test_a_severity_is_quoted_once() -> None:
    (told,) = ask('{"Message":"m","Severity":"loud"}').model_state["message.Severity"]
    assert told.startswith("Severity is 'loud' (line 1, column 27); ")
    (told,) = ask('{"Message":"m","Severity":4.5}').model_state["message.Severity"]
    assert told.startswith("Severity is 4.5 (line 1, ")
    (told,) = ask('{"Message":"m","Severity":{"a":"b"}}').model_state["message.Severity"]
    assert told.startswith('Severity is {"a":"b"} (line 1, ')
