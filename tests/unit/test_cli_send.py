"""`send` over real sockets: what is sent, what is sent again, what is reported."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from click.testing import CliRunner

from logster import zstd
from logster.cli import main, retry, target
from logster.cli.send.events import Choices, render_event
from logster.follow.rows import Row
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


@pytest.fixture
def waits(monkeypatch):
    """The pauses between tries, which take no time here."""
    waits: list[float] = []
    defaults = retry.Retries.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", waits.append)
    return waits


def send(server, *arguments, stdin=None):
    line = ["send", "--url", server.url, "--key", "lgs_0123456789abcdef", *arguments]
    return CliRunner().invoke(main, line, input=stdin)


def test_a_text_is_one_event_and_its_id_is_printed(server):
    result = send(
        server,
        "disk is full",
        "-a",
        "backup",
        "-s",
        "error",
        "-c",
        "disk",
        "-u",
        "anna",
        "-p",
        "free=0",
    )

    assert (result.exit_code, result.stdout) == (0, "100\n")
    assert server.events == [
        {
            "Message": "disk is full",
            "Severity": 4,
            "Application": "backup",
            "Category": "disk",
            "User": "anna",
            "Properties": {"free": "0"},
        }
    ]
    assert server.asked[0].headers["apikey"] == "lgs_0123456789abcdef"
    assert server.asked[0].headers["content-encoding"] == "gzip"
    assert server.asked[0].headers["content-type"] == "application/x-ndjson"


def test_a_folder_is_sent_with_every_line_of_every_file(server, tmp_path):
    (tmp_path / "logs" / "old").mkdir(parents=True)
    (tmp_path / "logs" / "a.log").write_text("2024-03-01T10:20:30Z ERROR one\n\ntwo")
    (tmp_path / "logs" / "b.txt").write_bytes(b"three\r\nf\xfcnf\n")
    (tmp_path / "logs" / "old" / "c.log.1.gz").write_bytes(gzip.compress(b"six\n"))
    (tmp_path / "logs" / "old" / "d.log.zst").write_bytes(zstd.compress(b"seven\n"))
    (tmp_path / "logs" / "picture.png").write_bytes(b"\x89PNG\0\0")

    result = send(server, str(tmp_path / "logs"))

    assert result.exit_code == 0
    assert [(event["Application"], event["Message"]) for event in server.events] == [
        ("a", "2024-03-01T10:20:30Z ERROR one"),
        ("a", "two"),
        ("b", "three"),
        ("b", "f\\xfcnf"),
        ("c", "six"),
        ("d", "seven"),
    ]
    assert server.events[0]["Timestamp"] == "2024-03-01T10:20:30Z"
    assert [event["Severity"] for event in server.events] == [4, 2, 2, 2, 2, 2]
    assert "6 lines sent, 1 blank ones left out of 4 files" in result.stderr
    assert "picture.png: left out: not text" in result.stderr


def test_standard_input_is_sent_line_by_line(server):
    result = send(server, "--now", stdin="2024-03-01T10:20:30Z one\ntwo\n")

    assert result.exit_code == 0
    assert [event["Message"] for event in server.events] == ["2024-03-01T10:20:30Z one", "two"]
    assert {event["Application"] for event in server.events} == {"stdin"}
    assert all("Timestamp" not in event for event in server.events)


@pytest.mark.parametrize(
    ("name", "application"),
    [("app.log.2.gz", "app"), ("nginx.access.log", "nginx.access"), ("notes.md", "notes"),
     ("messages", "messages"), (".log", ".log"), ("app-2026-11-23.txt", "app-2026-11-23")],
)  # fmt: skip
def test_the_application_is_the_name_of_the_file_without_its_endings(name, application):
    row = Row(f"/var/log/{name}", 1, "x")

    assert json.loads(render_event(row, Choices()))["Application"] == application


def test_batches_hold_as_many_lines_as_asked(server):
    send(server, "--batch-size", "2", stdin="a\nb\nc\nd\ne\n")

    assert [len(asked.events) for asked in server.asked] == [2, 2, 1]
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 3


def test_a_batch_whose_answer_is_lost_is_sent_again_and_stored_once(server, waits):
    server.answers = [Answer(hangs_up=True)]

    result = send(server, stdin="a\nb\n")

    assert result.exit_code == 0
    assert len(server.asked) == 2
    assert [event["Message"] for event in server.events] == ["a", "b"]
    assert "Trying again" in result.stderr


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_that_cannot_now_is_asked_again(server, waits, status):
    server.answers = [Answer(status, {"Message": "Busy."})] * 3

    result = send(server, stdin="a\n")

    assert result.exit_code == 0
    assert len(server.events) == 1
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0
    assert 1.0 <= waits[2] <= 2.0


def test_retry_after_in_seconds_is_honoured(server, waits):
    server.answers = [Answer(503, {"Message": "The spool is full."}, {"Retry-After": "17"})]

    result = send(server, stdin="a\n")

    assert waits == [17.0]
    assert "The spool is full. Trying again in 17.0 s." in result.stderr


def test_retry_after_as_a_date_is_honoured(server, waits):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    server.answers = [Answer(429, {"Message": "Slower."}, {"Retry-After": later})]

    send(server, stdin="a\n")

    assert 55 <= waits[0] <= 60


def test_when_patience_ends_it_says_what_was_not_sent(server, waits):
    server.answers = [
        Answer(body={"MessageIds": ["1", "2"]}),
        *[Answer(503, {"Message": "Full."})] * 9,
    ]

    result = send(server, "--patience", "0", "--batch-size", "2", stdin="a\nb\nc\nd\n")

    assert result.exit_code == 2
    assert "2 lines sent" in result.stderr
    assert "Not confirmed: stdin from line 3 on" in result.stderr


def test_no_server_says_how_to_start_one():
    line = ["send", "--url", "http://127.0.0.1:9", "--patience", "0", "hello"]

    result = CliRunner().invoke(main, line)

    assert result.exit_code == 2
    assert "Start one with `logster serve`" in result.stderr


def test_refused_lines_are_named_with_their_reason(server, tmp_path):
    path = tmp_path / "a.log"
    path.write_text("good\n\nbad\n")
    fault = {"message.Message": ["Too odd."]}
    server.answers = [
        Answer(207, {"MessageIds": ["1", None], "Errors": [{"Line": 2, "ModelState": fault}]})
    ]

    result = send(server, str(path))

    assert result.exit_code == 1
    assert f"{path}:3: refused: Too odd." in result.stderr
    assert "1 lines sent, 1 refused, 1 blank ones left out" in result.stderr


def test_a_batch_without_a_good_line_is_refused_line_by_line(server):
    fault = [{"Line": place, "ModelState": {"message.Message": ["No."]}} for place in (1, 2)]
    server.answers = [Answer(400, {"MessageIds": [None, None], "Errors": fault})]

    result = send(server, stdin="a\nb\n")

    assert result.exit_code == 1
    assert result.stderr.count("refused: No.") == 2


def test_a_batch_that_is_too_large_is_sent_in_halves(server):
    server.answers = [Answer(413, {"Message": "Too large."})]

    result = send(server, stdin="a\nb\nc\n")

    assert result.exit_code == 0
    assert [event["Message"] for event in server.events] == ["a", "b", "c"]
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 3


def test_a_line_longer_than_a_mebibyte_is_refused_and_the_others_are_sent(server):
    result = send(server, stdin="a\n" + "x" * 1_100_000 + "\nb\n")

    assert result.exit_code == 1
    assert [event["Message"] for event in server.events] == ["a", "b"]
    assert "stdin:2: refused: longer than 1048576 bytes" in result.stderr


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "does not know the key lgs_0123…"),
        (403, "logster key create --right"),
        (404, "Is the URL right?"),
    ],
)
def test_an_answer_that_is_not_about_the_lines_ends_the_run_at_once(server, status, advice):
    server.answers = [Answer(status, b"<html>")]

    result = send(server, "--batch-size", "1", stdin="a\nb\n")

    assert result.exit_code == 2
    assert advice in result.stderr
    assert "abcdef" not in result.stderr
    assert len(server.asked) == 1


def test_an_answer_that_does_not_account_for_the_lines_is_not_believed(server):
    server.answers = [Answer(200, {"ok": True})]

    result = send(server, stdin="a\n")

    assert result.exit_code == 2
    assert "did not say what became of 1 lines" in result.stderr


def test_a_file_that_cannot_be_read_does_not_stop_the_others(server, tmp_path):
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(os.urandom(5000))[:900])
    (tmp_path / "b.log").write_text("good\n")

    result = send(server, str(tmp_path / "a.log.gz"), str(tmp_path / "b.log"))

    assert result.exit_code == 2
    assert "a.log.gz cannot be read" in result.stderr
    assert server.events[-1]["Message"] == "good"


def test_a_missing_file_is_not_taken_for_a_text(server):
    result = send(server, "missing.log")

    assert result.exit_code == 2
    assert "There is no file or folder 'missing.log'" in result.stderr
    assert server.asked == []


def test_a_text_that_looks_like_a_file_goes_behind_message(server):
    assert send(server, "-m", "missing.log").exit_code == 0
    assert server.events[0]["Message"] == "missing.log"


@pytest.mark.parametrize(
    "arguments",
    [("",), ("-m", " "), ("--follow",), ("-p", "x", "hi"), ("-s", "loud", "hi"), ("-m", "a", "b")],
)
def test_wrong_usage_is_refused_before_anything_is_sent(server, arguments):
    assert send(server, *arguments, stdin="").exit_code == 2
    assert server.asked == []


def test_stack_traces_are_joined_when_asked(server):
    text = (
        "ERROR it broke\n"
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\n'
        "ValueError: no\n"
        "INFO on we go\n"
        "java.lang.Error: x\n"
        "\tat a.b.C(D.java:1)\n"
        "Caused by: y\n"
    )

    send(server, "--join-traces", stdin=text)

    broken, fine, failed = server.events
    assert broken["Message"] == "ERROR it broke"
    assert broken["Exception"] == "ValueError: no"
    assert fine["Message"] == "INFO on we go"
    assert "Exception" not in fine
    assert failed["Message"] == failed["Exception"] == "java.lang.Error: x"
    parts = ["ERROR it broke", broken["StackTrace"], "INFO on we go", failed["StackTrace"]]
    assert "\n".join(parts) + "\n" == text


def test_the_profile_file_names_the_server(server, tmp_path):
    profile = target.profile_path()
    profile.parent.mkdir(parents=True)
    profile.write_text(f'url = "{server.url}"\nkey = "from the profile"\n')

    assert CliRunner().invoke(main, ["send", "hello"]).exit_code == 0
    assert server.asked[0].headers["apikey"] == "from the profile"


def test_a_broken_profile_file_is_named(tmp_path):
    profile = target.profile_path()
    profile.parent.mkdir(parents=True)
    profile.write_text("url = [")

    result = CliRunner().invoke(main, ["send", "hello"])

    assert result.exit_code == 2
    assert str(profile) in result.stderr


def messages_of(server):
    return [event["Message"] for event in list(server.events)]


# --- encodings, journal, links -----------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_files_of_other_encodings_are_text(server, tmp_path, encoding):
    text = "\ufeff2026-11-30 21:00:00 ERROR Grüße\r\n2026-11-30 21:00:01 WARN zwei\r\n"
    (tmp_path / "u.log").write_bytes(text.encode(encoding))

    result = send(server, "--utc", str(tmp_path))

    assert result.exit_code == 0
    assert [(each["Message"], each["Severity"], each["Timestamp"]) for each in server.events] == [
        ("2026-11-30 21:00:00 ERROR Grüße", 4, "2026-11-30T21:00:00Z"),
        ("2026-11-30 21:00:01 WARN zwei", 3, "2026-11-30T21:00:01Z"),
    ]
    assert "2 lines sent" in result.stderr


def test_a_pipe_may_be_utf_16_and_begin_with_a_mark(server):
    send(server, stdin='\ufeff{"msg":"erste","order":7}\r\n'.encode("utf-16-le"))

    assert [(each["Message"], each["Properties"]) for each in server.events] == [
        ("erste", {"order": 7})
    ]


def test_bytes_that_are_no_text_are_said_once_a_file(server, tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"f\xfcnf\ns\xfc\xdf\n")

    assert send(server, str(path)).stderr.count("bytes that are no UTF-8") == 1
    assert send(server, "--encoding", "latin-1", str(path)).exit_code == 0
    assert messages_of(server) == ["f\\xfcnf", "s\\xfc\\xdf", "fünf", "süß"]


def test_a_loop_of_links_sends_each_file_once(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.log").write_text("x\n")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "current.log").symlink_to("sub/a.log")

    assert send(server, str(tmp_path)).exit_code == 0
    assert messages_of(server) == ["x"]
    assert server.events[0]["Application"] == "a"


def test_the_application_of_a_journal_is_who_wrote_the_entry(server):
    entry = {
        "__REALTIME_TIMESTAMP": "1796068800123456",
        "MESSAGE": "x",
        "SYSLOG_IDENTIFIER": "cron",
    }
    send(server, stdin=json.dumps(entry) + "\n")
    send(server, "-a", "mine", stdin=json.dumps(entry) + "\n")

    assert [each["Application"] for each in server.events] == ["cron", "mine"]


# --- what is said ------------------------------------------------------------------------------


def test_a_text_that_fails_does_not_speak_of_lines(server, waits):
    server.answers = [Answer(503, {"Message": "Full."})] * 99

    result = send(server, "--patience", "5", "x")

    assert result.exit_code == 2
    assert result.stderr.endswith("The message was not sent.\n")
    assert "line" not in result.stderr


def test_the_trouble_is_told_once_and_then_that_it_is_tried_again(server, waits):
    server.answers = [Answer(503, {"Message": "Full."})] * 3

    notes = send(server, stdin="a\n").stderr

    assert notes.count("Full.") == 1
    assert notes.count("Trying again in") == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("--state", "s.json", "x"),
        ("--no-state", "x"),
        ("--encoding", "no-such", "x"),
        ("--follow", "--state", "s.json", "--no-state", "."),
        ("--follow", "/dev/null"),
    ],
)
def test_options_that_do_not_go_together_are_refused(server, arguments):
    assert send(server, *arguments).exit_code == 2
    assert server.asked == []
