"""`doctor`: it says which part is not well, and what to do."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from logster.cli import doctor, main
from support.api_server import Answer, running_api_server


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGSTER_DATA", raising=False)
    monkeypatch.setattr(doctor, "MAX_ARRIVAL_S", 0.3)
    with running_api_server() as server:
        server.answer = Logster()
        yield server


class Logster:
    """Answers as a server does; `broken` maps the beginning of a path to another answer."""

    def __init__(self):
        self.broken = {}
        self.message = ""

    def __call__(self, asked):
        for path, answer in self.broken.items():
            if asked.path.startswith(path):
                return answer
        if asked.path == "/api/v1/session":
            return Answer(body={"workspace": "default", "version": "1"})
        if asked.path == "/api/Log":
            self.message = json.loads(asked.body)["Message"]
            return Answer(body={"MessageId": "77"})
        if asked.path.startswith("/api/Log/"):
            return Answer(body={"Message": self.message})
        if asked.path.startswith("/api/v1/events"):
            return Answer(body={"events": [{"id": "77"}]})
        return Answer(body=b"")


def report(server, *arguments):
    line = ["doctor", "--json", "--url", server.url, "--key", "secret-key-of-mine", *arguments]
    result = CliRunner().invoke(main, line)
    return result.exit_code, json.loads(result.stdout)


def states_of(found):
    return {check["name"]: check["is_well"] for check in found["checks"]}


def test_a_well_server_passes_every_check(server):
    code, found = report(server)

    assert code == 0
    assert found["ok"] is True
    assert states_of(found) == dict.fromkeys(
        ["live", "ready", "key", "send", "stored", "found"], True
    )
    assert all(check["ms"] > 0 for check in found["checks"])


@pytest.mark.parametrize(
    ("path", "answer", "unwell"),
    [
        ("/health/ready", Answer(503, b"starting"), {"ready"}),
        ("/api/v1/session", Answer(401, {"error": {"message": "No."}}), {"key"}),
        ("/api/Log/", Answer(404, {"Message": "None."}), {"stored"}),
        ("/api/v1/events", Answer(body={"events": []}), {"found"}),
    ],
)
def test_the_part_that_fails_is_named_with_advice(server, path, answer, unwell):
    server.answer.broken[path] = answer

    code, found = report(server)

    assert code == 1
    assert {name for name, is_well in states_of(found).items() if not is_well} == unwell
    assert all(check["advice"] for check in found["checks"] if check["is_well"] is False)


def test_what_needs_a_failed_part_is_not_tried(server):
    server.answer.broken["/api/Log"] = Answer(403, {"Message": "No."})

    _, found = report(server)

    assert states_of(found)["send"] is False
    assert states_of(found)["stored"] is None
    assert states_of(found)["found"] is None


def test_no_server_is_told_with_a_mark_and_advice():
    result = CliRunner().invoke(main, ["doctor", "--url", "http://127.0.0.1:9"])

    assert result.exit_code == 1
    assert "✗  live" in result.stdout
    assert "·  send" in result.stdout
    assert "logster serve" in result.stdout


def test_on_the_servers_machine_disk_spool_and_settings_are_shown_without_secrets(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("LOGSTER_BOOTSTRAP_ADMIN", "ada@example.org:hush")
    (tmp_path / "spool").mkdir()

    code, found = report(server, "--data", str(tmp_path))

    assert code == 0
    assert {"data", "disk", "spool"} <= states_of(found).keys()
    assert found["settings"]["LOGSTER_DATA"] == str(tmp_path)
    assert found["settings"]["LOGSTER_BOOTSTRAP_ADMIN"] == "(set, hidden)"
    assert "hush" not in json.dumps(found)
    assert "secret-key" not in json.dumps(found)


def test_a_full_disk_is_told_with_the_setting(server, tmp_path, monkeypatch):
    monkeypatch.setenv("LOGSTER_MIN_FREE_DISK_BYTES", str(1 << 60))

    code, found = report(server, "--data", str(tmp_path))

    assert code == 1
    [disk] = [check for check in found["checks"] if check["name"] == "disk"]
    assert "LOGSTER_MIN_FREE_DISK_BYTES" in disk["detail"]
