"""`patterns`, `export` and profiles: what is asked, what is written, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from logster.cli import main, target
from support.api_server import Answer, running_api_server


@pytest.fixture
def server():
    with running_api_server() as server:
        yield server


def run(server, *arguments, key="k"):
    target = ["--url", server.url, "--key", key]
    return CliRunner().invoke(main, [*arguments, *target])


def asked_params(server):
    return parse_qs(urlsplit(server.asked[-1].path).query)


PATTERN = {
    "pattern": "took <number> ms\x1b[2J",
    "count": 1234,
    "share": 0.25,
    "first_seen": "2026-11-23T09:00:00Z",
    "last_seen": "2026-11-23T10:00:00Z",
    "severities": {"info": 1230, "error": 4},
    "example": "took 5 ms",
    "example_id": "7",
    "q": "message:took message:ms",
}


def patterns(*found):
    return Answer(body={"patterns": found, "distinct": len(found), "looked_at": 4936})


def test_patterns_are_shown_one_a_line(server):
    server.answers = [patterns(PATTERN)]

    result = run(server, "patterns", "severity>=info", "--since", "1h")

    assert result.exit_code == 0
    assert result.stdout == "    1,234  25.0% Error took <number> ms\\x1b[2J\n"
    assert "1 of 1 shapes of the newest 4,936 events." in result.stderr
    assert asked_params(server)["limit"] == ["20"]
    assert asked_params(server)["since"][0].endswith("Z")


def test_a_new_file_is_for_its_owner_and_an_old_one_for_whom_it_was(server, tmp_path):
    new, old = tmp_path / "new.ndjson", tmp_path / "old.ndjson"
    old.touch()
    old.chmod(0o640)
    for path in (new, old):
        server.answers = [Answer(body=b'{"id":"1"}\n')]
        assert run(server, "export", "-o", str(path)).exit_code == 0
    assert new.stat().st_mode & 0o777 == 0o600
    assert old.stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_is_written_to_and_not_replaced(server):
    """As /dev/null, which root could replace."""
    server.answers = [Answer(body=b'{"id":"1"}\n')]
    reading, writing = os.openpty()
    path = os.ttyname(writing)
    assert run(server, "export", "-o", path).exit_code == 0
    assert os.read(reading, 100).startswith(b'{"id":"1"}')
    assert Path(path).is_char_device()
    os.close(reading)
    os.close(writing)


def test_patterns_for_programs_are_as_they_came(server):
    server.answers = [patterns(PATTERN)]

    assert json.loads(run(server, "patterns", "--json").stdout) == PATTERN


def test_no_pattern_is_exit_code_1(server):
    server.answers = [patterns()]

    assert run(server, "patterns").exit_code == 1


def test_an_export_goes_to_standard_output(server):
    server.answers = [Answer(body=b'{"id":"1"}\n')]

    result = run(server, "export", "user:ada", "-c", "id", "-c", "a b", "--limit", "5")

    assert (result.exit_code, result.stdout) == (0, '{"id":"1"}\n')
    assert asked_params(server) == {
        "q": ["user:ada"],
        "format": ["ndjson"],
        "limit": ["5"],
        "column": ["id", "a b"],
    }


@pytest.mark.parametrize(
    ("name", "form"), [("a.csv", "csv"), ("a.parquet", "parquet"), ("a", "ndjson")]
)
def test_a_file_s_name_says_its_form(server, tmp_path, name, form):
    server.answers = [Answer(body=b"a\nb\n")]

    assert run(server, "export", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_bytes() == b"a\nb\n"
    assert asked_params(server)["format"] == [form]


def test_an_export_that_breaks_off_leaves_no_file(server, tmp_path):
    server.answers = [Answer(body=b"a\nb\n", headers={"Content-Length": "100"})]

    result = run(server, "export", "-o", str(tmp_path / "a"))

    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("form", "body"), [("ndjson", b""), ("csv", b'"id"\r\n')])
def test_nothing_to_export_is_exit_code_1(server, form, body):
    server.answers = [Answer(body=body)]

    assert run(server, "export", "-f", form).exit_code == 1


def test_a_mistake_is_underlined(server):
    error = {"message": "No such severity.", "position": 10, "length": 4}
    for command in ("export", "patterns"):
        server.answers = [Answer(400, {"error": error})]

        result = run(server, command, "severity>=loud")

        assert result.exit_code == 2
        assert result.stderr.endswith("  severity>=loud\n            ^^^^\n")


@pytest.fixture
def profile(server, monkeypatch, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(f'url = "http://127.0.0.1:9"\n[near]\nurl = "{server.url}"\nkey = "of near"\n')
    path.chmod(0o600)
    monkeypatch.setenv(target.PROFILE_VARIABLE, str(path))
    return path


def test_a_named_profile_stands_above_variables_and_below_flags(server, profile, monkeypatch):
    monkeypatch.setenv("LOGSTER_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LOGSTER_API_KEY", "of the variable")
    server.answer = lambda _: patterns(PATTERN)

    result = CliRunner().invoke(main, ["patterns", "--profile", "near"])
    flagged = CliRunner().invoke(main, ["patterns", "--profile", "near", "--key", "flag"])

    assert (result.exit_code, flagged.exit_code) == (0, 0), result.stderr
    assert [asked.headers["apikey"] for asked in server.asked] == ["of near", "flag"]
    assert "chmod" not in result.stderr


def test_a_profile_that_is_not_there_is_named(profile):
    result = CliRunner().invoke(main, ["patterns", "--profile", "far"])

    assert result.exit_code == 2
    assert "no section [far]; it has: near" in result.stderr


def test_a_key_that_others_can_read_is_warned_of(server, profile):
    profile.chmod(0o644)
    server.answers = [patterns(PATTERN)]

    result = CliRunner().invoke(main, ["patterns", "--profile", "near"])

    assert result.exit_code == 0
    assert "chmod 600" in result.stderr
