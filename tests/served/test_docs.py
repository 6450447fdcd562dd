"""The examples of the README and of docs/start.md work as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.served import KEY

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "start.md"]
BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"```(bash|python)\n(.*?)```", page.read_text(), re.DOTALL)
]
#: These start or test a server of their own, or never end; other tests run them.
ELSEWHERE = ("make ", "logster tail")


def run(server, command, text):
    environment = os.environ | {"LOGSTER_API_KEY": KEY, "LOGSTER_URL": server.url}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    text = text.replace("http://127.0.0.1:8000", server.url).replace("/var/log", "README.md")
    return subprocess.run(
        [*command, text], env=environment, capture_output=True, text=True, timeout=60,
        cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize(("language", "text"), BLOCKS)
def test_an_example_works(server, language, text):
    lines = [line for line in text.splitlines() if not line.startswith(ELSEWHERE)]
    if not lines:
        return
    command = [sys.executable, "-c"] if language == "python" else ["bash", "-ec"]
    if "logster search" in text:
        server.log_message(Message="payment failed", Severity=4, Application="first-steps")
        server.wait_for("payment application:first-steps severity>=error", 1)
    done = run(server, command, "\n".join(lines))

    assert done.returncode == 0, done.stderr
    if "/api/Log" in text:
        assert "MessageId" in done.stdout
