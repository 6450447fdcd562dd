"""`logster send` as a process: what it follows, what it says at its end, where it goes on."""

import signal
import subprocess
import sys
import time

import pytest

from logster.cli import target
from support.api_server import Answer, running_api_server


@pytest.fixture
def server():
    with running_api_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in (target.URL_VARIABLE, target.KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def messages_of(server):
    return [event["Message"] for event in list(server.events)]


@pytest.fixture
def start(server):
    """Run the real command in its own process."""
    processes = []

    def start(*arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-c", "from logster.cli import main; main()", "send", "--url",
             server.url, *arguments],
            stdin=options.get("stdin", subprocess.DEVNULL), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_followed_file_survives_rotation_and_truncation(server, start, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\n")
    process = start("--follow", str(tmp_path))
    wait_for(lambda: messages_of(server) == ["one"])

    with path.open("a") as file:
        file.write("two\nthr")
        file.flush()
        wait_for(lambda: messages_of(server)[-1] == "two")
        file.write("ee\n")
    path.rename(tmp_path / "app.log.1")
    path.write_text("four\n")
    wait_for(lambda: messages_of(server)[-1] == "four")
    path.write_text("5\n")
    wait_for(lambda: messages_of(server)[-1] == "5")
    (tmp_path / "other.log").write_text("six\n")
    wait_for(lambda: messages_of(server)[-1] == "six")

    process.send_signal(signal.SIGTERM)
    _, notes = process.communicate(timeout=60)
    assert process.returncode == 0
    assert messages_of(server) == ["one", "two", "three", "four", "5", "six"]
    assert "6 lines sent" in notes


def test_a_pipe_that_trickles_is_sent_within_a_moment(server, start):
    process = start("-", stdin=subprocess.PIPE)
    process.stdin.write("one\n")
    process.stdin.flush()
    wait_for(lambda: messages_of(server) == ["one"])
    process.stdin.write("two\n")
    process.stdin.flush()
    wait_for(lambda: messages_of(server) == ["one", "two"])


def test_ctrl_c_says_what_was_not_sent(server, start, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("a\nb\nc\n")
    server.answers = [Answer(body={"MessageIds": ["1"]}), *[Answer(503, {"Message": "Full."})] * 99]
    process = start("--batch-size", "1", str(path))
    wait_for(lambda: len(server.asked) >= 2)

    process.send_signal(signal.SIGINT)
    _, notes = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "1 lines sent" in notes
    assert f"Not confirmed: {path} from line 2 on" in notes


# --- following over runs, and what is left over ----------------------------------------------


def test_following_again_goes_on_where_it_stopped(server, start, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("a\nb\n")
    for expected in (["a", "b"], ["a", "b", "c"]):
        process = start("--follow", str(path))
        wait_for(lambda expected=expected: messages_of(server) == expected)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
        with path.open("a") as file:
            file.write("c\n")

    assert messages_of(server) == ["a", "b", "c"]


def test_what_was_not_confirmed_is_sent_by_the_next_run(server, start, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("a\nb\n")
    server.answers = [Answer(503, {"Message": "Full."})] * 99
    process = start("--follow", str(path))
    wait_for(server.asked.copy)
    process.kill()
    process.wait(60)
    server.answers = []
    server.stored.clear()

    start("--follow", str(path))

    wait_for(lambda: messages_of(server) == ["a", "b"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_followed_line_that_has_not_ended_is_named_and_sent_once_it_has(
    server, start, tmp_path, number
):
    path = tmp_path / "a.log"
    path.write_text("full\npartial")
    process = start("--follow", str(path))
    wait_for(lambda: messages_of(server) == ["full"])

    process.send_signal(number)
    _, notes = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"{path}:2: this line has not ended and is not sent" in notes

    with path.open("a") as file:
        file.write(" no more\n")
    start("--follow", str(path))
    wait_for(lambda: messages_of(server) == ["full", "partial no more"])


def test_without_positions_a_line_that_has_not_ended_is_sent(server, start, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("full\npartial")
    process = start("--follow", "--no-state", str(path))
    wait_for(lambda: messages_of(server) == ["full"])

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert messages_of(server) == ["full", "partial"]
    assert not (tmp_path / "state").exists()


def test_the_last_line_of_a_pipe_that_is_left_is_sent(server, start):
    process = start("-", stdin=subprocess.PIPE)
    process.stdin.write("full\npartial")
    process.stdin.flush()
    wait_for(lambda: messages_of(server) == ["full"])

    process.send_signal(signal.SIGINT)
    process.wait(60)

    assert process.returncode == 0
    assert messages_of(server) == ["full", "partial"]


def test_the_state_is_where_systemd_says(server, start, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "unit"))
    path = tmp_path / "a.log"
    path.write_text("a\n")
    process = start("--follow", str(path))
    wait_for((tmp_path / "unit" / "follow.json").exists)

    again = start("--follow", str(path))
    _, notes = again.communicate(timeout=60)

    assert again.returncode == 2
    assert "Another process follows with the state file" in notes
    process.kill()


def test_a_trace_that_is_written_in_two_goes_is_one_event(server, start, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("2026-11-30 20:00:00 ERROR failed\n")
    start("--follow", "--join-traces", str(path))
    time.sleep(0.3)
    with path.open("a") as file:
        file.write("java.lang.Error: x\n\tat a.b.C(D.java:1)\n")

    wait_for(lambda: server.events)
    (event,) = list(server.events)
    assert event["Message"] == "2026-11-30 20:00:00 ERROR failed"
    assert event["StackTrace"] == "java.lang.Error: x\n\tat a.b.C(D.java:1)"


def test_what_is_left_out_is_named_also_when_following(server, start, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "logs" / "a.log").write_text("a\n")
    process = start("--follow", str(tmp_path / "logs"))
    wait_for(lambda: server.events)
    process.send_signal(signal.SIGTERM)
    _, notes = process.communicate(timeout=60)

    assert notes.count("picture.png: left out: not text") == 1
    assert process.returncode == 0
