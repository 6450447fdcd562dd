"""Rows become columns, and a value that its field cannot hold costs its own event only."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.block import build_block, pack_block
from logster.errors import BodyTooLargeError
from logster.event import Columns, Rejection, Severity
from logster.ingest.columns import Rows
from logster.ingest.json_text import MAX_DEPTH
from logster.ingest.protocol import Limits, Reading

LIMITS = Limits(max_events=100, max_message_bytes=1000)
HALF = "\ud800"


def read(*rows: dict[str, Any]) -> Reading:
    built = Rows(LIMITS)
    for line, fields in enumerate(rows, 1):
        built.add(line, **fields)
    return built.reading()


def test_each_field_becomes_a_column_and_what_nobody_has_none() -> None:
    reading = read(
        {"message": "a"},
        {"message": "b", "user": "", "severity": Severity.WARN, "timestamp": 7},
        {"message": "é", "user": None, "properties": {"n": 1}},
        {"message": "", "severity": 6, "properties": {}},
    )

    assert reading == Reading(
        columns=Columns(
            message=["a", "b", "é", ""],
            severity=[2, 3, 2, 6],
            timestamp=[None, 7, None, None],
            user=[None, "", None, None],
            properties=[None, None, b'{"n":1}', None],
        )
    )


def test_no_rows_are_no_events() -> None:
    assert read() == Reading(columns=Columns(message=[], severity=[]))


def test_raw_properties_stay_as_they_were_sent() -> None:
    properties = msgspec.json.decode(b'{"n": 1.50, "far": 1e400}', type=dict[str, msgspec.Raw])

    assert read({"message": "m", "properties": properties}).columns.properties == [
        b'{"n":1.50,"far":1e400}'
    ]


@pytest.mark.parametrize(
    ("field", "value", "reason", "told"),
    [
        ("message", None, "missing_message", "message is required."),
        ("message", 5, "type", "message must be text, but is a number."),
        ("message", HALF, "encoding", "message holds half of a character."),
        ("user", ["a"], "type", "user must be text, but is a list."),
        ("user", b"a", "type", "user must be text, but is bytes."),
        ("host", "é" + HALF, "encoding", "host holds half of a character."),
        (
            "severity",
            True,
            "type",
            "severity must be a whole number from 0 (Trace) to 6 (Off), but is true or false.",
        ),
        ("severity", 7, "severity", "severity must be a whole number from 0 (Trace) to 6 (Off)."),
        ("severity", -1, "severity", "severity must be a whole number from 0 (Trace) to 6 (Off)."),
        (
            "timestamp",
            1.5,
            "type",
            "timestamp must be a time, but is a number.",
        ),
        ("timestamp", 10**30, "timestamp", "timestamp is not within the years 1 to 9999."),
        ("timestamp", -(10**30), "timestamp", "timestamp is not within the years 1 to 9999."),
        ("properties", [1], "type", "properties must be an object, but is a list."),
        ("properties", {"a": object()}, "type", "properties holds what is no JSON."),
        ("properties", {"a": HALF}, "type", "properties holds what is no JSON."),
        ("properties", {"a": msgspec.Raw()}, "type", "properties holds what is no JSON."),
        ("properties", {"a": msgspec.Raw(b"NaN")}, "type", "properties holds what is no JSON."),
        (
            "properties",
            {"a": msgspec.Raw(b'"\xff"')},
            "encoding",
            "properties is not in UTF-8.",
        ),
        (
            "properties",
            {"a": msgspec.Raw(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)},
            "depth",
            f"properties is nested deeper than {MAX_DEPTH} levels.",
        ),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_refused_by_the_field_s_name(
    field: str, value: Any, reason: str, told: str
) -> None:
    reading = read({"message": "a"}, {"message": "b"} | {field: value}, {"message": "c"})

    assert reading.columns.message == ["a", "c"]
    assert reading.columns.severity == [2, 2]
    assert len(reading.columns.user or [1, 2]) == 2
    assert reading.lines == [1, 3]
    assert reading.rejections == [Rejection(line=2, reason=reason, faults={field: [told]})]


def test_objects_that_hold_each_other_are_too_deep() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"a": nested}

    assert read({"message": "m", "properties": nested}).rejections[0].reason == "depth"


def test_all_faults_of_an_event_are_one_rejection() -> None:
    assert read({"severity": 9, "user": 1}).rejections == [
        Rejection(
            line=1,
            reason="missing_message",
            faults={
                "message": ["message is required."],
                "severity": ["severity must be a whole number from 0 (Trace) to 6 (Off)."],
                "user": ["user must be text, but is a number."],
            },
        )
    ]


def test_rejections_are_in_the_order_of_lines() -> None:
    rows = Rows(LIMITS)
    rows.add(1, message=1)
    rows.reject(2, "syntax", "no JSON")
    rows.add(4, message="m")
    rows.add(5, message=2)
    rows.reject(7, "syntax", "no time", "timestamp")
    reading = rows.reading()

    assert [rejection.line for rejection in reading.rejections] == [1, 2, 5, 7]
    assert reading.rejections[3].faults == {"timestamp": ["no time"]}
    assert reading.lines == [4]


def test_the_clients_own_ids_stay_with_their_events() -> None:
    assert read({"message": "a", "identity": None}).identities is None
    assert read({"message": "a"}, {"message": "b", "identity": "7"}).identities == [None, "7"]
    reading = read({"message": 1, "identity": "5"}, {"message": "b", "identity": "7"})
    assert (reading.identities, reading.lines) == (["7"], [2])


def test_a_line_that_is_rejected_leaves_no_hole() -> None:
    rows = Rows(LIMITS)
    rows.reject(1, "syntax", "no JSON")
    rows.add(2, message="m", user="u")

    assert rows.reading().columns == Columns(message=["m"], severity=[2], user=["u"])


@pytest.mark.parametrize("is_bad", [False, True])
def test_too_many_events_are_refused_whole_good_ones_and_bad_ones(is_bad: bool) -> None:
    rows = Rows(LIMITS)
    for line in range(100):
        rows.add(line, message="m") if line % 2 else rows.reject(line, "syntax", "no JSON")
    with pytest.raises(BodyTooLargeError, match=r"more than 100 events.*LOGSTER_MAX_BATCH_EVENTS"):
        rows.reject(101, "syntax", "no JSON") if is_bad else rows.add(101, message="m")


def test_a_field_that_no_event_has_is_a_mistake_of_the_reader() -> None:
    with pytest.raises(TypeError, match="events have no colour, size"):
        read({"message": "m", "size": 1}, {"message": "m", "colour": "red"})


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {"message": st.text() | ANYTHING},
    optional={
        name: ANYTHING for name in Columns.__struct_fields__ if name not in ("message", "issue")
    },
)


@given(st.lists(FIELDS, max_size=5))
def test_whatever_is_given_each_row_is_an_event_that_can_be_stored_or_a_rejection(
    rows: list[dict[str, Any]],
) -> None:
    reading = read(*rows)

    good = len(reading.columns)
    assert good + len(reading.rejections) == len(rows)
    assert reading.lines is None or len(reading.lines) == good
    times = [None if time is None else 0 for time in reading.columns.timestamp or []]
    reading.columns.timestamp = times or None  # a later step brings them within the store's years
    block = build_block(
        reading.columns, ids=[*range(good)], received_at_ns=0, workspace=1, key=1, protocol="p"
    )
    assert pack_block([block])
