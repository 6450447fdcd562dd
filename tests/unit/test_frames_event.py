"""What an event tells of exceptions, in whichever of its fields, is one chain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.track.frames.read import read_event
from support.examples import examples

FRAMES = "   at Acme.Shop.Pay(Order order) in /src/Shop.cs:line 3\n   at System.Text.A.B()"
WHOLE = f"System.IO.IOException: gone\n{FRAMES}"


def told(**event: Any) -> list[tuple[str | None, str | None, int]]:
    chain = read_event(**event)
    return [(each.type, each.message, len(each.frames)) for each in chain.raised] if chain else []


def test_a_stack_trace_of_frames_alone_is_that_of_what_the_exception_says():
    assert told(exception="System.IO.IOException: gone", stack_trace=FRAMES) == [
        ("System.IO.IOException", "gone", 2)
    ]


def test_causes_that_only_the_exception_names_stay():
    exception = "A.OuterException: a ---> A.InnerException: b"

    assert told(exception=exception, stack_trace=FRAMES) == [
        ("A.OuterException", "a", 2),
        ("A.InnerException", "b", 0),
    ]


def test_an_exception_with_frames_is_told_once():
    assert told(exception=WHOLE, stack_trace=FRAMES) == [("System.IO.IOException", "gone", 2)]
    assert told(exception=WHOLE) == [("System.IO.IOException", "gone", 2)]
    assert told(exception="IOException: x", stack_trace=WHOLE) == told(exception=WHOLE)


def test_a_message_may_hold_a_trace():
    assert told(message=f"It failed\n{WHOLE}") == [("System.IO.IOException", "gone", 2)]


@pytest.mark.parametrize("message", ["It failed", "TypeError: no", "two\nlines", "a.b.C: d\nx"])
def test_a_message_without_a_frame_raises_nothing(message):
    assert read_event(message=message) is None


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        ("KeyError: 'tea'", ("KeyError", "'tea'", 0)),
        ("shop.errors.Declined", ("shop.errors.Declined", None, 0)),
        ("System.Exception:", ("System.Exception", "", 0)),
        ("A: b\nc", ("A", "b\nc", 0)),
        ("it was nothing", (None, "it was nothing", 0)),
    ],
)
def test_an_exception_without_a_trace_has_a_type_and_a_message(exception, expected):
    assert told(exception=exception) == [expected]


def test_a_stack_trace_that_nobody_can_read_leaves_the_exception():
    assert told(exception="KeyError: 1", stack_trace="somewhere") == [("KeyError", "1", 0)]
    assert told(stack_trace="somewhere") == []


def test_the_platform_says_the_family_of_an_exception_without_a_trace():
    families = [
        chain.family
        for platform in ("csharp", "node", "perl", None)
        if (chain := read_event(exception="A: b", platform=platform))
    ]
    assert families == ["dotnet", "javascript", "perl", "other"]


# --- as SDKs send them -----------------------------------------------------------------------


def sent(**members: Any) -> dict[str, Any]:
    return {"type": "ValueError", "value": "x"} | members


def stack(*frames: Any) -> dict[str, Any]:
    return {"frames": list(frames)}


def test_frames_of_an_sdk_begin_nearest_the_throw():
    details = {
        "exception": {
            "values": [
                sent(
                    module="shop",
                    stacktrace=stack(
                        {"function": "main", "abs_path": "/srv/a.py", "lineno": 3, "in_app": True},
                        {"function": "get", "filename": "/x/site-packages/y.py", "lineno": "7"},
                        {"function": "?", "lineno": True, "colno": -1},
                    ),
                )
            ]
        }
    }
    chain = read_event(details=details, platform="python", exception="other")
    assert chain is not None
    assert chain.family == "python"
    (raised,) = chain.raised
    assert raised.type == "shop.ValueError"
    frames = [(each.function, each.file, each.line, each.in_app) for each in raised.frames]
    assert frames == [
        (None, None, None, True),
        ("get", "/x/site-packages/y.py", 7, False),
        ("main", "/srv/a.py", 3, True),
    ]


def test_exceptions_of_an_sdk_belong_to_each_other_by_their_ids():
    def mechanism(number: int, parent: int | None, source: str = "") -> dict[str, Any]:
        return {"mechanism": {"exception_id": number, "parent_id": parent, "source": source}}

    details = {
        "exception": {
            "values": [
                sent(type="C", **mechanism(3, 1, "__context__")),
                sent(type="B", **mechanism(2, 0, "exceptions[1]")),
                sent(type="A", **mechanism(1, 0, "exceptions[0]")),
                sent(type="Group", **mechanism(0, None)),
            ]
        }
    }
    chain = read_event(details=details, platform="python")
    assert chain is not None
    assert [(each.type, each.parent, each.relation) for each in chain.raised] == [
        ("Group", None, None),
        ("A", 0, "member"),
        ("C", 1, "context"),
        ("B", 0, "member"),
    ]


def test_exceptions_without_ids_are_each_the_cause_of_the_next():
    details = {"exception": [sent(type="Root"), sent(type="Outer")]}

    assert told(details=details) == [("Outer", "x", 0), ("Root", "x", 0)]


def test_ids_that_go_in_a_circle_make_none():
    circle = [sent(mechanism={"exception_id": n, "parent_id": (n + 1) % 3}) for n in range(3)]

    assert len(told(details={"exception": {"values": circle}})) == 3


def test_the_frames_of_a_message_are_those_of_the_thread_that_spoke():
    quiet = {"stacktrace": stack({"function": "wait"})}
    spoke = {"current": True, "stacktrace": stack({"function": "say"})}
    chain = read_event(details={"threads": {"values": [quiet, spoke]}}, platform="java")

    assert chain is not None
    assert [frame.function for frame in chain.raised[0].frames] == ["say"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("exception", "threads", "stacktrace", "values", "frames", "mechanism"),
                    *("parent_id", "exception_id", "source", "type", "value", "module"),
                    *("function", "lineno", "in_app", "crashed"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["exception", "threads", "stacktrace"]), JSON))
@examples(2)
def test_any_details_give_a_chain_or_none(details):
    chain = read_event(details=details, exception="A: b", platform="python")

    assert chain is not None
    for index, each in enumerate(chain.raised):
        assert (each.parent is None) == (index == 0)
        assert each.parent is None or each.parent < index
