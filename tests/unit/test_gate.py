"""Whether a release may go on, and what `logster gate` says of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from logster.cli.gate import command
from logster.track.gate import Allowed, Measured, judge
from support.answers import answering

WELL = Measured(
    release="1.4",
    against="1.3",
    events=1000,
    errors=10,
    events_before=2000,
    errors_before=20,
    new_issues=0,
    regressed_issues=0,
)


def reasons(allowed: Allowed | None = None, **measured: Any) -> str:
    verdict = judge(msgspec.structs.replace(WELL, **measured), allowed or Allowed())
    assert verdict.is_passed == (not verdict.reasons)
    return " ".join(verdict.reasons)


def test_a_release_with_nothing_new_passes() -> None:
    assert not reasons()
    assert not reasons(errors=15), "half as much again"
    assert not reasons(events_before=0, errors_before=0), "nothing to compare with"
    assert not reasons(events=10, errors=10), "too few say nothing"


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({"events": 0, "errors": 0}, "No event of the release '1.4'"),
        ({"new_issues": 1}, "1 new issues, 0 are allowed."),
        ({"regressed_issues": 2}, "2 issues came back"),
        ({"errors": 16}, "1.60% of the events are errors, 1.00% were in '1.3'"),
        ({"errors_before": 0}, "0.00% were in '1.3'"),
    ],
)
def test_a_release_does_not_pass_for_a_reason(measured: dict[str, Any], said: str) -> None:
    assert said in reasons(**measured)


def test_what_is_allowed_passes() -> None:
    allowed = Allowed(new_issues=1, regressed_issues=2, more_errors=100)
    assert not reasons(allowed, new_issues=1, regressed_issues=2, errors=20)


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_it_passed(
    monkeypatch: pytest.MonkeyPatch, passed: bool, code: int
) -> None:
    rate = {"release": "1.4\x1b[31m", "events": 1000, "errors": 7, "share": 0.007}
    told = {
        "passed": passed,
        "reasons": [] if passed else ["1 new issues, 0 are allowed."],
        "release": rate,
        "against": rate,
        "new_issues": [{"id": "17", "title": "ValueError: no", "count": 7}],
        "regressed_issues": [],
    }
    asked = answering(monkeypatch, lambda _: told)
    arguments = ["--url", "http://logs.test", "--key", "k", "--release", "1.4", "--against", "1.3"]
    said = CliRunner().invoke(command, arguments)
    assert said.exit_code == code, said.output
    assert "7 errors (0.70%)" in said.output
    assert "new: 17  7  ValueError: no" in said.output
    assert "\x1b" not in said.output
    assert dict(asked[0].url.params) == {
        "release": "1.4",
        "against": "1.3",
        "since": "30m",
        "q": "",
    }
