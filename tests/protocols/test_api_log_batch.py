"""Batches: JSON arrays and JSON lines, good and bad ones mixed."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logster.errors import BodyTooLargeError, InvalidBodyError
from logster.ingest.protocol import Limits, Reading
from logster.ingest.protocols.native import api_log, json_body, json_charset, json_exact
from logster.ingest.protocols.native.message import Faults, columns_of
from support.native import LIMITS, Answer, ask, make_request, outcomes, reasons

if TYPE_CHECKING:
    from logster.event import Columns

BATCH = "/api/Logs"


def send(body: str | bytes, content_type: str = "application/x-ndjson", **headers: str) -> Answer:
    return ask(body, path=BATCH, content_type=content_type, **headers)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "text/x-ndjson",
        "application/json",
        "text/json",
    ],
)
def test_lines_and_arrays_are_told_apart_by_their_first_letter(content_type: str) -> None:
    lines = send('{"Message":"a"}\n{"Message":"b"}\n', content_type)
    array = send(' [{"Message":"a"},\n{"Message":"b"}]', content_type)
    assert lines.body == array.body == b'{"MessageIds":["101","102"]}'
    assert [event["message"] for event in array.events] == ["a", "b"]


@pytest.mark.parametrize("content_type", ["application/xml", "application/x-www-form-urlencoded"])
def test_a_batch_is_json_only(content_type: str) -> None:
    assert send("x", content_type).status == 415


def test_lines_are_json_of_many_only() -> None:
    assert ask('{"Message":"m"}', content_type="application/x-ndjson").status == 415


def test_good_lines_are_stored_and_bad_ones_reported_by_line() -> None:
    answer = send('{"Message":"a"}\n\n{"Message":""}\n{"Message":"b"}\r\n{"Severity":9}\n')
    assert answer.status == 207
    assert answer.json == {
        "MessageIds": ["101", None, "102", None],
        "Errors": [
            {"Line": 3, "ModelState": {"message.Message": ["The Message field is required."]}},
            {
                "Line": 5,
                "ModelState": {
                    "message.Message": ["The Message field is required."],
                    "message.Severity": ["The field Severity must be between 0 and 6."],
                },
            },
        ],
    }


def test_a_batch_without_a_good_message_is_refused() -> None:
    answer = send("{}\nx")
    assert answer.status == 400
    assert list(answer.json) == ["Message", "MessageIds", "Errors"]
    assert answer.json["MessageIds"] == [None, None]


@pytest.mark.parametrize("body", ["", "\n\n", "[]", " [ ] "])
def test_a_batch_of_nothing_is_fine(body: str) -> None:
    answer = send(body, "application/json")
    assert (answer.status, answer.body) == (200, b'{"MessageIds":[]}')


def test_an_item_of_an_array_is_counted_from_one() -> None:
    answer = send('[{"Message":"a"},5,null,[],{"Message":"b"}]', "application/json")
    assert answer.status == 207
    assert [error["Line"] for error in answer.json["Errors"]] == [2, 3, 4]


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ('"Message":"\u2028"', "missing_message"),
        ('"Severity":7', "severity"),
        ('"User":[]', "type"),
        ('"Properties":{"a":' + "[" * 256 + "]" * 256 + "}", "depth"),
        ('"Properties":{"a":"\\ud800"}', "encoding"),
        ('"Properties":{,}', "syntax"),
    ],
)
def test_one_bad_message_harms_no_other_and_has_its_reason(member: str, reason: str) -> None:
    good = '{"Message":"m","Timestamp":"2026-01-31T08:15:30Z"}'
    body = "\n".join([good, '{"Message":"m",' + member + "}", good])
    reading = json_body.read_many(body.encode(), "utf-8", LIMITS)
    assert reading.lines == [1, 3]
    assert [reason] == reasons(reading.rejections)


def test_properties_that_are_no_object_are_good_all_the_same() -> None:
    answer = send('{"Message":"a","Properties":[1]}\n{"Message":"b","Properties":null}')
    assert [event["properties"] for event in answer.events] == [b'{"Properties":[1]}', None]


def test_an_array_that_is_cut_short_is_refused_whole() -> None:
    answer = send('[{"Message":"a"},{"Message":"b"', "application/json")
    assert answer.status == 400
    assert answer.events == []
    assert list(answer.model_state) == ["message[1].Message"]


def test_a_line_that_is_no_utf8_harms_no_other() -> None:
    answer = send(b'{"Message":"a"}\n{"Message":"\xff"}\n{"Message":"b"}')
    assert answer.json["MessageIds"] == ["101", None, "102"]


def test_two_messages_on_a_line_are_one_bad_line() -> None:
    answer = send('{"Message":"a"}{"Message":"b"}\n{"Message":\n"c"}')
    assert answer.json["MessageIds"] == [None, None, None]
    assert send('{"Message":"a"} {"Message":"b"}\n\n').status == 400


def test_a_batch_may_be_utf16_or_begin_with_a_mark() -> None:
    text = '{"Message":"é"}\n{"Message":"b"}'
    assert send(b"\xef\xbb\xbf" + text.encode()).status == 200
    assert send(b"\xff\xfe" + text.encode("utf-16-le")).status == 200
    utf16 = send(text.encode("utf-16-le"), "application/json; charset=utf-16")
    assert [event["message"] for event in utf16.events] == ["é", "b"]


def test_a_batch_can_be_answered_in_xml() -> None:
    answer = send('{"Message":"a"}\n{}', accept="application/xml")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.body.decode() == (
        '<LogResults xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/Logster.Core">'
        '<MessageIds xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
        '<a:string>101</a:string><a:string i:nil="true"/></MessageIds>'
        "<Errors><Error><Line>2</Line><ModelState><message.Message>The Message field is required."
        "</message.Message></ModelState></Error></Errors></LogResults>"
    )


# --- the fast and the exact reader are one ------------------------------------------------

NAMES = ["Message", "message", "Severity", "SEVERITY", "User", "Timestamp", "Properties", "Host"]
NAMES += ["properties", "TraceId", "x", "a b", "$type", ""]

RAW_VALUES = st.sampled_from(
    [
        "0",
        "3",
        "6",
        "7",
        "-0",
        "-1",
        "4.0",
        "1e3",
        "1e400",
        "01",
        "true",
        "null",
        "NaN",
        '""',
        '" "',
        '"\\u2028"',
        '"\\u001c"',
        '"m"',
        '"4"',
        '"error"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\uDC00"',
        '"é"',
        "{}",
        "{ }",
        "[]",
        '{"a":1}',
        '{"a":{"b":[1,2.5e3,null]},"c":"d"}',
        '{"a":1,}',
        '"2026-01-31T08:15:30Z"',
        '"2026-01-31 08:15:30.1234567"',
        '"0001-01-01"',
        '"9999-12-31T23:59:59Z"',
        '"yesterday"',
        "1769847330",
        "1769847330.123",
        "1" + "0" * 30,
        "9" * 5000,
        '"1769847330123"',
        "[" * 255 + "]" * 255,
        '{"a":' + "[" * 254 + "]" * 254 + "}",
        '{"a":' + "[" * 255 + "]" * 255 + "}",
        '{"\\ud800":1}',
        '"a\x00b"',
        '"\\u0000"',
        '"\x7f"',
    ]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False))

MEMBERS = st.tuples(st.sampled_from(NAMES) | st.text(max_size=3), RAW_VALUES | JSON_VALUES).map(
    lambda pair: f"{json.dumps(pair[0])}:{pair[1]}"
)


def is_array(body: bytes) -> bool:
    return json_body._ARRAY_START.match(body) is not None


def _object(members: list[str]) -> str:
    return "{" + ",".join(members) + "}"


GOOD_LINES = st.fixed_dictionaries(
    {"Message": st.text(min_size=1)},
    optional={
        "Severity": st.integers(0, 6),
        "User": st.text() | st.none(),
        "Timestamp": st.datetimes().map(lambda moment: moment.isoformat() + "Z")
        | st.integers(-(10**18), 10**18)
        | st.floats(0, 1e12),
        "Properties": st.dictionaries(st.text(), st.integers() | st.text(), max_size=3),
    },
).map(lambda message: json.dumps(message, ensure_ascii=False))
LINES = (
    GOOD_LINES
    | st.lists(MEMBERS, max_size=4).map(_object)
    | st.lists(MEMBERS, max_size=3).map(lambda members: _object(['"Message":"m"', *members]))
    | st.sampled_from(["", " ", "null", "[]", "5", "{", '{"Message":', '"Message":"m"}', "\r"])
    | st.just('{"Message":"a"} {"Message":"b"}')
)


def _encoded(lines: list[str]) -> bytes:
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _read_exactly(items: list[tuple[int, bytes]]) -> Reading:
    """As `read_many`, without any fast decoder."""
    messages, lines, rejections = [], [], []
    for line, item in items:
        read = json_exact.read_exactly(item, "utf-8")
        if isinstance(read, Faults):
            rejections.append(read.rejection(line))
        else:
            messages.append(read)
            lines.append(line)
    return Reading(
        columns=columns_of(messages), rejections=rejections, lines=lines if rejections else None
    )


@given(st.lists(LINES, max_size=6).map(_encoded))
def test_fast_and_exact_readers_agree_on_lines(body: bytes) -> None:
    assume(not is_array(body))
    expected = _read_exactly(list(json_body._lines(body.split(b"\n"))))
    assert outcomes(expected) == outcomes(json_body.read_many(body, "utf-8", LIMITS))


@given(st.lists(LINES.filter(str.strip), max_size=5))
def test_fast_and_exact_readers_agree_on_arrays(items: list[str]) -> None:
    body = b"[" + b",".join(item.encode("utf-8", "surrogatepass") for item in items) + b"]"
    try:
        pieces = list(json_body._items(body, LIMITS.max_message_bytes))
    except InvalidBodyError:
        return
    assert outcomes(_read_exactly(pieces)) == outcomes(json_body.read_many(body, "utf-8", LIMITS))


@given(LINES)
def test_fast_and_exact_readers_agree_on_one(line: str) -> None:
    body = line.encode("utf-8", "surrogatepass")
    expected = _read_exactly([(1, body)])
    assert outcomes(expected) == outcomes(json_body.read_one(body, "utf-8"))


@given(st.lists(GOOD_LINES, min_size=1, max_size=5).map(_encoded), st.binary(max_size=3), st.data())
def test_fast_and_exact_readers_agree_on_damaged_bytes(
    body: bytes, noise: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(body)))
    damaged = body[:at] + noise + body[at + data.draw(st.integers(0, 3)) :]
    assume(not is_array(damaged))
    expected = _read_exactly(
        list(json_body._lines(json_charset.as_utf8(damaged, "utf-8").split(b"\n")))
    )
    assert outcomes(expected) == outcomes(json_body.read_many(damaged, "utf-8", LIMITS))


@given(st.lists(st.text(alphabet='{}[]",:\\ \n\r\t01aM', max_size=12), max_size=4).map("\n".join))
def test_every_line_has_exactly_one_outcome(text: str) -> None:
    assume(not is_array(text.encode()))
    reading = json_body.read_many(text.encode(), "utf-8", LIMITS)
    held = [number for number, line in enumerate(text.split("\n"), 1) if line.strip(" \t\r\n")]
    assert len(held) == len(reading.columns) + len(reading.rejections)
    assert not reading.rejections or held == [line for line, _ in outcomes(reading)]


def test_a_clean_batch_takes_the_fast_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Columns:
        raise AssertionError("the exact reader was asked")

    monkeypatch.setattr(json_body, "read_exactly", refuse)
    line = b'{"Message":"m","Severity":3,"Timestamp":"2026-01-31T08:15:30Z","Properties":{"a":1}}'
    assert len(json_body.read_many(b"\n".join([line] * 3), "utf-8", LIMITS).columns) == 3
    assert (
        len(json_body.read_many(b"\r\n".join([line] * 3) + b"\r\n\r\n", "utf-8", LIMITS).columns)
        == 3
    )
    assert (
        len(json_body.read_many(b"[" + b",".join([line] * 3) + b"]", "utf-8", LIMITS).columns) == 3
    )
    assert len(json_body.read_one(line, "utf-8").columns) == 1


THREE = Limits(max_events=3, max_message_bytes=100)
GOOD = '{"Message":"m"}'


def send_three(body: str, **headers: str) -> Answer:
    return ask(body, THREE, path=BATCH, **headers)


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("\n".join([GOOD] * 4), "4 lines"),
        ("x\n" * 7, "7 lines"),
        (f"{GOOD}\n\n\n{GOOD}", "4 lines"),
        ("[" + ",".join([GOOD] * 4) + "]", "at least 4 items"),
        ("[" + "1," * 100 + "1]", "at least 4 items"),
        ("[1,2,3,4", "at least 4 items"),
        (f"[{GOOD},{GOOD},{GOOD},[", "at least 4 items"),
    ],
)
def test_a_batch_of_too_many_is_refused_whole_and_told_the_setting(body: str, counted: str) -> None:
    answer = send_three(body)
    assert answer.status == 413
    assert answer.events == []
    assert answer.json == {
        "Message": f"The batch has {counted}; at most 3 are read at a time, so send it in parts "
        "(an operator may raise LOGSTER_MAX_BATCH_EVENTS)."
    }


def test_a_client_of_xml_is_told_in_xml() -> None:
    answer = send_three("x\n" * 4, accept="application/xml")
    assert answer.status == 413
    assert answer.body.startswith(b"<Error><Message>The batch has 4 lines; ")


@pytest.mark.parametrize(
    "body",
    [
        "\n".join([GOOD] * 3),
        f"{GOOD}\r\n{GOOD}\r\n{GOOD}\r\n",
        "[" + ",".join([GOOD] * 3) + "]",
        "[" + ",".join(['{"Message":"a,b,[,","x":[1,[2,3],{"y":[4,5]}]}'] * 3) + "]",
    ],
)
def test_as_many_as_may_be_are_read(body: str) -> None:
    answer = send_three(body)
    assert answer.status == 200
    assert len(answer.events) == 3


def test_commas_of_a_value_are_no_items() -> None:
    numbers = ",".join(["1"] * 500)
    answer = ask(
        f'[{{"Message":"m","Properties":{{"a":[{numbers}]}}}}]',
        Limits(max_events=3, max_message_bytes=10_000),
        path=BATCH,
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"x\n" * 2_000_000,
        b"[" + b"1," * 2_000_000 + b"1]",
        b"[" + b"[[]]," * 500_000 + b"1]",
        b'{"Message":"x"}\n' * 200_000,
        b"[" + b'{"Message":"x"},' * 200_000 + b"1]",
        b"\n" * 2_000_000,
    ],
    ids=["lines", "numbers", "lists", "good lines", "good items", "blank lines"],
)
def test_too_many_are_refused_before_anything_is_made_of_them(body: bytes) -> None:
    limits = Limits(max_events=1_000, max_message_bytes=1000)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLargeError):
            json_body.read_many(body, "utf-8", limits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Splitting keeps the rest of the body as its last piece.
    assert peak < len(body) + 1024 * 1024


def test_many_messages_on_one_line_are_one_bad_line() -> None:
    body = GOOD.encode() * 10
    reading = json_body.read_many(body, "utf-8", THREE)
    assert len(reading.columns) == 0
    assert [rejection.line for rejection in reading.rejections] == [1]


@pytest.mark.parametrize("form", ["{}", "[{}]"])
def test_a_large_item_that_needs_the_exact_reader_is_not_even_looked_at(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Columns:
        raise AssertionError("it was read")

    monkeypatch.setattr(json_body, "read_exactly", refuse)
    answer = send_three(form.replace("{}", '{"Message":"m","x":"' + "y" * 100 + '"}'))
    assert answer.status == 400
    assert answer.json["Errors"][0]["Line"] == 1
    (told,) = answer.json["Errors"][0]["ModelState"]["message"]
    assert told.startswith("The message is larger than 100 bytes;")
    assert "LOGSTER_MAX_MESSAGE_BYTES" in told


def test_a_large_array_with_a_mistake_is_refused_with_its_place() -> None:
    answer = send_three('[{"Message":"' + "y" * 100 + '"},}]')
    assert answer.status == 400
    (told,) = answer.model_state["message"]
    assert told.startswith("The body is not valid JSON: ")
    assert "byte" in told


def test_from_many_faults_on_each_bad_line_tells_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MAX_TOLD_FAULTS", 3)
    answer = send('{"Severity":"x","User":[],"Message":"m"}\n' * 4)
    told = [error["ModelState"] for error in answer.json["Errors"]]
    assert [list(state) for state in told] == [
        ["message.Severity", "message.User"],
        ["message.Severity", "message.User"],
        ["message.Severity"],
        ["message.Severity"],
    ]
    assert [error["Line"] for error in answer.json["Errors"]] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("body", "content_type", "path", "parts"),
    [
        ("a\nb\nc\n", "application/x-ndjson", BATCH, 3),
        ("[1,2,3,4]", "application/json", BATCH, 3),
        ('{"Message":"a,b"}', "application/json", "/api/Log", 1),
        ("<a><b/></a>", "application/xml", "/api/Log", 3),
        ("a=1&b=2", "application/x-www-form-urlencoded", "/api/Log", 1),
        ("\ufeff[1,2]", "application/json", BATCH, 8),
    ],
)
def test_the_parts_of_a_body_are_told_from_its_bytes(
    body: str, content_type: str, path: str, parts: int
) -> None:
    request = make_request(path=path, headers={"content-type": content_type})
    assert api_log.count_parts(body.encode(), request) == parts
