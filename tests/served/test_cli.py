"""The command line against the served command: real files in, the same lines out."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.served import KEY, wait_until

LOGSTER = Path(sys.executable).with_name("logster")

pytestmark = pytest.mark.timeout(300)

#: Yesterday, so that no time is older than what the server keeps.
DAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=10, second=30, microsecond=0)

#: Shapes of well-known programs' logs.
SHAPES = {
    "hdfs": "{at:%y%m%d %H%M%S} 7 INFO dfs.Node: block blk_-90000000000{n:08d} of size {n}",
    "openssh": "{at:%b %e %H:%M:%S} lab sshd[2{n}]: Failed password from 192.0.2.{n} port 2",
    "apache": "[{at:%a %b %d %H:%M:%S %Y}] [error] mod_x child {n} in state 6",
    "spark": "{at:%y/%m/%d %H:%M:%S} WARN storage.Manager: block rdd_{n} not found",
    "json": '{{"time":"{at:%Y-%m-%dT%H:%M:%SZ}","level":"error","msg":"json line {n}","at":{n}}}',
}
LINES = 60


@pytest.fixture
def environment(server, tmp_path):
    """The server and key, where a person would put them."""
    return {
        **os.environ,
        "LOGSTER_URL": server.url,
        "LOGSTER_API_KEY": KEY,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture
def cli(environment):
    """Run `logster` as a person would."""

    def run(*arguments, stdin=None):
        return subprocess.run(
            [LOGSTER, *arguments], env=environment, input=stdin, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return run


def found(cli, *query):
    result = cli("search", "--json", "--all", *query)
    assert result.returncode in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def wait_for(cli, count, *query):
    events: list[dict[str, object]] = []

    def has_arrived():
        events[:] = found(cli, *query)
        return len(events) >= count

    wait_until(has_arrived, 30, lambda: f"{len(events)} of {count} for {query}")
    assert len(events) == count
    return events


def test_a_folder_of_logs_arrives_whole_and_its_lines_are_found(cli, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    written = {}
    for name, shape in SHAPES.items():
        lines = [shape.format(n=n, at=DAY.replace(minute=n)) for n in range(LINES)]
        written[name] = lines
        (folder / f"{name}.log").write_text("\n".join(lines) + "\n")
    (folder / "apache.log").rename(folder / "apache.txt")
    (folder / "spark.log.gz").write_bytes(gzip.compress((folder / "spark.log").read_bytes()))
    (folder / "spark.log").unlink()

    result = cli("send", str(folder), "--category", "folder-test")

    assert result.returncode == 0, result.stderr
    assert f"{len(SHAPES) * LINES:,} lines sent of {len(SHAPES)} files" in result.stderr
    events = wait_for(cli, len(SHAPES) * LINES, "category:folder-test")
    for name in SHAPES.keys() - {"json"}:
        messages = sorted(e["message"] for e in events if e["application"] == name)
        assert messages == sorted(written[name])
    [block] = found(cli, "blk_-9000000000000000042")
    assert block["message"] == written["hdfs"][42]
    [address] = found(cli, "192.0.2.42")
    assert address["message"] == written["openssh"][42]
    [parsed] = found(cli, '"json line 42"')
    assert (parsed["severity"], parsed["properties"]["at"]) == (4, 42)
    assert parsed["timestamp"] == f"{DAY.replace(minute=42):%Y-%m-%dT%H:%M:%SZ}"
    assert len(found(cli, "category:folder-test", "severity:warn")) == LINES


def test_coloured_lines_are_found_by_their_words_and_severity(cli, server, tmp_path):
    path = tmp_path / "colourtest.log"
    path.write_text(
        "\x1b[31mERROR\x1b[0m shop: one\n[\x1b[31merror\x1b[39m] two\n"
        "\x1b[1;33mWARN\x1b[0m \x1b[31mredly\x1b[0m\n"
    )
    assert cli("send", str(path)).returncode == 0
    server.log_message(Message="\x1b[31mpostedred\x1b[0m", Application="colourtest")

    wait_for(cli, 4, "application:colourtest")
    assert len(found(cli, "application:colourtest", "severity>=warn")) == 3
    [line] = found(cli, "redly")
    [posted] = found(cli, "postedred")
    assert (line["message"], posted["message"]) == ("WARN redly", "postedred")
    assert line["properties"]["OriginalMessage"] == path.read_text().splitlines()[2]


def test_a_followed_file_that_rotates_between_two_runs_arrives_once(cli, environment, tmp_path):
    path = tmp_path / "rotatetest.log"
    environment["XDG_STATE_HOME"] = str(tmp_path / "state")
    for turn in range(2):
        with path.open("a") as file:
            file.writelines(f"rotatetest {turn} {n}\n" for n in range(500))
        if turn:
            path.rename(f"{path}.1")
            path.write_text("rotatetest new\n")
        process = subprocess.Popen(
            [LOGSTER, "send", "--follow", path, "-q"], env=environment, stderr=subprocess.PIPE
        )
        wait_for(cli, 1001 if turn else 500, "application:rotatetest")
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[1] == b""
        assert process.returncode == 0

    messages = [event["message"] for event in found(cli, "application:rotatetest")]
    assert len(set(messages)) == len(messages) == 1001


def test_a_text_is_found_by_the_id_that_was_printed(cli, server):
    message_id = cli("send", "one text of the command line", "-s", "fatal").stdout.strip()

    [event] = wait_for(cli, 1, f"id:{message_id}")

    assert (event["id"], event["severity"]) == (message_id, 5)


def test_search_says_where_a_mistake_is_and_when_there_is_nothing(cli):
    wrong = cli("search", "severity>=loud")
    assert wrong.returncode == 2
    assert "^" in wrong.stderr

    assert cli("search", "nothinglikethisanywhere").returncode == 1


@pytest.mark.parametrize("command", ["search", "export", "patterns"])
def test_a_reader_that_has_left_is_not_nothing_found(cli, environment, command):
    """As `logster search … | head -1`, where the reader has left before the first line."""
    cli("send", "a line that head does not read")
    wait_until(lambda: found(cli, '"head does not read"'), 30)
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [LOGSTER, command, "head"], env=environment, stdout=writing, stderr=subprocess.PIPE,
        check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, b"")


def test_a_wrong_key_is_advice(cli):
    result = cli("send", "--key", "no-key-of-this-server", "hello")

    assert result.returncode == 2
    assert "logster key create" in result.stderr


def test_tail_shows_what_arrives(cli, environment):
    process = subprocess.Popen(
        [LOGSTER, "tail", "--json", "tailmarker"], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        # Nothing tells when the stream is open, so a message is sent until one is seen.
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + 30
        text = b""
        while b"\n" not in text:
            assert time.monotonic() < deadline
            cli("send", "tailmarker")
            time.sleep(0.5)
            text += process.stdout.read() or b""
    finally:
        process.kill()
        process.communicate()
    assert json.loads(text.splitlines()[0])["message"] == "tailmarker"


def test_numbers_of_events_are_told_by_table_json_and_exit_code(cli):
    for severity in ("error", "error", "fatal"):
        cli("send", "countmarker", "-s", severity)
    wait_for(cli, 3, "countmarker")

    told = cli("stats", "--json", "--since", "1h", "countmarker | count by severity")
    assert [json.loads(line) for line in told.stdout.splitlines()] == [
        {"severity": "error", "count": 2},
        {"severity": "fatal", "count": 1},
    ]
    assert told.returncode == 0
    assert cli("stats", "countmarker | count").stdout.split() == ["count", "3"]
    assert cli("stats", "nothinglikethisanywhere | count by user").returncode == 1
    mistaken = cli("stats", "countmarker | cuont")
    assert mistaken.returncode == 2
    assert "Did you mean `count`?" in mistaken.stderr


def test_doctor_sends_one_event_by_each_dialect(cli):
    result = cli("doctor", "--json", "--dialects")
    checks = json.loads(result.stdout)["checks"]
    assert [check for check in checks if check["is_well"] is False] == []
    sent = {check["name"] for check in checks if check["name"].startswith("send ")}
    assert {"send api_log", "send otlp", "send sentry", "send text"} <= sent
    assert result.returncode == 0


def test_doctor_sends_a_message_the_whole_way(cli, server):
    result = cli("doctor", "--json", "--data", str(server.data))

    report = json.loads(result.stdout)
    assert report["ok"], report
    assert result.returncode == 0
    assert KEY not in result.stdout


def test_a_key_made_beside_the_running_server_works_at_once_and_revoked_no_more(cli, server):
    data = ("--data", str(server.data))
    key = cli("key", "create", "beside", "--right", "read", *data).stdout.strip()
    assert cli("search", "nothinglikethisanywhere", "--key", key).returncode == 1

    listed = [json.loads(line) for line in cli("key", "list", "--json", *data).stdout.splitlines()]
    assert cli("key", "revoke", str(listed[0]["id"]), *data).returncode == 0

    def is_refused():
        return cli("search", "x", "--key", key).returncode == 2

    wait_until(is_refused, 30)
