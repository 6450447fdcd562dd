"""Each event that arrives is recorded once, with one outcome and without its key."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.errors import (
    BodyTooLargeError,
    ConflictError,
    ForbiddenError,
    InvalidBodyError,
    QuotaError,
    Sender,
    SpoolFullError,
    UnauthorizedError,
)
from logster.event import Columns, Rejection
from logster.ingest.body import Body
from logster.ingest.frames import frames_of, pack
from logster.ingest.outcomes import Outcomes, hide_keys
from logster.ingest.places import choose, find_bad
from logster.ingest.protocol import Limits, Reading, Request
from logster.ingest.protocols.syslog import syslog
from logster.meta.grants import Grant, Right
from logster.outcome import Outcome
from support.ledger import MemoryLedger

GRANT = Grant(workspace=2, key=5, rights=frozenset({Right.INGEST}))
SECRET = "lgs_0123456789abcdefghijklmnopqrstuvwxyz12"


def request(**told: str) -> Request:
    headers = {"content-type": "text/plain", "authorization": SECRET, "x-seq-apikey": SECRET}
    return (
        Request(method="POST", path="/x", query="", uri="", headers=headers)
        if not told
        else (msgspec.structs.replace(request(), **told))
    )


def body_of(content: bytes) -> Body:
    body = Body(1 << 20, "")
    body.add(content)
    return body


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def outcomes(ledger: MemoryLedger) -> Outcomes:
    return Outcomes(ledger)


def reading_of(lines: str) -> Reading:
    """A reading of one letter a line: small ones are bad, a blank is no line."""
    good = [(number, letter) for number, letter in enumerate(lines, 1) if letter.isupper()]
    bad = [number for number, letter in enumerate(lines, 1) if letter.islower()]
    return Reading(
        columns=Columns(message=[letter for _, letter in good], severity=[2] * len(good)),
        rejections=[Rejection(line=n, reason="small", faults={"x": ["s."]}) for n in bad],
        lines=[number for number, _ in good] if bad else None,
        identities=[letter for _, letter in good],
    )


def test_what_is_stored_is_counted_by_the_store(ledger, outcomes):
    outcomes.record(Outcome.STORED, GRANT, "seq", events=3)
    assert not ledger.events


def test_what_is_not_stored_is_counted_for_its_key(ledger, outcomes):
    outcomes.record(Outcome.FILTERED, GRANT, "seq", events=3)
    outcomes.record(Outcome.FILTERED, GRANT, "seq", events=0)
    assert ledger.events == {(2, 5, "seq", "filtered", ""): 3}


def test_a_body_with_bad_events_is_kept_with_their_reasons_and_without_its_key(ledger, outcomes):
    asked = request(query=f"apiKey={SECRET}&application=a%20b", path=f"/api/7/{SECRET}/")
    outcomes.record_rejections(reading_of("A bC"), GRANT, "seq", asked, body_of(b"A bC"))

    [kept] = ledger.kept
    assert ledger.events == {(2, 5, "seq", "rejected", "small"): 1}
    assert (kept.body, kept.events, kept.places, kept.count) == (b"A bC", 1, [1], 3)
    assert [(fault.line, fault.sentences) for fault in kept.faults] == [(3, ["s."])]
    assert kept.headers == {"content-type": "text/plain"}
    assert kept.path == "/api/7/…/"
    assert SECRET not in repr(kept)


@pytest.mark.parametrize(
    ("error", "outcome", "is_kept"),
    [
        (BodyTooLargeError("large"), "refused", True),
        (InvalidBodyError({"$": ["It is no JSON."]}, "syntax"), "refused", True),
        (SpoolFullError("full", 1), "refused", False),  # its client comes again
        (QuotaError("much", 1), "limited", False),
        (ConflictError("other"), "refused", False),
    ],
)
def test_a_body_that_is_refused_whole_is_a_request(ledger, outcomes, error, outcome, is_kept):
    outcomes.record_refusal(error, "seq", grant=GRANT, request=request(), body=body_of(b"x"))

    assert ledger.requests == {(2, 5, "seq", outcome, error.reason): 1}
    assert not ledger.events.total()
    assert [kept.events for kept in ledger.kept] == [None] * is_kept


def test_who_has_no_key_is_only_counted(ledger, outcomes):
    outcomes.record_refusal(
        UnauthorizedError("who?"), "seq", request=request(), body=body_of(b"secret")
    )
    assert ledger.requests == {(0, 0, "seq", "refused", "unauthorized"): 1}
    assert not ledger.kept


def test_a_key_without_the_right_is_counted_as_itself(ledger, outcomes):
    error = ForbiddenError("It may not send.", Sender(2, 5))
    outcomes.record_refusal(error, "seq", request=request(), body=body_of(b"secret"))
    assert ledger.requests == {(2, 5, "seq", "refused", "forbidden"): 1}
    assert not ledger.kept


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/Log", "/api/Log"),
        ("/api/42/envelope/", "/api/42/envelope/"),
        (
            "/api/42/cron/nightly-backup/0123456789abcdef0123456789abcdef/",
            "/api/42/cron/nightly-backup/…/",
        ),
        ("/v1/input/lgs_short", "/v1/input/…"),
        ("/my-index-2026.12.01/_bulk", "/my-index-2026.12.01/_bulk"),
    ],
)
def test_a_key_in_a_path_is_hidden(path, shown):
    assert hide_keys(path) == shown


@given(st.text("ABabc ", max_size=12), st.data())
def test_only_what_was_bad_is_chosen_when_it_is_read_again(lines, data):
    first = reading_of(lines)
    places = find_bad(first)
    assert places is not None
    mended = "".join(
        letter.upper() if letter.islower() and data.draw(st.booleans()) else letter
        for letter in lines
    )
    again = reading_of(mended)
    count = len(first.columns) + len(first.rejections)
    choose(again, frozenset(places), count)

    expected = [new for old, new in zip(lines, mended, strict=True) if old != new]
    assert again.columns.message == expected == again.identities


def test_a_frame_of_several_messages_keeps_the_places_of_those_behind_it() -> None:
    """The first datagram holds two messages, the second is too large as long as it may not be."""
    frames = pack(frames_of([b"<13>a: one\n<13>a: two", b"<13>a: " + b"x" * 500, b"<13>a: last"]))
    small, large = (Limits(max_events=10, max_message_bytes=size) for size in (100, 1000))
    asked = request(path="", method="UDP")
    first = syslog.PROTOCOL.read(frames, asked, small)
    places = find_bad(first)
    assert places == [2]

    again = syslog.PROTOCOL.read(frames, asked, large)
    choose(again, frozenset(places), 4)
    assert again.columns.message == ["a: " + "x" * 500]


def test_of_a_frame_with_good_and_bad_messages_nobody_says_which_came_first() -> None:
    reading = reading_of("AbC")
    reading.lines = [1, 1]
    reading.rejections = [Rejection(line=1, reason="small", faults={"x": ["s."]})]
    assert find_bad(reading) is None
    with pytest.raises(ConflictError):
        choose(reading, frozenset({1}), 3)


@pytest.mark.parametrize(
    ("path", "params", "shown"),
    [
        ("/api/7/cron/x/0123456789abcdef0123456789abcdef/", {}, "/api/7/cron/x/…/"),
        ("/api/7/cron/x/short/", {"key": "short"}, "/api/7/cron/x/…/"),
        (f"/v1/input/{SECRET}", {"key": SECRET}, "/v1/input/…"),
    ],
)
def test_a_body_is_kept_without_the_key_of_its_path(ledger, outcomes, path, params, shown):
    asked = msgspec.structs.replace(request(path=path), params=params)
    outcomes.record_refusal(
        BodyTooLargeError("large"), "seq", grant=GRANT, request=asked, body=body_of(b"x")
    )
    assert [kept.path for kept in ledger.kept] == [shown]


def test_a_body_that_is_read_in_another_way_is_not_guessed_at():
    with pytest.raises(ConflictError):
        choose(reading_of("AB"), frozenset({1}), 3)
