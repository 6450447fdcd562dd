"""The API shows what an event raised."""

from __future__ import annotations

from logster.event import Event
from logster.web.raised import shape_exceptions

JAVA = """com.acme.A: outer
\tat com.acme.A.run(A.java:3)
\tSuppressed: com.acme.B: beside
\t\tat com.acme.B.close(B.java:4)
\tCaused by: com.acme.C: below it
\t\tat com.acme.C.close(C.java:5)
Caused by: com.acme.D: root
\tat com.acme.D.run(D.java:6)
"""


def event(**fields) -> Event:
    return Event(id=1, timestamp=0, received_at=0, severity=4, message="it failed", **fields)


def test_what_was_suppressed_is_not_shown_and_parents_are_those_that_are():
    shown = shape_exceptions(event(exception=JAVA))

    assert [(each.type, each.parent, each.relation) for each in shown] == [
        ("com.acme.A", None, None),
        ("com.acme.D", 0, "cause"),
    ]


def test_what_is_not_said_is_null():
    (shown,) = shape_exceptions(event(stack_trace="   at A.B.C()\n   at A.D()"))

    assert (shown.type, shown.message) == (None, None)
    frame = shown.frames[0]
    assert (frame.function, frame.file, frame.line, frame.column) == ("A.B.C", None, None, None)


def test_an_event_that_raised_nothing_has_none():
    assert shape_exceptions(event()) == []


def test_an_sdk_says_its_platform():
    values = [{"type": "X", "stacktrace": {"frames": [{"filename": "node:net"}]}}]
    sent = event(details={"exception": {"values": values}}, properties={"platform": "node"})

    assert [each.frames[0].in_app for each in shape_exceptions(sent)] == [False]
