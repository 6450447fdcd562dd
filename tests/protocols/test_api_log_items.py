"""One bad item of a batch costs no other, whatever is wrong with it."""

from __future__ import annotations

import pytest

from support.native import Answer, ask


def send(body: bytes | str, content_type: str = "application/x-ndjson") -> Answer:
    return ask(body, path="/api/Logs", content_type=content_type)


GOOD = b'{"Message":"good","Application":"c13"}'
#: What programs write where JSON has a value. Brackets and quotes of each hold.
BAD_VALUES = [
    b"NaN", b"Infinity", b"-Infinity", b"007", b"+1", b".5", b"1.", b"0x1F", b"1e", b"undefined",
    b"None", b"True", b"'text'", b'"\\ud83d"', b'"\\ude00\\ud83d"', b'"a\tb"', b'"a\nb"', b'"a\0b"',
    b'"\\x41"', b'"\\u12"', b'"\\u{1F600}"', b'"\xff"', b'"\xed\xa0\x80"', b"[1,]", b'{"a":1,}',
    b"{,}", b"{a:1}", b"1 /* why */", b"1 // why", b"1 2", b"", b"[" * 9000 + b"]" * 9000,
]  # fmt: skip
BAD_ITEMS = [b"NaN", b"007", b"{}x", b"x", b"'a'", b"\xff", b'{"Message":"m",}', b'{"Message"}']


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value[:12]))
def test_a_bad_value_costs_its_message_and_no_other(value: bytes) -> None:
    check_refused_alone(b'{"Message":"b","Properties":{"x":' + value + b"}}")


@pytest.mark.parametrize("item", BAD_ITEMS)
def test_a_bad_item_costs_no_other(item: bytes) -> None:
    check_refused_alone(item)


def check_refused_alone(bad: bytes) -> None:
    array = send(b"[" + b",".join([GOOD, bad, GOOD]) + b"]", "application/json")
    assert array.status == 207
    assert array.json["MessageIds"] == ["101", None, "102"]
    assert [error["Line"] for error in array.json["Errors"]] == [2]
    assert [event["message"] for event in array.events] == ["good", "good"]
    if b"\n" not in bad:
        assert send(b"\n".join([GOOD, bad, GOOD])).json == array.json


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_half_a_character_in_utf16_costs_no_other_either(encoding: str) -> None:
    bad = '{"Message":"\ud83d"}'
    text = f"\ufeff[{GOOD.decode()},{bad},{GOOD.decode()}]"
    answer = send(text.encode(encoding, "surrogatepass"), "application/json")
    assert (answer.status, answer.json["MessageIds"]) == (207, ["101", None, "102"])


@pytest.mark.parametrize("array", ["[{},{}", '[{"a":"b]', "[{} {}]", "[{},]", "[,{}]", "[{}] x"])
def test_an_array_whose_own_brackets_or_commas_do_not_hold_is_refused_whole(array: str) -> None:
    answer = send(array.replace("{}", GOOD.decode()), "application/json")
    assert answer.status == 400
    assert answer.events == []
    assert "MessageIds" not in answer.json
