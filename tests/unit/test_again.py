"""What failed beside others is tried once more, alone; that hides no fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.again import MAX_AGAIN, run_again

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["again"])


def note_failed(root: Path, *names: str) -> None:
    """As pytest notes what failed."""
    folder = root / ".pytest_cache" / "v" / "cache"
    folder.mkdir(parents=True)
    (folder / "lastfailed").write_text(json.dumps(dict.fromkeys(names, True)))


def write_test(root: Path, body: str) -> str:
    """A test of the flow ring; gives its name."""
    folder = root / "tests" / "flow"
    folder.mkdir(parents=True)
    (folder / "test_it.py").write_text(f"def test_it(): {body}\n")
    return "tests/flow/test_it.py::test_it"


def test_what_passes_alone_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name = write_test(tmp_path, "pass")
    note_failed(tmp_path, name)
    assert run_again(tmp_path) == 0
    told = capfd.readouterr().out
    assert "PASSED ALONE" in told
    assert told.endswith(f"  {name}\n")


def test_what_fails_alone_has_failed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    note_failed(tmp_path, write_test(tmp_path, "assert False"))
    assert run_again(tmp_path) == 1
    assert "PASSED ALONE" not in capfd.readouterr().out


def test_what_is_gone_has_not_passed(tmp_path: Path) -> None:
    write_test(tmp_path, "pass")
    note_failed(tmp_path, "tests/flow/test_other.py::test_it")
    assert run_again(tmp_path) != 0


@pytest.mark.parametrize(
    "names",
    [
        ["tests/unit/test_it.py::test_it"],
        ["tests/flow/test_it.py::test_it", "tests/protocols/test_it.py::test_it"],
        [f"tests/flow/test_it.py::test_{number}" for number in range(MAX_AGAIN + 1)],
    ],
)
def test_many_or_those_of_the_fast_rings_are_not_tried_again(
    tmp_path: Path, names: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    note_failed(tmp_path, *names)
    assert run_again(tmp_path) == 1
    assert capfd.readouterr().out == ""
