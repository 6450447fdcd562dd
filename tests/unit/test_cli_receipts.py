"""`logster receipts` says what the server says, in lines that act on no terminal."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from logster.cli.receipts import OUTCOMES, command
from logster.outcome import Outcome
from support.answers import answering

ROW = {
    "key": 0,
    "key_name": None,
    "protocol": "seq",
    "outcome": "refused",
    "reason": "unauthorized",
    "events": 0,
    "requests": 7,
}
COUNTS = {"rows": [ROW], "has_stored": False, "aside": {"events": 2, "lost_events": 0}}
RETRIED = {
    "bodies": 3,
    "stored_events": 2,
    "refused_bodies": 1,
    "text": "refused: \x1b[31m",
    "next": None,
    "left": 0,
}
#: What further requests of a test are answered with.
RETRIED_IN_TURN: list[dict[str, object]] = []


@pytest.fixture
def asked(monkeypatch):
    """A server that says the same to everybody; gives what it was asked."""

    def answer(request):
        if request.method != "POST":
            return COUNTS
        return RETRIED_IN_TURN.pop(0) if RETRIED_IN_TURN else RETRIED

    return answering(monkeypatch, answer)


def run(*arguments):
    return CliRunner().invoke(command, ["--url", "http://logs.test", "--key", "k", *arguments])


def test_counts_are_a_table(asked):
    said = run("--since", "2h", "--dialect", "seq", "--key-id", "3")
    assert "no valid key" in said.output
    assert "2 events are set aside" in said.output
    assert dict(asked[0].url.params) == {"since": "2h", "protocol": "seq", "key": "3"}


def test_all_that_are_chosen_are_tried_again(asked):
    said = run("retry", "--all", "--reason", "too_large")
    assert "3 tried, 2 events taken in, 1 refused again" in said.output
    assert "\x1b" not in said.output
    assert str(asked[0].url) == ("http://logs.test/api/v1/receipts/refused/retry?reason=too_large")


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "1", "--all")])
def test_what_is_to_be_tried_must_be_said(asked, arguments):
    assert run(*arguments).exit_code == 2
    assert not asked


def test_all_are_tried_by_as_many_requests_as_it_takes(asked):
    answers = [
        {**RETRIED, "next": "3-9", "left": 6},
        {**RETRIED, "next": "6-9", "left": 3, "refused_bodies": 0, "text": "2 taken in"},
        {**RETRIED, "refused_bodies": 0, "text": "2 taken in"},
    ]
    RETRIED_IN_TURN[:] = answers
    said = run("retry", "--all", "--dialect", "seq")
    assert [request.url.params.get("after") for request in asked] == [None, "3-9", "6-9"]
    assert "3 tried, 6 to go" in said.output
    assert "9 tried, 6 events taken in, 1 refused again. refused: " in said.output


def test_what_was_not_tried_is_said(asked):
    RETRIED_IN_TURN[:] = [{**RETRIED, "left": 4}]
    said = run("retry", "--all")
    assert said.exit_code == 1
    assert "4 were not tried" in said.output


def test_an_id_with_a_slash_is_asked_for_as_it_is(asked):
    run("find", "shop/a b")
    assert asked[0].url.path == "/api/v1/receipts/event"
    assert asked[0].url.params["id"] == "shop/a b"


def test_every_outcome_can_be_asked_for():
    assert set(OUTCOMES) == set(Outcome)
