"""A stream becomes frames: whatever its framing, and in whatever pieces it comes."""

from __future__ import annotations

import itertools
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from logster.ingest.frames import Cut, Fault
from logster.ingest.sockets import framing
from logster.ingest.sockets.dialect import Framing
from logster.ingest.sockets.framing import MAX_UNDECIDED_BYTES, Framer
from support.examples import examples

SYSLOG = Framing(starts=b"<{", has_counts=True)
GELF = Framing(starts=b"{", has_counts=False)
TRACEBACK = b"<11>boom\nTraceback (most recent call last):\n  File x\nZeroDivisionError: 1"


def cut(*pieces: bytes, kind: Framing = SYSLOG, max_bytes: int = 1000) -> list[Cut]:
    """The frames of a connection that sends these pieces and ends."""
    framer = Framer(kind, max_bytes)
    cuts = [each for piece in pieces for each in framer.feed(piece)]
    return [*cuts, *framer.end()]


def test_lengths_are_told_by_the_first_bytes():
    assert cut(b"8 <13>one\n5 <13>x") == [b"<13>one\n", b"<13>x"]


def test_between_lengths_a_line_end_says_nothing():
    assert cut(b"7 <13>one\r\n5 <13>x\n") == [b"<13>one", b"<13>x"]


def test_lines_are_told_by_the_message_behind_the_first_one():
    assert cut(b"<13>one\n<13>two\nthree\n") == [b"<13>one", b"<13>two", b"three"]


def test_a_stack_trace_before_a_nul_is_one_frame():
    assert cut(TRACEBACK + b"\0<11>two\0") == [TRACEBACK, b"<11>two"]


def test_a_stack_trace_behind_which_nothing_stands_is_one_frame():
    assert cut(TRACEBACK) == [TRACEBACK]


def test_without_any_delimiter_the_next_priority_begins_a_message():
    one, two = b"<11>1 2026-12-01T12:00:00Z a b - - - one", b"<11>Dec  1 12:00:00 a b: two <1>"
    assert cut(one + two) == [one, two]


def test_lines_that_are_no_syslog_are_lines():
    assert cut(b"one\ntwo\n") == [b"one", b"two"]
    assert cut(b"one\ntwo") == [b"one", b"two"]


def test_objects_on_lines():
    assert cut(b'{"a":1}\n{"a":2}\n', kind=GELF) == [b'{"a":1}', b'{"a":2}']
    assert cut(b'{"a":1}\0{"a":2}\0', kind=GELF) == [b'{"a":1}', b'{"a":2}']
    assert cut(b'{"a":1}', kind=GELF) == [b'{"a":1}']


def test_a_pause_makes_whole_what_nothing_else_tells():
    framer = Framer(SYSLOG, 1000)
    assert framer.feed(b"<11>one") == []
    assert framer.is_undecided
    assert framer.pause() == [b"<11>one"]
    assert framer.feed(b"<11>two\n") == []
    assert framer.pause() == [b"<11>two"]
    assert framer.feed(b"<11>thr") == []
    assert framer.pause() == []  # lines, from here on
    assert framer.feed(b"ee\n") == [b"<11>three"]


def test_a_length_that_is_none_breaks_the_stream():
    framer = Framer(SYSLOG, 1000)
    assert framer.feed(b"5 <13>xgarbage") == [b"<13>x", Fault("framing", b"garbage")]
    assert framer.is_broken
    assert framer.feed(b"5 <13>x") == []


def test_a_frame_that_is_cut_short_is_told():
    assert cut(b"5 <13>x50 <13>y") == [b"<13>x", Fault("cut_short", b"50 <13>y")]


def test_a_line_that_is_too_long_costs_itself():
    long = b"<11>" + b"x" * 2000
    expected = [b"<11>a", Fault("too_large", long[:1024]), b"<11>b"]
    pieces = [long[start : start + 500] for start in range(0, len(long), 500)]
    found = cut(b"<11>a\n<", *[pieces[0][1:], *pieces[1:]], b"\n<11>b\n")
    assert [type(each) for each in found] == [bytes, Fault, bytes]
    assert (found[0], found[2]) == (expected[0], expected[2])


def test_a_length_beyond_the_limit_costs_its_own_bytes():
    whole = b"5 <13>a2000 <13>" + b"x" * 1996 + b"5 <13>b"
    assert cut(whole) == [b"<13>a", Fault("too_large", b"<13>" + b"x" * 1020), b"<13>b"]
    cuts = cut(whole[:30], whole[30:1000], whole[1000:])
    assert [each for each in cuts if isinstance(each, bytes)] == [b"<13>a", b"<13>b"]


def test_what_is_refused_for_room_is_left_out_to_its_end():
    for delimiter in (b"\n", b"\0"):
        framer = Framer(SYSLOG, 1000)
        assert framer.feed(b"<11>a" + delimiter + b"<11>b" + delimiter + b"<11>c")
        assert framer.refuse("busy") == [Fault("busy", b"<11>c")]
        assert framer.feed(b"more" + delimiter + b"<11>d" + delimiter) == [b"<11>d"]
    framer = Framer(SYSLOG, 1000)
    framer.feed(b"10 <13>")
    assert framer.refuse("busy") == [Fault("busy", b"10 <13>")]
    assert framer.feed(b"abcdef5 <13>x") == [b"<13>x"]


def test_a_stream_without_an_end_is_held_up_to_the_limit():
    framer = Framer(SYSLOG, 100_000)
    held = []
    for _ in range(300):
        framer.feed(b"x" * 1000)
        held.append(framer.held_bytes)
    assert max(held) <= max(100_000, MAX_UNDECIDED_BYTES) + 1000


MESSAGE = st.sampled_from(
    [
        b"<13>one",
        b"<1>x",
        b"{}",
        b"two\nlines",
        b"",
        b"<13>",
        b"\0",
        b"\n",
        b"5 <13>x",
        b"12 <1",
        b"\r",
    ]
)


@examples(30)
@given(
    stream=st.lists(MESSAGE, max_size=8).map(b"\n".join)
    | st.lists(MESSAGE, max_size=8).map(b"\0".join)
    | st.lists(MESSAGE, max_size=8).map(
        lambda each: b"".join(b"%d %b" % (len(one), one) for one in each)
    )
    | st.binary(max_size=60),
    ends=st.lists(st.integers(0, 80), max_size=8),
    kind=st.sampled_from([SYSLOG, GELF]),
    max_bytes=st.sampled_from([6, 1000]),
)
def test_the_pieces_of_a_stream_make_no_difference(stream, ends, kind, max_bytes):
    places = [0, *sorted(min(end, len(stream)) for end in ends), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]
    before = framing.MAX_UNDECIDED_BYTES
    framing.MAX_UNDECIDED_BYTES = 12
    try:
        together, apart = (
            cut(*each, kind=kind, max_bytes=max_bytes) for each in ([stream], pieces)
        )
    finally:
        framing.MAX_UNDECIDED_BYTES = before
    if max_bytes == 1000:
        assert list(map(told, together)) == list(map(told, apart))
    else:  # where a long one is noticed depends on the pieces; what is kept does not
        assert kept(together) == kept(apart)


def told(cut: Cut) -> object:
    """Of a fault, how much was seen of it depends on the pieces."""
    return cut.reason if isinstance(cut, Fault) else cut


def kept(cuts: list[Cut]) -> list[Cut]:
    return [each for each in cuts if isinstance(each, bytes) and len(each) <= 6]


def test_a_peer_that_sends_two_bytes_at_a_time_takes_what_is_counted():
    framer = Framer(Framing(starts=b"<{", has_counts=True), 1_000_000)
    framer.feed(b"900000 <14>")
    tracemalloc.start()
    try:
        for _ in range(200_000):
            framer.feed(b"ab")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert framer.held_bytes > 400_000
    assert held < 1.5 * framer.held_bytes
