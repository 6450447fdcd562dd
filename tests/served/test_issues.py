"""Errors become issues in the installed program: from any dialect, and through any kill."""

import contextlib
import json
import os
import random
import signal
import time
from typing import Any

import pytest

from support.served import KEY, Served, request, serving, wait_until

TRACE = """Traceback (most recent call last):
  File "/srv/{name}/pay.py", line {line}, in pay
    charge(order)
  File "/srv/{name}/gateway.py", line 7, in charge
    raise {kind}("order {number} was declined")
{kind}: order {number} was declined"""


def trace(name: str, kind: str, number: int) -> str:
    return TRACE.format(name=name, kind=kind, number=number, line=number + 10)


def send_native(server: Served, name: str, kind: str, number: int) -> int:
    text = trace(name, kind, number)
    message = {
        "Message": f"paying {number} failed",
        "Severity": 4,
        "Application": name,
        "Exception": text.rpartition("\n")[2],
        "StackTrace": text,
        "User": f"user {number % 3}",
    }
    return server.post("/api/Log", json.dumps(message).encode(), "application/json").status


def send_clef(server: Served, name: str, kind: str, number: int) -> int:
    event = {
        "@t": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "@mt": "paying {number} failed",
        "number": number,
        "@l": "Error",
        "@x": trace(name, kind, number),
        "Application": name,
    }
    body = json.dumps(event).encode()
    headers = {"X-Seq-ApiKey": KEY, "Content-Type": "application/vnd.serilog.clef"}
    return request(server.port, "POST", "/ingest/clef", body, headers).status


def issues_of(server: Served, name: str) -> list[dict[str, Any]]:
    answer = server.get(f"/api/v1/issues?q=application:{name}")
    assert answer.status == 200, answer
    issues: list[dict[str, Any]] = answer.json()["issues"]
    return issues


@pytest.mark.parametrize("send", [send_native, send_clef])
def test_the_same_error_of_any_dialect_is_one_issue(server, send):
    name = f"{send.__name__[5:]}{time.time_ns()}"
    for number in range(6):
        assert send(server, name, "PaymentError", number) in (200, 201)
    assert send(server, name, "GatewayError", 1) in (200, 201)
    wait_until(
        lambda: sorted(issue["count"] for issue in issues_of(server, name)) == [1, 6],
        20,
        lambda: issues_of(server, name),
    )
    issue = max(issues_of(server, name), key=lambda each: each["count"])
    assert issue["title"] == "PaymentError: order 0 was declined"
    whole = server.get(f"/api/v1/issues/{issue['id']}").json()
    assert "`PaymentError`" in whole["grouped_by"][0]
    events = server.get(f"/api/v1/issues/{issue['id']}/events").json()["events"]
    assert {event["issue"] for event in events} == {issue["id"]}
    assert len(events) == 6


def test_workers_that_are_killed_at_any_moment_neither_lose_an_issue_nor_make_two(tmp_path):
    sent = {f"Kind{number}Error": 0 for number in range(30)}
    with serving(tmp_path / "data", workers=2) as server:
        for kind, number in [(kind, number) for number in range(4) for kind in sent]:
            with contextlib.suppress(OSError):  # not acknowledged
                sent[kind] += send_native(server, "killed", kind, number) == 200
            if random.random() < 0.05 and server.workers:
                os.kill(random.choice(server.workers), signal.SIGKILL)
        server.wait_until_ready()

        def counts() -> dict[str, int]:
            return {issue["type"]: issue["count"] for issue in issues_of(server, "killed")}

        def are_right() -> bool:
            # One that was not acknowledged may have been kept all the same.
            found = counts()
            return all(found.get(kind, 0) >= count for kind, count in sent.items())

        wait_until(are_right, 60, lambda: (sent, counts()))
        found = issues_of(server, "killed")
        assert len(found) == len({issue["type"] for issue in found})
        for issue in found[:5]:
            history = server.get(f"/api/v1/issues/{issue['id']}").json()["history"]
            assert [entry["what"] for entry in history] == ["created"]
