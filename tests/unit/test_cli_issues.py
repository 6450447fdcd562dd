"""`logster issues` says what the server says, and orders what it is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from logster.cli.issues import command
from support.answers import answering

ISSUE: dict[str, Any] = {
    "id": "17",
    "title": "ValueError: no\x1b[31m",
    "culprit": "shop.pay",
    "application": "shop",
    "state": "open",
    "state_since": "2026-12-01T10:00:00.123Z",
    "is_regressed": True,
    "assigned_to": "ann@example.com",
    "count": 1234,
    "users": 7,
    "first_seen": "2026-11-01T10:00:00Z",
    "last_seen": "2026-12-01T10:00:00Z",
    "grouped_by": ["ValueError + 3 own frames", "type: ValueError"],
    "keys": ["17", "18"],
    "history": [
        {"at": "2026-12-01T10:00:00Z", "who": None, "what": "regressed", "detail": {}},
        {"at": "2026-11-02T10:00:00Z", "who": "ann", "what": "commented", "detail": {"text": "?"}},
    ],
}


@pytest.fixture
def asked(monkeypatch):
    """A server that knows one issue; gives what it was asked."""

    def answer(request):
        if request.method != "GET":
            return {"changed": 3}
        return {"issues": [ISSUE], "total": 9} if request.url.path.endswith("/issues") else ISSUE

    return answering(monkeypatch, answer)


def run(*arguments):
    return CliRunner().invoke(command, ["--url", "http://logs.test", "--key", "k", *arguments])


def test_issues_are_a_table_that_acts_on_no_terminal(asked):
    said = run("list", "is:open", "timeout", "--since", "2h", "--sort", "users")
    assert said.exit_code == 0, said.output
    assert "regressed" in said.output
    assert "1,234" in said.output
    assert "1 of 9 issues" in said.output
    assert "\x1b" not in said.output
    assert dict(asked[0].url.params) == {
        "q": "is:open timeout",
        "since": "2h",
        "sort": "users",
        "limit": "50",
    }


def test_an_issue_is_shown_with_its_history(asked):
    said = run("show", "17")
    assert "grouped by: ValueError + 3 own frames" in said.output
    assert "Logster: regressed" in said.output
    assert "ann: commented text ?" in said.output
    assert asked[0].url.path == "/api/v1/issues/17"


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (("resolve", "17", "18"), {"issues": ["17", "18"], "state": "resolved"}),
        (
            ("resolve", "17", "--in-next-release", "--comment", "mended"),
            {"issues": ["17"], "state": "resolved", "in_release": "next", "comment": "mended"},
        ),
        (
            ("mute", "--where", "is:open cart", "--until", "2h"),
            {"search": {"q": "is:open cart"}, "state": "muted", "until": "2h"},
        ),
        (("assign", "17", "--to", "nobody"), {"issues": ["17"], "assigned_to": ""}),
        (("discard", "17"), {"issues": ["17"], "state": "discarded"}),
    ],
)
def test_a_change_is_ordered_for_all_that_are_named(asked, arguments, order):
    said = run(*arguments)
    assert said.exit_code == 0, said.output
    assert "3 issues" in said.output
    assert asked[0].url.path == "/api/v1/issues/bulk"
    assert msgspec.json.decode(asked[0].content) == order


def test_issues_are_merged_and_split(asked):
    assert run("merge", "17", "18", "19").exit_code == 0
    assert run("split", "17", "18").exit_code == 0
    assert [msgspec.json.decode(each.content) for each in asked] == [
        {"into": "17", "issues": ["18", "19"]},
        {"issue": "17", "keys": ["18"]},
    ]


@pytest.mark.parametrize("arguments", [("resolve",), ("resolve", "17", "--where", "x")])
def test_what_is_to_be_changed_must_be_said_once(asked, arguments):
    assert run(*arguments).exit_code == 2
    assert not asked
