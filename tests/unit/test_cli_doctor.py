"""`doctor`: it says which part is not well, and what to do."""

from __future__ import annotations

import json
import socket

import pytest
from click.testing import CliRunner

from logster.cli import main
from logster.cli.doctor import arrival
from logster.cli.doctor.dialects import SAMPLES
from logster.cli.doctor.machine import find_machine
from logster.cli.doctor.sample import fill
from logster.folder.lock import lock_folder
from logster.ingest.protocols import PROTOCOLS
from logster.ingest.routes import Routes
from support.api_server import Answer, running_api_server
from support.readers import request_to
from support.recorded import LIMITS
from support.served import free_port


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGSTER_DATA", raising=False)
    monkeypatch.setattr(arrival, "MAX_ARRIVAL_S", 0.3)
    with running_api_server() as server:
        server.answer = Logster()
        yield server


class Logster:
    """Answers as a server does; `broken` maps the beginning of a path to another answer."""

    def __init__(self):
        self.broken = {}
        self.machine = {
            "disk": {"free_bytes": 5 << 30, "total_bytes": 9 << 30},
            "min_free_disk_bytes": 1 << 30,
            "spools": [{"events": 3, "bytes": 2048, "aside_events": 0}],
        }
        self.message = ""
        self.protocol = "api_log"
        #: What came by a port is found as of these.
        self.by_port = []
        self.told = {
            "/api/v1/session": lambda: {"workspace": "default", "version": "1"},
            "/api/v1/system": lambda: {"machine": self.machine},
        }

    def __call__(self, asked):
        for path, answer in self.broken.items():
            if asked.path.startswith(path):
                return answer
        if asked.path in self.told:
            return Answer(body=self.told[asked.path]())
        if asked.path == "/api/Log":
            self.protocol = "api_log"
            self.message = json.loads(asked.body)["Message"]
            return Answer(body={"MessageId": "77"})
        if asked.path.startswith("/api/Log/"):
            return Answer(body={"Message": self.message})
        if asked.path.startswith("/api/v1/events"):
            found = [{"id": "77", "protocol": name} for name in (self.protocol, *self.by_port)]
            return Answer(body={"events": found})
        for sample in SAMPLES:
            if asked.path == sample.path:
                self.protocol = sample.protocol
        return Answer(body=b"")


def report(server, *arguments):
    line = ["doctor", "--json", "--url", server.url, "--key", "secret-key-of-mine", *arguments]
    result = CliRunner().invoke(main, line)
    return result.exit_code, json.loads(result.stdout)


def states_of(found):
    return {check["name"]: check["is_well"] for check in found["checks"]}


def details_of(found, where):
    return {c["name"]: c["detail"] for c in found["checks"] if c["where"] == where}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.protocol)
def test_each_sample_is_one_event_of_its_dialect(sample):
    match = Routes(PROTOCOLS).find(sample.path, "POST")
    assert match is not None
    assert match.protocol.name == sample.protocol
    request = request_to(match.route, sample.media_type)
    reading = match.protocol.read(fill(sample.body, "word"), request, LIMITS)
    assert not reading.rejections
    assert len(reading.columns) == 1
    assert "word" in reading.columns.message[0]


def test_every_dialect_by_http_has_a_sample():
    told = {protocol.name for protocol in PROTOCOLS if protocol.routes}
    assert {sample.protocol for sample in SAMPLES} == told


def test_one_event_is_sent_by_each_dialect_and_found_as_its_own(server):
    code, found = report(server, "--dialects")
    assert code == 0
    states = states_of(found)
    assert {name for name in states if name.startswith("send ")} == {
        f"send {sample.protocol}" for sample in SAMPLES
    }

    server.answer.broken["/v1/logs"] = Answer(404, b"nothing")
    server.answer.broken["/ingest/text"] = Answer(200, b"", {"Logster-Rejected": "1"})
    code, found = report(server, "--dialects")
    assert code == 1
    assert [name for name, well in states_of(found).items() if not well] == [
        "send otlp",
        "send text",
    ]
    assert "refused 1 event" in details_of(found, "server")["send text"]


def test_one_event_is_sent_to_each_port_that_the_server_tells_of(server):
    streams = socket.create_server(("127.0.0.1", 0))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    with streams as listening, datagrams as receiving:
        tcp, udp = listening.getsockname()[1], receiving.getsockname()[1]
        server.answer.machine["sockets"] = [
            {"dialect": "syslog", "transport": "tcp", "host": "0.0.0.0", "port": tcp},
            {"dialect": "gelf", "transport": "udp", "host": "127.0.0.1", "port": udp},
            {"dialect": "new", "transport": "udp", "host": "127.0.0.1", "port": udp},
        ]
        server.answer.by_port = ["syslog", "gelf"]
        code, found = report(server, "--dialects")
        assert code == 0
        assert {f"send syslog tcp {tcp}", f"send gelf udp {udp}"} <= states_of(found).keys()
        assert receiving.recv(1000).startswith(b'{"version":"1.1","host":"logster","short_')
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(1000).startswith(b"<14>1 20")

        server.answer.by_port = ["gelf"]  # another workspace has it
        code, found = report(server, "--dialects")
        assert code == 1
        assert [name for name, well in states_of(found).items() if well is False] == [
            f"send syslog tcp {tcp}"
        ]


def test_a_port_that_nobody_listens_on_is_told(server):
    port = free_port()
    server.answer.machine["sockets"] = [
        {"dialect": "syslog", "transport": "tls", "host": "127.0.0.1", "port": port}
    ]
    code, found = report(server, "--dialects")
    assert code == 1
    assert "refused" in details_of(found, "server")[f"send syslog tls {port}"]


def test_a_well_server_passes_every_check(server):
    code, found = report(server)

    assert code == 0
    assert found["ok"] is True
    assert states_of(found) == dict.fromkeys(
        ["live", "ready", "key", "send", "stored", "found", "disk", "spool"], True
    )
    assert found["server"] == {"url": server.url, "version": "1"}
    assert all(check["ms"] >= 0 for check in found["checks"])


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
    assert {name for name, is_well in states_of(found).items() if is_well is False} == unwell
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


def test_disk_and_spool_are_those_the_server_tells_of(server, tmp_path, monkeypatch):
    """Whatever folder and settings the shell has: another machine was asked."""
    monkeypatch.setenv("LOGSTER_MIN_FREE_DISK_BYTES", str(1 << 60))
    (tmp_path / "logster-data" / "spool").mkdir(parents=True)

    code, found = report(server)

    assert code == 0
    assert details_of(found, "server")["disk"] == "5 GiB of 9 GiB free"
    assert details_of(found, "server")["spool"] == "3 events (2 KiB) wait for the store"
    assert details_of(found, "here") == {}
    assert found["here"]["settings"] is None


@pytest.mark.parametrize("variable", [None, "LOGSTER_DATA"])
def test_nothing_here_is_looked_at_when_the_server_is_elsewhere(tmp_path, monkeypatch, variable):
    folder = tmp_path / "logster-data"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    if variable:
        monkeypatch.setenv(variable, str(folder))
    assert find_machine("https://logs.example.org", None) is None
    named = find_machine("https://logs.example.org", str(folder))
    assert named is not None
    assert named.describe_server() == "no server runs with this folder"


def test_a_full_disk_of_the_server_is_told_with_the_setting(server):
    server.answer.machine["disk"]["free_bytes"] = 1000

    code, found = report(server)

    assert code == 1
    assert "LOGSTER_MIN_FREE_DISK_BYTES" in details_of(found, "server")["disk"]


@pytest.mark.parametrize(
    ("spools", "told"),
    [(None, "cannot be read"), ([{"events": 0, "bytes": 0, "aside_events": 7}], "7 were refused")],
)
def test_a_spool_of_the_server_that_is_not_well_is_told(server, spools, told):
    server.answer.machine["spools"] = spools

    code, found = report(server)

    assert code == 1
    assert told in details_of(found, "server")["spool"]


def test_what_the_server_does_not_tell_this_key_is_not_known_and_no_fault(server):
    server.answer.broken["/api/v1/system"] = Answer(403, {"error": {"message": "No."}})
    code, found = report(server)
    assert (code, found["ok"]) == (0, True)
    assert states_of(found)["disk"] is None
    assert "right admin" in details_of(found, "server")["spool"]

    server.answer.broken["/api/v1/system"] = Answer(body={"machine": None})
    code, found = report(server)
    assert code == 0
    assert "first workspace" in details_of(found, "server")["disk"]


def test_a_page_that_is_not_logsters_is_told_as_such(server):
    server.answer.broken["/api/v1"] = Answer(body=b"<html>Log in</html>")

    code, found = report(server)

    assert code == 1
    assert "not as Logster does" in details_of(found, "server")["key"]


def test_a_folder_of_this_machine_is_called_so_and_its_settings_this_shells(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("LOGSTER_BOOTSTRAP_ADMIN", "ada@example.org:hush")
    (tmp_path / "spool").mkdir()

    code, found = report(server, "--data", str(tmp_path))

    assert code == 0
    assert details_of(found, "here").keys() == {"data", "room", "spools"}
    assert found["here"]["settings"]["LOGSTER_DATA"] == str(tmp_path)
    assert found["here"]["settings"]["LOGSTER_BOOTSTRAP_ADMIN"] == "(set, hidden)"
    assert found["here"]["runs"] is None
    assert "hush" not in json.dumps(found)
    assert "secret-key" not in json.dumps(found)

    line = ["doctor", "--url", server.url, "--key", "k", "--data", str(tmp_path)]
    shown = CliRunner().invoke(main, line).stdout
    assert f"Here: {tmp_path}: no server runs with this folder" in shown
    assert "Settings of this shell" in shown


def test_a_folder_that_another_server_runs_with_is_told_as_such(server, tmp_path):
    for runs, told in (
        ("http://127.0.0.1:1", "another server runs with this folder, http://127.0.0.1:1"),
        (server.url, "the server that was asked runs with this folder"),
    ):
        with lock_folder(tmp_path, runs):
            machine = find_machine(server.url, str(tmp_path))
            assert machine is not None
            assert machine.describe_server() == told


def test_the_asked_servers_own_folder_is_found_where_nobody_named_it(server, tmp_path, monkeypatch):
    folder = tmp_path / "logster-data"
    folder.mkdir()
    with lock_folder(folder, "http://127.0.0.1:1"):
        assert find_machine(server.url, None) is None
    with lock_folder(folder, server.url):
        assert find_machine(server.url, None) is not None


def test_a_full_disk_here_is_told_with_the_setting(server, tmp_path, monkeypatch):
    monkeypatch.setenv("LOGSTER_MIN_FREE_DISK_BYTES", str(1 << 60))

    code, found = report(server, "--data", str(tmp_path))

    assert code == 1
    assert "LOGSTER_MIN_FREE_DISK_BYTES" in details_of(found, "here")["room"]
    assert details_of(found, "server")["disk"] == "5 GiB of 9 GiB free"


def test_it_leaves_the_folder_as_it_was(server, tmp_path):
    (tmp_path / "spool").mkdir()
    before = [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))]
    before.append((tmp_path, tmp_path.stat().st_mtime_ns))
    report(server, "--data", str(tmp_path))
    after = [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))]
    after.append((tmp_path, tmp_path.stat().st_mtime_ns))
    assert after == before
