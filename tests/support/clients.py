"""Real clients of other servers, as programs of their own that send to the served program.

In: a script of `tests/clients/<dialect>/`. Out: the events that the API gives back.
A script sends to LOGSTER_URL with LOGSTER_KEY, and puts the word LOGSTER_RUN into each message, so
that its events are found; it sends whole numbers as NUMBER and something nested as NESTED.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hatch_build import find_node

from support.served import KEY, Served, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "clients"
FOLDER = Path(os.environ.get("LOGSTER_CLIENTS", ROOT / ".clients"))
#: What every client sends in its own way: no float holds the number.
NUMBER = 9_007_199_254_740_993
NESTED = {"city": "Ulm", "lines": [1, 2]}
MAX_RUN_S = 180.0
#: Where the server has its sockets.
SYSLOG_PORT, GELF_PORT = free_port(), free_port()


class Clients:
    """Runs clients; each in a folder of its own, where npm's packages are found."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self._folder = folder
        self.run_word = f"run{uuid.uuid4().hex[:12]}"

    def send(
        self, script: str, *, count: int, environment: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Run `<dialect>/<script>`; its events, the oldest first, and no more than `count`."""
        done = self.run(script, environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.collect(count)

    def run(
        self, script: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script, or a program of a script's folder, to its end."""
        source = SCRIPTS / script
        folder = self._folder / source.parent.name
        shutil.copytree(source.parent, folder, dirs_exist_ok=True)
        modules = folder / "node_modules"
        if not modules.is_symlink():
            modules.symlink_to(FOLDER / "node_modules")
        return self.execute(
            [*_interpreter(source), str(folder / source.name)], environment, folder=folder
        )

    def execute(
        self,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        text: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run any program with what a script knows."""
        return subprocess.run(
            command,
            env={**self.environment, **(environment or {})},
            cwd=folder or self._folder,
            input=text,
            capture_output=True,
            text=True,
            timeout=MAX_RUN_S,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a script finds in its environment."""
        return {
            "PATH": os.environ["PATH"],
            "LOGSTER_URL": self.served.url,
            "LOGSTER_PORT": str(self.served.port),
            "LOGSTER_SYSLOG_PORT": str(SYSLOG_PORT),
            "LOGSTER_GELF_PORT": str(GELF_PORT),
            "LOGSTER_KEY": KEY,
            "LOGSTER_RUN": self.run_word,
            "PYTHONWARNINGS": "ignore",
        }

    def collect(self, count: int, timeout_s: float = 30) -> list[dict[str, Any]]:
        """The events of this run, the oldest first; fails when there are more or fewer."""
        self.served.wait_for(self.run_word, count, timeout_s)
        # What was sent twice is there before what is sent now.
        marker = f"marker{uuid.uuid4().hex[:12]}"
        self.served.log_message(Message=marker)
        self.served.wait_for(marker, 1)
        found = self.served.search(self.run_word)
        assert len(found) == count, [event["message"] for event in found]
        # Without the Z: 12:00:00.5Z is later than 12:00:00.49Z, but not as text.
        found.sort(key=lambda event: (event["timestamp"].rstrip("Z"), int(event["id"])))
        return found

    def wait_for_count(self, count: int, timeout_s: float = 180) -> None:
        """Wait until the run has so many events, which are too many to be looked at."""
        query = quote(f"{self.run_word} | count")
        answers: list[Any] = []

        def is_there() -> bool:
            answers[:] = self.served.get(f"/api/v1/stats?q={query}").json()["rows"]
            return answers == [[count]]

        wait_until(is_there, timeout_s, lambda: str(answers))


def _interpreter(script: Path) -> list[str]:
    if script.suffix == ".py":
        return [str(FOLDER / "python" / "bin" / "python")]
    if script.suffix in (".js", ".mjs", ".cjs"):
        return [str(find_node()[0])]
    return ["sh"]


def snippet(name: str, url: str) -> str:
    """What *Add a source* shows, filled in; of snippets that use address and key alone."""
    text = (ROOT / "portal" / "src" / "settings" / "snippets" / "senders.ts").read_text()
    start = text.index(f'id: "{name}",')
    written = text[start:].partition("write: ({ url, key }) => `")[2].partition("`,\n  }")[0]
    return written.replace("${url}", url).replace("${key}", KEY)


def debian(program: str) -> tuple[str, dict[str, str]]:
    """The path of a program of Debian's packages, and the environment that it needs."""
    root = FOLDER / "debian"
    folders = ("usr/sbin", "usr/bin", "usr/lib/systemd", "lib/systemd")
    path = next(root / folder / program for folder in folders if (root / folder / program).exists())
    libraries = {str(library.parent) for library in root.glob("**/*.so*")}
    return str(path), {"LD_LIBRARY_PATH": ":".join(sorted(libraries))}


def check_info(event: Mapping[str, Any], *, number: Any = NUMBER, nested: Any = NESTED) -> None:
    """Whether an info is there with its whole number and its nested value.

    They are looked for in all properties, however the client named them; a client that sends
    them as text, or in parts, says what has to come of them.
    """
    assert event["severity"] == 2
    assert event["message"].startswith("order placed run")
    values = list(_values(event["properties"]))
    assert number in values, event["properties"]
    assert type(number) in {type(value) for value in values if value == number}
    assert nested in values, event["properties"]


def check_error(event: Mapping[str, Any], *, exception: str, frame: str) -> None:
    """Whether an error is there with its exception and a frame of its stack trace."""
    assert event["severity"] == 4
    assert event["message"].startswith("order failed run")
    assert exception in event["exception"]
    assert frame in event["stack_trace"]


def _values(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _values(inner)
