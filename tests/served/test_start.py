"""Starting and stopping, as an operator does it."""

import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from logster.serve.metrics_folder import memory_folder
from support.disk import small_disk
from support.served import KEY, Served, request, serving, wait_until
from support.users import without_powers

LOGSTER = Path(sys.executable).with_name("logster")

pytestmark = pytest.mark.timeout(300)


def test_the_first_start_prints_a_key_and_a_password_once(tmp_path):
    served = Served(tmp_path / "data")
    for name in ("LOGSTER_BOOTSTRAP_API_KEY", "LOGSTER_BOOTSTRAP_ADMIN"):
        del served._environment[name]
    try:
        served.start()
        wait_until(lambda: "is ready" in served.log.read_text(), 30)
        printed = served.log.read_text()
        [key] = re.findall(r"API key +(lgs_\w+)", printed)
        answer = request(
            served.port,
            "POST",
            "/api/Log",
            b'{"Message":"hello"}',
            {"ApiKey": key, "Content-Type": "application/json"},
        )
        assert answer.status == 200
        assert served.stop() == 0
        served.start()
        wait_until(lambda: served.log.read_text().count("is ready") == 2, 30)
        assert served.log.read_text().count("API key") == 1
    finally:
        served.kill_everything()
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with serving(tmp_path / "data") as served:
        second = subprocess.run(
            [LOGSTER, "serve", "--data", served.data, "--port", "0"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert second.returncode != 0
    assert "Another Logster" in second.stderr


def test_no_process_of_the_server_loads_what_it_does_not_use(server):
    """pandas would be a second of each start and 60 MB of each process, numpy a little less."""
    server.log_message(Message="a block for pyarrow")
    server.wait_for('"a block for pyarrow"', 1)
    for pid in [server.pid, *server.children("")]:
        assert "pandas" not in Path(f"/proc/{pid}/maps").read_text()
    for pid in server.workers:
        assert "numpy" not in Path(f"/proc/{pid}/maps").read_text()


def test_a_taken_port_is_refused_with_advice(server, tmp_path):
    second = subprocess.run(
        [LOGSTER, "serve", "--data", tmp_path, "--port", str(server.port)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    assert "--port" in second.stderr


def start(*arguments, **variables):
    """A start that must fail: its exit code and what it said."""
    command = without_powers(LOGSTER, "serve", "--port", "0", *arguments)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LOGSTER_")} | variables
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def check_sentence(done, *told):
    """It failed with one sentence of advice and no trace."""
    assert done.returncode == 2, done.stderr
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    for text in told:
        assert text in sentence
    assert done.stdout == ""


def test_the_greeting_comes_when_the_server_answers(tmp_path):
    served = Served(tmp_path / "data")
    seen = []

    def has_greeted():
        seen.append((served.get("/health/ready").status, "curl" in served.log.read_text()))
        return seen[-1][1]

    try:
        served.start_up()
        wait_until(has_greeted, 60)
        assert (200, True) not in seen[:-1]
        assert not any(has_curl for status, has_curl in seen if status != 200)
        assert served.get("/health/ready").status == 200
    finally:
        served.kill_everything()


def test_a_server_that_is_stopped_before_it_was_ready_has_shown_its_key(tmp_path):
    served = Served(tmp_path / "data", store_url="clickhouse://127.0.0.1:9/logster")
    del served._environment["LOGSTER_BOOTSTRAP_API_KEY"]
    try:
        served.start_up()
        wait_until((tmp_path / "data" / "spool").exists, 60)
        assert served.stop() == 0
    finally:
        served.kill_everything() if served.is_running else None
    assert "lgs_" in served.log.read_text()


def test_everything_that_is_written_is_for_its_owner_alone(tmp_path):
    """The folder existed, open to all; every process has the mask, whatever it writes later."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    with serving(data) as served:
        served.log_message(Message="for our eyes only")
        served.wait_for('"for our eyes only"', 1)
        assert "was open to other users" in served.log.read_text()
        assert {umask_of(pid) for pid in [served.pid, *served.children("")]} == {"0077"}
        assert not open_ones(data)
        assert not open_ones(memory_folder(data))


def test_a_folder_that_was_opened_is_closed_at_the_next_start(tmp_path):
    data = tmp_path / "data"
    with serving(data) as served:
        served.log_message(Message="for our eyes only")
        assert served.stop() == 0
    for path in [data, *data.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    with serving(data) as served:
        assert not open_ones(data)
        assert "engine, ledger, meta.sqlite" in served.log.read_text()


def umask_of(pid):
    return re.findall(r"Umask:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]


def open_ones(folder):
    paths = [path for path in [folder, *folder.rglob("*")] if not path.is_symlink()]
    return [path for path in paths if path.exists() and path.stat().st_mode & 0o077]


def test_a_taken_port_leaves_no_folder_behind(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = start("--data", tmp_path / "data", "--port", port)
    check_sentence(done, f"Cannot listen on 127.0.0.1:{port}", "--port")
    assert not (tmp_path / "data").exists()


def test_a_setting_that_the_set_up_refuses_leaves_no_folder_behind(tmp_path):
    done = start("--data", tmp_path / "data", "--bootstrap-admin", "nobody")
    check_sentence(done, "LOGSTER_BOOTSTRAP_ADMIN")
    assert not (tmp_path / "data").exists()


def test_a_data_folder_without_rights_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    check_sentence(start("--data", tmp_path), str(tmp_path), "may not write")
    check_sentence(start("--data", tmp_path / "data"), str(tmp_path), "may not write")
    tmp_path.chmod(0o700)


def test_a_full_disk_at_the_first_start_is_one_sentence(tmp_path):
    with small_disk(tmp_path, 64 * 1024):
        (tmp_path / "ballast").write_bytes(bytes(60 * 1024))
        check_sentence(start("--data", tmp_path / "data"), "no room on the disk")


def test_keys_and_accounts_that_cannot_be_read_are_one_sentence_for_server_and_commands(tmp_path):
    meta = tmp_path / "meta.sqlite"
    meta.write_bytes(b"no database at all" * 1000)

    check_sentence(start("--data", tmp_path), f"{meta} is damaged")
    command = [LOGSTER, "key", "list", "--data", tmp_path]
    listing = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check_sentence(listing, f"{meta} is damaged")


def test_no_secret_is_ever_logged(tmp_path):
    with serving(tmp_path / "data") as served:
        served.log_message(Message="hello")
        served.get("/api/v1/events?q=hello")
        served.request("POST", "/api/Log?apiKey=" + KEY, b"{", Content_Type="application/json")
        assert served.stop() == 0
    assert KEY not in served.log.read_text()
