"""Normalize: times that can be believed, labels of a sane length, nothing lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.event import NS_PER_S, Columns, render_instant
from logster.ingest.normalize import DAY_NS, MAX_LABEL_CHARS, normalize

NOW = 1_790_000_000 * NS_PER_S


def normalized(**columns):
    made = Columns(message=["m"], severity=[2], **columns)
    normalize(made, received_at=NOW, retention_days=30)
    return made


def properties_of(columns):
    return msgspec.json.decode(columns.properties[0]) if columns.properties else {}


def test_an_event_without_a_time_gets_its_arrival():
    assert normalized().timestamp == [NOW]
    assert normalized(timestamp=[None]).timestamp == [NOW]


@pytest.mark.parametrize("time", [NOW, NOW - 29 * DAY_NS, NOW + DAY_NS])
def test_a_believable_time_is_kept(time):
    columns = normalized(timestamp=[time])

    assert columns.timestamp == [time]
    assert columns.properties is None


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (-62_135_596_800 * NS_PER_S, "0001-01-01T00:00:00Z"),
        (253_402_300_799 * NS_PER_S + 999_999_999, "9999-12-31T23:59:59.999999999Z"),
        (0, "1970-01-01T00:00:00Z"),
        (NOW - 31 * DAY_NS, "2026-08-21T14:13:20Z"),
        (NOW + DAY_NS + 1, "2026-09-22T14:13:20.000000001Z"),
        (10**30, str(10**30)),
    ],
)
def test_an_unbelievable_time_becomes_the_arrival_and_is_kept_as_a_property(time, said):
    columns = normalized(timestamp=[time], properties=[b'{"a": 1}'])

    assert columns.timestamp == [NOW]
    assert properties_of(columns) == {"a": 1, "OriginalTimestamp": said}


def test_a_clients_own_property_of_that_name_wins():
    columns = normalized(timestamp=[0], properties=[b'{"OriginalTimestamp": "mine"}'])

    assert properties_of(columns) == {"OriginalTimestamp": "mine"}


def test_a_label_that_is_too_long_is_cut_with_a_mark_and_kept_whole_as_a_property():
    columns = normalized(application=["x" * 5000])

    assert len(columns.application[0]) == MAX_LABEL_CHARS
    assert columns.application[0].endswith("…")
    assert properties_of(columns) == {"OriginalApplication": "x" * 5000}


@given(st.integers(min_value=-(10**18), max_value=4 * 10**18))
def test_an_instant_is_rendered_as_iso_8601_to_the_nanosecond(ns):
    text = render_instant(ns)

    assert text.endswith("Z")
    whole, _, fraction = text[:-1].partition(".")
    seconds = msgspec.convert(whole + "Z", type=__import__("datetime").datetime).timestamp()
    assert int(seconds) * NS_PER_S + int((fraction or "0").ljust(9, "0")) == ns


COLOURED = "\x1b[31mdeclined\x1b[0m: card \x1b[1;4m7\x1b[0m\x1b[K"


def test_colours_leave_the_text_and_the_original_is_kept():
    columns = Columns(
        message=["plain", COLOURED],
        severity=[2, 4],
        exception=[None, "\x1b[31mE\x1b[0m"],
        stack_trace=["\x1b[2mat f\x1b[0m", None],
        properties=[None, b'{"a":1}'],
    )

    normalize(columns, received_at=NOW, retention_days=30)

    assert columns.message == ["plain", "declined: card 7"]
    assert columns.exception == [None, "E"]
    assert columns.stack_trace == ["at f", None]
    assert [msgspec.json.decode(each or b"") for each in columns.properties or []] == [
        {"OriginalStackTrace": "\x1b[2mat f\x1b[0m"},
        {"a": 1, "OriginalMessage": COLOURED, "OriginalException": "\x1b[31mE\x1b[0m"},
    ]


@pytest.mark.parametrize("text", ["\x1b", "a \x1b b", "\x1b[31", "\x1b]8;;x", "\x1b[31m\x1b[0m"])
def test_what_is_no_colour_or_nothing_else_stays(text):
    columns = Columns(message=[text], severity=[2])

    normalize(columns, received_at=NOW, retention_days=30)

    assert columns.message == [text]
    assert columns.properties is None


def test_a_text_of_nothing_but_escapes_takes_no_time():
    for text in ("\x1b[" * 500_000, "\x1b]" * 500_000, "\x1b[" + "9;" * 500_000):
        normalize(Columns(message=[text + "x"], severity=[2]), received_at=NOW, retention_days=30)
