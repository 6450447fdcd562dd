"""`logster receipts` says what the server says, in lines that act on no terminal."""

from __future__ import annotations

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from logster.cli.receipts import command

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
RETRIED = {"bodies": 3, "stored_events": 2, "refused_bodies": 1, "text": "refused: \x1b[31m"}


@pytest.fixture
def asked(monkeypatch):
    """A server that says the same to everybody; gives what it was asked."""
    requests: list[httpx.Request] = []

    def answer(request):
        requests.append(request)
        told = RETRIED if request.method == "POST" else COUNTS
        return httpx.Response(200, content=msgspec.json.encode(told))

    real = httpx.Client
    monkeypatch.setattr(
        "logster.cli.client.httpx.Client",
        lambda **told: real(transport=httpx.MockTransport(answer), **told),
    )
    return requests


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
