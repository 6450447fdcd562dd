"""Starting and stopping, as an operator does it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.served import KEY, Served, request, serving

LOGSTER = Path(sys.executable).with_name("logster")

pytestmark = pytest.mark.timeout(180)


def test_the_first_start_prints_a_key_and_a_password_once(tmp_path):
    served = Served(tmp_path / "data")
    for name in ("LOGSTER_BOOTSTRAP_API_KEY", "LOGSTER_BOOTSTRAP_ADMIN"):
        del served._environment[name]
    try:
        served.start()
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


def test_a_taken_port_is_refused_with_advice(server, tmp_path):
    second = subprocess.run(
        [LOGSTER, "serve", "--data", tmp_path, "--port", str(server.port)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    assert "--port" in second.stderr


def test_no_secret_is_ever_logged(tmp_path):
    with serving(tmp_path / "data") as served:
        served.log_message(Message="hello")
        served.get("/api/v1/events?q=hello")
        served.request("POST", "/api/Log?apiKey=" + KEY, b"{", Content_Type="application/json")
        assert served.stop() == 0
    assert KEY not in served.log.read_text()
