"""`search` and `tail`: what is asked, what is shown, and where a mistake is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from logster.cli import main
from logster.cli.display import render_line
from logster.cli.tail import Message, read_messages
from support.api_server import Answer, running_api_server


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def server():
    with running_api_server() as server:
        yield server


def make_event(number, **members):
    return {
        "id": str(number),
        "timestamp": "2026-11-23T09:00:00.5Z",
        "severity": 4,
        "message": f"message {number}",
        "application": "shop",
        "user": None,
        "properties": {},
        **members,
    }


def page(events, following=None):
    return Answer(body={"events": events, "next": following, "previous": None})


def run(server, *arguments):
    return CliRunner().invoke(main, [*arguments, "--url", server.url, "--key", "k"])


def asked_params(server, place=0):
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(server.asked[place].path).query).items()
    }


def test_events_are_shown_one_a_line(server):
    server.answers = [page([make_event(1), make_event(2, severity=2, application=None)])]

    result = run(server, "search", "severity>=info", "shop")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "2026-11-23T09:00:00.500Z Error shop  message 1",
        "2026-11-23T09:00:00.500Z Info  -  message 2",
    ]
    assert asked_params(server) == {"q": "severity>=info shop", "limit": "100"}


def test_nothing_found_is_exit_code_1(server):
    server.answers = [page([])]

    assert run(server, "search", "x").exit_code == 1


def test_nothing_found_tells_what_may_be_meant(server):
    hint = {"text": "No recent event has `usr`; did you mean `user`?", "q": "user:alice"}
    server.answers = [Answer(body={"events": [], "next": None, "previous": None, "hint": hint})]
    result = run(server, "search", "usr:alice")
    assert result.exit_code == 1
    assert result.stderr == f"Nothing found. {hint['text']}\n"


def test_json_is_one_event_a_line_as_it_came(server):
    events = [make_event(1, properties={"ms": 12.5, "big": 2**53 + 1}), make_event(2)]
    server.answers = [page(events)]

    result = run(server, "search", "--json")

    assert [json.loads(line) for line in result.stdout.splitlines()] == events


def test_pages_are_followed_up_to_the_limit(server):
    server.answers = [page([make_event(n) for n in range(1000)], "c1"), page([make_event(9)], "c2")]

    result = run(server, "search", "--limit", "1001", "--since", "1h")

    assert len(result.stdout.splitlines()) == 1001
    first, second = asked_params(server, 0), asked_params(server, 1)
    assert (first["limit"], second["limit"], second["before"]) == ("1000", "1", "c1")
    assert first["since"] == second["since"]


def test_all_follows_pages_to_the_end(server):
    server.answers = [page([make_event(1)], "c1"), page([make_event(2)], "c2"), page([])]

    assert len(run(server, "search", "--all").stdout.splitlines()) == 2


def test_full_shows_every_member_that_has_a_value(server):
    event = make_event(1, stack_trace="a\nb", properties={"ms": 12})
    server.answers = [page([event])]

    lines = run(server, "search", "--full").stdout.splitlines()

    assert lines[1:] == ["    id: 1", "    stack_trace: a", "        b", "    .ms: 12"]


def test_a_mistake_is_underlined(server):
    error = {"message": "No such severity.", "position": 10, "length": 4}
    server.answers = [Answer(400, {"error": error})]

    result = run(server, "search", "severity>=loud", "x")

    assert result.exit_code == 2
    assert result.stderr == ("Error: No such severity.\n\n  severity>=loud x\n            ^^^^\n")


def test_a_time_that_is_none_is_refused_before_asking(server):
    result = run(server, "search", "--since", "tomorrowish")

    assert result.exit_code == 2
    assert "is not a time" in result.stderr
    assert server.asked == []


def test_times_are_those_of_the_zone_and_fixed_once(server):
    server.answers = [page([])]

    run(
        server,
        "search",
        "--since",
        "2026-11-01",
        "--until",
        "2026-11-02 08:00",
        "--zone",
        "Europe/Berlin",
    )

    asked = asked_params(server)
    assert (asked["since"], asked["until"]) == ("2026-10-31T23:00:00Z", "2026-11-02T07:00:00Z")
    assert asked["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("options", "variable", "zone"),
    [
        ([], "Europe/Berlin", "Europe/Berlin"),
        ([], ":America/New_York", "America/New_York"),
        (["--utc"], "Europe/Berlin", None),
        (["--zone", "Asia/Tokyo"], "Europe/Berlin", "Asia/Tokyo"),
        ([], "CET-1CEST,M3.5.0,M10.5.0/3", None),
    ],
)
def test_the_zone_is_this_machines_unless_it_is_named(server, monkeypatch, options, variable, zone):
    monkeypatch.setenv("TZ", variable)
    server.answers = [page([])]

    run(server, "search", "timestamp:2026-12-01T00:20", *options)

    assert asked_params(server).get("zone") == zone


def test_an_unknown_zone_is_refused_before_asking(server):
    result = run(server, "search", "--zone", "Mars/Olympus")

    assert result.exit_code == 2
    assert "'Mars/Olympus', which is no time zone" in result.stderr
    assert server.asked == []


def test_an_end_before_the_beginning_is_refused_before_asking(server):
    result = run(server, "search", "--since", "2026-11-02", "--until", "2026-11-01", "--utc")

    assert result.exit_code == 2
    assert "--until (2026-11-01T00:00:00Z) must be later" in result.stderr
    assert server.asked == []


def test_how_a_sign_was_read_is_said_once(server):
    first = {"events": [make_event(1)], "next": "c1", "notice": "Read `=` as `:`: `user=a`"}
    server.answers = [Answer(body=first), page([make_event(2)])]

    result = run(server, "search", "user=a", "--all")

    assert result.stderr == "Read `=` as `:`: `user=a`\n"


def test_other_readings_are_printed_with_what_they_find(server):
    offers = [{"q": "userId:alice", "count": 1200}, {"q": '"user:\u202ealice"', "count": 3}]
    hint = {"text": "Near:", "q": "userId:alice", "offers": offers}
    server.answers = [Answer(body={"events": [], "next": None, "previous": None, "hint": hint})]

    result = run(server, "search", "user:alice")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Nothing found. Near:",
        "    1,200  userId:alice",
        '        3  "user:\\u202ealice"',
    ]


def test_what_a_log_holds_cannot_reach_the_terminal():
    event = make_event(1, message="\x1b]0;owned\x07 \x9b2J \u202egnp\nsecond", application="a\rb")

    line = render_line(event)

    assert "a\\rb" in line
    assert "\\x1b]0;owned\\x07 \\x9b2J \\u202egnp\n        second" in line


def test_server_sent_events_are_read_block_by_block():
    lines = ["retry: 2000", "", ": still here", "id: 7", "", "id: 8", "event: events", "data: a",
             "data:b", "", "data: cut off"]  # fmt: skip

    assert list(read_messages(lines)) == [
        Message(),
        Message(id="7"),
        Message(id="8", event="events", data="a\nb"),
    ]


def stream(*steps):
    blocks = [
        f"id: {cursor}\nevent: events\ndata: {json.dumps(step)}\n\n" for cursor, step in steps
    ]
    return Answer(body="".join(blocks).encode(), headers={"Content-Type": "text/event-stream"})


def test_tail_goes_on_where_the_stream_broke(server, monkeypatch):
    monkeypatch.setattr("logster.cli.tail.FIRST_WAIT_S", 0.0)
    server.answers = [
        stream(("c1", {"events": [make_event(1)], "skipped": 0})),
        Answer(503, {"error": {"message": "Starting."}}),
        stream(("c2", {"events": [make_event(2)], "skipped": 3})),
        Answer(401, {"error": {"message": "No."}}),
    ]

    result = run(server, "tail", "--json", "severity>=warn")

    assert result.exit_code == 2
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["1", "2"]
    assert "(3 skipped: too many at once)" in result.stderr
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [
        None,
        "c1",
        "c1",
        "c2",
    ]
    assert asked_params(server) == {"q": "severity>=warn"}


def test_tail_says_how_a_sign_was_read_and_asks_in_its_zone(server):
    body = b'retry: 2000\nevent: notice\ndata: "Read `=` as `:`"\n\n: still here\nid: c0\n\n'
    server.answers = [
        Answer(body=body, headers={"Content-Type": "text/event-stream"}),
        Answer(401, {"error": {"message": "No."}}),
    ]

    result = run(server, "tail", "user=alice", "--zone", "Asia/Tokyo")

    assert result.stderr.splitlines()[0] == "Read `=` as `:`"
    assert asked_params(server) == {"q": "user=alice", "zone": "Asia/Tokyo"}


def test_tail_ends_with_ctrl_c(server):
    server.answer = lambda _: stream(("c1", {"events": [make_event(1)], "skipped": 0}))
    process = subprocess.Popen(
        [sys.executable, "-c", "from logster.cli import main; main()", "tail", "--url", server.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert "message 1" in process.stdout.readline()

    process.send_signal(signal.SIGINT)
    _, notes = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in notes
