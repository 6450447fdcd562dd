"""Browser reports: what the recorded ones in `tests/corpus/reports` cannot say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import InvalidBodyError
from logster.event import NS_PER_S
from logster.ingest.protocol import Limits, Request
from logster.ingest.protocols.reports import PROTOCOL
from support.readers import check_reading
from support.recorded import events_of

LIMITS = Limits(max_events=100, max_message_bytes=10_000)
NOW_NS = 1_796_000_000 * NS_PER_S


def read(body: Any) -> list[dict[str, Any]]:
    request = Request(method="POST", path="/", query="", uri="/", headers={}, received_at=NOW_NS)
    reading = PROTOCOL.read(json.dumps(body).encode(), request, LIMITS)
    check_reading(reading)
    assert not reading.rejections
    return events_of(reading)


def test_a_violation_is_the_same_in_both_forms() -> None:
    names = {"document-uri": "documentURL", "blocked-uri": "blockedURL"}
    names |= {"effective-directive": "effectiveDirective", "line-number": "lineNumber"}
    old = {"csp-report": dict.fromkeys(names, "https://a.example")}
    new = {"type": "csp-violation", "body": dict.fromkeys(names.values(), "https://a.example")}
    assert read(old) == read([new]) == read(new)


def test_a_report_was_made_so_long_before_it_came() -> None:
    def at(age: Any) -> Any:
        (event,) = read({"type": "crash", "age": age, "body": {"reason": "oom"}})
        return event.get("timestamp"), event["properties"].get("age")

    assert at(1_500) == (NOW_NS - 1_500_000_000, None)
    for odd in (-1, "5", True, 10**15):
        assert at(odd) == (None, odd)


def test_what_a_report_and_its_body_both_say_is_kept_of_both() -> None:
    report = {"type": "network-error", "url": "a", "body": {"type": "dns", "url": "b", "phase": 1}}
    (event,) = read(report)
    expected = {"type": "network-error", "url": "a", "body.type": "dns", "body.url": "b"}
    assert event["properties"] == expected | {"phase": 1}
    assert event["message"] == "network-error: dns at a"


@pytest.mark.parametrize("body", ["text", 5, None, True])
def test_what_is_no_report_is_refused(body: Any) -> None:
    with pytest.raises(InvalidBodyError):
        read(body)


MEMBERS = st.sampled_from(
    ["type", "body", "age", "url", "csp-report", "blocked-uri", "stack", "message", "known-pins"]
)
VALUES = st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)


@given(
    st.lists(
        st.dictionaries(MEMBERS, VALUES | st.dictionaries(MEMBERS, VALUES, max_size=4)), max_size=3
    )
)
def test_members_of_any_type_make_reports(body: Any) -> None:
    assert len(read(body)) == len(body)
